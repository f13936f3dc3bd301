//! What an author wants skep to do, and when.

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use super::forms::{Length, ScheduleText, ZoneText};
use crate::model::{ApprovalPolicy, PrunePolicy, RecreatePolicy, Window, WindowKind};

/// Who says yes to what is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Approval")]
pub enum ApprovalForm {
    /// Nobody has to.
    Auto,
    /// A person does, with `skep approve`.
    Manual,
}

impl From<ApprovalForm> for ApprovalPolicy {
    fn from(form: ApprovalForm) -> Self {
        match form {
            ApprovalForm::Auto => Self::Automatic,
            ApprovalForm::Manual => Self::Manual,
        }
    }
}

/// Whether what the engine can't change in place may be made anew: a network, the mode or
/// `endpoint_mode` of a service, other content under an explicit `name`. What uses it is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Recreate")]
pub enum RecreateForm {
    /// It may, at once.
    Auto,
    /// When a person says yes, with `skep approve`.
    Confirm,
    /// It may not.
    Never,
}

impl From<RecreateForm> for RecreatePolicy {
    fn from(form: RecreateForm) -> Self {
        match form {
            RecreateForm::Auto => Self::Auto,
            RecreateForm::Confirm => Self::Confirm,
            RecreateForm::Never => Self::Never,
        }
    }
}

/// What becomes of what left its declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Prune")]
pub enum PruneForm {
    /// It is removed.
    Auto,
    /// It is removed once a person says yes, with `skep approve`.
    Confirm,
    /// It stays until somebody removes it by hand.
    Never,
}

impl From<PruneForm> for PrunePolicy {
    fn from(form: PruneForm) -> Self {
        match form {
            PruneForm::Auto => Self::Auto,
            PruneForm::Confirm => Self::Confirm,
            PruneForm::Never => Self::Never,
        }
    }
}

/// A time that comes again and again. Where windows allow, the stack is written in these only; one
/// that denies wins over them.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "Window", deny_unknown_fields)]
pub struct WindowForm {
    /// Whether the stack is written in it only, or not in it.
    pub kind: WindowWord,
    /// When it begins: a cron schedule of five fields.
    pub schedule: ScheduleText,
    /// How long it is.
    pub duration: Length,
    /// The time zone of the schedule; `UTC` by default.
    #[schemars(extend("default" = "UTC"))]
    pub time_zone: Option<ZoneText>,
}

/// What a window is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "WindowKind")]
pub enum WindowWord {
    /// The stack is written in such windows only.
    Allow,
    /// The stack is not written in it.
    Deny,
}

impl From<WindowForm> for Window {
    fn from(form: WindowForm) -> Self {
        Self {
            kind: match form.kind {
                WindowWord::Allow => WindowKind::Allow,
                WindowWord::Deny => WindowKind::Deny,
            },
            schedule: form.schedule.0,
            duration: SignedDuration::from_nanos(form.duration.0),
            zone: form.time_zone.map(|zone| zone.0).unwrap_or_default(),
        }
    }
}

/// Fields whose values may be shown outside of a terminal although they might be secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Reveal")]
pub enum RevealForm {
    /// All of them, or none.
    All(bool),
    /// These, by their paths in `skep diff`; `*` stands for any text. `log` is the last lines of the
    /// log of a task that failed, which has to be said by this word.
    #[schemars(extend("uniqueItems" = true))]
    Fields(Vec<String>),
}

/// Which stack of which source this one was before: at least one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "MovedFrom", deny_unknown_fields)]
pub struct MovedFromForm {
    /// The name that it had, where that was another one.
    pub stack: Option<String>,
    /// The source that declared it, as `skep status` names it, where that was another one.
    pub source: Option<String>,
}
