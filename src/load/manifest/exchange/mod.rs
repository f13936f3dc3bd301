//! A compose file as manifests, and manifests as a compose file.
//!
//! Trees as they were read, with nothing filled in: variables stay as they are written. What came
//! out takes the place of what went in, so paths and `.env` are those of the same directory.

mod apart;
mod desk;
mod included;
mod layers;
mod together;

pub use apart::take_apart;
pub use desk::Desk;
pub use together::{Together, put_together};

use std::collections::BTreeSet;

use crate::load::findings::{Entry, SECTIONS};
use crate::load::yaml::{Node, Value};
use crate::model::RepoPath;

/// Entries that a tree declares.
fn entries_of(tree: &Node) -> impl Iterator<Item = Entry> {
    SECTIONS.into_iter().flat_map(|section| {
        let entries = tree.get(section).and_then(Node::as_map);
        entries.into_iter().flatten().map(move |(name, _)| (section.to_owned(), name.clone()))
    })
}

/// Services of a tree that begin as copies of others of the same file, with what those are called.
fn copies<'n>(
    tree: &'n Node,
    (own, desk): (&'n RepoPath, &'n Desk<'_>),
) -> impl Iterator<Item = (&'n str, &'n Node)> {
    let services = tree.get("services").and_then(Node::as_map).into_iter().flatten();
    services.filter_map(move |(name, entry)| {
        let extends = entry.node.get("extends")?;
        let base = match &extends.value {
            Value::Text(_) => extends,
            _ => extends.get("service")?,
        };
        let here = match extends.get("file").map(Node::as_text) {
            None => true,
            Some(file) => desk.beside(own, file?).is_ok_and(|path| path == *own),
        };
        here.then_some((name.as_str(), base))
    })
}

/// Names without repetition.
type Names = BTreeSet<Entry>;
