//! A rollout that failed: back, stay, or go on (laws 2 and 3).

use std::sync::Arc;

use super::PlanInput;
use super::service::{Case, HIDDEN, Verdict, held_by_label};
use crate::diff::fields::fields;
use crate::diff::{LiveService, Owner, ServiceChange};
use crate::health::HealthState;
use crate::model::engine::{ContainerSpec, ServiceMode, ServiceSpec};
use crate::model::{HeldReason, OnFailure, ServiceRecord, SpecHash, Step};

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
fn reason(why: &str, spec: &ServiceSpec) -> String {
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
    // A job's rollback would run the job before it again.
    let job = live.service.spec.mode.as_ref().is_some_and(ServiceMode::is_job);
    Some(match case.change.rollout.on_failure {
        OnFailure::Rollback if !job && case.record.is_some_and(|r| is_way_back(case, live, r)) => {
            let spec = Arc::new(live.service.spec.clone());
            let step = Step::RollBack { target: live.target(), spec };
            Verdict::TakeAndHold(step, HeldReason::Quarantined { why })
        }
        _ => Verdict::Hold(HeldReason::Quarantined { why }),
    })
}

/// True when the spec that the engine kept from before is the last stable one.
fn is_way_back(case: &Case<'_>, live: &LiveService, record: &ServiceRecord) -> bool {
    let Some(previous) = &live.service.previous_spec else { return false };
    let hash = || fields(previous, &case.input.view.names).hash();
    record.stable.as_ref().is_some_and(|stable| hash() == *stable)
}
