//! `depends_on`, `wave` and hooks: a service is begun once those that come first are as far as it asks
//! for.
//!
//! It orders changes, and watches over nothing: what was healthy once with its present declaration
//! is far enough for good, so that a correction of one service never waits for the end of another
//! one's trouble.

use std::collections::{BTreeMap, BTreeSet};

use super::{PlanInput, PlannedStep};
use crate::diff::ServiceChange;
use crate::health::{Health, HealthState};
use crate::model::{Condition, HeldReason, Kind, ObjectRef, Phase, Rank, ServiceRecord, StepKind};

/// The order of a stack's services, before anything of the plan is held for its sake.
pub(super) struct Order<'a> {
    input: &'a PlanInput<'a>,
    changes: BTreeMap<&'a str, &'a ServiceChange>,
    /// Services that this plan would write.
    busy: BTreeSet<String>,
    /// The first rank with a service that is not healthy yet, and that service.
    open: Option<(Rank, &'a str)>,
}

impl<'a> Order<'a> {
    pub(super) fn new(input: &'a PlanInput<'a>, steps: &[PlannedStep]) -> Self {
        let changes = &input.changes.services;
        let objects = steps.iter().filter_map(|planned| planned.step.object());
        let services = objects.filter(|object| object.kind == Kind::Service);
        let mut order = Self {
            input,
            changes: changes.iter().map(|change| (change.name.as_str(), change)).collect(),
            busy: services.map(|object| object.name).collect(),
            open: None,
        };
        let last = changes.iter().map(|change| change.rank).max();
        let early = order.ranks().filter(|(rank, _)| Some(*rank) < last);
        let open = early.filter(|(_, name)| !order.is_far_enough(name, Condition::Healthy));
        order.open = open.min();
        order
    }

    /// Why a step is not taken yet. A write that starts no tasks has no order, but that nothing is
    /// touched before all hooks have ended that come before. What is put back waits for nobody.
    pub(super) fn holds(&self, planned: &PlannedStep) -> Option<HeldReason> {
        let object = planned.step.object().filter(|object| object.kind == Kind::Service)?;
        let change = self.changes.get(object.name.as_str())?;
        if planned.step.kind() == StepKind::RollBack {
            return None;
        }
        let wait = |name: &str, until| {
            let on = ObjectRef::new(Kind::Service, name);
            Some(HeldReason::WaveNotReady { on, until })
        };
        let open = self.open.filter(|(rank, _)| *rank < change.rank);
        // What is taken away because of something else comes back by these rules.
        let taken = planned.step.kind() == StepKind::Withdraw && change.unchangeable().is_none();
        match open {
            Some((Rank { phase: Phase::Pre, .. }, hook)) => {
                return wait(hook, Condition::Completed);
            }
            _ if !change.touches_tasks() || taken => return None,
            _ => {}
        }
        let mut first = change.depends_on.iter();
        match first.find(|(name, until)| !self.is_far_enough(name, **until)) {
            Some((name, until)) => wait(name, *until),
            None => wait(open?.1, Condition::Healthy),
        }
    }

    /// The first service that is not so far, in the order of their names.
    pub(super) fn first_open(&self, until: Condition) -> Option<ObjectRef> {
        let mut names = self.ranks().map(|(_, name)| name);
        let open = names.find(|name| !self.is_far_enough(name, until))?;
        Some(ObjectRef::new(Kind::Service, open))
    }

    /// All services of the stack, also those that can't be made.
    fn ranks(&self) -> impl Iterator<Item = (Rank, &'a str)> {
        let changes = self.input.changes;
        let made = changes.services.iter().map(|change| (change.rank, change.name.as_str()));
        made.chain(changes.unmade.iter().map(|(name, rank)| (*rank, name.as_str())))
    }

    fn is_far_enough(&self, name: &str, until: Condition) -> bool {
        // One that is not among the services of the stack has a mistake in its declaration.
        let Some(change) = self.changes.get(name) else { return false };
        if change.is_done() {
            return true;
        }
        let Some(live) = change.live.as_ref().filter(|_| !self.busy.contains(name)) else {
            return false;
        };
        let Some(health) = self.input.health.get(name) else { return false };
        // What failed once is not done, whatever became of it.
        if change.hook.is_some() && self.record(change).is_some_and(has_failed) {
            return false;
        }
        // One that somebody holds goes on with what it runs: that is started.
        let declared = live.hash == change.hash;
        match until {
            Condition::Started => health.wanted == 0 || health.started > 0,
            Condition::Healthy => declared && (self.was_stable(change) || is_healthy(health)),
            Condition::Completed => declared && (self.was_stable(change) || has_completed(health)),
        }
    }

    fn was_stable(&self, change: &'a ServiceChange) -> bool {
        let stable = |record: &ServiceRecord| record.stable.as_ref() == Some(&change.hash);
        self.record(change).is_some_and(stable)
    }

    fn record(&self, change: &'a ServiceChange) -> Option<&'a ServiceRecord> {
        self.input.record(change)
    }
}

/// A run that failed is not taken for done when it ends after all.
pub(super) fn has_failed(record: &ServiceRecord) -> bool {
    !record.quarantine.is_empty()
}

fn is_healthy(health: &Health) -> bool {
    health.state == HealthState::Healthy
}

fn has_completed(health: &Health) -> bool {
    health.completed >= health.wanted
}
