//! `deploy`: how a service runs in the swarm.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::load::compose::forms::{Bytes, Cpus, Duration, KeyValues};

/// Mode of a service that names none.
pub const MODE: &str = "replicated";
/// Tasks that are replaced at a time when nothing is said.
pub const PARALLELISM: u64 = 1;

/// How a service runs in the swarm.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct Deploy {
    /// `replicated` (default), `global`, `replicated-job` or `global-job`.
    #[schemars(extend("default" = MODE))]
    pub mode: Option<String>,
    /// Number of tasks. Without it the service is created with one and then belongs to whoever
    /// scales it.
    pub replicas: Option<u64>,
    /// Labels of the service; changing them restarts nothing.
    pub labels: Option<KeyValues>,
    /// `vip` (default) or `dnsrr`.
    pub endpoint_mode: Option<String>,
    /// How updates are rolled out.
    pub update_config: Option<UpdateConfigForm>,
    /// How rollbacks are rolled out.
    pub rollback_config: Option<UpdateConfigForm>,
    /// What happens when a task ends.
    pub restart_policy: Option<RestartPolicyForm>,
    /// Which nodes.
    pub placement: Option<PlacementForm>,
    /// Limits and reservations.
    pub resources: Option<ResourcesForm>,
}

/// How tasks are replaced.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct UpdateConfigForm {
    /// Tasks replaced at a time; 0 is all at once, 1 the default.
    #[schemars(extend("default" = PARALLELISM))]
    pub parallelism: Option<u64>,
    /// Time between batches; `0s` by default.
    #[schemars(extend("default" = "0s"))]
    pub delay: Option<Duration>,
    /// `pause` (default), `continue` or, for updates, `rollback`.
    pub failure_action: Option<String>,
    /// Time that a new task is watched for failure; 5 s by default.
    pub monitor: Option<Duration>,
    /// Share of failed tasks that is tolerated, 0 to 1; 0 by default.
    #[schemars(extend("default" = 0))]
    pub max_failure_ratio: Option<f32>,
    /// `stop-first` (default) or `start-first`.
    pub order: Option<Order>,
}

/// Which comes first in an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The old task stops, then the new one starts.
    StopFirst,
    /// The new task starts, then the old one stops.
    StartFirst,
}

impl Order {
    /// The engine's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StopFirst => "stop-first",
            Self::StartFirst => "start-first",
        }
    }
}

/// What happens when a task ends.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct RestartPolicyForm {
    /// `any` (default), `on-failure` or `none`.
    pub condition: Option<String>,
    /// Time before a restart; 5 s by default.
    pub delay: Option<Duration>,
    /// Restarts within the window; without end by default.
    pub max_attempts: Option<u64>,
    /// Time in which attempts are counted; for ever by default.
    pub window: Option<Duration>,
}

/// Which nodes may run tasks.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct PlacementForm {
    /// `node.role == manager` and the like; all must hold.
    pub constraints: Option<Vec<String>>,
    /// Spread over values of node labels.
    pub preferences: Option<Vec<Preference>>,
    /// Most tasks of the service on one node; without limit by default.
    pub max_replicas_per_node: Option<u64>,
}

/// One placement preference.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Preference {
    /// `node.labels.zone` and the like.
    pub spread: Option<String>,
}

/// Limits and reservations.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct ResourcesForm {
    /// Most that a task may use.
    pub limits: Option<Limits>,
    /// What a node must have free.
    pub reservations: Option<Reservations>,
}

/// Most that a task may use.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Limits {
    /// Processors; without limit by default.
    pub cpus: Option<Cpus>,
    /// Memory; without limit by default.
    pub memory: Option<Bytes>,
    /// Processes; without limit by default.
    pub pids: Option<i64>,
}

/// What a node must have free.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Reservations {
    /// Processors; nothing by default.
    pub cpus: Option<Cpus>,
    /// Memory; nothing by default.
    pub memory: Option<Bytes>,
    /// Named resources of the nodes.
    pub generic_resources: Option<Vec<GenericResourceForm>>,
}

/// A named resource.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GenericResourceForm {
    /// A counted one.
    pub discrete_resource_spec: Option<DiscreteResource>,
}

/// So many of a named resource.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DiscreteResource {
    /// Name of the resource.
    pub kind: Option<String>,
    /// How many.
    pub value: Option<i64>,
}
