//! Nodes: whether they answer, and whether they take tasks.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::engine::Node;

/// How a node does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeHealth {
    /// Its host name; its id where it has none.
    pub name: String,
    /// The verdict.
    pub state: NodeState,
    /// Why, in the engine's words; may be empty.
    pub why: String,
}

/// The verdict on a node. What the engine says of it comes before what a person asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// It answers and takes tasks.
    Ready,
    /// A person paused it: its tasks stay, it takes no new ones.
    Paused,
    /// A person drained it: it has no tasks.
    Drained,
    /// Nobody has heard of it since the swarm has another leader. Its tasks most likely run.
    Unknown,
    /// It left without being removed.
    Disconnected,
    /// It missed its heartbeats. Its tasks don't count.
    Down,
}

impl NodeState {
    /// The verdict alone.
    #[must_use]
    pub fn of(node: &Node) -> Self {
        match (node.status.state.as_str(), node.spec.availability.as_str()) {
            ("down", _) => Self::Down,
            ("disconnected", _) => Self::Disconnected,
            ("ready", "drain") => Self::Drained,
            ("ready", "pause") => Self::Paused,
            ("ready", _) => Self::Ready,
            _ => Self::Unknown,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Paused => "paused",
            Self::Drained => "drained",
            Self::Unknown => "unknown",
            Self::Disconnected => "disconnected",
            Self::Down => "down",
        }
    }

    /// False for nodes whose tasks the engine starts elsewhere (`InvalidNode` in swarmkit's
    /// `orchestrator/task.go`, which takes drained ones for invalid too: those tasks still run
    /// until they were stopped).
    #[must_use]
    pub fn keeps_tasks(self) -> bool {
        self != Self::Down
    }
}

impl fmt::Display for NodeHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.name, self.state.as_str())?;
        if self.why.is_empty() { Ok(()) } else { write!(f, " ({})", self.why) }
    }
}

/// Judges one node.
#[must_use]
pub fn node_health(node: &Node) -> NodeHealth {
    let state = NodeState::of(node);
    let hostname = &node.description.hostname;
    let name = if hostname.is_empty() { &node.id } else { hostname };
    NodeHealth { name: name.clone(), state, why: node.status.message.clone() }
}
