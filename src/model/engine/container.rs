//! `ContainerSpec`: the container of a task (`api/types/swarm/container.go`).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Extra, StringMap, is_default, null_is_default};

/// The container that a task runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerSpec {
    /// `repository:tag@digest` once pinned.
    #[serde(skip_serializing_if = "is_default")]
    pub image: String,
    /// Container labels.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub labels: StringMap,
    /// Entrypoint (compose: `entrypoint`).
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub command: Vec<String>,
    /// Arguments (compose: `command`).
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub args: Vec<String>,
    /// Host name inside; may hold templates.
    #[serde(skip_serializing_if = "is_default")]
    pub hostname: String,
    /// `NAME=value`, or `NAME` alone to unset one.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub env: Vec<String>,
    /// Working directory.
    #[serde(skip_serializing_if = "is_default")]
    pub dir: String,
    /// User, by name or number.
    #[serde(skip_serializing_if = "is_default")]
    pub user: String,
    /// Further groups.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub groups: Vec<String>,
    /// Security settings; `docker stack deploy` always sends them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileges: Option<Box<Privileges>>,
    /// Run an init process; three-valued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<bool>,
    /// Signal that ends the container.
    #[serde(skip_serializing_if = "is_default")]
    pub stop_signal: String,
    /// Allocate a terminal.
    #[serde(rename = "TTY", skip_serializing_if = "is_default")]
    pub tty: bool,
    /// Keep standard input open.
    #[serde(skip_serializing_if = "is_default")]
    pub open_stdin: bool,
    /// Root file system read-only.
    #[serde(skip_serializing_if = "is_default")]
    pub read_only: bool,
    /// Mounts; their order counts for the engine.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub mounts: Vec<Mount>,
    /// Nanoseconds before a stop becomes a kill; `None` is 10 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_grace_period: Option<i64>,
    /// Health check; `None` is the image's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Box<Healthcheck>>,
    /// Lines for the hosts file: `address name`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub hosts: Vec<String>,
    /// Name servers and search domains.
    #[serde(rename = "DNSConfig", skip_serializing_if = "Option::is_none")]
    pub dns_config: Option<Box<DnsConfig>>,
    /// Secrets that are mounted.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub secrets: Vec<SecretReference>,
    /// Configs that are mounted.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub configs: Vec<ConfigReference>,
    /// Isolation technology; `default` when read back.
    #[serde(skip_serializing_if = "is_default")]
    pub isolation: String,
    /// Kernel parameters of the container's namespaces.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub sysctls: StringMap,
    /// Capabilities added.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub capability_add: Vec<String>,
    /// Capabilities taken away.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub capability_drop: Vec<String>,
    /// Resource limits of processes.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub ulimits: Vec<Ulimit>,
    /// Preference of the kernel's out-of-memory killer (API 1.46).
    #[serde(skip_serializing_if = "is_default")]
    pub oom_score_adj: i64,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ContainerSpec {
    /// Words that may be somebody's secret: values of variables, arguments, the health check.
    pub fn delicate(&self) -> impl Iterator<Item = &str> {
        self.delicate_fields().map(|(_, word)| word)
    }

    /// The same, each with the path of its field as a comparison names it.
    pub fn delicate_fields(&self) -> impl Iterator<Item = (Cow<'static, str>, &str)> {
        let values = self.env.iter().map(|entry| {
            let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
            (Cow::Owned(format!("environment.{name}")), value)
        });
        let check = self.healthcheck.iter().flat_map(|check| &check.test);
        let parts = [("command", &self.args), ("entrypoint", &self.command)];
        let words = parts.into_iter().flat_map(|(path, list)| list.iter().map(move |w| (path, w)));
        let words = words.chain(check.map(|word| ("healthcheck.test", word)));
        values.chain(words.map(|(path, word)| (Cow::Borrowed(path), word.as_str())))
    }
}

/// Security settings of a container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Privileges {
    /// Credential spec of a managed service account.
    pub credential_spec: Option<Box<CredentialSpec>>,
    /// SELinux labels, passed through.
    #[serde(rename = "SELinuxContext")]
    pub selinux_context: Option<serde_json::Value>,
    /// Forbid gaining privileges (API 1.44).
    #[serde(skip_serializing_if = "is_default")]
    pub no_new_privileges: bool,
    /// System calls that are allowed; `None` is the engine's default (API 1.44).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seccomp: Option<Box<Seccomp>>,
    /// `AppArmor` profile; `None` is the engine's default (API 1.44).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_armor: Option<Box<AppArmor>>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// System calls that a container may make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Seccomp {
    /// `default`, `unconfined` or `custom`.
    #[serde(skip_serializing_if = "is_default")]
    pub mode: String,
    /// The profile of `custom`: JSON in base64.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub profile: String,
}

/// `AppArmor` profile of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AppArmor {
    /// `default` or `disabled`.
    #[serde(skip_serializing_if = "is_default")]
    pub mode: String,
}

/// Where a credential spec comes from; exactly one field is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CredentialSpec {
    /// Id of a config (its name while the spec is not bound to a swarm).
    #[serde(skip_serializing_if = "is_default")]
    pub config: String,
    /// A file on the node.
    #[serde(skip_serializing_if = "is_default")]
    pub file: String,
    /// A registry key on the node.
    #[serde(skip_serializing_if = "is_default")]
    pub registry: String,
}

/// Health check of a container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Healthcheck {
    /// `["CMD", …]`, `["CMD-SHELL", …]` or `["NONE"]`; empty inherits the image's.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub test: Vec<String>,
    /// Nanoseconds between probes.
    #[serde(skip_serializing_if = "is_default")]
    pub interval: i64,
    /// Nanoseconds that a probe may take.
    #[serde(skip_serializing_if = "is_default")]
    pub timeout: i64,
    /// Nanoseconds in which failures don't count.
    #[serde(skip_serializing_if = "is_default")]
    pub start_period: i64,
    /// Nanoseconds between probes during the start period (API 1.44).
    #[serde(skip_serializing_if = "is_default")]
    pub start_interval: i64,
    /// Failures in a row that make the container unhealthy.
    #[serde(skip_serializing_if = "is_default")]
    pub retries: i64,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Name servers and search domains of a container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DnsConfig {
    /// Addresses of name servers.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub nameservers: Vec<String>,
    /// Search domains.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub search: Vec<String>,
    /// Options of the resolver.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub options: Vec<String>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One mount of a container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Mount {
    /// `bind`, `volume`, `tmpfs`, `npipe`, `cluster`.
    #[serde(rename = "Type", skip_serializing_if = "is_default")]
    pub kind: String,
    /// Path on the node, or name of the volume.
    #[serde(skip_serializing_if = "is_default")]
    pub source: String,
    /// Path in the container.
    #[serde(skip_serializing_if = "is_default")]
    pub target: String,
    /// Not writable.
    #[serde(skip_serializing_if = "is_default")]
    pub read_only: bool,
    /// Sent by `docker stack deploy`, dropped by the engine.
    #[serde(skip_serializing_if = "is_default")]
    pub consistency: String,
    /// Options of a bind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind_options: Option<BindOptions>,
    /// Options of a volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_options: Option<VolumeOptions>,
    /// Options of a tmpfs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tmpfs_options: Option<TmpfsOptions>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Options of a bind mount.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct BindOptions {
    /// `rprivate` and the like.
    #[serde(skip_serializing_if = "is_default")]
    pub propagation: String,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Options of a volume mount.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VolumeOptions {
    /// Don't copy the image's content into a new volume.
    #[serde(skip_serializing_if = "is_default")]
    pub no_copy: bool,
    /// Labels of a volume that the mount creates.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub labels: StringMap,
    /// Driver of a volume that the mount creates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_config: Option<DriverConfig>,
    /// Path inside the volume (API 1.45).
    #[serde(skip_serializing_if = "is_default")]
    pub subpath: String,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Driver of a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DriverConfig {
    /// Name of the driver.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// Its options.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub options: StringMap,
}

/// Options of a tmpfs mount.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TmpfsOptions {
    /// Bytes.
    #[serde(skip_serializing_if = "is_default")]
    pub size_bytes: i64,
    /// Permission bits.
    #[serde(skip_serializing_if = "is_default")]
    pub mode: u32,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A secret that is mounted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SecretReference {
    /// Where it appears in the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<DataFile>,
    /// Id; empty while the spec is not bound to a swarm.
    #[serde(rename = "SecretID")]
    pub secret_id: String,
    /// Name.
    pub secret_name: String,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A config that is mounted, or given to the runtime.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ConfigReference {
    /// Where it appears in the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<DataFile>,
    /// Id; empty while the spec is not bound to a swarm.
    #[serde(rename = "ConfigID")]
    pub config_id: String,
    /// Name.
    pub config_name: String,
    /// `Runtime: {}` for a credential spec, and fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// File in a container that holds a secret or config.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataFile {
    /// Path; relative to `/run/secrets` for secrets, to `/` for configs.
    #[serde(rename = "Name")]
    pub name: String,
    /// Owner.
    #[serde(rename = "UID")]
    pub uid: String,
    /// Group.
    #[serde(rename = "GID")]
    pub gid: String,
    /// Permission bits.
    #[serde(rename = "Mode")]
    pub mode: u32,
}

/// Limit of a process resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Ulimit {
    /// `nofile` and the like.
    pub name: String,
    /// Most that a process may raise itself to.
    pub hard: i64,
    /// What a process begins with.
    pub soft: i64,
}
