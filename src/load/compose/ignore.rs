//! `ignore` under `x-skep`: fields that others decide.

use schemars::JsonSchema;
use serde::Deserialize;

/// Fields that others decide, by their paths in `skep diff`; `*` stands for any text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Ignore")]
pub enum IgnoreForm {
    /// One path: `deploy.replicas`, `environment.BUILD_*`, `deploy.labels.traefik.*`.
    Field(String),
    /// Several, perhaps of some services only, or a ready form.
    Rule(IgnoreRule),
}

/// Fields that others decide.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct IgnoreRule {
    /// Paths of fields, with `*` for any text.
    #[schemars(extend("uniqueItems" = true))]
    pub fields: Option<Vec<String>>,
    /// A ready form, for what is known to change services by itself.
    pub preset: Option<PresetForm>,
    /// Services that are meant, by their keys, with `*` for any text; without it all of the stack.
    /// Only where the whole stack is spoken of.
    #[schemars(extend("uniqueItems" = true))]
    pub services: Option<Vec<String>>,
}

/// What is known to change services by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "IgnorePreset")]
pub enum PresetForm {
    /// Something scales the service: `deploy.replicas`.
    Autoscaler,
    /// `crazy-max/swarm-cronjob` starts it: `deploy.replicas`. Which run is the last, the engine
    /// counts in a place that nobody declares.
    SwarmCronjob,
}

impl PresetForm {
    /// The fields that it decides.
    #[must_use]
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Autoscaler | Self::SwarmCronjob => &["deploy.replicas"],
        }
    }
}
