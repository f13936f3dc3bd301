//! Why a revision gets no further by itself, for those who read nothing but the ledger (`wait`).
//!
//! It is written once for each revision and reason. So nothing that changes from pass to pass is in
//! it, and nothing that may be secret.

use super::{Basis, Declared, PlanInput, PlannedStep, Stage, remember};
use crate::ledger::FORMAT;
use crate::model::{
    Gate, Held, HeldReason, HeldRevision, LedgerRecord, MODE, StackName, SuspendedBy,
};

/// Longest reason, in characters.
const LONGEST: usize = 300;

/// What keeps the declared revision from getting any further; `None` where it is on its way.
pub(super) fn of(
    input: &PlanInput<'_>,
    (steps, held): (&[PlannedStep], &[Held]),
) -> Option<HeldRevision> {
    if was_reached(input) {
        return None;
    }
    let reason = |why: String, behind| HeldRevision {
        revision: input.lineage.revision.clone(),
        why: why.chars().take(LONGEST).collect(),
        behind,
    };
    let stack = &input.changes.stack;
    let lasting = held.iter().find_map(|held| Some((&held.object, lasting(stack, &held.reason)?)));
    let lasting = lasting.map(|(object, why)| reason(format!("{object}: {why}"), None));
    lasting.or_else(|| noted(input, (steps, held))).or_else(|| {
        let stack = held.iter().find_map(|held| behind(&held.reason))?;
        Some(reason(format!("the stack {stack} comes first"), Some(stack.clone())))
    })
}

/// What is noted already. A rollout in between does not take it away: somebody who scales a service
/// again and again, or a canary that crashes, would have the ledger written each time.
fn noted(input: &PlanInput<'_>, (steps, held): (&[PlannedStep], &[Held])) -> Option<HeldRevision> {
    let moves = steps.iter().any(|planned| planned.stage == Stage::Services);
    let between = held.iter().any(|held| {
        matches!(held.reason, HeldReason::RolloutRunning { .. } | HeldReason::Canary { .. })
    });
    let before = input.ledger.and_then(|entry| entry.record.held.clone())?;
    let same = before.revision == input.lineage.revision && before.behind.is_none();
    (same && between && !moves).then_some(before)
}

/// A revision that was healthy as a whole: what is held since is a repair, and no part of it.
fn was_reached(input: &PlanInput<'_>) -> bool {
    let record = input.ledger.map(|entry| &entry.record);
    let applied = record.filter(|record| record.revision.as_ref() == Some(&input.lineage.revision));
    applied.is_some_and(|record| !record.under_way)
}

/// The step that notes it where nothing else of the stack is remembered: its declaration says that it
/// is not written, or a guard does.
pub(super) fn note(input: &PlanInput<'_>, held: Option<HeldRevision>) -> Option<PlannedStep> {
    if input.lineage.declared != Declared::Here || input.lineage.basis != Basis::Declared {
        return None;
    }
    let new = || LedgerRecord {
        format: FORMAT,
        source: Some(input.lineage.source.clone()),
        root: input.lineage.root.clone(),
        ..LedgerRecord::default()
    };
    let record = input.ledger.map_or_else(new, |entry| LedgerRecord::clone(&entry.record));
    remember::step(input, LedgerRecord { held, ..record })
}

/// A reason that stands until a person, a time or another commit takes it away. What the ledger tells
/// anyway (a failure, a pin, a switch) is none of these.
fn lasting(stack: &StackName, reason: &HeldReason) -> Option<String> {
    let text = || Some(reason.to_string());
    match reason {
        // How many tasks are healthy changes.
        HeldReason::Canary { gate: Gate::Approval(approval), .. } => {
            Some(format!("its canary waits for `skep approve {stack} {approval}`"))
        }
        HeldReason::NeedsApproval { approval, .. } => {
            Some(format!("{reason} (`skep approve {stack} {approval}`)"))
        }
        HeldReason::EngineTooOld { field, .. } if field != MODE => None,
        // What breaks a rule may be a value; the rule and its place say enough.
        HeldReason::Guarded { guard, rule, at, .. } => {
            Some(format!("{at}: the guard {guard} says no ({rule})"))
        }
        HeldReason::Suspended { by: SuspendedBy::Instance | SuspendedBy::Stack, .. } => None,
        HeldReason::Suspended { .. }
        | HeldReason::Contested { .. }
        | HeldReason::NotOurs { .. }
        | HeldReason::OutsideWindow { .. }
        | HeldReason::HistoryRewritten { .. }
        | HeldReason::Immutable { .. }
        | HeldReason::EngineTooOld { .. } => text(),
        HeldReason::RolloutRunning { .. }
        | HeldReason::Canary { .. }
        | HeldReason::Quarantined { .. }
        | HeldReason::Waiting { .. }
        | HeldReason::Pinned { .. }
        | HeldReason::WaveNotReady { .. }
        | HeldReason::StackNotReady { .. }
        | HeldReason::PortTaken { .. }
        | HeldReason::ViewIncomplete { .. }
        | HeldReason::BackOff { .. }
        // It holds a run of a job, and no stack.
        | HeldReason::Overlap { .. }
        // These are about nodes, and hold no stack.
        | HeldReason::NotEnforced { .. }
        | HeldReason::Namesake { .. }
        | HeldReason::Quorum { .. }
        | HeldReason::PruneNotAsked
        | HeldReason::PruneNever
        | HeldReason::ObserveOnly
        | HeldReason::Following => None,
    }
}

fn behind(reason: &HeldReason) -> Option<&StackName> {
    match reason {
        HeldReason::StackNotReady { stack, .. } => Some(stack),
        _ => None,
    }
}
