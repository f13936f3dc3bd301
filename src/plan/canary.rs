//! Canaries: the first tasks of a new spec are watched, and the rest follows when they are promoted,
//! by time or by a person.
//!
//! Nothing of it is remembered: how far a service is stands in its spec, and since when its first
//! tasks are well in what the engine tells of them.

use std::sync::Arc;

use super::PlanInput;
use super::service::{Case, Verdict, flight, held_by_label, state_word};
use crate::diff::{CanaryStage, LiveService, Owner, ServiceChange, canary_form, rest_form};
use crate::health::{Health, HealthState};
use crate::model::engine::{ServiceMode, ServiceSpec, UpdateState};
use crate::model::{Approval, Gate, HeldReason, Step, UpdateManner};

/// The spec as its first tasks get it, where the service has canaries and tasks to replace. The way
/// back to what was healthy last has none.
pub(super) fn first_form(
    case: &Case<'_>,
    live: &LiveService,
    spec: Arc<ServiceSpec>,
) -> Arc<ServiceSpec> {
    let stable = case.record.and_then(|record| record.stable.as_ref());
    let canary = case.change.rollout.canary.filter(|_| stable != Some(&case.change.hash));
    let Some(canary) = canary else { return spec };
    let tasks = match (&spec.mode, &live.service.spec.mode) {
        (Some(ServiceMode::Replicated(wanted)), Some(ServiceMode::Replicated(live))) => {
            wanted.replicas.unwrap_or(1).min(live.replicas.unwrap_or(1))
        }
        _ => 0,
    };
    let there = &live.service.spec;
    let replaces =
        spec.task_template != there.task_template || spec.endpoint_spec != there.endpoint_spec;
    if !replaces || tasks <= canary.tasks {
        return spec;
    }
    Arc::new(canary_form(Arc::unwrap_or_clone(spec), canary.tasks))
}

/// What is done about a service that is on its way by a canary; `None` for any other.
pub(super) fn verdict(case: &Case<'_>) -> Option<Verdict> {
    let live = case.change.live.as_ref().filter(|live| live.owner == Owner::Ours)?;
    let stage = live.canary.filter(|_| live.hash == case.change.hash)?;
    if let Some(reason) = held_by_label(live) {
        return Some(Verdict::Hold(reason));
    }
    let health = case.input.health.get(&case.change.name).cloned().unwrap_or_default();
    Some(match stage {
        CanaryStage::First(tasks) => first(case, live, (&health, tasks)),
        CanaryStage::Rest => rest(case, live, &health),
    })
}

fn first(case: &Case<'_>, live: &LiveService, (health, tasks): (&Health, u64)) -> Verdict {
    let state = flight(live).filter(|state| **state != UpdateState::Updating);
    if let Some(state) = state {
        return Verdict::Hold(HeldReason::RolloutRunning { state: state_word(state) });
    }
    let held = match case.change.rollout.canary {
        _ if health.running >= health.wanted => None,
        _ if health.running < tasks => Some(Gate::Healthy),
        None => None,
        Some(canary) => match canary.promote_after {
            Some(time) => {
                let time = jiff::SignedDuration::try_from(time).unwrap_or_default();
                let at = health.since.and_then(|since| since.checked_add(time).ok());
                at.filter(|at| case.input.now < *at).map(Gate::At)
            }
            None => approval(case.input, case.change, live).map(Gate::Approval),
        },
    };
    match held {
        Some(gate) => {
            let (healthy, of) = (health.running, health.wanted);
            Verdict::Hold(HeldReason::Canary { healthy, of, gate })
        }
        None => Verdict::Take(promotion(live, rest_form(case.change.wanted.spec().clone()))),
    }
}

/// A yes to this spec of this service.
fn approval(input: &PlanInput<'_>, change: &ServiceChange, live: &LiveService) -> Option<Approval> {
    let words = ["promote", &change.name, &live.service.id, change.hash.as_str()];
    match input.needs_approval(String::new(), &words) {
        Some(HeldReason::NeedsApproval { approval, .. }) => Some(approval),
        _ => None,
    }
}

/// Once all is well, what is declared is put back.
fn rest(case: &Case<'_>, live: &LiveService, health: &Health) -> Verdict {
    let state = flight(live).cloned();
    match state {
        None if health.state == HealthState::Healthy => {
            Verdict::Take(promotion(live, case.change.wanted.spec().clone()))
        }
        state => {
            let state = state.unwrap_or(UpdateState::Updating);
            Verdict::Hold(HeldReason::RolloutRunning { state: state_word(&state) })
        }
    }
}

fn promotion(live: &LiveService, spec: ServiceSpec) -> Step {
    let (target, spec) = (live.target(), Arc::new(spec));
    Step::UpdateService { target, spec, manner: UpdateManner::Promote }
}
