//! `ServiceSpec` and what hangs directly on it (`api/types/swarm/service.go` in moby).

use serde::{Deserialize, Serialize, Serializer};

use super::task::{NetworkAttachment, TaskSpec};
use super::{Extra, StringMap, is_default, null_is_default};

/// A number as Go writes it: with the digits that tell it from its neighbours of 32 bits. As one of
/// 64 bits 0.1 would be 0.10000000149011612.
fn in_few_digits<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    let digits = value.to_string().parse();
    serializer.serialize_f64(digits.unwrap_or(f64::from(*value)))
}

/// What a service should be, as `POST /services/create` takes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceSpec {
    /// Full name, stack prefix included.
    pub name: String,
    /// Service-level labels; changing them restarts nothing.
    #[serde(deserialize_with = "null_is_default")]
    pub labels: StringMap,
    /// What each task runs.
    pub task_template: TaskSpec,
    /// How many tasks, where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<ServiceMode>,
    /// How an update is rolled out; `None` means the engine's defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_config: Option<Box<UpdateConfig>>,
    /// How a rollback is rolled out; `None` means the engine's defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_config: Option<Box<UpdateConfig>>,
    /// Old place of the networks, honoured by the engine below API 1.44 only.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub networks: Vec<NetworkAttachment>,
    /// Published ports and the way of load balancing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_spec: Option<EndpointSpec>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One of the four modes of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ServiceMode {
    /// A number of tasks, spread over the nodes.
    Replicated(Replicated),
    /// One task on each eligible node.
    Global {},
    /// A number of tasks that run to completion.
    ReplicatedJob(JobMode),
    /// One task on each eligible node that runs to completion.
    GlobalJob {},
}

impl ServiceMode {
    /// True for the two modes whose tasks end.
    #[must_use]
    pub fn is_job(&self) -> bool {
        matches!(self, Self::ReplicatedJob(_) | Self::GlobalJob {})
    }

    /// The engine's word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Replicated(_) => "replicated",
            Self::Global {} => "global",
            Self::ReplicatedJob(_) => "replicated-job",
            Self::GlobalJob {} => "global-job",
        }
    }
}

/// Number of tasks of a replicated service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Replicated {
    /// Tasks wanted; `None` is read by the engine as 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u64>,
}

/// Number of tasks of a replicated job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JobMode {
    /// Tasks at a time; `None` is read as 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<u64>,
    /// Tasks in all; `None` is read as `max_concurrent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_completions: Option<u64>,
}

/// How tasks are replaced when the spec changes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpdateConfig {
    /// Tasks replaced at a time; 0 is all at once.
    pub parallelism: u64,
    /// Nanoseconds between batches.
    #[serde(skip_serializing_if = "is_default")]
    pub delay: i64,
    /// `pause`, `continue` or `rollback`; empty is read as `pause`.
    #[serde(skip_serializing_if = "is_default")]
    pub failure_action: String,
    /// Nanoseconds that a new task is watched for failure; 0 is read as 5 s.
    #[serde(skip_serializing_if = "is_default")]
    pub monitor: i64,
    /// Share of failed tasks that is tolerated.
    #[serde(serialize_with = "in_few_digits")]
    pub max_failure_ratio: f32,
    /// `stop-first` or `start-first`; empty is read as `stop-first`.
    #[serde(skip_serializing_if = "is_default")]
    pub order: String,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Published ports and the way of load balancing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EndpointSpec {
    /// `vip` or `dnsrr`; empty is read as `vip`.
    #[serde(skip_serializing_if = "is_default")]
    pub mode: String,
    /// Published ports; their order counts for the engine's restart decision.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub ports: Vec<PortConfig>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One published port.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PortConfig {
    /// A name for the reader; the engine makes nothing of it.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// `tcp`, `udp` or `sctp`; empty is read as `tcp`.
    #[serde(skip_serializing_if = "is_default")]
    pub protocol: String,
    /// Port in the container.
    #[serde(skip_serializing_if = "is_default")]
    pub target_port: u32,
    /// Port on the nodes; 0 lets the engine choose.
    #[serde(skip_serializing_if = "is_default")]
    pub published_port: u32,
    /// `ingress` or `host`; empty is read as `ingress`.
    #[serde(skip_serializing_if = "is_default")]
    pub publish_mode: String,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}
