//! How a rollout is judged, and what follows when it failed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `x-skep.rollout` of a service, with that of its stack. Without a time, the operator's counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RolloutPolicy {
    /// So long a task has to run before it counts.
    pub min_healthy: Option<Duration>,
    /// In this time each task has to become healthy.
    pub healthy_deadline: Option<Duration>,
    /// So long a rollout may go on without another task becoming healthy.
    pub progress_deadline: Option<Duration>,
    /// What follows when it failed.
    pub on_failure: OnFailure,
    /// Tasks that get a new spec before the rest.
    pub canary: Option<Canary>,
}

/// Tasks of a replicated service that get a new spec first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// How many.
    pub tasks: u64,
    /// The rest follows when they have been healthy for that long; `None` is when a person says so.
    pub promote_after: Option<Duration>,
}

/// What follows when a rollout failed by its own fault.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// Back to the last stable spec; what failed is not tried again.
    #[default]
    Rollback,
    /// It stays as it is; what failed is not tried again.
    Pause,
    /// The failure is told, and nothing else follows.
    Continue,
}

impl OnFailure {
    /// The word for it, in a declaration as in the engine's `failure_action`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Pause => "pause",
            Self::Continue => "continue",
        }
    }

    /// What the engine is told by `update_config.failure_action`; `None` for other words.
    #[must_use]
    pub fn of_action(action: &str) -> Option<Self> {
        [Self::Rollback, Self::Pause, Self::Continue]
            .into_iter()
            .find(|known| known.as_str() == action)
    }
}
