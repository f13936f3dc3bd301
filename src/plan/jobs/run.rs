//! Runs of jobs that are there: how they stand, and which of them are kept.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::diff::{JobChange, JobRun, Leftover};
use crate::health::HealthState;
use crate::model::engine::TaskState;
use crate::model::{HeldReason, JobRecord, Kind};
use crate::plan::{PlanInput, failure};

/// How a run of a job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum RunState {
    /// It is on its way.
    Running,
    /// It ended well.
    Succeeded,
    /// It failed.
    Failed {
        /// Why, in the engine's words.
        why: String,
    },
    /// It is not there any more, and nobody saw how it ended.
    Gone,
}

impl RunState {
    /// The word for it in output and labels.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Gone => "gone",
        }
    }

    /// True for one that may still do something.
    pub(super) fn is_open(&self) -> bool {
        *self == Self::Running
    }
}

/// A run with how it stands.
pub(super) struct Seen<'a> {
    pub(super) run: &'a JobRun,
    pub(super) state: RunState,
    /// It counts as failed, and does not end by itself.
    pub(super) lingers: bool,
}

/// The runs of a job that are there, the oldest first.
pub(super) fn seen<'a>(
    input: &PlanInput<'_>,
    job: &'a JobChange,
    record: Option<&JobRecord>,
) -> Vec<Seen<'a>> {
    job.runs.iter().map(|run| one(input, (job, run), record)).collect()
}

fn one<'a>(
    input: &PlanInput<'_>,
    (job, run): (&JobChange, &'a JobRun),
    record: Option<&JobRecord>,
) -> Seen<'a> {
    let known = record.and_then(|record| record.ended.get(&run.slot));
    let failed = |why: String| RunState::Failed { why };
    let (state, lingers) = match known {
        // Tasks that ended may be forgotten, with their node for one.
        Some(end) => {
            let service = input.view.observed.services.get(&run.target.name);
            let alive = service.is_some_and(|service| is_alive(input, &service.id));
            let lingers = end.failure.is_some() && alive;
            (end.failure.clone().map_or(RunState::Succeeded, failed), lingers)
        }
        None => {
            let state = by_tasks(input, &run.target.name);
            let limit = job.timing.limit.filter(|_| state.is_open());
            match limit.filter(|limit| is_older(input, &run.target.name, *limit)) {
                Some(limit) => {
                    (failed(format!("it did not end within {} s", limit.as_secs())), true)
                }
                None => (state, false),
            }
        }
    };
    Seen { run, state, lingers }
}

/// How a run stands by its tasks. One whose tasks are not over is not, however bad it looks.
fn by_tasks(input: &PlanInput<'_>, name: &str) -> RunState {
    let Some(health) = input.health.get(name) else { return RunState::Running };
    let service = input.view.observed.services.get(name);
    match (health.state, service) {
        (HealthState::Healthy, _) => RunState::Succeeded,
        (HealthState::Failed, Some(service)) if !is_alive(input, &service.id) => {
            RunState::Failed { why: failure::reason(&health.why, &service.spec) }
        }
        _ => RunState::Running,
    }
}

fn is_alive(input: &PlanInput<'_>, id: &str) -> bool {
    let tasks = input.view.observed.tasks.get(id).into_iter().flatten();
    let mut tasks = tasks.map(|seen| &seen.task);
    tasks.any(|task| {
        let wanted = task.desired_state <= TaskState::Complete;
        wanted && task.status.state <= TaskState::Running
    })
}

/// A run is written once, so it began when it was made.
fn is_older(input: &PlanInput<'_>, name: &str, limit: Duration) -> bool {
    let service = input.view.observed.services.get(name);
    let age = |began: Timestamp| Duration::try_from(input.now.duration_since(began)).ok();
    let age = service.and_then(|service| age(service.created_at?));
    age.is_some_and(|age| age > limit)
}

/// Runs that are over and more than are to be kept; and those that take too long.
pub(super) fn surplus<'s, 'a>(job: &JobChange, seen: &'s [Seen<'a>]) -> Vec<&'s Seen<'a>> {
    let (mut well, mut failed) = (job.timing.succeeded, job.timing.failed);
    let mut more = |seen: &&Seen<'_>| {
        let left = match seen.state {
            _ if seen.lingers => return true,
            RunState::Succeeded => &mut well,
            RunState::Failed { .. } => &mut failed,
            RunState::Running | RunState::Gone => return false,
        };
        let is_more = *left == 0;
        *left = left.saturating_sub(1);
        is_more
    };
    let mut surplus: Vec<_> = seen.iter().rev().filter(|seen| more(seen)).collect();
    surplus.reverse();
    surplus
}

/// A run of a job that left its declaration is let to its end.
pub(in crate::plan) fn still_runs(input: &PlanInput<'_>, left: &Leftover) -> Option<HeldReason> {
    left.run_of.as_ref().filter(|_| left.object.kind == Kind::Service)?;
    let open = by_tasks(input, &left.object.name).is_open();
    open.then(|| HeldReason::Waiting { on: format!("the end of the run {}", left.object.name) })
}
