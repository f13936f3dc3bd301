//! Objects as the engine lists them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::network::{ConfigSpec, Ipam, SecretSpec};
use super::service::ServiceSpec;
use super::task::TaskSpec;
use super::{Extra, StringMap, is_default, null_is_default};

/// The raft index at which an object was last written; the token of compare-and-swap.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "PascalCase", default)]
pub struct Version {
    /// Global index: gaps of hundreds are normal.
    pub index: u64,
}

/// A service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Service {
    /// Id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Version for compare-and-swap.
    pub version: Version,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last written, by anybody (the orchestrator too).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// What it should be.
    pub spec: ServiceSpec,
    /// What it was before the last write; `None` after the engine's own rollback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_spec: Option<Box<ServiceSpec>>,
    /// The rollout of the last write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_status: Option<UpdateStatus>,
    /// Counts of tasks (`?status=true`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_status: Option<ServiceStatus>,
    /// The run of a job that the last write asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_status: Option<JobStatus>,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JobStatus {
    /// Number of the run: each write of the service begins another.
    pub job_iteration: Version,
}

/// Where a rollout stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpdateStatus {
    /// The state.
    pub state: UpdateState,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// The engine's words.
    pub message: String,
}

/// State of a rollout, in the engine's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateState {
    /// Tasks are being replaced.
    Updating,
    /// Stopped after a failure; nothing happens until somebody writes.
    Paused,
    /// Done.
    #[default]
    Completed,
    /// Tasks are being put back.
    RollbackStarted,
    /// Stopped while going back.
    RollbackPaused,
    /// Back at the spec before.
    RollbackCompleted,
    /// A state of a newer engine.
    #[serde(untagged)]
    Other(String),
}

impl UpdateState {
    /// True while the engine works on it or waits for a person: law 2's "in flight".
    #[must_use]
    pub fn in_flight(&self) -> bool {
        matches!(self, Self::Updating | Self::Paused | Self::RollbackStarted | Self::RollbackPaused)
    }

    /// True when the engine goes back or went back to the spec before.
    #[must_use]
    pub fn is_rollback(&self) -> bool {
        matches!(self, Self::RollbackStarted | Self::RollbackPaused | Self::RollbackCompleted)
    }
}

/// Counts of tasks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceStatus {
    /// Tasks that run.
    pub running_tasks: u64,
    /// Tasks that should run.
    pub desired_tasks: u64,
    /// Tasks of a job that are done.
    pub completed_tasks: u64,
}

/// A task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Task {
    /// Id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Version.
    pub version: Version,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// What it runs, taken from its service when it was made.
    pub spec: TaskSpec,
    /// Its service.
    #[serde(rename = "ServiceID")]
    pub service_id: String,
    /// Place in a replicated service, from 1; 0 for global services.
    pub slot: u64,
    /// Its node; empty until assigned.
    #[serde(rename = "NodeID")]
    pub node_id: String,
    /// What is.
    pub status: TaskStatus,
    /// What should be.
    pub desired_state: TaskState,
    /// Which run of a job it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_iteration: Option<Version>,
}

/// What a task does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TaskStatus {
    /// When this was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// The state.
    pub state: TaskState,
    /// The engine's words.
    pub message: String,
    /// Why it waits or failed.
    pub err: String,
    /// Its container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_status: Option<ContainerStatus>,
}

/// The container of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerStatus {
    /// Id.
    #[serde(rename = "ContainerID")]
    pub container_id: String,
    /// Exit code, once ended.
    #[serde(rename = "ExitCode")]
    pub exit_code: i64,
}

/// State of a task, in the order in which the engine walks through them.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    /// Made.
    #[default]
    New,
    /// Resources are allocated.
    Allocated,
    /// Waiting for a node.
    Pending,
    /// Has a node.
    Assigned,
    /// The node took it.
    Accepted,
    /// Image is pulled.
    Preparing,
    /// Ready to start.
    Ready,
    /// Starts; with a health check, until first healthy.
    Starting,
    /// Runs.
    Running,
    /// Ended with success.
    Complete,
    /// Was stopped.
    Shutdown,
    /// Ended with failure.
    Failed,
    /// Refused by the node.
    Rejected,
    /// Is being removed.
    Remove,
    /// Its node is gone.
    Orphaned,
}

/// A network.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LiveNetwork {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// When it was created.
    #[serde(rename = "Created", skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// `swarm`, `local` or `global`.
    pub scope: String,
    /// Driver.
    pub driver: String,
    /// No way out.
    pub internal: bool,
    /// Containers outside services may join.
    pub attachable: bool,
    /// The routing mesh's network.
    pub ingress: bool,
    /// IPv6 as well.
    #[serde(rename = "EnableIPv6")]
    pub enable_ipv6: bool,
    /// Options of the driver, with what the engine added.
    #[serde(deserialize_with = "null_is_default")]
    pub options: StringMap,
    /// Labels.
    #[serde(deserialize_with = "null_is_default")]
    pub labels: StringMap,
    /// Address management, with what the engine allocated.
    #[serde(rename = "IPAM", skip_serializing_if = "Option::is_none")]
    pub ipam: Option<Ipam>,
}

/// A secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LiveSecret {
    /// Id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Version for compare-and-swap.
    pub version: Version,
    /// What it is; never its data.
    pub spec: SecretSpec,
}

/// A config.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LiveConfig {
    /// Id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Version for compare-and-swap.
    pub version: Version,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// What it is, data included.
    pub spec: ConfigSpec,
}

/// A node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Node {
    /// Id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Version for compare-and-swap.
    pub version: Version,
    /// What a person set.
    pub spec: NodeSpec,
    /// What the node says of itself.
    pub description: NodeDescription,
    /// Whether it answers.
    pub status: NodeStatus,
    /// Manager's part, resources and fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a person set on a node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NodeSpec {
    /// Labels.
    #[serde(deserialize_with = "null_is_default")]
    pub labels: StringMap,
    /// `worker` or `manager`.
    pub role: String,
    /// `active`, `pause` or `drain`.
    pub availability: String,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a node says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NodeDescription {
    /// Host name; need not be unique.
    pub hostname: String,
    /// Architecture and system.
    pub platform: NodePlatform,
    /// Engine, resources and fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Architecture and system, in the words of `uname` (`x86_64`, `linux`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NodePlatform {
    /// Architecture.
    pub architecture: String,
    /// System.
    #[serde(rename = "OS")]
    pub os: String,
}

/// Whether a node answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NodeStatus {
    /// `ready`, `down`, `unknown`, `disconnected`.
    pub state: String,
    /// Why, in the engine's words (`heartbeat failure`).
    #[serde(skip_serializing_if = "is_default")]
    pub message: String,
    /// Address.
    pub addr: String,
}
