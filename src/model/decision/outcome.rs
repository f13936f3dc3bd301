//! What came of a step.

use serde::Serialize;

use super::step::{Step, StepKind};
use crate::model::name::ObjectRef;

/// A step and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepOutcome {
    /// What kind of step it was.
    pub kind: StepKind,
    /// The object; `None` for the ledger.
    pub object: Option<ObjectRef>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done; warnings of the engine.
    Done(Vec<String>),
    /// Something it needs failed, so it was not tried.
    Skipped(String),
    /// Somebody wrote meanwhile: look and plan again at once.
    Conflict(String),
    /// Something still uses the object: tried again in a while.
    InUse(String),
    /// The engine refuses it as it stands.
    Refused(String),
    /// Nobody knows whether it was done: look again.
    Unknown(String),
}

impl StepOutcome {
    /// Puts the answer of the swarm to a step.
    #[must_use]
    pub fn new(step: &Step, outcome: Outcome) -> Self {
        Self { kind: step.kind(), object: step.object(), outcome }
    }
}

impl Outcome {
    /// True when the step was done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// The metric label for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Skipped(_) => "skipped",
            Self::Conflict(_) => "conflict",
            Self::InUse(_) => "in-use",
            Self::Refused(_) => "refused",
            Self::Unknown(_) => "unknown",
        }
    }
}
