//! The swarm's own nouns, with the JSON names that the engine uses.
//!
//! bollard's structs for services and tasks lose fields on reading (`Healthcheck` and
//! `PreviousSpec` among them), so these are our own. Every struct that is sent back keeps fields
//! that it does not know in `extra`: what we read and do not own goes back as it was.
//! Go's `nil` is `None`, Go's empty struct is `Some(default)`: the engine compares them as
//! different (`reflect.DeepEqual` in swarmkit's `IsTaskDirty`), so the difference is kept.

mod constraint;
mod container;
mod live;
mod network;
mod service;
mod string_map;
mod task;

use std::collections::BTreeMap;

pub use constraint::{
    Constraint, architecture, fits_platform, is_large_enough, is_one_of, satisfies,
};
pub use container::{
    AppArmor, BindOptions, ContainerSpec, CredentialSpec, DataFile, DnsConfig, DriverConfig,
    Healthcheck, Mount, Privileges, Seccomp, TmpfsOptions, Ulimit, VolumeOptions,
};
pub use container::{ConfigReference, SecretReference};
pub use live::{
    ContainerStatus, JobStatus, LiveConfig, LiveNetwork, LiveSecret, Node, NodeDescription,
    NodePlatform, NodeSpec, NodeStatus, Service, ServiceStatus, Task, TaskState, TaskStatus,
    UpdateState, UpdateStatus, Version,
};
pub use network::{ConfigSpec, DataDriver, Ipam, IpamConfig, NetworkSpec, SecretSpec};
pub use network::{NODE_NETWORK_MARK, NODE_NETWORKS};
pub use service::{
    EndpointSpec, JobMode, PortConfig, Replicated, ServiceMode, ServiceSpec, UpdateConfig,
};
pub use string_map::StringMap;
pub use task::{
    GenericResource, LogDriver, NetworkAttachment, Placement, PlacementPreference,
    ResourceRequirements, Resources, RestartPolicy, SpreadOver, TaskSpec,
};

/// Fields that this version of skep does not know, kept as they came.
pub type Extra = BTreeMap<String, serde_json::Value>;

/// Reads Go's `null` for a slice or map as the empty value.
fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + serde::Deserialize<'de>,
{
    Ok(<Option<T> as serde::Deserialize>::deserialize(deserializer)?.unwrap_or_default())
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
