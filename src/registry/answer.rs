//! What an engine's answer means: pinned, refused by a registry that answers, or no answer.

use bollard::errors::Error;
use bollard::models::{DistributionInspect, OciPlatform};

use crate::model::{ImageAnswer, ImageRef, PinnedImage, Platform};

/// Characters of an engine's or a registry's words that are kept.
const MOST_WORDS: usize = 500;

/// Texts of a registry that answers, in errors that the engine reports with status 500: it maps
/// only some of them (moby `api/server/router/distribution`).
const REFUSALS: [&str; 7] = [
    "no basic auth credentials",
    "unauthorized",
    "authentication required",
    "denied",
    "manifest unknown",
    "name unknown",
    "repository name not known",
];

/// Pins a reference to the digest that a registry named.
pub(super) fn found(image: &ImageRef, found: DistributionInspect) -> ImageAnswer {
    let digest = found.descriptor.digest.unwrap_or_default();
    let pinned = image.with_digest(&digest);
    // The digest comes from outside: only what a declaration may hold is taken over.
    if digest.is_empty() || pinned.familiar().parse::<ImageRef>().is_err() {
        return ImageAnswer::Unreachable("the answer holds no valid digest".to_owned());
    }
    let mut platforms: Vec<Platform> = found.platforms.into_iter().filter_map(platform).collect();
    platforms.sort();
    platforms.dedup();
    ImageAnswer::Pinned(PinnedImage { image: pinned, platforms })
}

fn platform(found: OciPlatform) -> Option<Platform> {
    placeable(found.architecture.unwrap_or_default(), found.os.unwrap_or_default())
}

/// A platform as docker's command line puts it into a placement: attestations, whose platform is
/// `unknown`, are left out, and `arm` is left open, because nodes name it by version (`armv7l`).
pub(super) fn placeable(architecture: String, os: String) -> Option<Platform> {
    if os.is_empty() || os == "unknown" || architecture == "unknown" {
        return None;
    }
    let architecture = if architecture == "arm" { String::new() } else { architecture };
    Some(Platform { architecture, os })
}

/// Tells a refusal from no answer.
pub(super) fn failed(cause: Error) -> ImageAnswer {
    match cause {
        Error::DockerResponseServerError { status_code, message } => {
            let words: String = message.trim().chars().take(MOST_WORDS).collect();
            if is_refusal(status_code, &message) {
                ImageAnswer::Refused(words)
            } else {
                ImageAnswer::Unreachable(words)
            }
        }
        cause => ImageAnswer::Unreachable(chain(&cause)),
    }
}

fn is_refusal(status: u16, message: &str) -> bool {
    match status {
        400 | 401 | 403 | 404 => true,
        500 => REFUSALS.iter().any(|text| message.contains(text)),
        // 429 is a limit of requests; 502 to 504 come from something before the registry.
        _ => false,
    }
}

/// An error with its causes, without saying one twice.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status_code: u16, message: &str, expected: &str) {
        let message = message.to_owned();
        let answer = failed(Error::DockerResponseServerError { status_code, message });
        assert!(format!("{answer:?}").starts_with(expected), "{answer:?}");
    }

    #[test]
    fn a_registry_that_answers_no_is_told_from_one_that_does_not_answer() {
        // As engine 20.10 words them.
        check(404, "manifest unknown: manifest unknown", "Refused");
        check(401, "unauthorized: authentication required", "Refused");
        check(403, "denied: requested access to the resource is denied", "Refused");
        check(
            500,
            r#"Head "https://r.io/v2/program/manifests/1": no basic auth credentials"#,
            "Refused",
        );
        check(
            500,
            r#"Get "https://r.io/v2/": dial tcp 10.0.0.1:5001: connect: connection refused"#,
            "Unreachable",
        );
        check(500, r#"Get "https://r.io/v2/": dial tcp: lookup r.io: no such host"#, "Unreachable");
        check(500, "x509: certificate signed by unknown authority", "Unreachable");
        check(429, "toomanyrequests: You have reached your pull rate limit", "Unreachable");
        check(503, "service unavailable", "Unreachable");
    }

    fn pinned(answer: &str) -> String {
        let image: ImageRef = "r.io/a:1".parse().unwrap();
        match found(&image, serde_json::from_str(answer).unwrap()) {
            ImageAnswer::Pinned(PinnedImage { image, platforms }) => {
                let platforms: Vec<_> =
                    platforms.iter().map(|p| format!("{}/{}", p.os, p.architecture)).collect();
                format!("{image} {}", platforms.join(" "))
            }
            answer => format!("{answer:?}"),
        }
    }

    #[test]
    fn platforms_are_sorted_without_doubles_and_without_attestations() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let platform = |os: &str, architecture: &str| {
            format!(r#"{{"os":"{os}","architecture":"{architecture}"}}"#)
        };
        let platforms = [
            platform("linux", "arm64"),
            platform("linux", "arm"),
            platform("unknown", "unknown"),
            platform("linux", "amd64"),
            platform("linux", "arm"),
        ]
        .join(",");
        let answer =
            format!(r#"{{"Descriptor":{{"digest":"{digest}"}},"Platforms":[{platforms}]}}"#);
        assert_eq!(pinned(&answer), format!("r.io/a:1@{digest} linux/ linux/amd64 linux/arm64"));
    }

    #[test]
    fn a_digest_that_is_none_is_not_taken_over() {
        for digest in ["", "latest", "sha256:12", "sha256:../../x"] {
            let answer = format!(r#"{{"Descriptor":{{"digest":"{digest}"}},"Platforms":null}}"#);
            assert!(pinned(&answer).starts_with("Unreachable"), "{digest}");
        }
    }
}
