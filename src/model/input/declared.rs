//! Sources that are declared in a source.

use std::path::PathBuf;
use std::time::Duration;

use super::RepoPath;
use crate::model::{Place, SourceName};

/// A further source, as a `Source` manifest of the root source asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredSource {
    /// Its name.
    pub name: SourceName,
    /// Address of a git repository, or a path.
    pub url: String,
    /// A branch to follow.
    pub branch: Option<String>,
    /// A tag to follow.
    pub tag: Option<String>,
    /// One commit.
    pub commit: Option<String>,
    /// A directory in it.
    pub path: Option<String>,
    /// Globs of its files; without any, YAML files by their names.
    pub files: Vec<String>,
    /// Time between reads; `None` is the operator's.
    pub poll: Option<Duration>,
    /// Writes to its stacks are stopped, with this reason.
    pub suspend: Option<String>,
    /// What opens it.
    pub credentials: CredentialFiles,
    /// Certificates (PEM) that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Where it is declared.
    pub place: Place,
}

/// Files on the operator's machine that hold credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialFiles {
    /// A token.
    pub token: Option<PathBuf>,
    /// The user of a password: the name itself.
    pub user: Option<String>,
    /// The password.
    pub password: Option<PathBuf>,
    /// A private key for ssh.
    pub key: Option<PathBuf>,
    /// Host keys of ssh servers.
    pub known_hosts: Option<PathBuf>,
}

impl DeclaredSource {
    /// Whether another declaration leads to the same files.
    #[must_use]
    pub fn reads_the_same(&self, other: &Self) -> bool {
        let read = |of: &Self| Self {
            files: Vec::new(),
            suspend: None,
            place: Place { file: RepoPath::default(), at: None },
            ..of.clone()
        };
        read(self) == read(other)
    }
}
