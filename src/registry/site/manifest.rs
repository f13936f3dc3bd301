//! What a registry gives for a reference: an index of several platforms, or one manifest.

use std::collections::BTreeMap;

use serde::Deserialize;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::send::Fault;
use crate::model::Platform;
use crate::registry::answer::placeable;

/// Everything that is understood, in OCI's and in Docker's words.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";
/// Most bytes of a manifest, and of the configuration of an image (the specification's own bound for
/// manifests).
pub(super) const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Media types of the configurations that name a platform.
const CONFIGURATIONS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/// Platforms by digest of the manifest: what a digest stands for never changes.
pub(super) type Platforms = BTreeMap<String, Vec<Platform>>;

/// What was read of a manifest.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Manifest {
    /// It names its platforms itself.
    Told(Vec<Platform>),
    /// They are in the configuration of this digest.
    InConfiguration(String),
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    manifests: Option<Vec<Entry>>,
    #[serde(default)]
    config: Option<Configuration>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    platform: Option<Named>,
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(rename = "mediaType", default)]
    media_type: String,
    #[serde(default)]
    digest: String,
}

#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

/// Reads a manifest. What it is is seen by what is in it: some registries name no media type.
pub(super) fn manifest(body: &[u8]) -> Result<Manifest, Fault> {
    let unknown =
        || Fault::Wrong("it answers with a manifest of a kind that is not known here".to_owned());
    let document: Document = serde_json::from_slice(body).map_err(|_| unknown())?;
    match (document.manifests, document.config) {
        (Some(entries), _) => {
            let named = entries.into_iter().filter_map(|entry| entry.platform);
            Ok(Manifest::Told(sorted(named)))
        }
        (None, Some(config)) if !CONFIGURATIONS.contains(&config.media_type.as_str()) => {
            // Something that is no image has no platform; nodes will say what they think of it.
            Ok(Manifest::Told(Vec::new()))
        }
        (None, Some(config)) if is_digest(&config.digest) => {
            Ok(Manifest::InConfiguration(config.digest))
        }
        _ => Err(unknown()),
    }
}

/// Reads the platform that a configuration names.
pub(super) fn platforms(configuration: &[u8]) -> Result<Vec<Platform>, Fault> {
    let wrong = |_| Fault::Wrong("it answers with a configuration that can't be read".to_owned());
    let named: Named = serde_json::from_slice(configuration).map_err(wrong)?;
    Ok(sorted([named].into_iter()))
}

fn sorted(named: impl Iterator<Item = Named>) -> Vec<Platform> {
    let mut found: Vec<Platform> =
        named.filter_map(|named| placeable(named.architecture, named.os)).collect();
    found.sort();
    found.dedup();
    found
}

/// Checks that bytes are what a digest stands for.
pub(super) fn check(body: &[u8], digest: &str) -> Result<(), Fault> {
    let algorithm = digest.split(':').next().unwrap_or_default();
    match of(algorithm, body) {
        Some(found) if found == digest => Ok(()),
        Some(found) => Err(Fault::Wrong(format!(
            "it answers with something else than it says: {found} instead of {digest}"
        ))),
        None => Err(Fault::Wrong("it answers with a digest that is none".to_owned())),
    }
}

/// The usual digest of some bytes.
pub(super) fn digest(body: &[u8]) -> String {
    of("sha256", body).unwrap_or_default()
}

fn of(algorithm: &str, body: &[u8]) -> Option<String> {
    let hash = match algorithm {
        "sha256" => hex(&Sha256::digest(body)),
        "sha384" => hex(&Sha384::digest(body)),
        "sha512" => hex(&Sha512::digest(body)),
        _ => return None,
    };
    Some(format!("{algorithm}:{hash}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a text is a digest: it becomes part of an address.
pub(super) fn is_digest(text: &str) -> bool {
    format!("x@{text}").parse::<crate::model::ImageRef>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(body: &str) -> String {
        match manifest(body.as_bytes()) {
            Ok(Manifest::Told(platforms)) => names(&platforms),
            Ok(Manifest::InConfiguration(digest)) => format!("in {}", &digest[..9]),
            Err(fault) => fault.to_string(),
        }
    }

    fn names(platforms: &[Platform]) -> String {
        let name = |platform: &Platform| format!("{}/{}", platform.os, platform.architecture);
        platforms.iter().map(name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_index_names_its_platforms_without_doubles_and_attestations() {
        let entry = |os: &str, architecture: &str| {
            format!(r#"{{"platform":{{"os":"{os}","architecture":"{architecture}"}}}}"#)
        };
        let entries = [
            entry("linux", "arm64"),
            entry("linux", "arm"),
            entry("unknown", "unknown"),
            entry("linux", "amd64"),
            entry("linux", "arm"),
            "{}".to_owned(),
        ];
        let body = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","));
        assert_eq!(seen(&body), "linux/ linux/amd64 linux/arm64");
    }

    #[test]
    fn one_manifest_names_its_platform_in_its_configuration() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let config = |kind: &str, digest: &str| {
            format!(r#"{{"config":{{"mediaType":"{kind}","digest":"{digest}"}}}}"#)
        };
        for kind in CONFIGURATIONS {
            assert_eq!(seen(&config(kind, &digest)), "in sha256:aa");
            assert!(seen(&config(kind, "sha256:../../x")).contains("not known"));
        }
        assert_eq!(seen(&config("application/vnd.cncf.helm.config.v1+json", &digest)), "");
        assert_eq!(
            names(&platforms(br#"{"os":"linux","architecture":"amd64"}"#).unwrap()),
            "linux/amd64"
        );
        for bad in ["", "<html>", "{}", "[]", r#"{"schemaVersion":1,"fsLayers":[]}"#] {
            assert!(seen(bad).contains("not known"), "{bad}");
        }
    }

    #[test]
    fn bytes_are_held_against_their_digest() {
        let of_nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(b""), of_nothing);
        assert_eq!(check(b"", of_nothing), Ok(()));
        assert!(
            check(b"x", of_nothing).unwrap_err().to_string().contains("instead of sha256:e3b0")
        );
        assert!(check(b"", "md5:d41d8cd98f00b204e9800998ecf8427e").is_err());
    }
}
