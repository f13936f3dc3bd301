//! Services.

pub(super) mod deploy;
pub(super) mod job;
pub(super) mod ports;
pub(super) mod relations;
pub(super) mod rollout;
pub(super) mod settings;
pub(super) mod unsupported;
pub(super) mod volumes;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::forms::{
    CommandLine, Duration, Environment, Image, KeyValues, MISSING, PullPolicyText, ScalarText,
    Words,
};
use deploy::Deploy;
use ports::Port;
use relations::{DependsOn, EnvFiles, Extends};
use settings::ServiceSettings;
use volumes::VolumeMount;

/// A service.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}), transform = super::keys::add_service_keys)]
pub struct Service {
    /// Image that the tasks run.
    pub image: Option<Image>,
    /// When the registry is asked what the tag stands for: `missing` (when the declaration changes
    /// and at creation, the default) or `always` (the service follows its tag).
    #[schemars(extend("default" = MISSING))]
    pub pull_policy: Option<PullPolicyText>,
    /// The service that this one begins as a copy of; what is written here goes over it.
    pub extends: Option<Extends>,
    /// The service is there only when one of these is asked for (`x-skep.profiles`).
    #[schemars(extend("uniqueItems" = true))]
    pub profiles: Option<Vec<String>>,
    /// Arguments, instead of the image's.
    pub command: Option<CommandLine>,
    /// Entry point, instead of the image's.
    pub entrypoint: Option<CommandLine>,
    /// Environment variables.
    pub environment: Option<Environment>,
    /// Files of environment variables, `NAME=value` per line; `environment` wins over them.
    pub env_file: Option<EnvFiles>,
    /// Labels of the containers; changing them restarts the tasks. See `deploy.labels`.
    pub labels: Option<KeyValues>,
    /// Files of labels for the containers, `NAME=value` per line; `labels` wins over them.
    pub label_file: Option<Words>,
    /// Published ports.
    #[schemars(extend("uniqueItems" = true))]
    pub ports: Option<Vec<Port>>,
    /// Mounts.
    #[schemars(extend("uniqueItems" = true))]
    pub volumes: Option<Vec<VolumeMount>>,
    /// Directories in memory: `/run`, `/run:size=64m,mode=1777`. `docker stack deploy` loses them.
    pub tmpfs: Option<Words>,
    /// Networks that the tasks join; `default` without it.
    pub networks: Option<ServiceNetworks>,
    /// Secrets, as files below `/run/secrets`.
    pub secrets: Option<Vec<DataMount>>,
    /// Configs, as files.
    pub configs: Option<Vec<DataMount>>,
    /// Health check, instead of the image's.
    pub healthcheck: Option<HealthcheckForm>,
    /// How the service runs in the swarm.
    #[schemars(extend("x-nullable" = true))]
    pub deploy: Option<Deploy>,
    /// Services that have to be there first.
    pub depends_on: Option<DependsOn>,
    /// Host name inside; may hold templates such as `{{.Task.Slot}}`. The container's id by
    /// default.
    pub hostname: Option<String>,
    /// User, by name or number; the image's by default.
    pub user: Option<String>,
    /// Working directory; the image's by default.
    pub working_dir: Option<String>,
    /// Run an init process that reaps children; what the node's engine is set to by default.
    pub init: Option<bool>,
    /// Isolation technology (Windows); what the node's engine is set to by default.
    pub isolation: Option<String>,
    /// Root file system read-only; `false` by default.
    #[schemars(extend("default" = false))]
    pub read_only: Option<bool>,
    /// Allocate a terminal; `false` by default.
    #[schemars(extend("default" = false))]
    pub tty: Option<bool>,
    /// Keep standard input open; `false` by default.
    #[schemars(extend("default" = false))]
    pub stdin_open: Option<bool>,
    /// Signal that ends the container; the image's, or else `SIGTERM`, by default.
    pub stop_signal: Option<String>,
    /// Time before a stop becomes a kill; 10 s by default.
    pub stop_grace_period: Option<Duration>,
    /// Kernel parameters of the container's namespaces.
    pub sysctls: Option<KeyValues>,
    /// Capabilities to add.
    #[schemars(extend("uniqueItems" = true))]
    pub cap_add: Option<Vec<String>>,
    /// Capabilities to take away.
    #[schemars(extend("uniqueItems" = true))]
    pub cap_drop: Option<Vec<String>>,
    /// Limits of process resources.
    pub ulimits: Option<BTreeMap<String, Ulimit>>,
    /// Preference of the kernel's out-of-memory killer (engine 27 and newer). `docker stack
    /// deploy` loses it.
    #[schemars(range(min = -1000, max = 1000))]
    pub oom_score_adj: Option<i64>,
    /// Name servers; those of the node by default.
    pub dns: Option<Words>,
    /// Search domains; those of the node by default.
    pub dns_search: Option<Words>,
    /// Options of the resolver, such as `ndots:1`.
    pub dns_opt: Option<Words>,
    /// Further groups of the user, by name or number.
    #[schemars(extend("uniqueItems" = true))]
    pub group_add: Option<Vec<ScalarText>>,
    /// `no-new-privileges`, `seccomp:…`, `apparmor:…` (engine 25 and newer) and `label:…`;
    /// `docker stack deploy` loses them. See `x-skep`.
    #[schemars(extend("uniqueItems" = true))]
    pub security_opt: Option<Vec<String>>,
    /// Lines for the hosts file: `name:address`.
    pub extra_hosts: Option<ExtraHosts>,
    /// Log driver; the node's default without it.
    pub logging: Option<Logging>,
    /// Credentials of a managed service account (Windows).
    pub credential_spec: Option<CredentialSpecForm>,
    /// What happens when a task ends, in the words of `docker run`; `deploy.restart_policy` wins.
    pub restart: Option<String>,
    /// What skep is to do with the service.
    #[serde(rename = "x-skep")]
    pub settings: Option<ServiceSettings>,
}

/// Networks of a service.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ServiceNetworks {
    /// Names.
    #[schemars(extend("uniqueItems" = true))]
    Names(Vec<String>),
    /// Names, each with how the service joins.
    Attachments(BTreeMap<String, Option<Attachment>>),
}

/// How a service joins a network.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, transform = super::keys::add_attachment_keys)]
pub struct Attachment {
    /// Further names of the service on this network.
    #[schemars(extend("uniqueItems" = true))]
    pub aliases: Option<Vec<String>>,
    /// Options for the driver.
    pub driver_opts: Option<BTreeMap<String, ScalarText>>,
}

/// A secret or config of a service, in short or long form.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DataMount {
    /// Its key.
    Short(String),
    /// Its key, and how it appears in the container.
    Long(LongDataMount),
}

/// Owner and group of a secret or config in the container.
pub const DATA_OWNER: &str = "0";
/// Permission bits of a secret or config in the container.
pub const DATA_MODE: u32 = 0o444;

/// A secret or config of a service, in words.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LongDataMount {
    /// Its key.
    pub source: String,
    /// Path in the container; relative to `/run/secrets` for secrets, to `/` for configs.
    pub target: Option<String>,
    /// Owner, as text; "0" by default.
    #[schemars(extend("default" = DATA_OWNER))]
    pub uid: Option<String>,
    /// Group, as text; "0" by default.
    #[schemars(extend("default" = DATA_OWNER))]
    pub gid: Option<String>,
    /// Permission bits; 0o444 by default.
    #[schemars(extend("default" = DATA_MODE))]
    pub mode: Option<u32>,
}

/// Health check.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct HealthcheckForm {
    /// A shell command as text, or `["CMD", …]`, `["CMD-SHELL", …]`, `["NONE"]`.
    pub test: Option<HealthTest>,
    /// Time between probes; the image's, or else 30 s, by default.
    pub interval: Option<Duration>,
    /// Time that a probe may take; the image's, or else 30 s, by default.
    pub timeout: Option<Duration>,
    /// Time at the start in which failures don't count; the image's, or else none, by default.
    pub start_period: Option<Duration>,
    /// Time between probes at the start (engine 25 and newer); 5 s by default.
    pub start_interval: Option<Duration>,
    /// Failures in a row that make the container unhealthy; the image's, or else 3, by default.
    #[schemars(range(min = 0))]
    pub retries: Option<i64>,
    /// No health check at all; `false` by default.
    #[schemars(extend("default" = false))]
    pub disable: Option<bool>,
}

/// Command of a health check.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum HealthTest {
    /// A shell command.
    Shell(String),
    /// Kind and words.
    Words(Vec<String>),
}

/// Limit of a process resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Ulimit {
    /// Both limits.
    Both(i64),
    /// Each limit.
    #[schemars(extend("additionalProperties" = false))]
    Each {
        /// What a process begins with.
        soft: i64,
        /// Most that a process may raise itself to.
        hard: i64,
    },
}

/// Lines for the hosts file.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ExtraHosts {
    /// `name:address` or `name=address`.
    #[schemars(extend("uniqueItems" = true))]
    List(Vec<String>),
    /// Address by name.
    Map(BTreeMap<String, ScalarText>),
}

/// Log driver.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct Logging {
    /// Name of the driver.
    pub driver: Option<String>,
    /// Its options.
    pub options: Option<BTreeMap<String, Option<ScalarText>>>,
}

/// Where credentials of a managed service account come from; exactly one.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CredentialSpecForm {
    /// Key of a config.
    pub config: Option<String>,
    /// A file on the node.
    pub file: Option<String>,
    /// A registry key on the node.
    pub registry: Option<String>,
}
