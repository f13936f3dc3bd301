//! A rollout of ours that the engine paused through nothing of its own fault: it is let go on.

use std::sync::Arc;

use jiff::SignedDuration;

use super::service::{Case, Verdict, held_by_label};
use crate::diff::{LiveService, Owner};
use crate::health::HealthState;
use crate::model::engine::UpdateState;
use crate::model::{HeldReason, Step, UpdateManner};

/// From the beginning of a rollout until it is let go on: each time costs a task at each place that
/// still can't have one.
const AFTER: SignedDuration = SignedDuration::from_mins(2);

/// What is done about it; `None` where the engine paused nothing, or the spec is at fault.
///
/// The engine itself never goes on with what it paused, also when the registry that could not be
/// reached answers again (`docker service update --help`: a paused update is restarted by an update).
pub(super) fn verdict(case: &Case<'_>) -> Option<Verdict> {
    let live = case.change.live.as_ref().filter(|live| is_paused(case, live))?;
    let health = case.input.health.get(&case.change.name)?;
    if health.state != HealthState::Waiting {
        return None;
    }
    let away = health.unreachable.as_ref();
    let away = away.map(|why| HeldReason::Waiting { on: format!("the registry: {why}") });
    if let Some(reason) = held_by_label(live).or(away).or_else(|| case.blocked()) {
        return Some(Verdict::Hold(reason));
    }
    let began = live.service.update_status.as_ref().and_then(|status| status.started_at);
    let until = began.and_then(|began| began.checked_add(AFTER).ok());
    let until = until.filter(|until| case.input.now < *until);
    Some(match until {
        Some(until) => Verdict::Hold(HeldReason::BackOff { until, after: health.why.clone() }),
        None => Verdict::Take(go_on(live)),
    })
}

/// What is declared is what was attempted, and nothing else is to be written.
fn is_paused(case: &Case<'_>, live: &LiveService) -> bool {
    let status = live.service.update_status.as_ref();
    let attempted = case.record.and_then(|record| record.attempted.as_ref());
    live.owner == Owner::Ours
        && live.hash == case.change.hash
        && attempted == Some(&live.hash)
        && status.is_some_and(|status| status.state == UpdateState::Paused)
}

fn go_on(live: &LiveService) -> Step {
    let spec = Arc::new(live.service.spec.clone());
    Step::UpdateService { target: live.target(), spec, manner: UpdateManner::Resume }
}
