//! `depends_on` and `wave`: a service is begun once those that come first are as far as it asks for.
//!
//! It orders changes, and watches over nothing: what was healthy once with its present declaration
//! is far enough for good, so that a correction of one service never waits for the end of another
//! one's trouble.

use std::collections::{BTreeMap, BTreeSet};

use super::{PlanInput, PlannedStep};
use crate::diff::ServiceChange;
use crate::health::{Health, HealthState};
use crate::model::{Condition, HeldReason, Kind, ObjectRef, ServiceRecord, StepKind};

/// The order of a stack's services, before anything of the plan is held for its sake.
pub(super) struct Order<'a> {
    input: &'a PlanInput<'a>,
    changes: BTreeMap<&'a str, &'a ServiceChange>,
    /// Services that this plan would write.
    busy: BTreeSet<String>,
    /// The first wave with a service that is not healthy yet, and that service.
    open: Option<(i32, &'a str)>,
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
        let last = changes.iter().map(|change| change.wave).max();
        let early = order.waves().filter(|(wave, _)| Some(*wave) < last);
        let open = early.filter(|(_, name)| !order.is_far_enough(name, Condition::Healthy));
        order.open = open.min();
        order
    }

    /// Why a step is not taken yet. A write that starts no tasks has no order.
    pub(super) fn holds(&self, planned: &PlannedStep) -> Option<HeldReason> {
        let back = planned.step.kind() == StepKind::RollBack;
        let object =
            planned.step.object().filter(|object| object.kind == Kind::Service && !back)?;
        let change = self.changes.get(object.name.as_str())?;
        if !change.touches_tasks() {
            return None;
        }
        let mut first = change.depends_on.iter();
        let need = first.find(|(name, until)| !self.is_far_enough(name, **until));
        let wave = || self.open.filter(|(wave, _)| *wave < change.wave);
        let (name, until) = match need {
            Some((name, until)) => (name.as_str(), *until),
            None => (wave()?.1, Condition::Healthy),
        };
        Some(HeldReason::WaveNotReady { on: ObjectRef::new(Kind::Service, name), until })
    }

    /// The first service that is not so far, in the order of their names.
    pub(super) fn first_open(&self, until: Condition) -> Option<ObjectRef> {
        let mut names = self.waves().map(|(_, name)| name);
        let open = names.find(|name| !self.is_far_enough(name, until))?;
        Some(ObjectRef::new(Kind::Service, open))
    }

    /// All services of the stack, also those that can't be made.
    fn waves(&self) -> impl Iterator<Item = (i32, &'a str)> {
        let changes = self.input.changes;
        let made = changes.services.iter().map(|change| (change.wave, change.name.as_str()));
        made.chain(changes.unmade.iter().map(|(name, wave)| (*wave, name.as_str())))
    }

    fn is_far_enough(&self, name: &str, until: Condition) -> bool {
        // One that is not among the services of the stack has a mistake in its declaration.
        let Some(change) = self.changes.get(name) else { return false };
        let Some(live) = change.live.as_ref().filter(|_| !self.busy.contains(name)) else {
            return false;
        };
        let Some(health) = self.input.health.get(name) else { return false };
        // One that somebody holds goes on with what it runs: that is started.
        let declared = live.hash == change.hash;
        match until {
            Condition::Started => health.wanted == 0 || health.started > 0,
            Condition::Healthy => declared && (self.was_stable(change) || is_healthy(health)),
            Condition::Completed => declared && (self.was_stable(change) || has_completed(health)),
        }
    }

    fn was_stable(&self, change: &ServiceChange) -> bool {
        let record = self.input.ledger.and_then(|entry| entry.record.services.get(&change.name));
        let stable = |record: &ServiceRecord| record.stable.as_ref() == Some(&change.hash);
        record.is_some_and(stable)
    }
}

fn is_healthy(health: &Health) -> bool {
    health.state == HealthState::Healthy
}

fn has_completed(health: &Health) -> bool {
    health.completed >= health.wanted
}
