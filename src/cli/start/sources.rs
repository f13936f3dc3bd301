//! SOURCE on the command line: a directory, a repository, a file, or `-`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::single::{Beside, Fixed};
use super::{Environment, credentials};
use crate::cli::args::{CredentialArgs, SourceArgs};
use crate::cli::error::Failure;
use crate::model::{SourceName, SpecHash};
use crate::ports::{Source, SourceOpener};
use crate::reconcile::NamedSource;
use crate::source::{DeclaredOpener, Location, Manner, Options, SourceSpec, SourceText, Times};

/// A source that was opened, and which of its files count.
pub(crate) struct Opened {
    /// The source.
    pub(crate) source: NamedSource,
    /// Patterns of files; empty for all.
    pub(crate) globs: Vec<String>,
    /// Its address, without credentials; `-` is standard input.
    pub(crate) address: String,
}

/// Longest name of a source.
const LONGEST: usize = 64;
/// Digits of a hash that stand for the beginning of a longer name.
const DIGITS: usize = 10;

/// How sources are opened.
pub(crate) struct Opener<'a> {
    /// What opens them.
    pub(crate) credentials: &'a CredentialArgs,
    /// How a git work tree is read.
    pub(crate) manner: Manner,
    /// The environment.
    pub(crate) environment: &'a Environment,
}

impl Opener<'_> {
    /// Opens what stands on the command line.
    pub(crate) fn open(&self, text: &str, args: &SourceArgs) -> Result<Opened, Failure> {
        let named = |address: &str| args.source_name.clone().map_or_else(|| name(address), Ok);
        if text == "-" {
            let source = Arc::new(Fixed::standard_input()?);
            return Ok(Opened {
                source: NamedSource { name: named("stdin")?, source },
                globs: Vec::new(),
                address: text.to_owned(),
            });
        }
        let file = file(Path::new(text));
        let location = file.as_ref().map_or(text, |file| file.directory.as_str());
        let (spec, source) = self.one(&SourceText {
            location,
            reference: args.reference.as_deref(),
            path: args.path.as_deref(),
            ..SourceText::default()
        })?;
        let address = address(&spec);
        let Some(file) = file else {
            let source = NamedSource { name: named(&address)?, source: source.into() };
            return Ok(Opened { source, globs: Vec::new(), address: location_text(&spec) });
        };
        let source = Arc::new(Beside { directory: source, file: PathBuf::from(text) });
        let source = NamedSource { name: named(&format!("{address}/{}", file.name))?, source };
        let address = format!("{}/{}", location_text(&spec), file.name);
        Ok(Opened { source, globs: vec![globset::escape(&file.name)], address })
    }

    /// Opens a further source: `LOCATION[#REF[:DIR]]`, as docker's build contexts are written.
    pub(crate) fn open_more(&self, text: &str) -> Result<NamedSource, Failure> {
        let (location, rest) = text.split_once('#').unwrap_or((text, ""));
        let (reference, path) = rest.split_once(':').unwrap_or((rest, ""));
        let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let (spec, source) = self.one(&SourceText {
            location,
            reference: given(reference),
            path: given(path),
            ..SourceText::default()
        })?;
        Ok(NamedSource { name: name(&address(&spec))?, source: source.into() })
    }

    fn one(&self, text: &SourceText<'_>) -> Result<(SourceSpec, Box<dyn Source>), Failure> {
        let parts = credentials::for_git(self.credentials, self.environment);
        let mut spec = SourceSpec::parse(text, parts)
            .map_err(|error| Failure::new("use the source", error))?
            .with_ca_file(self.credentials.ca_file.clone());
        spec.manner = self.manner;
        let source =
            crate::source::open(&spec, &self.options()).map_err(|error| Failure::of(&error))?;
        Ok((spec, source))
    }

    /// Opens the sources that a source declares.
    pub(crate) fn of_declared(&self) -> Arc<dyn SourceOpener> {
        Arc::new(DeclaredOpener::new(self.options()))
    }

    fn options(&self) -> Options {
        Options {
            mirrors: self.mirrors(),
            environment: self.environment.all(),
            times: Times::default(),
        }
    }

    fn mirrors(&self) -> PathBuf {
        let home = || Some(self.environment.path("HOME")?.join(".cache"));
        let user = || self.environment.path("XDG_CACHE_HOME").or_else(home);
        let cache = self.credentials.cache.clone();
        cache.unwrap_or_else(|| user().unwrap_or_else(std::env::temp_dir).join("skep"))
    }
}

/// A file, and the directory that it lies in.
struct File {
    directory: String,
    name: String,
}

fn file(path: &Path) -> Option<File> {
    if !path.is_file() {
        return None;
    }
    let name = path.file_name()?.to_str()?.to_owned();
    let directory = path.parent()?.to_str()?;
    let directory = if directory.is_empty() { "." } else { directory };
    Some(File { directory: directory.to_owned(), name })
}

/// What tells a source from others: its address and the directory in it.
fn address(spec: &SourceSpec) -> String {
    format!("{}/{}", location_text(spec), spec.path)
}

/// Where a source is, from wherever one stands.
fn location_text(spec: &SourceSpec) -> String {
    match &spec.location {
        Location::Path(path) | Location::Repository(path) => {
            path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string()
        }
        location => location.to_string(),
    }
}

/// The name under which a source is remembered: its address in the characters of a name, so that
/// two sources that only look alike (`/a/deploy` and `/b/deploy`) are never taken for one.
fn name(address: &str) -> Result<SourceName, Failure> {
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    let user = |user: &str| !user.contains('/');
    let address =
        address.split_once('@').filter(|(u, _)| user(u)).map_or(address, |(_, rest)| rest);
    let mut text = String::new();
    let plain = address.replace(".git/", "/");
    for part in plain.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_') {
        if !part.is_empty() {
            text.push_str(if text.is_empty() { "" } else { "." });
            text.push_str(part);
        }
    }
    let edge = |c: char| !c.is_ascii_alphanumeric();
    let mut text = text.trim_matches(edge).to_owned();
    if text.len() > LONGEST {
        let hash = SpecHash::of(address.as_bytes());
        let hash = hash.as_str().get(..DIGITS).unwrap_or_default();
        let kept = text.get(text.len() + DIGITS + 1 - LONGEST..).unwrap_or_default();
        text = format!("{hash}.{}", kept.trim_matches(edge));
    }
    let text = if text.is_empty() { "source".to_owned() } else { text };
    SourceName::new(text).map_err(|error| Failure::new("name the source", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str) -> String {
        name(address).map_or_else(|failure| failure.to_string(), |name| name.to_string())
    }

    #[test]
    fn a_source_is_named_by_its_address() {
        assert_eq!(check("https://git.example.com/team/shop.git/"), "git.example.com.team.shop");
        assert_eq!(check("git@github.com:team/shop.git/deploy"), "github.com.team.shop.deploy");
        assert_eq!(check("/srv/my deploy/"), "srv.my.deploy");
        assert_eq!(check("/"), "source");
    }

    #[test]
    fn long_addresses_stay_apart() {
        let of = |first: &str| check(&format!("/{first}/{}", "deep/".repeat(30)));
        assert_ne!(of("a"), of("b"));
        assert!(of("a").len() <= LONGEST, "{}", of("a"));
    }
}
