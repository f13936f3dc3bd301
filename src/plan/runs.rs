//! Jobs that are run once: hooks of a stack.
//!
//! The ledger knows of a run before it is made, and a job that exists by its name is not made twice.
//! So neither a crash nor a second operator runs it again.

use std::collections::{BTreeMap, BTreeSet};

use super::order::has_failed;
use super::service::{Case, Verdict, held_by_label};
use super::{Declared, PlanInput, PlannedStep, Stage};
use crate::diff::{Run, ServiceChange};
use crate::health::HealthState;
use crate::model::engine::ServiceMode;
use crate::model::{
    ApiVersion, HeldReason, HookRecord, Kind, LedgerRecord, MODE, Phase, Step, Wholeness,
};

/// The first API with jobs; an older engine makes a service of one task of them.
const JOBS: ApiVersion = ApiVersion::v1(41);
/// Older runs of a hook that are kept for their logs.
const KEPT: usize = 2;

/// A run that failed is not made again, also when it is gone, until a person wants it.
pub(super) fn verdict(case: &Case<'_>) -> Option<Verdict> {
    case.change.hook.as_ref()?;
    let record = case.record.filter(|record| has_failed(record))?;
    let held = case.change.live.as_ref().and_then(held_by_label);
    if held.is_none() && record.retry.is_some() && case.change.live.is_none() {
        return None;
    }
    let why = record.failure.clone().unwrap_or_else(|| "earlier".to_owned());
    Some(Verdict::Hold(held.unwrap_or(HeldReason::Quarantined { why })))
}

/// Why a job can't be made now.
pub(super) fn blocked(case: &Case<'_>) -> Option<HeldReason> {
    let wanted = case.change.wanted.spec();
    let job = wanted.mode.as_ref().is_some_and(ServiceMode::is_job);
    if job && case.input.view.observed.engine.api < JOBS {
        return Some(HeldReason::EngineTooOld { field: MODE.to_owned(), needs: JOBS });
    }
    let hook = case.change.hook.as_ref()?;
    // Two migrations at once are none.
    let mut before = case.input.changes.runs.iter().filter(|run| run.of == hook.of);
    let run = before.find(|run| !has_ended(case.input, run))?;
    Some(HeldReason::Waiting { on: format!("the end of the run before, {}", run.target.name) })
}

/// True when all hooks that come after the services have ended well: what their stack is was tested.
pub(super) fn have_passed(input: &PlanInput<'_>) -> bool {
    let passed = |change: &ServiceChange| {
        let runs = change.live.as_ref().is_some_and(|live| live.hash == change.hash);
        let health = input.health.get(&change.name);
        let well = runs && health.is_some_and(|health| health.state == HealthState::Healthy);
        change.is_done() || (well && !input.record(change).is_some_and(has_failed))
    };
    let mut hooks = input.changes.services.iter().filter(|c| c.rank.phase == Phase::Post);
    hooks.all(passed)
}

fn has_ended(input: &PlanInput<'_>, run: &Run) -> bool {
    let state = input.health.get(&run.target.name).map(|health| health.state);
    matches!(state, Some(HealthState::Healthy | HealthState::Failed))
}

/// Removes all but the last runs of before that have ended: garbage, no removals.
pub(super) fn old(input: &PlanInput<'_>, open: Option<&str>) -> Vec<PlannedStep> {
    // One error in the declaration, or one object that could not be seen, and nothing goes.
    let whole = input.lineage.declared == Declared::Here
        && input.changes.wholeness == Wholeness::Whole
        && input.view.observed.gaps.is_empty();
    if input.changes.runs.is_empty() || !whole || open.is_some() {
        return Vec::new();
    }
    let hooks = input.changes.services.iter().filter_map(|change| change.hook.as_ref());
    let declared: BTreeSet<&str> = hooks.map(|hook| hook.of.as_str()).collect();
    let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
    let ended = input.changes.runs.iter().rev().filter(|run| has_ended(input, run));
    let old = ended.filter(|run| {
        let kept = kept.entry(run.of.as_str()).or_default();
        *kept += 1;
        *kept > KEPT || !declared.contains(run.of.as_str())
    });
    old.map(removal).collect()
}

fn removal(run: &Run) -> PlannedStep {
    let step = Step::Remove { kind: Kind::Service, target: run.target.clone() };
    PlannedStep { stage: Stage::Removal, step, needs: BTreeSet::new() }
}

/// What the ledger knows of the stack's hooks: the run from before its first job is made, and those
/// that have ended well.
pub(super) fn remembered(
    input: &PlanInput<'_>,
    record: &LedgerRecord,
    written: &BTreeSet<&str>,
) -> Option<HookRecord> {
    let hooks = input.changes.hooks.as_ref()?;
    let runs = || input.changes.services.iter().filter(|change| change.hook.is_some());
    let known = record.hooks.as_ref().is_some_and(|known| known.run == hooks.run);
    let begins = || runs().any(|change| written.contains(change.name.as_str()));
    if !known && !begins() {
        return record.hooks.clone();
    }
    let mut hooks = hooks.record();
    let well = |change: &&ServiceChange| {
        let record = record.services.get(&change.name);
        let failed = record.is_none_or(has_failed) || written.contains(change.name.as_str());
        let health = input.health.get(&change.name);
        !failed && health.is_some_and(|health| health.state == HealthState::Healthy)
    };
    let done = runs().filter(well).filter_map(|change| change.hook.as_ref());
    hooks.done.extend(done.map(|hook| hook.of.clone()));
    Some(hooks)
}
