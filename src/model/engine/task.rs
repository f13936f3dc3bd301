//! `TaskSpec`: what each task of a service runs, where and with what (`api/types/swarm/task.go`).

use serde::{Deserialize, Serialize};

use super::container::ContainerSpec;
use super::{Extra, StringMap, is_default, null_is_default};

/// The template of a service's tasks; nearly any change in it restarts them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TaskSpec {
    /// The container; `None` for plugin and attachment tasks, which skep leaves alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_spec: Option<ContainerSpec>,
    /// Limits and reservations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// What happens when a task ends; `None` means always restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<Box<RestartPolicy>>,
    /// Which nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// Networks, by id when read from the engine.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub networks: Vec<NetworkAttachment>,
    /// Log driver; `None` means the node's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_driver: Option<Box<LogDriver>>,
    /// A counter that restarts all tasks when it changes. Never declared: the live value is kept.
    pub force_update: u64,
    /// `container` when read back; empty when sent.
    #[serde(skip_serializing_if = "is_default")]
    pub runtime: String,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Limits and reservations of a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ResourceRequirements {
    /// Most that a task may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Box<Resources>>,
    /// What a node must have free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservations: Option<Box<Resources>>,
    /// Bytes of swap beside the memory limit; -1 is without limit (API 1.52).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_bytes: Option<i64>,
    /// How readily the kernel swaps, 0 to 100 (API 1.52).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_swappiness: Option<i64>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Amounts of processor, memory, processes and named resources.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Resources {
    /// Billionths of a processor.
    #[serde(rename = "NanoCPUs", skip_serializing_if = "is_default")]
    pub nano_cpus: i64,
    /// Bytes.
    #[serde(skip_serializing_if = "is_default")]
    pub memory_bytes: i64,
    /// Processes (limits only).
    #[serde(skip_serializing_if = "is_default")]
    pub pids: i64,
    /// Named resources of the nodes (reservations only).
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub generic_resources: Vec<GenericResource>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A named resource, either counted or one of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GenericResource {
    /// So many of a kind.
    DiscreteResourceSpec {
        /// Name of the resource.
        #[serde(rename = "Kind", default)]
        kind: String,
        /// How many.
        #[serde(rename = "Value", default)]
        value: i64,
    },
    /// One certain of a kind.
    NamedResourceSpec {
        /// Name of the resource.
        #[serde(rename = "Kind", default)]
        kind: String,
        /// Which one.
        #[serde(rename = "Value", default)]
        value: String,
    },
}

/// What happens when a task ends.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RestartPolicy {
    /// `none`, `on-failure` or `any`; empty is read as `any`.
    #[serde(skip_serializing_if = "is_default")]
    pub condition: String,
    /// Nanoseconds before a restart; `None` is 5 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<i64>,
    /// Restarts within the window; `None` or 0 is without end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u64>,
    /// Nanoseconds in which attempts are counted; `None` or 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<i64>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which nodes may run a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Placement {
    /// `node.role == manager` and the like; all must hold.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub constraints: Vec<String>,
    /// Spread over values of a node label, in this order.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub preferences: Vec<PlacementPreference>,
    /// Most tasks of the service on one node; 0 is without limit.
    #[serde(skip_serializing_if = "is_default")]
    pub max_replicas: u64,
    /// Platforms that the image was built for, as the registry told.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub platforms: Vec<crate::model::image::Platform>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One placement preference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PlacementPreference {
    /// The only kind that there is.
    pub spread: SpreadOver,
}

/// Spread evenly over the values of a node property.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SpreadOver {
    /// `node.labels.zone` and the like.
    pub spread_descriptor: String,
}

/// One network that a task joins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NetworkAttachment {
    /// Name when sent, id when read.
    pub target: String,
    /// Further names of the service on this network.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub aliases: Vec<String>,
    /// Options for the driver.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub driver_opts: StringMap,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Log driver of a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LogDriver {
    /// Name of the driver; empty is the node's default driver.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// Its options.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub options: StringMap,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}
