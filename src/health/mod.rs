//! Observed → health of each service: what its tasks do, not only what its spec says (law 12).

mod job;
mod slots;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::engine::{Service, ServiceMode, TaskState, UpdateState};
use crate::model::{Observed, SeenTask};

/// How a service does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The verdict.
    pub state: HealthState,
    /// Tasks that run what is asked for and have done so long enough.
    pub running: u64,
    /// Tasks that are asked for.
    pub wanted: u64,
    /// Tasks with the wanted spec whose containers were started, whatever became of them.
    pub started: u64,
    /// Tasks with the wanted spec that ended well.
    pub completed: u64,
    /// Why it is not healthy, in the engine's words where there are any; empty when it is.
    pub why: String,
}

/// The verdict on a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthState {
    /// All tasks that are asked for run and last.
    Healthy,
    /// On the way, and nothing says that it will not get there.
    Progressing,
    /// Not the spec's own fault: no node, no registry.
    Waiting,
    /// It failed by its own fault.
    Failed,
}

impl HealthState {
    /// The word for it in output and labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Progressing => "progressing",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
        }
    }
}

/// How long things have to last, and how long they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// So long a task has to run before it counts.
    pub min_healthy: Duration,
    /// So long a service may go without any progress before it counts as failed.
    pub progress_deadline: Duration,
}

impl Default for Clocks {
    /// Nomad's defaults: 10 seconds and 10 minutes.
    fn default() -> Self {
        Self { min_healthy: Duration::from_secs(10), progress_deadline: Duration::from_secs(600) }
    }
}

/// Judges one service.
#[must_use]
pub fn health(service: &Service, observed: &Observed, clocks: Clocks) -> Health {
    let nothing = Vec::new();
    let tasks = observed.tasks.get(&service.id).unwrap_or(&nothing);
    let case = Case { service, tasks, observed, clocks };
    let health = match &service.spec.mode {
        Some(mode) if mode.is_job() => job::judge(&case),
        _ => slots::judge(&case),
    };
    rollout(service, health)
}

/// Tasks that were started, and those of them that ended well.
fn progress<'a>(tasks: impl Iterator<Item = &'a SeenTask>) -> (u64, u64) {
    tasks.fold((0, 0), |(started, completed), seen| match seen.task.status.state {
        TaskState::Complete => (started + 1, completed + 1),
        // With a health check a task is `starting` until it is healthy for the first time.
        TaskState::Starting | TaskState::Running | TaskState::Failed => (started + 1, completed),
        _ => (started, completed),
    })
}

/// A service with what is needed to judge it.
struct Case<'a> {
    service: &'a Service,
    tasks: &'a [SeenTask],
    observed: &'a Observed,
    clocks: Clocks,
}

impl Case<'_> {
    fn now(&self) -> Timestamp {
        self.observed.at
    }

    fn mode(&self) -> Option<&ServiceMode> {
        self.service.spec.mode.as_ref()
    }

    /// True for nodes that answer; the engine shows tasks on others as running for ever.
    fn answers(&self, node: &str) -> bool {
        self.observed.nodes.get(node).is_some_and(|node| node.status.state != "down")
    }
}

/// What the engine says of the rollout outweighs a count of tasks.
fn rollout(service: &Service, health: Health) -> Health {
    let Some(status) = &service.update_status else { return health };
    let because = |state, word: &str| {
        let why = match (status.message.is_empty(), health.why.is_empty()) {
            (true, _) => word.to_owned(),
            (false, true) => format!("{word}: {}", status.message),
            (false, false) => format!("{word}: {} ({})", status.message, health.why),
        };
        Health { state, why, ..health.clone() }
    };
    match status.state {
        UpdateState::Paused => because(HealthState::Failed, "rollout paused"),
        UpdateState::RollbackPaused => because(HealthState::Failed, "rollback paused"),
        UpdateState::RollbackStarted => because(HealthState::Progressing, "rolling back"),
        UpdateState::Updating if health.state == HealthState::Healthy => {
            because(HealthState::Progressing, "updating")
        }
        _ => health,
    }
}

#[cfg(test)]
mod tests;
