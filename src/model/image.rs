//! Image references: what a person writes, what docker makes of it, and what it is pinned to.
//!
//! Grammar and defaults follow `github.com/distribution/reference` (`normalize.go`): no registry
//! means `docker.io`, no namespace there means `library/`, neither tag nor digest means `latest`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is no image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageRefError {
    /// Nothing there.
    #[error("an image reference must not be empty")]
    Empty,
    /// What stands before the first '/' is no host.
    #[error("'{0}' is not a registry: use a host name, with a port if it needs one")]
    Registry(String),
    /// The repository's path breaks the grammar.
    #[error(
        "'{0}' is not a repository name: use lowercase letters, digits and separators, parts split by '/'"
    )]
    Repository(String),
    /// The tag breaks the grammar.
    #[error(
        "'{0}' is not a tag: at most 128 letters, digits, '_', '.', '-', not beginning with '.' or '-'"
    )]
    Tag(String),
    /// The digest breaks the grammar.
    #[error("'{0}' is not a digest such as sha256:<64 hex digits>")]
    Digest(String),
}

/// An image reference, taken apart and with docker's defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageRef {
    registry: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl ImageRef {
    /// Registry host with port, `docker.io` by default.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Path in the registry, `library/` included.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag; `latest` when neither tag nor digest was written.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, when one was written or pinned.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The short form that `docker stack deploy` sends: `docker.io/library/` left away, tag shown.
    #[must_use]
    pub fn familiar(&self) -> String {
        let mut text = self.familiar_repository();
        if let Some(tag) = &self.tag {
            text.push(':');
            text.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            text.push('@');
            text.push_str(digest);
        }
        text
    }

    /// The repository that the image is in.
    #[must_use]
    pub fn repository(&self) -> Repository {
        Repository { registry: self.registry.clone(), path: self.path.clone() }
    }

    /// The same reference without its digest.
    #[must_use]
    pub fn without_digest(&self) -> Self {
        Self { digest: None, ..self.clone() }
    }

    /// The same reference with this digest.
    #[must_use]
    pub fn with_digest(&self, digest: &str) -> Self {
        Self { digest: Some(digest.to_owned()), ..self.clone() }
    }

    fn familiar_repository(&self) -> String {
        familiar(&self.registry, &self.path)
    }
}

/// Docker's short form of a repository.
fn familiar(registry: &str, path: &str) -> String {
    if registry != "docker.io" {
        return format!("{registry}/{path}");
    }
    let official = path.strip_prefix("library/").filter(|rest| !rest.contains('/'));
    let short = official.unwrap_or(path);
    // Read again, these would be registries.
    match short.split_once('/') {
        Some((first, _)) if first.contains('.') || first == "localhost" => {
            format!("docker.io/{short}")
        }
        _ => short.to_owned(),
    }
}

impl FromStr for ImageRef {
    type Err = ImageRefError;

    fn from_str(text: &str) -> Result<Self, ImageRefError> {
        if text.is_empty() {
            return Err(ImageRefError::Empty);
        }
        let (name, digest) = split_digest(text)?;
        let (repository, tag) = split_tag(name)?;
        let (registry, path) = split_registry(repository);
        check_registry(&registry)?;
        check_path(&path)?;
        let tag = tag.or_else(|| digest.is_none().then(|| "latest".to_owned()));
        Ok(Self { registry, path, tag, digest })
    }
}

fn split_digest(text: &str) -> Result<(&str, Option<String>), ImageRefError> {
    let Some((name, digest)) = text.split_once('@') else {
        return Ok((text, None));
    };
    // The algorithms of `github.com/opencontainers/go-digest`.
    let digits = |algorithm: &str| match algorithm {
        "sha256" => Some(64),
        "sha384" => Some(96),
        "sha512" => Some(128),
        _ => None,
    };
    let valid = digest.split_once(':').is_some_and(|(algorithm, value)| {
        digits(algorithm) == Some(value.len())
            && value.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    if valid {
        Ok((name, Some(digest.to_owned())))
    } else {
        Err(ImageRefError::Digest(digest.to_owned()))
    }
}

fn split_tag(name: &str) -> Result<(&str, Option<String>), ImageRefError> {
    let after_slash = name.rfind('/').map_or(0, |slash| slash + 1);
    let Some(colon) = name[after_slash..].rfind(':') else {
        return Ok((name, None));
    };
    let (repository, tag) = (&name[..after_slash + colon], &name[after_slash + colon + 1..]);
    if is_tag(tag) {
        Ok((repository, Some(tag.to_owned())))
    } else {
        Err(ImageRefError::Tag(tag.to_owned()))
    }
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128
        && text.chars().next().is_some_and(word)
        && text.chars().all(|c| word(c) || c == '.' || c == '-')
}

/// The first part is a registry when it looks like a host: a dot, a port, `localhost`, or capitals.
fn split_registry(repository: &str) -> (String, String) {
    let (registry, path) = match repository.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.chars().any(|c| c.is_ascii_uppercase()) =>
        {
            (first, rest)
        }
        _ => ("docker.io", repository),
    };
    let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
    if registry == "docker.io" && !path.contains('/') {
        return (registry.to_owned(), format!("library/{path}"));
    }
    (registry.to_owned(), path.to_owned())
}

/// A registry becomes part of a URL: `..` or `a?b` would make another request of it.
fn check_registry(registry: &str) -> Result<(), ImageRefError> {
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !registry.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    };
    let part = |part: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        edge(part.chars().next())
            && edge(part.chars().last())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let is_address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    if (is_address || host.split('.').all(part)) && port.is_none_or(is_port) {
        Ok(())
    } else {
        Err(ImageRefError::Registry(registry.to_owned()))
    }
}

fn check_path(path: &str) -> Result<(), ImageRefError> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    // Words are parted by one dot, one or two underscores, or any number of dashes.
    let part = |part: &str| {
        let mut between = part.split(word).filter(|text| !text.is_empty());
        part.starts_with(word)
            && part.ends_with(word)
            && between
                .all(|text| matches!(text, "." | "_" | "__") || text.bytes().all(|b| b == b'-'))
    };
    // Docker takes 64 hex digits for the id of an image on one node.
    let name = path.strip_prefix("library/").unwrap_or(path);
    let is_id = name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
    if path.len() <= 255 && path.split('/').all(part) && !is_id {
        Ok(())
    } else {
        Err(ImageRefError::Repository(path.to_owned()))
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.familiar())
    }
}

impl TryFrom<String> for ImageRef {
    type Error = ImageRefError;
    fn try_from(text: String) -> Result<Self, ImageRefError> {
        text.parse()
    }
}

impl From<ImageRef> for String {
    fn from(image: ImageRef) -> Self {
        image.familiar()
    }
}

/// A platform that an image was built for, in the registry's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Platform {
    /// `amd64` and the like; empty where docker leaves it open (`arm`).
    #[serde(
        rename = "Architecture",
        alias = "architecture",
        skip_serializing_if = "String::is_empty"
    )]
    pub architecture: String,
    /// `linux` and the like.
    #[serde(rename = "OS", alias = "os", skip_serializing_if = "String::is_empty")]
    pub os: String,
}

/// What a registry answered: the reference with its digest, and the platforms behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedImage {
    /// The reference with a digest.
    pub image: ImageRef,
    /// Platforms of the image, sorted, without doubles.
    pub platforms: Vec<Platform>,
}

/// Where the images of one name are, whatever their tags.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository {
    registry: String,
    path: String,
}

impl Repository {
    /// Registry host with port, `docker.io` by default.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Path in the registry, `library/` included.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The image of this tag in it; `None` for a text that is no tag.
    #[must_use]
    pub fn tagged(&self, tag: &str) -> Option<ImageRef> {
        is_tag(tag).then(|| ImageRef {
            registry: self.registry.clone(),
            path: self.path.clone(),
            tag: Some(tag.to_owned()),
            digest: None,
        })
    }
}

impl FromStr for Repository {
    type Err = ImageRefError;

    /// Reads a name without tag and digest.
    fn from_str(text: &str) -> Result<Self, ImageRefError> {
        let image: ImageRef = text.parse()?;
        let after_slash = text.rfind('/').map_or(0, |slash| slash + 1);
        match text[after_slash..].contains([':', '@']) {
            true => Err(ImageRefError::Repository(text.to_owned())),
            false => Ok(image.repository()),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&familiar(&self.registry, &self.path))
    }
}

impl TryFrom<String> for Repository {
    type Error = ImageRefError;
    fn try_from(text: String) -> Result<Self, ImageRefError> {
        text.parse()
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.to_string()
    }
}

/// What a registry said of the tags of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagsAnswer {
    /// All of them. Texts that are no tags by docker's grammar are left out.
    Listed(BTreeSet<String>),
    /// The registry answered that there is no such repository, or not for us.
    Refused(String),
    /// No answer, or not all of it. Tried again later.
    Unreachable(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn familiar(text: &str) -> String {
        text.parse::<ImageRef>().map_or_else(|e| format!("error: {e}"), |image| image.familiar())
    }

    #[test]
    fn defaults_are_dockers() {
        assert_eq!(familiar("nginx"), "nginx:latest");
        assert_eq!(familiar("docker.io/library/x"), "x:latest");
        assert_eq!(familiar("index.docker.io/foo/bar:1"), "foo/bar:1");
        assert_eq!(familiar("docker.io/library/a/b"), "library/a/b:latest");
        assert_eq!(familiar("docker.io/foo.bar/x"), "docker.io/foo.bar/x:latest");
        assert_eq!(familiar("localhost/x:2"), "localhost/x:2");
        assert_eq!(familiar("10.0.0.1:5000/a/b"), "10.0.0.1:5000/a/b:latest");
        assert_eq!(familiar("[fd00::1]:5000/a"), "[fd00::1]:5000/a:latest");
        assert_eq!(familiar("[fd00::1]/a"), "[fd00::1]/a:latest");
    }

    #[test]
    fn a_repository_is_a_name_without_tag_and_digest() {
        let repository = |text: &str| text.parse::<Repository>();
        let hub = repository("nginx").unwrap();
        assert_eq!((hub.registry(), hub.path()), ("docker.io", "library/nginx"));
        assert_eq!(hub.to_string(), "nginx");
        assert_eq!(hub.tagged("1.27").unwrap().familiar(), "nginx:1.27");
        assert_eq!(hub.tagged("../x"), None);
        let own = repository("10.0.0.1:5000/a/b").unwrap();
        assert_eq!(own, "10.0.0.1:5000/a/b:1".parse::<ImageRef>().unwrap().repository());
        for bad in ["nginx:1", "10.0.0.1:5000/a:1", "", &format!("a@sha256:{}", "a".repeat(64))] {
            assert!(repository(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_digest_needs_no_tag() {
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(familiar(&format!("x@{digest}")), format!("x@{digest}"));
        assert_eq!(familiar(&format!("x:1@{digest}")), format!("x:1@{digest}"));
    }

    /// Docker refuses each of them; they were taken.
    #[test]
    fn separators_digests_and_ids_follow_the_grammar() {
        let (id, upper) = ("f".repeat(64), format!("x@sha256:{}", "A".repeat(64)));
        let md5 = format!("x@md5:{}", "a".repeat(32));
        for bad in ["a..b", "a-.b", "a___b", &id, &upper, &md5] {
            assert!(bad.parse::<ImageRef>().is_err(), "{bad}");
        }
        let sha512 = format!("x@sha512:{}", "a".repeat(128));
        for good in ["a--b/c__d.e_f", &sha512] {
            assert!(good.parse::<ImageRef>().is_ok(), "{good}");
        }
    }

    #[test]
    fn what_breaks_the_grammar_is_named() {
        for (bad, part) in [
            ("", "empty"),
            ("UPPER", "repository"),
            ("../nodes", "registry"),
            ("a.b?x=1/nodes", "registry"),
            ("a.b:99999/c", "registry"),
            (".a/b", "registry"),
            ("a//b", "repository"),
            ("a:-b", "tag"),
            ("a@sha256:12", "digest"),
            ("a:1@nonsense", "digest"),
        ] {
            assert!(familiar(bad).contains(part), "{bad}: {}", familiar(bad));
        }
    }
}
