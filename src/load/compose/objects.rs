//! The top level of a compose file: networks, volumes, secrets, configs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::forms::{KeyValues, ScalarText};
use super::ignore::IgnoreForm;
use super::include::Include;
use super::policy::{ApprovalForm, MovedFromForm, PruneForm, RecreateForm, RevealForm, WindowForm};
use super::service::relations::DependsOn;
use super::service::rollout::RolloutForm;
use super::service::unsupported::Unsupported;
use super::service::{Logging, Service};

/// A compose file as `docker stack deploy` takes it, with `x-skep` for what skep is to do.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}), transform = super::keys::add_file_keys)]
pub struct ComposeFile {
    /// Version of the format; chooses nothing, files of version 3 and files without one are read.
    pub version: Option<ScalarText>,
    /// Name of the stack; otherwise the folder's, or the file's.
    pub name: Option<String>,
    /// Compose files whose services, networks, volumes, secrets and configs are taken over.
    #[schemars(extend("uniqueItems" = true))]
    pub include: Option<Vec<Include>>,
    /// Services.
    pub services: Option<BTreeMap<String, Service>>,
    /// Networks. The network `default` is there without being declared.
    pub networks: Option<BTreeMap<String, Option<Network>>>,
    /// Named volumes.
    pub volumes: Option<BTreeMap<String, Option<Volume>>>,
    /// Secrets.
    pub secrets: Option<BTreeMap<String, Secret>>,
    /// Configs.
    pub configs: Option<BTreeMap<String, Config>>,
    /// What skep is to do with the stack.
    #[serde(rename = "x-skep")]
    pub settings: Option<StackSettings>,
}

/// What skep is to do with a stack.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StackSettings {
    /// Stops all writes to the stack, with this reason; drift is still reported.
    pub suspend: Option<String>,
    /// How rollouts of its services are judged, and what follows when one failed.
    pub rollout: Option<RolloutForm>,
    /// Who says yes to what is planned; `auto`, nobody, by default.
    #[schemars(extend("default" = "auto"))]
    pub approval: Option<ApprovalForm>,
    /// When the stack may be written; without any, at all times.
    pub windows: Option<Vec<WindowForm>>,
    /// Stacks of the same source with a lower wave come first: services are begun once all of
    /// theirs are healthy at this revision; `0` by default.
    #[schemars(extend("default" = 0))]
    pub wave: Option<i32>,
    /// Stacks, of any source, that come first, with how far all of their services have to be.
    pub depends_on: Option<DependsOn>,
    /// Whether what the engine can't change in place may be made anew; by default when a person
    /// confirms it.
    #[schemars(extend("default" = "confirm"))]
    pub recreate: Option<RecreateForm>,
    /// What becomes of what leaves the stack, or goes with it; `auto`, it is removed, by default.
    #[schemars(extend("default" = "auto"))]
    pub prune: Option<PruneForm>,
    /// Values of variables, arguments and options that may be shown in JSON, pages and logs too:
    /// `true`, or the paths of fields. A secret is never shown.
    pub reveal: Option<RevealForm>,
    /// Fields that others decide, such as an autoscaler: they are compared no more, and a write
    /// leaves them as they are.
    pub ignore: Option<Vec<IgnoreForm>>,
    /// Keys that Swarm can do nothing with and that are to be warned of only, in all services.
    #[schemars(extend("uniqueItems" = true))]
    pub ignore_unsupported: Option<Vec<Unsupported>>,
    /// Log driver of services that have none of their own.
    pub logging: Option<Logging>,
    /// Profiles that are asked for: services with other profiles are left out. `*` stands for all.
    #[schemars(extend("uniqueItems" = true))]
    pub profiles: Option<Vec<String>>,
    /// Where the stack was before: its owner changes and no task does. A stack that had another
    /// name is made anew, once a person approved of that.
    pub moved_from: Option<MovedFromForm>,
}

/// Driver of a network that names none.
pub const NETWORK_DRIVER: &str = "overlay";

/// A network of the swarm.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}), transform = super::keys::add_network_keys)]
pub struct Network {
    /// Name in the engine, used as it is; otherwise the stack's name and the key.
    pub name: Option<String>,
    /// Driver; `overlay` by default.
    #[schemars(extend("default" = NETWORK_DRIVER))]
    pub driver: Option<String>,
    /// Options of the driver.
    pub driver_opts: Option<BTreeMap<String, ScalarText>>,
    /// Address management.
    pub ipam: Option<Ipam>,
    /// The network exists already and is not made; `false` by default.
    #[schemars(extend("default" = false))]
    pub external: Option<External>,
    /// No way out; `false` by default.
    #[schemars(extend("default" = false))]
    pub internal: Option<bool>,
    /// Containers outside of services may join; `false` by default.
    #[schemars(extend("default" = false))]
    pub attachable: Option<bool>,
    /// IPv6 addresses as well; `false` by default.
    #[schemars(extend("default" = false))]
    pub enable_ipv6: Option<bool>,
    /// Labels.
    pub labels: Option<KeyValues>,
}

/// Something that exists already.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum External {
    /// Whether it exists already.
    Flag(bool),
    /// It does, under another name. Old form of `external: true` with `name`.
    #[schemars(extend("additionalProperties" = false))]
    Named {
        /// Its name.
        name: Option<String>,
    },
}

impl External {
    /// True when the object is not made.
    #[must_use]
    pub fn is_external(&self) -> bool {
        !matches!(self, Self::Flag(false))
    }

    /// The name in the old form.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Flag(_) => None,
            Self::Named { name } => name.as_deref(),
        }
    }
}

/// Address management of a network.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Ipam {
    /// Driver; `default` by default.
    pub driver: Option<String>,
    /// Address pools.
    pub config: Option<Vec<Pool>>,
}

/// One address pool.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, transform = super::keys::add_pool_keys)]
pub struct Pool {
    /// `10.1.0.0/24`; the engine chooses one by default.
    pub subnet: Option<String>,
    /// Part of the subnet that addresses are taken from; all of it by default.
    pub ip_range: Option<String>,
    /// Address of the gateway; the first of the subnet by default.
    pub gateway: Option<String>,
}

/// A named volume. Volumes are made by the nodes that run a task, when it starts.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct Volume {
    /// Name in the engine, used as it is; otherwise the stack's name and the key.
    pub name: Option<String>,
    /// Driver; `local` by default.
    pub driver: Option<String>,
    /// Options of the driver.
    pub driver_opts: Option<BTreeMap<String, ScalarText>>,
    /// The volume exists already on the nodes; `false` by default.
    #[schemars(extend("default" = false))]
    pub external: Option<External>,
    /// Labels.
    pub labels: Option<KeyValues>,
}

/// A secret.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}), transform = super::keys::add_secret_keys)]
pub struct Secret {
    /// Name in the engine, used as it is. Without it the name is the stack's and the key, and
    /// changed content gets a new name, so that the services that use it are rolled.
    pub name: Option<String>,
    /// File with the content, relative to the file that names it.
    pub file: Option<String>,
    /// Variable with the content.
    pub environment: Option<String>,
    /// The secret exists already and is not made; `false` by default.
    #[schemars(extend("default" = false))]
    pub external: Option<External>,
    /// Labels.
    pub labels: Option<KeyValues>,
    /// Secret driver that knows the content.
    pub driver: Option<String>,
    /// Options of the secret driver.
    pub driver_opts: Option<BTreeMap<String, ScalarText>>,
    /// Template driver, such as `golang`.
    pub template_driver: Option<String>,
    /// What skep is to do with it.
    #[serde(rename = "x-skep")]
    pub settings: Option<DataSettings>,
}

/// What skep is to do with a secret or a config.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DataSettings {
    /// Takes one value of `file`, not all of it: the keys that lead there, with dots between them,
    /// such as `database.password`. The file is YAML, JSON or lines of variables, sealed or not.
    pub key: Option<String>,
}

/// A config.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct Config {
    /// Name in the engine, used as it is. Without it the name is the stack's and the key, and
    /// changed content gets a new name, so that the services that use it are rolled.
    pub name: Option<String>,
    /// File with the content, relative to the file that names it.
    pub file: Option<String>,
    /// The content itself.
    pub content: Option<String>,
    /// Variable with the content.
    pub environment: Option<String>,
    /// The config exists already and is not made; `false` by default.
    #[schemars(extend("default" = false))]
    pub external: Option<External>,
    /// Labels.
    pub labels: Option<KeyValues>,
    /// Template driver, such as `golang`.
    pub template_driver: Option<String>,
    /// What skep is to do with it.
    #[serde(rename = "x-skep")]
    pub settings: Option<DataSettings>,
}
