//! The plan of one stack.

use std::collections::{BTreeMap, BTreeSet};

use super::order::Order;
use super::policy::Gates;
use super::service::{Case, Verdict, action_of};
use super::{
    Basis, Cause, Custody, Declared, Drift, Guard, Ignored, JobPlan, Orders, PlanInput,
    PlannedStep, Rebalancing, Removal, Scope, StackPlan, Stage, Writes, basis, cause, foundation,
    jobs, ports, rebalance, recreate, remember, removal, runs, stable, standstill, turns, whole,
};
use jiff::Timestamp;

use crate::diff::{DataLive, Owner, ServiceChange, references};
use crate::health::HealthState;
use crate::model::{
    FieldRules, Held, HeldReason, Instance, Inventory, Kind, LedgerRecord, ObjectRef, Step,
    StepKind, SuspendedBy, Suspension,
};

/// Decides what is done about one stack now.
#[must_use]
pub fn plan(input: &PlanInput<'_>, instance: &Instance) -> StackPlan {
    let mut draft = Draft::default();
    draft.foundation(input, instance);
    draft.services(input);
    draft.recreate(input);
    draft.jobs(input, instance);
    draft.order(input);
    draft.ports(input);
    draft.removals(input);
    draft.back_off(input);
    draft.policy(input);
    draft.guards(input);
    draft.switches(input);
    draft.basis(input);
    draft.rebalance(input);
    match input.orders.scope {
        Scope::Everything => draft.remember(input),
        Scope::Removals => draft.steps.retain(|planned| planned.stage == Stage::Removal),
    }
    draft.steps.sort_by_key(|planned| planned.stage);
    StackPlan {
        stack: input.changes.stack.clone(),
        revision: (input.lineage.declared == Declared::Here)
            .then(|| input.lineage.revision.clone()),
        steps: draft.steps,
        held: draft.held,
        drift: draft.drift,
        ignored: input.changes.services.iter().filter_map(ignored).collect(),
        jobs: draft.jobs,
        reveal: revealed(input),
        removals: draft.removals,
        rebalancing: draft.rebalancing,
    }
}

/// Steps of the stack's services, before anything is held for the sake of others.
pub(super) fn services(input: &PlanInput<'_>) -> Vec<PlannedStep> {
    let mut draft = Draft::default();
    draft.services(input);
    draft.steps
}

/// What guards say against what is declared. What is kept of a stack was judged when it was applied,
/// and stays enforced while the guards can't be read.
fn against<'a>(input: &PlanInput<'a>) -> Vec<(Option<&'a ObjectRef>, HeldReason)> {
    match input.lineage.basis {
        Basis::Declared => input.orders.guards.reasons().collect(),
        _ => Vec::new(),
    }
}

fn revealed(input: &PlanInput<'_>) -> BTreeMap<String, FieldRules> {
    let some = input.changes.services.iter().filter(|change| !change.reveal.is_empty());
    some.map(|change| (change.name.clone(), change.reveal.clone())).collect()
}

fn ignored(change: &ServiceChange) -> Option<Ignored> {
    let object = ObjectRef::new(Kind::Service, &change.name);
    (!change.ignored.is_empty()).then(|| Ignored { object, fields: change.ignored.clone() })
}

#[derive(Default)]
struct Draft {
    steps: Vec<PlannedStep>,
    held: Vec<Held>,
    drift: Vec<Drift>,
    begun: Vec<recreate::Begun>,
    jobs: Vec<JobPlan>,
    moves: ports::Moves,
    removals: Vec<Removal>,
    rebalancing: Vec<Rebalancing>,
}

impl Draft {
    fn foundation(&mut self, input: &PlanInput<'_>, instance: &Instance) {
        let nothing = Inventory::new();
        let record = input.ledger.map(|entry| &entry.record);
        let inventory = record.map_or(&nothing, |record| &record.inventory);
        let recreating = record.map_or(&nothing, |record| &record.recreating);
        let case = foundation::Case { instance, inventory, recreating };
        let networks = input.changes.networks.iter().map(|change| case.network(change));
        let data = input.changes.data.iter().map(|change| case.data(change));
        for outcome in networks.chain(data) {
            self.steps.extend(outcome.step);
            self.held.extend(outcome.held);
            self.drift.extend(outcome.drift);
        }
    }

    fn services(&mut self, input: &PlanInput<'_>) {
        let culprit = whole::culprit(input);
        let culprit = culprit.as_ref();
        for change in &input.changes.services {
            let object = ObjectRef::new(Kind::Service, &change.name);
            let record = input.record(change);
            let mut drift = cause::service_drift(change, record);
            let verdict = Case { change, record, drift: drift.as_ref(), culprit, input }.decide();
            if let (Some(drift), Some(action)) = (&mut drift, action_of(change)) {
                drift.action = action;
            }
            if let Some(drift) = drift.as_mut().filter(|_| change.live.is_none())
                && recreate::is_under_way(input, &object)
            {
                drift.cause = Cause::GitMoved;
            }
            let adopted = || change.live.as_ref().is_some_and(|live| live.owner == Owner::Unowned);
            let adoption = || adopted().then(|| foundation::adoption(object.clone()));
            self.drift.extend(drift.or_else(adoption));
            self.take(object.clone(), verdict);
            self.held.extend(change.unsupported.iter().map(|(field, needs)| Held {
                object: object.clone(),
                reason: HeldReason::EngineTooOld { field: field.clone(), needs: *needs },
            }));
        }
        self.hold_users_of_foreign(input);
    }

    fn take(&mut self, object: ObjectRef, verdict: Verdict) {
        let (step, reason) = match verdict {
            Verdict::Leave => (None, None),
            Verdict::Hold(reason) => (None, Some(reason)),
            Verdict::Take(step) => (Some(step), None),
            Verdict::TakeAndHold(step, reason) => (Some(step), Some(reason)),
        };
        self.held.extend(reason.map(|reason| Held { object, reason }));
        self.steps.extend(step.map(|step| {
            let needs = match &step {
                Step::CreateService { spec } | Step::UpdateService { spec, .. } => references(spec),
                _ => BTreeSet::new(),
            };
            PlannedStep { stage: Stage::Services, step, needs }
        }));
    }

    /// A service never mounts somebody else's secret or config, or joins somebody else's network,
    /// that happens to have the declared name.
    fn hold_users_of_foreign(&mut self, input: &PlanInput<'_>) {
        let networks = input.changes.networks.iter().filter_map(|change| match &change.live {
            Some((target, Owner::Theirs(_))) => Some(ObjectRef::new(Kind::Network, &target.name)),
            _ => None,
        });
        let data = input
            .changes
            .data
            .iter()
            .filter(|change| matches!(change.live, DataLive::Theirs(_)))
            .map(|change| change.object.clone());
        let foreign: BTreeSet<ObjectRef> = networks.chain(data).collect();
        self.hold_steps(|planned| {
            let object = planned.needs.intersection(&foreign).next()?;
            Some(HeldReason::Waiting { on: format!("{object}, which is not ours") })
        });
    }

    /// What can't be changed in place.
    fn recreate(&mut self, input: &PlanInput<'_>) {
        let plan =
            recreate::Plan { steps: &mut self.steps, held: &mut self.held, drift: &mut self.drift };
        self.begun = recreate::things(input, plan);
    }

    /// What a schedule begins, and runs that are over.
    fn jobs(&mut self, input: &PlanInput<'_>, instance: &Instance) {
        let guarded = || against(input).first().map(|(_, reason)| reason.clone());
        let stop = stopped(input).or_else(guarded);
        let outcome = jobs::jobs(input, instance, stop.as_ref());
        if input.orders.scope == Scope::Everything {
            self.steps.extend(outcome.steps);
        }
        self.held.extend(outcome.held);
        self.jobs = outcome.jobs;
    }

    /// What comes first goes first.
    fn order(&mut self, input: &PlanInput<'_>) {
        let order = Order::new(input, &self.steps);
        self.hold_steps(|planned| order.holds(planned));
        let turn = turns::holds(input);
        self.hold_steps(|planned| {
            // What was taken away comes back whoever's turn it is.
            let begun = planned.step.object().is_some_and(|o| recreate::is_under_way(input, &o));
            turn(planned).filter(|_| !begun)
        });
    }

    /// Who gives a port up goes before who gets it.
    fn ports(&mut self, input: &PlanInput<'_>) {
        self.moves = ports::order(input, &mut self.steps, &mut self.held);
    }

    fn removals(&mut self, input: &PlanInput<'_>) {
        let open = self.open(input);
        let stand = removal::Stand { open: open.as_deref(), freeing: &self.moves.freeing };
        let outcome = removal::removals(input, stand);
        self.steps.extend(outcome.steps);
        self.held.extend(outcome.held);
        self.drift.extend(outcome.drift);
        self.steps.extend(runs::old(input, open.as_deref()));
        self.removals = outcome.removals;
        if removal::nothing_is_left(input) {
            let sets = stable::forget(input);
            // The record goes after them: without it nobody would know whose they were.
            if sets.is_empty() {
                self.steps.extend(removal::forget(input));
            }
            self.steps.extend(sets);
        }
    }

    /// A service that is about to be written, now or once another one is ready, or is not well.
    fn open(&self, input: &PlanInput<'_>) -> Option<String> {
        let steps = self.steps.iter().filter_map(|planned| planned.step.object());
        let waits = |held: &&Held| {
            matches!(
                held.reason,
                HeldReason::WaveNotReady { .. }
                    | HeldReason::StackNotReady { .. }
                    | HeldReason::PortTaken { .. }
            )
        };
        let later = self.held.iter().filter(waits).map(|held| held.object.clone());
        let busy: BTreeSet<String> = steps.chain(later).map(|object| object.name).collect();
        let well = |name: &str| {
            input.health.get(name).is_some_and(|health| health.state == HealthState::Healthy)
        };
        let open = |name: &&String| busy.contains(*name) || !well(name);
        let services = input.changes.services.iter().filter(|change| !change.is_done());
        services.map(|change| &change.name).find(open).cloned()
    }

    /// A write that failed a moment ago waits, and only that one (law 9).
    fn back_off(&mut self, input: &PlanInput<'_>) {
        self.hold_steps(|planned| {
            let object = planned.step.object()?;
            let (until, after) = input.memory.backoff.get(&object)?;
            (input.now < *until)
                .then(|| HeldReason::BackOff { until: *until, after: after.clone() })
        });
    }

    /// What the author wants done by a person's word, and at certain times.
    fn policy(&mut self, input: &PlanInput<'_>) {
        let gates = Gates::new(input);
        self.hold_steps(|planned| gates.stops(&planned.step.object()?));
        // What only clears away, or takes back, is no change that anybody declared.
        let differing: BTreeSet<ObjectRef> =
            self.drift.iter().map(|drift| drift.object.clone()).collect();
        self.hold_steps(|planned| {
            let object = planned.step.object().filter(|object| differing.contains(object))?;
            // Going back is no change that anybody asked for, and what was begun is ended.
            let begun =
                planned.step.kind() == StepKind::RollBack || recreate::is_under_way(input, &object);
            if begun { None } else { gates.holds(&object) }
        });
    }

    /// A stack that breaks a rule is held as a whole, also where nothing of it would be written.
    fn guards(&mut self, input: &PlanInput<'_>) {
        let reasons = against(input);
        let Some((_, first)) = reasons.first() else { return };
        let own = |object: &ObjectRef| {
            let mut own = reasons.iter().filter(|(about, _)| *about == Some(object));
            own.next().map_or(first, |(_, reason)| reason).clone()
        };
        self.hold_steps(|planned| Some(own(&planned.step.object()?)));
        let mut told: BTreeSet<ObjectRef> = self.held.iter().map(|h| h.object.clone()).collect();
        for (object, reason) in &reasons {
            let Some(object) = object.filter(|object| told.insert((*object).clone())) else {
                continue;
            };
            self.held.push(Held { object: object.clone(), reason: reason.clone() });
        }
    }

    /// `--observe` and suspensions: what is wanted stays visible, nothing is done.
    fn switches(&mut self, input: &PlanInput<'_>) {
        let Some(reason) = stopped(input) else { return };
        self.hold_steps(|_| Some(reason.clone()));
    }

    /// Turns steps into held changes where there is a reason.
    fn hold_steps(&mut self, reason: impl Fn(&PlannedStep) -> Option<HeldReason>) {
        let (held, removals) = (&mut self.held, &mut self.removals);
        self.steps.retain(|planned| {
            let Some(reason) = reason(planned) else { return true };
            let object = planned.step.object();
            let removal =
                removals.iter_mut().find(|removal| Some(&removal.object) == object.as_ref());
            if let Some(removal) = removal.filter(|_| planned.stage == Stage::Removal) {
                removal.against.push((Guard::Stack, reason.clone()));
            }
            held.extend(object.map(|object| Held { object, reason }));
            false
        });
    }

    /// What is declared and not done, because something else is enforced.
    fn basis(&mut self, input: &PlanInput<'_>) {
        let outcome = basis::held(input);
        let known: BTreeSet<ObjectRef> = self.drift.iter().map(|d| d.object.clone()).collect();
        self.drift.extend(outcome.drift.into_iter().filter(|d| !known.contains(&d.object)));
        self.held.extend(outcome.held);
    }

    /// Where nothing else is to be done.
    fn rebalance(&mut self, input: &PlanInput<'_>) {
        let undone = self.held.iter().any(|held| !harmless(&held.reason));
        let here =
            input.lineage.declared == Declared::Here && input.lineage.basis == Basis::Declared;
        if undone || !self.steps.is_empty() || !here || stopped(input).is_some() {
            return;
        }
        let (told, steps) = rebalance::crowded(input);
        self.rebalancing = told;
        self.steps.extend(steps);
    }

    fn remember(&mut self, input: &PlanInput<'_>) {
        let held = standstill::of(input, (&self.steps, &self.held));
        let by_declaration = |stop: &HeldReason| {
            matches!(stop, HeldReason::Suspended { by: SuspendedBy::Declaration, .. })
        };
        match stopped(input) {
            Some(stop) if !by_declaration(&stop) => return,
            None if against(input).is_empty() => {}
            _ => return self.steps.extend(standstill::note(input, held)),
        }
        let removed = removal::counted(input, &self.steps);
        if input.lineage.declared != Declared::Here {
            self.steps.extend(remember::leaving(input, removed));
            return;
        }
        let services = self.steps.iter().filter(|planned| planned.stage == Stage::Services);
        // What is put back, or taken away to be made anew, was written before.
        let before = [StepKind::RollBack, StepKind::Withdraw];
        let attempts = services.filter(|planned| !before.contains(&planned.step.kind()));
        let objects: Vec<ObjectRef> = attempts.filter_map(|p| p.step.object()).collect();
        let written = objects.iter().map(|object| object.name.as_str()).collect();
        let record = remember::next_record(input, &written);
        let record = remember::note_returns(input, record, &self.steps);
        let mut record = rebalance::remembered(input, record, &self.steps);
        record.recreating = recreate::under_way(input, &self.steps, &self.begun);
        remember::scaled(input, &mut record);
        remember::between(&self.moves.between, &written, &mut record);
        if input.lineage.basis != Basis::Declared {
            self.steps.extend(remember::step(input, record));
            return;
        }
        let settled = self.steps.is_empty() && self.held.iter().all(|held| harmless(&held.reason));
        let record = match settled {
            true => remember::settled_record(input, record),
            false if self.steps.is_empty() || !input.lineage.follows() => record,
            false => remember::applied(input, record),
        };
        let record = LedgerRecord { held, ..remember::removing(input, record, removed) };
        self.steps.extend(remember::step(input, record));
        if settled {
            let kept = stable::keep(input);
            self.steps.extend(stable::garbage(input, usize::from(!kept.is_empty())));
            self.steps.extend(kept);
        }
    }
}

/// Reasons that leave nothing of the declaration undone for good.
fn harmless(reason: &HeldReason) -> bool {
    !reason.leaves_undone()
}

/// Why nothing at all may be written.
pub(super) fn stopped_by(orders: &Orders, now: Timestamp) -> Option<HeldReason> {
    match orders.writes {
        Writes::ObserveOnly => return Some(HeldReason::ObserveOnly),
        Writes::Following => return Some(HeldReason::Following),
        Writes::ByHand | Writes::Allowed => {}
    }
    suspended(SuspendedBy::Instance, orders.suspension.as_ref(), now)
}

fn suspended(
    by: SuspendedBy,
    suspension: Option<&Suspension>,
    now: Timestamp,
) -> Option<HeldReason> {
    let Suspension { reason, until } = suspension.filter(|suspension| suspension.stands(now))?;
    Some(HeldReason::Suspended { by, why: reason.clone(), until: *until })
}

/// Why nothing of the stack may be written.
fn stopped(input: &PlanInput<'_>) -> Option<HeldReason> {
    let stack = input.ledger.and_then(|entry| entry.record.suspension.as_ref());
    let stack = stack.filter(|_| input.orders.writes != Writes::ByHand);
    let reason = stopped_by(input.orders, input.now);
    let reason = reason.or_else(|| suspended(SuspendedBy::Stack, stack, input.now));
    if reason.is_some() {
        return reason;
    }
    match &input.lineage.custody {
        Custody::Foreign(owner) => return Some(HeldReason::NotOurs { owner: owner.clone() }),
        Custody::Waits(on) => return Some(HeldReason::Waiting { on: on.clone() }),
        Custody::Own | Custody::Renamed(_) => {}
    }
    let why = input.lineage.policy.suspend.clone()?;
    Some(HeldReason::Suspended { by: SuspendedBy::Declaration, why, until: None })
}
