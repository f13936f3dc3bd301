//! Jobs: services whose tasks end.

use std::time::Duration;

use super::place::{Place, places};
use super::trouble::{Trouble, trouble};
use super::{Case, Health, HealthState, progress};
use crate::model::engine::{ServiceMode, TaskState};

/// Judges a job by the tasks of its newest run.
pub(super) fn judge(case: &Case<'_>) -> Health {
    let places = places(case);
    let of_run = places.iter().flat_map(Place::tasks);
    let (started, completed) = progress(of_run);
    let ended_well =
        |place: &Place<'_>| place.own(case).any(|task| task.status.state == TaskState::Complete);
    let done = places.iter().filter(ended_well).count() as u64;
    let wanted = wanted(case, places.iter().count() as u64);
    let is_done = done >= wanted && (wanted == 0 || started > 0);
    let open = places.iter().filter(|place| !ended_well(place));
    let worst = open.filter_map(|place| trouble(case, place)).max_by_key(|told| told.state);
    let verdict = match worst {
        _ if is_done => Trouble::none(),
        worst if let Some(limit) = overdue(case) => {
            Trouble::too_long(limit, worst.filter(|worst| worst.state == HealthState::Failed))
        }
        Some(worst) if worst.state > HealthState::Progressing || !worst.why.is_empty() => worst,
        _ => Trouble::progressing("the job runs".to_owned()),
    };
    Health { running: done.min(wanted), wanted, started, completed, ..verdict.into_health() }
}

/// The limit of a job that has run longer than it may. Every write runs it again, so it began with
/// the last one.
fn overdue(case: &Case<'_>) -> Option<Duration> {
    let limit = case.clocks.job_limit?;
    let began = case.service.updated_at.or(case.service.created_at)?;
    let age = Duration::try_from(case.now().duration_since(began)).ok()?;
    (age > limit).then_some(limit)
}

/// Tasks that have to end well. A global job wants one on each node that it fits on, and makes
/// them all at once.
fn wanted(case: &Case<'_>, places: u64) -> u64 {
    match case.mode() {
        Some(ServiceMode::ReplicatedJob(job)) => {
            job.total_completions.or(job.max_concurrent).unwrap_or(1)
        }
        _ => places,
    }
}
