//! What was seen in the swarm, when, and what could not be seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::engine::{LiveConfig, LiveNetwork, LiveSecret, Node, Service, Task};

/// One look at a swarm: one listing of each kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// When the look began.
    pub at: Timestamp,
    /// The engine that was asked.
    pub engine: Engine,
    /// Services by full name.
    pub services: BTreeMap<String, Arc<Service>>,
    /// Tasks by service id, in the engine's order.
    pub tasks: BTreeMap<String, Vec<SeenTask>>,
    /// Swarm-scoped networks by name.
    pub networks: BTreeMap<String, LiveNetwork>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, LiveSecret>,
    /// Configs by name, ledger objects included.
    pub configs: BTreeMap<String, Arc<LiveConfig>>,
    /// Nodes by id.
    pub nodes: BTreeMap<String, Node>,
    /// What could not be seen; what depends on it is held as `ViewIncomplete`.
    pub gaps: BTreeSet<Gap>,
}

/// The engine that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// Release, `20.10.24`.
    pub version: String,
    /// The API version that was agreed on.
    pub api: ApiVersion,
    /// Id of the swarm.
    pub cluster: String,
    /// Id of the node that answers.
    pub node: String,
}

/// An API version such as `1.41`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApiVersion {
    /// Before the dot.
    pub major: u16,
    /// After the dot.
    pub minor: u16,
}

impl ApiVersion {
    /// `1.minor`.
    #[must_use]
    pub const fn v1(minor: u16) -> Self {
        Self { major: 1, minor }
    }
}

/// The text was not `number.number`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an API version such as 1.41")]
pub struct ApiVersionError(String);

impl FromStr for ApiVersion {
    type Err = ApiVersionError;
    fn from_str(text: &str) -> Result<Self, ApiVersionError> {
        let parse = || {
            let (major, minor) = text.split_once('.')?;
            Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
        };
        parse().ok_or_else(|| ApiVersionError(text.to_owned()))
    }
}

impl TryFrom<String> for ApiVersion {
    type Error = ApiVersionError;
    fn try_from(text: String) -> Result<Self, ApiVersionError> {
        text.parse()
    }
}

impl From<ApiVersion> for String {
    fn from(version: ApiVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A task, and whether the engine would replace it.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenTask {
    /// The task.
    pub task: Arc<Task>,
    /// What the engine makes of it (law 12).
    pub standing: Standing,
}

/// Whether a task runs what its service asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// The engine counts it as up to date (its hidden `_up-to-date` task filter).
    Current,
    /// The engine would replace it.
    Outdated,
}

/// Something that could not be seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gap {
    /// An object whose answer could not be understood: kind and name or id, and why.
    Unreadable {
        /// `service`, `task`, ….
        kind: String,
        /// Name or id.
        name: String,
        /// What was wrong with it.
        why: String,
    },
    /// Two objects of one name (swarm-scoped networks on engines before API 1.44).
    Ambiguous {
        /// `network`.
        kind: String,
        /// The name.
        name: String,
    },
}
