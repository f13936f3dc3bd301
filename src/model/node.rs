//! What a root source asks of nodes.

use std::fmt;

use globset::Glob;
use serde::{Deserialize, Serialize};

use super::desired::Place;
use super::engine::StringMap;

/// What one `Node` manifest asks of the nodes that it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredNode {
    /// Name of the manifest.
    pub name: String,
    /// Which nodes are meant.
    pub matches: NodeMatch,
    /// Labels that they have; others stay.
    pub labels: StringMap,
    /// Whether they take tasks.
    pub availability: Option<Availability>,
    /// Whether they are managers.
    pub role: Option<Role>,
    /// Whether availability and role are put right, or only reported.
    pub enforce: Enforce,
    /// Where it is declared.
    pub place: Place,
}

/// Which nodes are meant; both patterns, where both are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeMatch {
    /// Pattern of the host name.
    pub hostname: Option<Glob>,
    /// Pattern of the id.
    pub id: Option<Glob>,
}

/// Whether availability and role are put right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enforce {
    /// They are reported: a person drains a node for a patch.
    #[default]
    No,
    /// They are put right.
    Yes,
}

/// Whether a node takes tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Availability {
    /// It does.
    Active,
    /// It keeps those that it has.
    Pause,
    /// It takes none, and loses those that it has.
    Drain,
}

impl Availability {
    /// The engine's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pause => "pause",
            Self::Drain => "drain",
        }
    }
}

/// Whether a node is a manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It only runs tasks.
    Worker,
    /// It keeps the swarm.
    Manager,
}

impl Role {
    /// The engine's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Manager => "manager",
        }
    }
}

impl fmt::Display for Availability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
