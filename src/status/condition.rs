//! Conditions of a stack, and whether it has settled.

use std::collections::{BTreeMap, BTreeSet};

use super::{Condition, ConditionKind, Holds, Outcome, StackReport};
use crate::health::HealthState;
use crate::model::{Gate, Held, HeldReason, ObjectRef, Problem, Severity, StackName};
use crate::plan::Action;

/// Where a stack stands, for somebody who waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Settled {
    /// Everything is as declared and healthy.
    Well,
    /// It is on the way: wait and look again.
    OnTheWay,
    /// It ended badly, or something is held that does not move by itself.
    Badly,
}

/// Whether a stack has settled, and how. What ended badly for one service does not hide that
/// another is still on its way, and a stack that was just written has to be looked at again.
#[must_use]
pub fn settled(report: &StackReport) -> Settled {
    let written = report.outcomes.iter().any(|outcome| outcome.outcome.is_done());
    let health = || {
        let moving = report.health.iter().filter(|(name, _)| !waits_for_a_person(report, name));
        moving.map(|(_, health)| health.state)
    };
    let held = || report.plan.held.iter().filter(|held| counts(&held.reason));
    let prospects = Prospects::of(report);
    let on_the_way =
        health().any(|state| !is_final(state)) || held().any(|held| prospects.passes(held));
    let refused = report.outcomes.iter().any(|o| matches!(o.outcome, Outcome::Refused(_)));
    let unread = report.conditions.iter().any(|condition| {
        condition.kind == ConditionKind::Loaded && condition.holds == Holds::False
    });
    let badly = unread
        || refused
        || health().any(|s| s == HealthState::Failed)
        || held().any(|held| !prospects.passes(held));
    match () {
        () if written || on_the_way => Settled::OnTheWay,
        () if badly => Settled::Badly,
        () if report.plan.is_empty() => Settled::Well,
        () => Settled::OnTheWay,
    }
}

/// True for a service whose rollout stands until somebody says yes.
fn waits_for_a_person(report: &StackReport, name: &str) -> bool {
    report.plan.held.iter().any(|held| {
        let gate = matches!(held.reason, HeldReason::Canary { gate: Gate::Approval(_), .. });
        gate && held.object.name == name
    })
}

fn is_final(state: HealthState) -> bool {
    matches!(state, HealthState::Healthy | HealthState::Failed)
}

/// True while a service is still to be written, once another one is far enough.
#[must_use]
pub fn waits_for_its_turn(report: &StackReport) -> bool {
    let removed = |object: &ObjectRef| {
        let mut drift = report.plan.drift.iter();
        drift.any(|drift| drift.object == *object && drift.action == Action::Remove)
    };
    let waits = |held: &&Held| {
        matches!(held.reason, HeldReason::WaveNotReady { .. } | HeldReason::StackNotReady { .. })
    };
    let prospects = Prospects::of(report);
    let mut waiting = report.plan.held.iter().filter(waits);
    waiting.any(|held| !removed(&held.object) && prospects.passes(held))
}

/// What of a stack does not move by itself.
struct Prospects<'a> {
    stuck: BTreeSet<&'a ObjectRef>,
    idle: &'a BTreeSet<StackName>,
}

impl<'a> Prospects<'a> {
    fn of(report: &'a StackReport) -> Self {
        let mut waiting: BTreeMap<&ObjectRef, Vec<&ObjectRef>> = BTreeMap::new();
        let (mut ends, mut keepers) = (Vec::new(), BTreeSet::new());
        for held in report.plan.held.iter().filter(|held| counts(&held.reason)) {
            match &held.reason {
                HeldReason::WaveNotReady { on, .. } => {
                    waiting.entry(on).or_default().push(&held.object);
                }
                HeldReason::StackNotReady { stack, .. } if !report.idle.contains(stack) => {}
                HeldReason::PortTaken { by, .. } => {
                    waiting.entry(by).or_default().push(&held.object);
                    keepers.insert(by);
                }
                HeldReason::RolloutRunning { state } if is_lost(&held.object, state, report) => {
                    ends.push(&held.object);
                }
                reason if goes_away(reason) => {}
                _ => ends.push(&held.object),
            }
        }
        if !waiting.is_empty() {
            let busy = busy(report);
            ends.extend(waiting.keys().filter(|on| is_still(on, report, &busy)));
            // A port is given up by a write or by a removal.
            ends.extend(keepers.into_iter().filter(|by| !busy.contains(by)));
        }
        let mut stuck = BTreeSet::new();
        while let Some(object) = ends.pop() {
            if stuck.insert(object) {
                ends.extend(waiting.get(object).into_iter().flatten());
            }
        }
        Self { stuck, idle: &report.idle }
    }

    /// True when what is held gets done by itself.
    fn passes(&self, held: &Held) -> bool {
        match &held.reason {
            HeldReason::WaveNotReady { on, .. } | HeldReason::PortTaken { by: on, .. } => {
                !self.stuck.contains(on)
            }
            HeldReason::StackNotReady { stack, .. } => !self.idle.contains(stack),
            HeldReason::RolloutRunning { .. } => !self.stuck.contains(&held.object),
            reason => goes_away(reason),
        }
    }
}

/// What is written now, and what is wanted and held.
fn busy(report: &StackReport) -> BTreeSet<ObjectRef> {
    let written = report.plan.steps.iter().filter_map(|planned| planned.step.object());
    let held = report.plan.held.iter().filter(|held| counts(&held.reason));
    written.chain(held.map(|held| held.object.clone())).collect()
}

/// True for a service that failed, and for one that is not there and not to be made: its
/// declaration has a mistake.
fn is_still(object: &ObjectRef, report: &StackReport, busy: &BTreeSet<ObjectRef>) -> bool {
    match report.health.get(&object.name) {
        Some(health) => health.state == HealthState::Failed,
        None => !busy.contains(object),
    }
}

/// True for a rollout that failed and that nobody ends: the engine has no deadline, and what a policy
/// lets continue stays as it is. One on its way back still comes to an end.
fn is_lost(object: &ObjectRef, state: &str, report: &StackReport) -> bool {
    let failed = report.health.get(&object.name).is_some_and(|h| h.state == HealthState::Failed);
    failed && !state.starts_with("rollback")
}

/// Reasons that go away whatever becomes of others.
pub(super) fn goes_away(reason: &HeldReason) -> bool {
    matches!(
        reason,
        HeldReason::RolloutRunning { .. }
            | HeldReason::Canary { gate: Gate::Healthy | Gate::At(_), .. }
            | HeldReason::Waiting { .. }
            | HeldReason::BackOff { .. }
            | HeldReason::Following
    )
}

/// Reasons that count as held for somebody who asked to apply: a removal that was not asked for or
/// that the declaration ruled out,
/// and a field that this engine can't have, do not.
pub(super) fn counts(reason: &HeldReason) -> bool {
    reason.leaves_undone()
}

/// What a stack comes to.
#[must_use]
pub fn conditions(
    stack: &StackName,
    report: &StackReport,
    problems: &[&Problem],
) -> Vec<Condition> {
    let mut all = vec![loaded(stack, problems), synced(report), healthy(report)];
    all.extend(rolled_out(report));
    all
}

/// A stack of which something failed by its own fault: rolled back where what was there before is
/// well again.
fn rolled_out(report: &StackReport) -> Option<Condition> {
    let failed = |held: &&Held| matches!(held.reason, HeldReason::Quarantined { .. });
    let held: Vec<&Held> = report.plan.held.iter().filter(failed).collect();
    let first = held.first()?;
    let well = |held: &&Held| {
        let health = report.health.get(&held.object.name);
        health.is_some_and(|health| health.state == HealthState::Healthy)
    };
    let reason = if held.iter().all(well) { "RolledBack" } else { "Failed" };
    Some(Condition {
        kind: ConditionKind::RolledOut,
        holds: Holds::False,
        reason: reason.to_owned(),
        message: format!("{}: {}", first.object, first.reason),
    })
}

fn loaded(stack: &StackName, problems: &[&Problem]) -> Condition {
    let first = problems.iter().find(|problem| problem.severity == Severity::Error);
    let (holds, reason, message) = match first {
        None => (Holds::True, "Loaded", format!("the declaration of {stack} has no errors")),
        Some(problem) => (Holds::False, "LoadError", problem.to_string()),
    };
    Condition { kind: ConditionKind::Loaded, holds, reason: reason.to_owned(), message }
}

fn synced(report: &StackReport) -> Condition {
    let held = report.plan.held.iter().find(|held| counts(&held.reason));
    let (holds, reason, message) = match held {
        Some(held) => {
            let holds =
                if Prospects::of(report).passes(held) { Holds::Progressing } else { Holds::False };
            (holds, held.reason.name(), format!("{}: {}", held.object, held.reason))
        }
        None if report.plan.is_empty() => (Holds::True, "Synced", String::new()),
        None => {
            let steps = report.plan.steps.len();
            (Holds::Progressing, "Applying", format!("{steps} steps were to be taken"))
        }
    };
    Condition { kind: ConditionKind::Synced, holds, reason: reason.to_owned(), message }
}

fn healthy(report: &StackReport) -> Condition {
    let worst = report.health.iter().max_by_key(|(_, health)| health.state);
    let (holds, reason, message) = match worst {
        None => (Holds::True, "healthy", String::new()),
        Some((_, health)) if health.state == HealthState::Healthy => {
            (Holds::True, "healthy", String::new())
        }
        Some((name, health)) => {
            let holds =
                if health.state == HealthState::Failed { Holds::False } else { Holds::Progressing };
            let (running, wanted) = (health.running, health.wanted);
            let text = format!("service/{name}: {running} of {wanted} tasks, {}", health.why);
            (holds, health.state.as_str(), text)
        }
    };
    Condition { kind: ConditionKind::Healthy, holds, reason: reason.to_owned(), message }
}
