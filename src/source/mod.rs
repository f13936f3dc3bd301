//! Reads revisions of git repositories and directories.
//!
//! `open` looks what a [`SourceSpec`] stands for and gives the port. A git repository is read by
//! commit through a mirror; a directory, or a git work tree as it lies, from its files.

mod around;
pub mod bounds;
mod declared;
mod directory;
mod entries;
mod git;
mod spec;
mod watch;

pub use declared::DeclaredOpener;
pub use git::{
    RemoteRef, TreeEntry, TreeError, TreeKind, parse_batch, parse_missing, parse_refs, parse_sizes,
    parse_tree,
};
pub use spec::{
    CommitId, CredentialError, CredentialParts, Credentials, Location, LocationError, Login,
    Manner, RefName, SecretFrom, SourceSpec, SourceText, SpecError, Wanted,
};

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::RepoPath;
use crate::ports::{Source, SourceError};

use directory::Directory;
use git::{GitDirs, Repository};

/// What sources need of the machine.
#[derive(Debug, Clone)]
pub struct Options {
    /// Directory for mirrors; made when it is not there.
    pub mirrors: PathBuf,
    /// The process environment, of which `git` gets the search path and the proxies.
    pub environment: Vec<(OsString, OsString)>,
    /// How long things may take.
    pub times: Times,
}

/// How long calls of `git` may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// A question for the remote's refs.
    pub ask: Duration,
    /// A fetch.
    pub fetch: Duration,
    /// A connection over which nothing comes.
    pub stall: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            ask: Duration::from_secs(30),
            fetch: Duration::from_secs(600),
            stall: Duration::from_secs(30),
        }
    }
}

/// Opens a source.
///
/// # Errors
/// When a path on this machine is not there.
pub fn open(spec: &SourceSpec, options: &Options) -> Result<Box<dyn Source>, SourceError> {
    let spec = spec.clone();
    match spec.location.clone() {
        Location::Https(_) | Location::Http(_) | Location::Ssh(_) => {
            Ok(Box::new(Repository::new(spec, options, None)))
        }
        Location::Repository(path) => {
            let path = real(&path)?;
            let dirs = git_dirs(&path).ok_or_else(|| no_repository(&path))?;
            Ok(Box::new(Repository::new(spec, options, Some((path, dirs)))))
        }
        Location::Path(path) => open_path(spec, &path, options),
    }
}

/// A path is a repository when it lies in one and a revision is asked for, by name or by manner.
fn open_path(
    mut spec: SourceSpec,
    given: &Path,
    options: &Options,
) -> Result<Box<dyn Source>, SourceError> {
    let path = real(given)?;
    let asked = spec.wanted != Wanted::Head || spec.manner == Manner::ByCommit;
    let found = path.ancestors().find_map(|above| Some((above, git_dirs(above)?)));
    match found {
        Some((root, dirs)) if asked || is_git_dir(&path) => {
            let below = path.strip_prefix(root).unwrap_or(Path::new(""));
            spec.path = inside(below, &spec.path).ok_or_else(|| SourceError::Missing {
                attempted: format!("opening {}", path.display()),
                message: "the path can't be one of a repository".to_owned(),
            })?;
            Ok(Box::new(Repository::new(spec, options, Some((root.to_owned(), dirs)))))
        }
        None if spec.wanted != Wanted::Head => Err(no_repository(&path)),
        // Not the real path: the link that leads to it may be replaced by another one later.
        _ => Ok(Box::new(Directory::new(absolute(given)?, spec.path))),
    }
}

/// The path as it is without links and relative parts.
fn real(path: &Path) -> Result<PathBuf, SourceError> {
    path.canonicalize().map_err(|error| {
        let (attempted, message) = (format!("opening {}", path.display()), error.to_string());
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => SourceError::Denied { attempted, message },
            _ => SourceError::Missing { attempted, message },
        }
    })
}

/// The path from the root, with its last part as given.
fn absolute(path: &Path) -> Result<PathBuf, SourceError> {
    match (path.parent(), path.file_name()) {
        (Some(above), Some(name)) if !above.as_os_str().is_empty() => Ok(real(above)?.join(name)),
        (Some(_), Some(name)) => Ok(real(Path::new("."))?.join(name)),
        _ => real(path),
    }
}

fn inside(below: &Path, path: &RepoPath) -> Option<RepoPath> {
    RepoPath::new(below.to_str()?).ok()?.join(path.as_str()).ok()
}

fn no_repository(path: &Path) -> SourceError {
    SourceError::Missing {
        attempted: format!("opening {}", path.display()),
        message: "there is no git repository, and a revision of one was asked for".to_owned(),
    }
}

/// True for a bare repository or the git directory of a work tree.
fn is_git_dir(path: &Path) -> bool {
    path.join("HEAD").is_file() && path.join("objects").is_dir() && path.join("refs").is_dir()
}

/// The git directories of a work tree or bare repository at exactly this path. A linked work tree
/// has a file `.git` with `gitdir: PATH`, and there `commondir` (`gitrepository-layout(5)`).
fn git_dirs(path: &Path) -> Option<GitDirs> {
    if is_git_dir(path) {
        return Some(GitDirs { own: path.to_owned(), common: path.to_owned() });
    }
    let dot_git = path.join(".git");
    if is_git_dir(&dot_git) {
        return Some(GitDirs { own: dot_git.clone(), common: dot_git });
    }
    let own = path.join(first_line(&dot_git)?.strip_prefix("gitdir: ")?).canonicalize().ok()?;
    let common = match first_line(&own.join("commondir")) {
        Some(relative) => own.join(relative).canonicalize().ok()?,
        None => own.clone(),
    };
    Some(GitDirs { own, common })
}

#[expect(clippy::disallowed_methods, reason = "git names its directories in small files")]
fn first_line(path: &Path) -> Option<String> {
    let size = path.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    if size > bounds::MAX_PATH as u64 {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().map(|line| line.trim_end().to_owned())
}
