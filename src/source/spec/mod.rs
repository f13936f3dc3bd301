//! What a source is: where, which revision of it, which part, and what opens it.

mod credentials;
mod location;

pub use credentials::{CredentialError, CredentialParts, Credentials, SecretFrom};
pub use location::{Location, LocationError, Login};

use std::fmt;
use std::path::PathBuf;

use crate::model::{RepoPath, RepoPathError};

/// One source, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSpec {
    /// Where it is.
    pub location: Location,
    /// Which revision of it.
    pub wanted: Wanted,
    /// Which directory of it; the top when empty.
    pub path: RepoPath,
    /// What opens it.
    pub credentials: Credentials,
    /// Certificates (PEM) that are trusted for `https` instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// How a git work tree on this machine is read.
    pub manner: Manner,
}

/// How a git work tree on this machine is read when no revision is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Manner {
    /// As a directory, with what is not committed: the one-shot commands.
    #[default]
    AsItLies,
    /// By the commit of its current branch: the operator.
    ByCommit,
}

/// Which revision of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Wanted {
    /// What the remote's `HEAD` points to.
    #[default]
    Head,
    /// A branch.
    Branch(RefName),
    /// A tag.
    Tag(RefName),
    /// One commit, by its full id.
    Commit(CommitId),
    /// A branch or, when there is none of that name, a tag; as `git clone --branch` has it.
    Named(RefName),
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("the default branch"),
            Self::Branch(name) => write!(f, "branch '{name}'"),
            Self::Tag(name) => write!(f, "tag '{name}'"),
            Self::Commit(id) => write!(f, "commit {id}"),
            Self::Named(name) => write!(f, "'{name}'"),
        }
    }
}

/// The short name of a branch or a tag, by the rules of `git check-ref-format`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(String);

impl RefName {
    /// Checks and wraps a name.
    ///
    /// # Errors
    /// When git would not take it, or could take it for an option.
    pub fn new(text: &str) -> Result<Self, SpecError> {
        let bad_part = |part: &str| {
            part.is_empty()
                || part.starts_with('.')
                || part.ends_with('.')
                || part.ends_with(".lock")
        };
        let bad_character = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
        let bad = text.starts_with('-')
            || text.len() > 255
            || text == "@"
            || text.contains("..")
            || text.contains("@{")
            || text.contains(bad_character)
            || text.split('/').any(bad_part);
        if bad { Err(SpecError::RefName) } else { Ok(Self(text.to_owned())) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The full id of a commit: 40 (SHA-1) or 64 (SHA-256) hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(String);

impl CommitId {
    /// Checks and wraps an id.
    ///
    /// # Errors
    /// When it is not a full id.
    pub fn new(text: &str) -> Result<Self, SpecError> {
        let full = matches!(text.len(), 40 | 64) && text.chars().all(|c| c.is_ascii_hexdigit());
        if full { Ok(Self(text.to_ascii_lowercase())) } else { Err(SpecError::CommitId) }
    }

    /// The hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A source as it is written: the fields of the command line, or of a `Source` manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceText<'a> {
    /// Directory, repository path or URL.
    pub location: &'a str,
    /// `--ref`: a branch, a tag or a full commit id.
    pub reference: Option<&'a str>,
    /// A branch and nothing else.
    pub branch: Option<&'a str>,
    /// A tag and nothing else.
    pub tag: Option<&'a str>,
    /// A commit and nothing else.
    pub commit: Option<&'a str>,
    /// A directory in it.
    pub path: Option<&'a str>,
}

/// Why a source can't be used as it is written. Texts hold no credentials.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// The address.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// The credentials.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// The path inside.
    #[error(transparent)]
    Path(#[from] RepoPathError),
    /// The name of a branch or tag.
    #[error("the name of the branch or tag is not one that git allows")]
    RefName,
    /// A commit id that is not full.
    #[error("a commit is named by its full id of 40 or 64 hex digits")]
    CommitId,
    /// More than one of branch, tag, commit and ref.
    #[error("only one of branch, tag, commit and ref can be given")]
    Several,
}

impl SourceSpec {
    /// Reads a source as it is written.
    ///
    /// # Errors
    /// The first part that can't be used.
    pub fn parse(text: &SourceText<'_>, parts: CredentialParts) -> Result<Self, SpecError> {
        let (location, login) = Location::parse(text.location)?;
        let credentials = Credentials::choose(location.protocol(), parts, login)?;
        Ok(Self {
            wanted: wanted(text)?,
            path: RepoPath::new(text.path.unwrap_or_default())?,
            credentials,
            location,
            ca_file: None,
            manner: Manner::default(),
        })
    }

    /// Trusts these certificates instead of the system's.
    #[must_use]
    pub fn with_ca_file(mut self, path: Option<PathBuf>) -> Self {
        self.ca_file = path;
        self
    }

    /// Says how a git work tree on this machine is read.
    #[must_use]
    pub fn with_manner(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }
}

fn wanted(text: &SourceText<'_>) -> Result<Wanted, SpecError> {
    let given = [text.reference, text.branch, text.tag, text.commit];
    if given.iter().flatten().count() > 1 {
        return Err(SpecError::Several);
    }
    match (text.reference, text.branch, text.tag, text.commit) {
        (Some(reference), ..) => named(reference),
        (_, Some(branch), ..) => Ok(Wanted::Branch(RefName::new(branch)?)),
        (_, _, Some(tag), _) => Ok(Wanted::Tag(RefName::new(tag)?)),
        (_, _, _, Some(commit)) => Ok(Wanted::Commit(CommitId::new(commit)?)),
        (None, None, None, None) => Ok(Wanted::Head),
    }
}

fn named(text: &str) -> Result<Wanted, SpecError> {
    if let Ok(id) = CommitId::new(text) {
        return Ok(Wanted::Commit(id));
    }
    if let Some(branch) = text.strip_prefix("refs/heads/") {
        return Ok(Wanted::Branch(RefName::new(branch)?));
    }
    if let Some(tag) = text.strip_prefix("refs/tags/") {
        return Ok(Wanted::Tag(RefName::new(tag)?));
    }
    if text == "HEAD" {
        return Ok(Wanted::Head);
    }
    Ok(Wanted::Named(RefName::new(text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &SourceText<'_>) -> Result<SourceSpec, SpecError> {
        SourceSpec::parse(text, CredentialParts::default())
    }

    #[test]
    fn a_ref_is_a_commit_a_branch_a_tag_or_either() {
        let wanted = |reference| {
            let text =
                SourceText { location: ".", reference: Some(reference), ..Default::default() };
            spec(&text).map_or_else(|e| e.to_string(), |spec| spec.wanted.to_string())
        };
        let id = "A".repeat(40);
        assert_eq!(wanted(&id), format!("commit {}", "a".repeat(40)));
        assert_eq!(wanted("refs/heads/a/b"), "branch 'a/b'");
        assert_eq!(wanted("refs/tags/v1"), "tag 'v1'");
        assert_eq!(wanted("v1"), "'v1'");
        assert_eq!(wanted("HEAD"), "the default branch");
    }

    #[test]
    fn names_that_git_or_a_shell_could_misread_are_refused() {
        for name in [
            "",
            "-x",
            "--upload-pack=id",
            "a..b",
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "a\nb",
            "a\0b",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.lock",
            "a.",
            "@",
            "a@{1}",
        ] {
            assert!(RefName::new(name).is_err(), "{name:?}");
        }
        for name in ["main", "a/b-c", "v1.2.3", "release/1.x", "Ünïcode", "a@b", "a+b"] {
            assert!(RefName::new(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn several_revisions_and_paths_out_of_the_tree_are_refused() {
        let text =
            SourceText { location: ".", branch: Some("a"), tag: Some("b"), ..Default::default() };
        assert!(matches!(spec(&text), Err(SpecError::Several)));
        for path in ["../x", "/etc", "a/../../b"] {
            let text = SourceText { location: ".", path: Some(path), ..Default::default() };
            assert!(matches!(spec(&text), Err(SpecError::Path(_))), "{path}");
        }
        let text = SourceText { location: ".", commit: Some("abc123"), ..Default::default() };
        assert!(matches!(spec(&text), Err(SpecError::CommitId)));
    }
}
