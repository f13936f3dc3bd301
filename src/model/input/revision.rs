//! Revisions of a source.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One exact state of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Revision {
    /// A git commit, by its full object id.
    Commit(String),
    /// A plain directory, by a hash over paths and content. Such revisions have no order.
    Tree(String),
}

impl Revision {
    /// The first twelve digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        let (Self::Commit(id) | Self::Tree(id)) = self;
        id.get(..12).unwrap_or(id)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Commit(id) | Self::Tree(id)) = self;
        f.write_str(id)
    }
}

/// How a revision stands to one that was applied earlier (law 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ancestry {
    /// The same revision.
    Same,
    /// A git descendant of it.
    Later,
    /// Not a descendant: history was rewritten, or somebody went back.
    Rewritten,
    /// Plain directories have no order.
    Unordered,
    /// It could not be told (an object is missing, git failed).
    Unknown,
}
