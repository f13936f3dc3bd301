//! Stacks that are atomic: where one service failed, all that the same attempt changed go back.
//!
//! The specs of an attempt are in quarantine together while one of them is: with a different spec
//! of that one, or when a person has it tried again, all of them are tried again.

use super::service::{Case, Verdict, held_by_label, left_by_rollback};
use super::{PlanInput, failure, runs};
use crate::diff::ServiceChange;
use crate::health::HealthState;
use crate::model::HeldReason;

/// The service for whose sake an atomic stack goes back.
pub(super) struct Culprit {
    name: String,
    why: String,
}

/// The first service of an atomic stack whose declared spec failed.
pub(super) fn culprit(input: &PlanInput<'_>) -> Option<Culprit> {
    if !input.lineage.policy.atomic {
        return None;
    }
    input.changes.services.iter().find_map(|change| {
        let why = failed(change, input)?;
        Some(Culprit { name: change.name.clone(), why })
    })
}

fn failed(change: &ServiceChange, input: &PlanInput<'_>) -> Option<String> {
    let record = input.ledger?.record.services.get(&change.name)?;
    if record.retry.as_ref() == Some(&change.hash) {
        return None;
    }
    if record.quarantine.contains(&change.hash) {
        return Some(record.failure.clone().unwrap_or_else(|| "earlier".to_owned()));
    }
    let now = failure::failed(input, change, record).filter(|(hash, _)| *hash == change.hash);
    let left = || left_by_rollback(change.live.as_ref()?, record, &change.hash);
    now.map(|(_, why)| why).or_else(|| left().map(|status| status.message.clone()))
}

/// What is done about another service of the attempt; `None` for one that the attempt left as it
/// was.
pub(super) fn verdict(case: &Case<'_>, culprit: Option<&Culprit>) -> Option<Verdict> {
    let culprit = culprit.filter(|culprit| culprit.name != case.change.name)?;
    let change = case.change;
    if change.hook.is_some() {
        return None;
    }
    let stable = case.record.and_then(|record| record.stable.as_ref());
    if stable == Some(&change.hash) {
        return None;
    }
    let why = format!("{} failed, and the stack is atomic: {}", culprit.name, culprit.why);
    let reason = HeldReason::Quarantined { why };
    let (Some(live), Some(record)) = (&change.live, case.record) else {
        return Some(Verdict::Hold(reason));
    };
    if held_by_label(live).is_some() || case.is_foreign(live) {
        return None;
    }
    if live.hash == change.hash {
        let step = failure::way_back(case, live, record);
        return step.map(|step| Verdict::TakeAndHold(step, reason));
    }
    Some(failure::aftermath(case, &reason).unwrap_or(Verdict::Hold(reason)))
}

/// True when the specs of a stack may count as stable: those of an atomic one do together, and once
/// the hooks that come after them have ended well. A test that fails is a failure of the whole.
pub(super) fn may_be_stable(input: &PlanInput<'_>) -> bool {
    let well = |change: &ServiceChange| {
        let runs = change.live.as_ref().is_some_and(|live| live.hash == change.hash);
        let health = input.health.get(&change.name);
        runs && health.is_some_and(|health| health.state == HealthState::Healthy)
    };
    let mut services = input.changes.services.iter().filter(|change| change.hook.is_none());
    !input.lineage.policy.atomic || (services.all(well) && runs::have_passed(input))
}
