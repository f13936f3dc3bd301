//! What lies on one node, in a service that may move to another.

use super::{Case, Trap};
use crate::load::compose::VolumeType;

/// Paths that every node has, and whose content belongs to the node.
const EVERYWHERE: [&str; 19] = [
    "/boot",
    "/dev",
    "/etc/docker",
    "/etc/group",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/machine-id",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/ssl",
    "/etc/timezone",
    "/lib/modules",
    "/proc",
    "/run",
    "/sys",
    "/var/lib/docker",
    "/var/log",
    "/var/run",
];
/// Where file servers are mounted by custom: what lies there may be the same on all nodes.
const SHARED: [&str; 3] = ["/mnt", "/media", "/nfs"];

/// A named volume is made empty on each node that a task comes to (moby#36167).
pub fn no_constraint(case: &Case<'_>) -> Vec<Trap> {
    let Some(volume) = case.local_volumes().next().filter(|_| case.moves()) else {
        return Vec::new();
    };
    let message = "the volume lies on one node, and nothing binds the service to it: on another \
                   node it starts empty";
    let hint = "write deploy.placement.constraints, such as node.labels.disk == NAME, or use a \
                volume driver whose volumes are there on all nodes";
    vec![Trap::item("volumes", volume.index, (message, hint))]
}

/// A node without the path refuses the task (moby#29219).
pub fn path_of_a_node(case: &Case<'_>) -> Vec<Trap> {
    let of_a_node = |source: &str| {
        let below = |top: &&str| {
            source.strip_prefix(*top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        source.starts_with('/') && source != "/" && !EVERYWHERE.iter().chain(&SHARED).any(below)
    };
    let mut binds = case.mounts().filter(|mount| mount.kind == VolumeType::Bind);
    let Some(bind) = binds.find(|bind| of_a_node(bind.source)).filter(|_| case.moves()) else {
        return Vec::new();
    };
    let message = "the path has to exist on every node that the service may run on, and nothing \
                   binds the service to one";
    let hint = "write deploy.placement.constraints, such as node.labels.disk == NAME";
    vec![Trap::item("volumes", bind.index, (message, hint))]
}
