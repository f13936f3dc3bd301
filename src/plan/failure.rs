//! A rollout that failed: back, stay, or go on (laws 2 and 3).

use std::sync::Arc;

use super::PlanInput;
use super::service::{Case, HIDDEN, Verdict, flight, held_by_label, left_by_rollback};
use super::stable::{self, Home};
use crate::diff::fields::fields;
use crate::diff::{LiveService, Owner, ServiceChange, declared_form};
use crate::health::HealthState;
use crate::model::engine::{ContainerSpec, ServiceMode, ServiceSpec, UpdateState};
use crate::model::{HeldReason, OnFailure, ServiceRecord, SpecHash, Step, UpdateManner};

/// Longest reason that goes into the ledger, in characters.
const LONGEST: usize = 300;
/// Shortest value that is hidden: a shorter one is more often a word than a secret.
const SHORTEST: usize = 6;

/// A spec of ours that failed and never was healthy: its hash, and why it failed.
///
/// One that was healthy once is not at fault for what happens later: there is nothing better to go
/// back to.
pub(super) fn failed(
    input: &PlanInput<'_>,
    change: &ServiceChange,
    record: &ServiceRecord,
) -> Option<(SpecHash, String)> {
    let live = change.live.as_ref().filter(|live| live.owner == Owner::Ours)?;
    let health = input.health.get(&change.name)?;
    let ours = record.attempted.as_ref() == Some(&live.hash);
    let was_stable = record.stable.as_ref() == Some(&live.hash);
    let counts = change.rollout.on_failure != OnFailure::Continue;
    let failed = health.state == HealthState::Failed && ours && !was_stable && counts;
    failed.then(|| (live.hash.clone(), reason(&health.why, &live.service.spec)))
}

/// The engine's words without what may be secret in them (law 10): they go into the ledger.
pub(super) fn reason(why: &str, spec: &ServiceSpec) -> String {
    let container = spec.task_template.container_spec.as_ref();
    let words = container.into_iter().flat_map(ContainerSpec::delicate);
    let mut words: Vec<&str> = words.filter(|word| word.chars().count() >= SHORTEST).collect();
    // Longest first, so that a value inside another one does not leave the rest of it.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let clean = words.into_iter().fold(why.to_owned(), |why, word| why.replace(word, HIDDEN));
    clean.chars().take(LONGEST).collect()
}

/// What is done about a service that runs what is declared, and fails with it; `None` where that
/// is not so, or nothing follows from it.
pub(super) fn verdict(case: &Case<'_>) -> Option<Verdict> {
    let live = case.change.live.as_ref().filter(|live| live.hash == case.change.hash)?;
    let (_, why) = failed(case.input, case.change, case.record?)?;
    if let Some(reason) = held_by_label(live) {
        return Some(Verdict::Hold(reason));
    }
    let step = case.record.and_then(|record| way_back(case, live, record));
    Some(taken(step, HeldReason::Quarantined { why }))
}

/// What is done about a service that does not run what is declared, because that failed: a stable
/// spec on its way back gets its own form once it is healthy, and what the engine went back to is
/// no end when it fails as well.
pub(super) fn aftermath(case: &Case<'_>, why: &HeldReason) -> Option<Verdict> {
    let (live, record) = (case.change.live.as_ref()?, case.record?);
    let health = case.input.health.get(&case.change.name)?;
    if held_by_label(live).is_some() || record.stable.as_ref() == Some(&live.hash) {
        return None;
    }
    let healthy = health.state == HealthState::Healthy;
    let step = if record.back.as_ref() == Some(&live.hash) {
        let arrived = healthy && flight(live).is_none();
        arrived.then(|| own_form(case, live, record)).flatten()
    } else {
        let left = left_by_rollback(live, record, &case.change.hash).is_some();
        let bad = health.state == HealthState::Failed
            || (record.quarantine.contains(&live.hash) && !healthy);
        let ended = flight(live) != Some(&UpdateState::RollbackStarted);
        (left && bad && ended).then(|| way_back(case, live, record)).flatten()
    };
    step.map(|step| taken(Some(step), why.clone()))
}

fn taken(step: Option<Step>, reason: HeldReason) -> Verdict {
    match step {
        Some(step) => Verdict::TakeAndHold(step, reason),
        None => Verdict::Hold(reason),
    }
}

/// The step that brings back the last stable spec: the engine does where it still has it; else it
/// is written as it is kept. Going back would run a job again, and is not done by every policy.
pub(super) fn way_back(
    case: &Case<'_>,
    live: &LiveService,
    record: &ServiceRecord,
) -> Option<Step> {
    let job = live.service.spec.mode.as_ref().is_some_and(ServiceMode::is_job);
    if job || case.change.rollout.on_failure != OnFailure::Rollback {
        return None;
    }
    let target = live.target();
    if is_way_back(case, live, record) {
        return Some(Step::RollBack { target, spec: Arc::new(live.service.spec.clone()) });
    }
    let spec = Home::of(case.change, record, case.input)?.paused(live, case.input);
    let known = stable::hash(&spec, &case.change.ignore, case.input);
    let leads = known != live.hash && !record.quarantine.contains(&known);
    leads.then_some(Step::UpdateService { target, spec, manner: UpdateManner::Return })
}

/// The step that gives a spec that is back its own form again.
fn own_form(case: &Case<'_>, live: &LiveService, record: &ServiceRecord) -> Option<Step> {
    let spec = Home::of(case.change, record, case.input)?.own(live, case.input);
    let differs = *spec != live.service.spec;
    let manner = UpdateManner::Return;
    differs.then(|| Step::UpdateService { target: live.target(), spec, manner })
}

/// True when the spec that the engine kept from before is the last stable one.
fn is_way_back(case: &Case<'_>, live: &LiveService, record: &ServiceRecord) -> bool {
    let Some(previous) = &live.service.previous_spec else { return false };
    let fields = || fields(&declared_form(previous).0, &case.input.view.names);
    let hash = || fields().without(&case.change.ignore).hash();
    record.stable.as_ref().is_some_and(|stable| hash() == *stable)
}
