//! What a service has to do with other services and files.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// The service that a service begins as a copy of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Extends {
    /// A service of the same file.
    Here(String),
    /// A service of this file or another.
    There(ExtendsFile),
}

/// A service, and the file that declares it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ExtendsFile {
    /// The file, relative to this one; without it, this one.
    pub file: Option<String>,
    /// The service.
    pub service: String,
}

/// Services that have to be there first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DependsOn {
    /// Their names: they have to be started.
    #[schemars(extend("uniqueItems" = true))]
    Names(Vec<String>),
    /// Their names, each with what has to be true of it.
    Each(BTreeMap<String, Option<Dependency>>),
}

/// What has to be true of a service that another one waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Dependency {
    /// `service_started` by default.
    #[schemars(extend("default" = "service_started"))]
    pub condition: Option<DependencyCondition>,
    /// `false`: it does not matter when there is no such service; `true` by default.
    #[schemars(extend("default" = true))]
    pub required: Option<bool>,
    /// `true` has no effect: Swarm restarts no service because another one changed.
    pub restart: Option<bool>,
}

/// How far a service has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DependencyCondition {
    /// Its tasks run.
    ServiceStarted,
    /// Its tasks are healthy.
    ServiceHealthy,
    /// It is a job that has ended well.
    ServiceCompletedSuccessfully,
}

/// Files of environment variables.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EnvFiles {
    /// One file.
    One(String),
    /// Several; later ones win.
    #[schemars(extend("uniqueItems" = true))]
    Many(Vec<EnvFile>),
}

/// A file of environment variables.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EnvFile {
    /// Its path.
    Path(String),
    /// Its path, and whether it has to be there.
    Long(LongEnvFile),
}

/// A file of environment variables, in words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LongEnvFile {
    /// Its path.
    pub path: String,
    /// `false`: nothing is wrong when there is no such file; `true` by default.
    #[schemars(extend("default" = true))]
    pub required: Option<bool>,
    /// `raw` is what all env files are here, also by default: `NAME=value` per line, without quotes
    /// and variables.
    #[schemars(extend("default" = "raw"))]
    pub format: Option<EnvFileFormat>,
}

/// How a file of environment variables is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnvFileFormat {
    /// As `docker stack deploy` and `docker run` read it.
    Raw,
}

impl EnvFiles {
    /// Paths, with whether each of them has to be there.
    #[must_use]
    pub fn list(&self) -> Vec<(&str, Required)> {
        match self {
            Self::One(path) => vec![(path.as_str(), Required::Yes)],
            Self::Many(files) => files.iter().map(EnvFile::parts).collect(),
        }
    }
}

/// Whether a file has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// It has to.
    Yes,
    /// It may be missing.
    No,
}

impl EnvFile {
    fn parts(&self) -> (&str, Required) {
        match self {
            Self::Long(LongEnvFile { path, required: Some(false), .. }) => (path, Required::No),
            Self::Path(path) | Self::Long(LongEnvFile { path, .. }) => (path, Required::Yes),
        }
    }
}
