//! Observed → health of each service and node: what tasks do, not only what specs say (law 12).
//!
//! Everything is a value: the time is that of the look, beginnings are those that the engine tells.
//! So an operator that was started a moment ago judges as the one before it did.

mod clocks;
mod job;
mod node;
mod place;
mod slots;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use clocks::Clocks;
pub use node::{NodeHealth, NodeState, node_health};

use crate::model::engine::{Node, Service, ServiceMode, TaskState, UpdateState, UpdateStatus};
use crate::model::{ImageRef, Images, Observed, SeenTask};

/// How a service does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Since when the last of those that count does; `None` where none does.
    pub since: Option<Timestamp>,
    /// Why it is not healthy, in the engine's words where there are any; empty when it is.
    pub why: String,
    /// Id of the task whose log says more about `why`; `None` where no container was started.
    pub culprit: Option<String>,
    /// What the registry said that does not answer, when an image is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<String>,
}

/// The verdict on a service.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum HealthState {
    /// All tasks that are asked for run and last.
    Healthy,
    /// On the way, and nothing says that it will not get there.
    #[default]
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

/// No registry was asked.
static UNASKED: Images = Images(BTreeMap::new());

/// What a verdict is made from, besides the service itself.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// The swarm.
    pub observed: &'a Observed,
    /// What registries say of images that nodes could not get ([`doubts`]).
    pub images: &'a Images,
}

impl<'a> Sight<'a> {
    /// The swarm alone, when no registry was asked.
    #[must_use]
    pub fn of(observed: &'a Observed) -> Self {
        Self { observed, images: &UNASKED }
    }
}

/// Judges one service. The clocks are those of its policy; what the service itself declares
/// extends them.
#[must_use]
pub fn health(service: &Service, sight: Sight<'_>, clocks: Clocks) -> Health {
    let case = Case::new(service, sight, clocks);
    let health = if case.is_job() { job::judge(&case) } else { slots::judge(&case) };
    rollout(&case, health)
}

/// Images that nodes could not get. The engine has the same words for an image that is not there
/// and for a registry that does not answer, so the registry itself has to be asked.
#[must_use]
pub fn doubts(service: &Service, observed: &Observed, clocks: Clocks) -> BTreeSet<ImageRef> {
    let case = Case::new(service, Sight::of(observed), clocks);
    let fetches = |seen: &SeenTask| {
        matches!(seen.task.status.state, TaskState::Rejected | TaskState::Preparing)
    };
    if !case.tasks.iter().any(fetches) {
        return BTreeSet::new();
    }
    let places = place::places(&case);
    let open = places.iter().filter(|place| !place.is_steady(&case));
    open.filter_map(|place| trouble::image_in_doubt(&case, place)).collect()
}

/// A service with what is needed to judge it.
struct Case<'a> {
    service: &'a Service,
    tasks: &'a [SeenTask],
    sight: Sight<'a>,
    /// With what the service declares.
    clocks: Clocks,
}

impl<'a> Case<'a> {
    fn new(service: &'a Service, sight: Sight<'a>, clocks: Clocks) -> Self {
        let tasks = sight.observed.tasks.get(&service.id).map_or(&[][..], Vec::as_slice);
        Self { service, tasks, sight, clocks: clocks.extended_by(&service.spec) }
    }

    fn now(&self) -> Timestamp {
        self.sight.observed.at
    }

    fn mode(&self) -> Option<&'a ServiceMode> {
        self.service.spec.mode.as_ref()
    }

    fn is_job(&self) -> bool {
        self.mode().is_some_and(ServiceMode::is_job)
    }

    /// One task on each node that fits.
    fn is_global(&self) -> bool {
        matches!(self.mode(), Some(ServiceMode::Global {} | ServiceMode::GlobalJob {}))
    }

    fn nodes(&self) -> impl Iterator<Item = &'a Node> {
        self.sight.observed.nodes.values()
    }
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

/// What the engine says of the rollout outweighs a count of tasks. A rollout that paused because
/// of something outside did not fail by the spec's fault, also once that is over.
fn rollout(case: &Case<'_>, health: Health) -> Health {
    let Some(status) = &case.service.update_status else { return health };
    let word = match status.state {
        UpdateState::Paused => "rollout paused",
        UpdateState::RollbackPaused => "rollback paused",
        UpdateState::RollbackStarted => "rolling back",
        UpdateState::Updating if health.state == HealthState::Healthy => "updating",
        _ => return health,
    };
    let at_least = match status.state {
        UpdateState::Updating | UpdateState::RollbackStarted => HealthState::Progressing,
        _ if health.state == HealthState::Waiting || trouble::is_blameless(case) => {
            HealthState::Waiting
        }
        _ => HealthState::Failed,
    };
    let state = health.state.max(at_least);
    Health { state, why: because(word, status, &health.why), ..health }
}

fn because(word: &str, status: &UpdateStatus, why: &str) -> String {
    match (status.message.is_empty(), why.is_empty()) {
        (true, true) => word.to_owned(),
        (true, false) => format!("{word}: {why}"),
        (false, true) => format!("{word}: {}", status.message),
        (false, false) => format!("{word}: {} ({why})", status.message),
    }
}

#[cfg(test)]
mod tests;
