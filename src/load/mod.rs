//! Files of a revision to what they ask for, and all that is wrong with them.
//!
//! The way of a file: bytes → [`yaml`] (a tree with places) → [`interpolate`] (variables) →
//! [`check`] (against the schema of [`compose`]) → [`gather`] (what it extends and includes) →
//! [`merge`](mod@merge) → typed → [`convert`] (engine specs).
//! A mistake spoils the smallest thing that it can: one service, or one stack, never another file.

pub mod bounds;
pub mod check;
mod circles;
pub mod compose;
pub mod convert;
pub mod findings;
mod follows;
pub mod gather;
pub mod intake;
pub mod interpolate;
mod lines;
pub mod manifest;
pub mod merge;
mod order;
mod round;
mod sealed;
mod stack;
#[cfg(test)]
mod tests;
pub mod text;
pub mod traps;
pub mod yaml;

use std::collections::{BTreeMap, BTreeSet};

pub use manifest::schemas;
pub use order::{circles_of_stacks, unknown_stacks, with_lines};

pub use crate::sops::Identities;

use crate::model::guard::{Guard, UnreadGuard};
use crate::model::{
    DeclaredSource, Desired, DesiredImage, DesiredNode, FileSet, HashKey, Problem, RepoPath,
    SideStore, SourceName, StackName,
};

/// What a load is given besides the files.
#[derive(Debug, Clone, Copy)]
pub struct LoadOptions<'a> {
    /// The source that the files are from.
    pub source: &'a SourceName,
    /// Key for hashes of secret content; without it hashes stay open.
    pub key: Option<&'a HashKey>,
    /// `--name`: the name of the only stack.
    pub name: Option<&'a StackName>,
    /// Process environment of a one-shot command; empty for the operator.
    pub variables: &'a BTreeMap<String, String>,
    /// Which files are read; without any, YAML files by their names.
    pub globs: &'a [String],
    /// What opens sealed files.
    pub identities: &'a Identities,
}

/// What came of the files.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What they ask for.
    pub desired: Desired,
    /// Content of secrets and configs.
    pub data: SideStore,
    /// Further sources that are declared; they count in the root source only.
    pub sources: Vec<DeclaredSource>,
    /// Guards that are declared; they count in the root source only.
    pub guards: Vec<Guard>,
    /// Guards with mistakes, and files that can't be read and may hold one.
    pub unread_guards: Vec<UnreadGuard>,
    /// What is asked of nodes; it counts in the root source only.
    pub nodes: Vec<DesiredNode>,
    /// Which images services run that say so.
    pub images: Vec<DesiredImage>,
    /// All mistakes of all files, sorted by place.
    pub problems: Vec<Problem>,
    /// Traps, and notes of what becomes of something: no mistakes, and not shown unless asked for
    /// ([`Loaded::told_in_full`]).
    pub advice: Vec<Problem>,
    /// Stacks that are declared and have mistakes that leave nothing of them. They are not among
    /// the desired ones, and nothing of them may be removed (law 4).
    pub broken: BTreeSet<StackName>,
    /// Files that may declare stacks whose names can't be told: while there is one, any stack may
    /// be declared that is not among the desired ones.
    pub nameless: BTreeSet<RepoPath>,
    /// Sealed files that something is made of, and what.
    pub sealed: SealedUses,
}

/// Sealed files by path, with what is made of each: `secret shop_database`.
pub type SealedUses = BTreeMap<RepoPath, BTreeSet<String>>;

impl Loaded {
    /// All problems, with the advice among them, sorted by place.
    #[must_use]
    pub fn told_in_full(&self, files: &FileSet) -> Vec<Problem> {
        let mut told = lines::finish(self.advice.clone(), files);
        told.extend(self.problems.iter().cloned());
        told.sort();
        told
    }
}

/// Loads all declarations of a revision.
#[must_use]
pub fn load(files: &FileSet, options: &LoadOptions<'_>) -> Loaded {
    round::run(files, *options)
}
