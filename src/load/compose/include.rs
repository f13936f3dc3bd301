//! Compose files that a compose file takes over.

use schemars::JsonSchema;
use serde::Deserialize;

use super::forms::Words;

/// What is taken over, in short or long form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Include {
    /// A compose file, relative to this one.
    Path(String),
    /// One or more compose files, and what counts in them.
    Long(LongInclude),
}

/// Compose files that are taken over as one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LongInclude {
    /// Compose files, relative to this one; later ones go over earlier ones.
    pub path: Words,
    /// Directory that paths in them start from; that of the first one without it.
    pub project_directory: Option<String>,
    /// Files of variables for them; `.env` in their directory without it. Variables of the file
    /// that includes win.
    pub env_file: Option<Words>,
}
