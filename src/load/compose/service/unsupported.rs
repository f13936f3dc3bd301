//! Keys of a service that `docker stack deploy` drops with a warning, and whose loss makes the
//! service run otherwise than its author thinks: with other rights, devices, memory or names.
//!
//! They are errors, unless the author says in `x-skep` that they are to be ignored. Keys whose
//! loss nobody would miss (`build`, `expose` …) are warnings, in `keys.rs`.

use schemars::JsonSchema;
use serde::Deserialize;

/// A key that Swarm can do nothing with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unsupported {
    /// `cgroup_parent`
    CgroupParent,
    /// `cgroupns_mode`
    CgroupnsMode,
    /// `devices`
    Devices,
    /// `domainname`
    Domainname,
    /// `external_links`
    ExternalLinks,
    /// `ipc`
    Ipc,
    /// `links`, where they give another name
    Links,
    /// `mac_address`
    MacAddress,
    /// `network_mode`
    NetworkMode,
    /// `pid`
    Pid,
    /// `privileged`
    Privileged,
    /// `security_opt`, where the engine can't do it
    SecurityOpt,
    /// `shm_size`
    ShmSize,
    /// `userns_mode`
    UsernsMode,
}

impl Unsupported {
    /// All of them, sorted by key.
    pub const ALL: [Self; 14] = [
        Self::CgroupParent,
        Self::CgroupnsMode,
        Self::Devices,
        Self::Domainname,
        Self::ExternalLinks,
        Self::Ipc,
        Self::Links,
        Self::MacAddress,
        Self::NetworkMode,
        Self::Pid,
        Self::Privileged,
        Self::SecurityOpt,
        Self::ShmSize,
        Self::UsernsMode,
    ];

    /// The key in a compose file.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.words()[0]
    }

    /// Why Swarm can't do it: `it …`, without the key.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.words()[1]
    }

    /// What to use instead.
    #[must_use]
    pub fn instead(self) -> &'static str {
        self.words()[2]
    }

    fn words(self) -> [&'static str; 3] {
        WORDS[self as usize]
    }
}

/// Key, reason and what to use instead, in the order of [`Unsupported::ALL`].
const WORDS: [[&str; 3]; Unsupported::ALL.len()] = [
    [
        "cgroup_parent",
        "a task can't choose its control group",
        "write deploy.resources.limits, or set cgroup-parent in the nodes' daemon.json",
    ],
    [
        "cgroupns_mode",
        "a task can't choose it",
        "set default-cgroupns-mode in the nodes' daemon.json",
    ],
    [
        "devices",
        "Swarm hands no devices to tasks",
        "reserve it as a generic resource of the nodes \
                 (deploy.resources.reservations.generic_resources) with a runtime that hands it \
                 over",
    ],
    ["domainname", "Swarm has no such setting", "write the whole name into hostname"],
    [
        "external_links",
        "no container outside of the stack gets a name in it",
        "join a network that both are on (external: true) and use the other service's name",
    ],
    ["ipc", "each task has shared memory of its own", "run what shares memory in one container"],
    [
        "links",
        "links are not made, so the other name leads nowhere",
        "write the name under aliases, where the other service names the network",
    ],
    [
        "mac_address",
        "Swarm chooses the addresses of tasks",
        "bind what depends on it to a node, with a placement constraint and the network \
                 'host'",
    ],
    [
        "network_mode",
        "a service joins networks only",
        "for the node's network join the network 'host': networks: {node: {external: \
                 true, name: host}}",
    ],
    [
        "pid",
        "each task sees only its own processes",
        "mount the node's /proc as a bind where reading it is enough",
    ],
    [
        "privileged",
        "Swarm runs no privileged tasks",
        "write the single rights that it needs into cap_add",
    ],
    [
        "security_opt",
        "Swarm has no such option",
        "no-new-privileges, seccomp, apparmor and label can be used",
    ],
    [
        "shm_size",
        "/dev/shm has 64 MiB in every task",
        "mount a tmpfs over it: volumes: [{type: tmpfs, target: /dev/shm, tmpfs: {size: \
                 BYTES}}]",
    ],
    ["userns_mode", "a task can't choose it", "set userns-remap in the nodes' daemon.json"],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_read_by_its_own_name() {
        for key in Unsupported::ALL {
            let read: Result<Unsupported, _> = serde_json::from_value(key.key().into());
            assert_eq!(read.ok(), Some(key), "{}", key.key());
        }
    }
}
