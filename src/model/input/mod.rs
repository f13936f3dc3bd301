//! What comes in from a source: a revision, its files, and what is wrong with them.

mod declared;
mod files;
mod problem;
mod revision;

pub use declared::{CredentialFiles, DeclaredSource};
pub use files::{Entry, FileError, FileSet, RepoPath, RepoPathError};
pub use problem::{Position, Problem, Severity};
pub use revision::{Ancestry, Revision};
