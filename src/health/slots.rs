//! Services whose tasks go on for ever: replicated and global.

use jiff::Timestamp;

use super::place::{Place, Places, age, places};
use super::trouble::{Trouble, trouble};
use super::{Case, Health, HealthState, progress};
use crate::model::Standing;
use crate::model::engine::{ServiceMode, UpdateState};

/// Judges a replicated or global service.
pub(super) fn judge(case: &Case<'_>) -> Health {
    let places = places(case);
    let wanted = wanted(case, &places);
    let steady: Vec<Place<'_>> = places.iter().filter(|place| place.is_steady(case)).collect();
    let since = since(case, &steady);
    let steady = steady.len() as u64;
    let worst = if steady >= wanted { Trouble::none() } else { worst(case, &places) };
    let current = case.tasks.iter().filter(|seen| seen.standing == Standing::Current);
    let (started, completed) = progress(current);
    let running = steady.min(wanted);
    Health { running, wanted, started, completed, since, ..worst.into_health() }
}

/// When the last of the steady tasks had run long enough.
fn since(case: &Case<'_>, steady: &[Place<'_>]) -> Option<Timestamp> {
    let began = steady.iter().filter_map(|place| place.current()?.task.status.timestamp).max()?;
    began.checked_add(case.clocks.min_healthy).ok()
}

/// Tasks that are asked for. The engine's own count knows which nodes a global service fits on.
fn wanted(case: &Case<'_>, places: &Places<'_>) -> u64 {
    match case.mode() {
        Some(ServiceMode::Replicated(replicated)) => replicated.replicas.unwrap_or(1),
        None => 1,
        Some(_) => {
            let live = places.iter().filter(|place| place.current().is_some()).count() as u64;
            case.service.service_status.map_or(live, |status| status.desired_tasks)
        }
    }
}

/// The worst that the places tell. A rollout that gets no further failed, unless it waits.
fn worst(case: &Case<'_>, places: &Places<'_>) -> Trouble {
    let open = places.iter().filter(|place| !place.is_steady(case));
    let told = open.filter_map(|place| trouble(case, place));
    // Of several the one that says something.
    let worst = told.max_by_key(|trouble| (trouble.state, !trouble.why.is_empty()));
    let worst = worst.unwrap_or_else(Trouble::unknown);
    match worst.state {
        HealthState::Progressing if is_overdue(case, places) => worst.overdue(case),
        _ => worst,
    }
}

/// True when a rollout has not moved a task for longer than it may. Tasks that move and become
/// nothing have a deadline of their own.
fn is_overdue(case: &Case<'_>, places: &Places<'_>) -> bool {
    let Some(status) = &case.service.update_status else { return false };
    if !matches!(status.state, UpdateState::Updating | UpdateState::RollbackStarted) {
        return false;
    }
    let own = places.iter().flat_map(|place| place.own(case));
    let moved = own.filter_map(|task| task.status.timestamp).max();
    let since = moved.max(status.started_at);
    let limit = case.clocks.progress_deadline + case.clocks.min_healthy;
    age(since, case).is_some_and(|age| age > limit)
}
