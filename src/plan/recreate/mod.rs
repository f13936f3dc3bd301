//! What the engine can't change in place is made anew: a network, a service of another mode, a
//! secret or config with other content under an explicit name.
//!
//! It takes several passes, and each begins from what it sees: services that use the thing are
//! taken away, their tasks drain, the thing goes, and what is missing then is made by the ordinary
//! rules. The ledger knows what is under way before the first of it is taken away, so that an
//! operator that dies between any two writes is followed by one that goes on.

mod service;
mod thing;
mod users;

use std::collections::BTreeSet;

use super::removal::unsafe_load;
use super::service::held_by_label;
use super::{Action, Cause, Differing, Drift, PlanInput, PlannedStep, Stage};
use crate::diff::Owner;
use crate::health::HealthState;
use crate::model::{
    Condition, Held, HeldReason, Inventory, Kind, ObjectRef, RecreatePolicy, Step, StepKind,
};

pub(super) use service::{of_service, still_stopping};
use thing::Thing;
use users::Users;

/// What was decided so far, and what is added to it.
pub(super) struct Plan<'p> {
    pub(super) steps: &'p mut Vec<PlannedStep>,
    pub(super) held: &'p mut Vec<Held>,
    pub(super) drift: &'p mut Vec<Drift>,
}

/// Something that is begun to be made anew, or goes on being.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    object: ObjectRef,
    id: String,
    /// Services that are taken away for it.
    users: BTreeSet<String>,
}

/// Decides about networks, secrets and configs that differ in what can't be changed.
pub(super) fn things(input: &PlanInput<'_>, mut plan: Plan<'_>) -> Vec<Begun> {
    plan.one_service_at_a_time(input);
    let things = thing::all(input);
    let mut begun = Vec::new();
    for thing in &things {
        let users = Users::of(thing, input);
        match plan.held_back(thing, &users, input) {
            Some(reason) => plan.held.push(Held { object: thing.object.clone(), reason }),
            None => {
                let names = users.ours.iter().map(|user| user.name.clone()).collect();
                let (object, id) = (thing.object.clone(), thing.target.id.clone());
                begun.push(Begun { object, id, users: names });
            }
        }
    }
    for (thing, begun) in things
        .iter()
        .filter_map(|thing| Some((thing, begun.iter().find(|begun| begun.object == thing.object)?)))
    {
        plan.go_on(thing, begun, input);
    }
    begun
}

/// True for what a plan, or an earlier one, makes anew.
pub(super) fn is_under_way(input: &PlanInput<'_>, object: &ObjectRef) -> bool {
    id_of(input, object).is_some()
}

fn id_of<'a>(input: &PlanInput<'a>, object: &ObjectRef) -> Option<&'a String> {
    let recreating = &input.ledger?.record.recreating;
    recreating.get(&object.kind)?.get(&object.name)
}

impl Plan<'_> {
    /// Why nothing is done about a thing now.
    fn held_back(
        &self,
        thing: &Thing<'_>,
        users: &Users<'_>,
        input: &PlanInput<'_>,
    ) -> Option<HeldReason> {
        let what = || thing.what.to_owned();
        if let Some(other) = users.foreign.first() {
            let what = format!("{}, which service/{other} uses too,", thing.what);
            return Some(HeldReason::Immutable { what });
        }
        let policy = users.ours.iter().map(|user| user.recreate);
        let policy = policy.fold(input.lineage.policy.recreate, RecreatePolicy::max);
        if policy == RecreatePolicy::Never {
            return Some(HeldReason::Immutable { what: what() });
        }
        let label = || {
            let mut live = users.ours.iter().filter_map(|user| user.live.as_ref());
            live.find_map(held_by_label)
        };
        let stops = unsafe_load(input).or_else(label);
        if stops.is_some() || id_of(input, &thing.object) == Some(&thing.target.id) {
            return stops;
        }
        let asked = policy == RecreatePolicy::Confirm || thing.is_risky(users);
        let approval = || thing.approval(users, input).filter(|_| asked);
        approval().or_else(|| self.not_yet(users, input))
    }

    /// First everything else that is declared is applied, with all that watches over rollouts: what
    /// is taken away can come back then.
    fn not_yet(&self, users: &Users<'_>, input: &PlanInput<'_>) -> Option<HeldReason> {
        let wait = |name: &str, why: &str| {
            Some(HeldReason::Waiting { on: format!("service/{name}, which {why}") })
        };
        if let Some(name) = users.leaving.first() {
            return wait(name, "still uses it");
        }
        let written = |name: &str| {
            let of = |object: &ObjectRef| object.kind == Kind::Service && object.name == name;
            let steps = self.steps.iter().filter(|p| p.step.kind() != StepKind::Withdraw);
            let mut objects = steps.filter_map(|planned| planned.step.object());
            objects.any(|object| of(&object)) || self.held.iter().any(|held| of(&held.object))
        };
        let changing = users.ours.iter().find(|user| written(&user.name));
        if let Some(user) = changing {
            return wait(&user.name, "is about to change");
        }
        let open = |name: &str| {
            let health = input.health.get(name).map(|health| health.state);
            !matches!(health, Some(HealthState::Healthy | HealthState::Failed))
        };
        let rolling = users.ours.iter().find(|user| open(&user.name));
        rolling.and_then(|user| wait(&user.name, "is not healthy yet"))
    }

    /// The next part of what was begun.
    fn go_on(&mut self, thing: &Thing<'_>, begun: &Begun, input: &PlanInput<'_>) {
        let object = &thing.object;
        let users = Users::of(thing, input);
        for user in users.ours.iter().filter(|user| user.live.is_some()) {
            self.withdraw_service(user, object);
        }
        self.hold_those_that_need(object);
        let waits =
            |on: String| Held { object: object.clone(), reason: HeldReason::Waiting { on } };
        let tasks = users.tasks(thing, input);
        if !begun.users.iter().all(|name| users.is_gone(name)) || !users.leaving.is_empty() {
            self.held.push(waits("the services that use it, which are taken away".to_owned()));
        } else if tasks > 0 {
            self.held.push(waits(format!("{tasks} tasks that still use it")));
        } else {
            let step = Step::Withdraw { kind: object.kind, target: thing.target.clone() };
            let needs = BTreeSet::new();
            self.steps.push(PlannedStep { stage: Stage::Foundation, step, needs });
        }
    }

    fn withdraw_service(&mut self, user: &crate::diff::ServiceChange, thing: &ObjectRef) {
        let Some(live) = &user.live else { return };
        let object = ObjectRef::new(Kind::Service, &user.name);
        if self.steps.iter().any(|p| p.step == service::withdrawal(live)) {
            return;
        }
        self.steps.retain(|planned| planned.step.object().as_ref() != Some(&object));
        self.held.retain(|held| held.object != object);
        self.steps.push(PlannedStep {
            stage: Stage::Services,
            step: service::withdrawal(live),
            needs: BTreeSet::new(),
        });
        match self.drift.iter_mut().find(|drift| drift.object == object) {
            Some(drift) => drift.action = Action::Recreate,
            None => {
                let cause = self.drift.iter().find(|drift| drift.object == *thing);
                let cause = cause.map_or(Cause::GitMoved, |drift| drift.cause);
                let differing = Differing::In(Vec::new());
                self.drift.push(Drift { object, action: Action::Recreate, differing, cause });
            }
        }
    }

    /// What needs the thing comes after it.
    fn hold_those_that_need(&mut self, thing: &ObjectRef) {
        let held = &mut *self.held;
        self.steps.retain(|planned| {
            let Some(object) = planned.step.object().filter(|_| planned.needs.contains(thing))
            else {
                return true;
            };
            let on = format!("{thing}, which is made anew");
            held.push(Held { object, reason: HeldReason::Waiting { on } });
            false
        });
    }

    /// A service that can't be changed in place follows one that was made anew and is well.
    fn one_service_at_a_time(&mut self, input: &PlanInput<'_>) {
        let mut first = input.ledger.and_then(|entry| {
            let services = entry.record.recreating.get(&Kind::Service)?;
            services.keys().next().map(|name| ObjectRef::new(Kind::Service, name))
        });
        let held = &mut *self.held;
        self.steps.retain(|planned| {
            let object = planned.step.object();
            let Some(object) = object.filter(|_| planned.step.kind() == StepKind::Withdraw) else {
                return true;
            };
            let on = first.get_or_insert_with(|| object.clone());
            if *on == object {
                return true;
            }
            let reason = HeldReason::WaveNotReady { on: on.clone(), until: Condition::Healthy };
            held.push(Held { object, reason });
            false
        });
    }
}

/// What is under way once a plan's steps are taken: what they begin, and what goes on from before.
pub(super) fn under_way(
    input: &PlanInput<'_>,
    steps: &[PlannedStep],
    begun: &[Begun],
) -> Inventory {
    let mut recreating = Inventory::new();
    let mut put = |kind: Kind, name: &str, id: &str| {
        recreating.entry(kind).or_default().insert(name.to_owned(), id.to_owned());
    };
    let mut taken = BTreeSet::new();
    for planned in steps {
        if let Step::Withdraw { kind, target } = &planned.step {
            put(*kind, &target.name, &target.id);
            taken.insert(target.name.as_str());
        }
    }
    for begun in begun {
        let known = id_of(input, &begun.object) == Some(&begun.id);
        if known || begun.users.iter().any(|name| taken.contains(name.as_str())) {
            put(begun.object.kind, &begun.object.name, &begun.id);
        }
    }
    let before = input.ledger.map(|entry| &entry.record.recreating);
    for (kind, ids) in before.into_iter().flatten() {
        for (name, id) in ids.iter().filter(|(name, id)| lasts(input, *kind, (name, id))) {
            put(*kind, name, id);
        }
    }
    recreating
}

/// True until what was taken away is there again, and for a service, until it is well or failed.
fn lasts(input: &PlanInput<'_>, kind: Kind, (name, id): (&str, &str)) -> bool {
    match kind {
        Kind::Service => service::lasts(input, name, id),
        Kind::Node => false,
        Kind::Network | Kind::Secret | Kind::Config => {
            thing::is_missing(input, &ObjectRef::new(kind, name))
        }
    }
}

/// Takes an object over by a word of a person only: what was made by hand, or may be used by what
/// nobody sees.
fn is_ours(owner: &Owner) -> bool {
    *owner == Owner::Ours
}
