//! Removals, with all their guards (law 4), and garbage.

mod guard;
mod quota;

use std::collections::BTreeSet;

use super::{Action, Cause, Declared, Differing, Drift, PlanInput, PlannedStep, Removals, Stage};
use crate::diff::{Leftover, LeftoverKind, Used};
use crate::model::engine::{Mount, ServiceSpec};
use crate::model::{Held, HeldReason, Kind, ObjectRef, Step};

pub use guard::Guard;
use guard::{Case, garbage_guard};
pub(in crate::plan) use guard::{follows, unsafe_load};
pub use quota::Quota;

/// An object that is to be removed, and what each guard says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The object.
    pub object: ObjectRef,
    /// Guards that hold it, each with its reason; none when it goes now.
    pub against: Vec<(Guard, HeldReason)>,
}

/// What is done about leftovers.
#[derive(Debug, Default)]
pub(in crate::plan) struct Outcome {
    pub(in crate::plan) steps: Vec<PlannedStep>,
    pub(in crate::plan) held: Vec<Held>,
    pub(in crate::plan) drift: Vec<Drift>,
    pub(in crate::plan) removals: Vec<Removal>,
}

/// How the rest of the stack stands.
#[derive(Clone, Copy)]
pub(in crate::plan) struct Stand<'a> {
    /// Something of it that is not healthy yet, if anything is.
    pub(in crate::plan) open: Option<&'a str>,
    /// Services that have a port which a service is about to get: these go before it.
    pub(in crate::plan) freeing: &'a BTreeSet<String>,
}

/// Decides about everything that is left over of a stack.
pub(in crate::plan) fn removals(input: &PlanInput<'_>, stand: Stand<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    for left in &input.changes.leftovers {
        match left.why {
            LeftoverKind::Superseded { used: Used::Still } => {}
            LeftoverKind::Superseded { used: Used::NoMore } => {
                if garbage_guard(input, stand.open).is_none() {
                    outcome.steps.push(step(left));
                }
            }
            LeftoverKind::Undeclared => outcome.undeclared(Case { input, left, stand }),
        }
    }
    outcome
}

impl Outcome {
    fn undeclared(&mut self, case: Case<'_>) {
        let object = case.left.object.clone();
        let says = |guard: Guard| Some((guard, case.against(guard)?));
        let against: Vec<_> = Guard::ITS_OWN.into_iter().filter_map(says).collect();
        self.drift.push(drift(case.left));
        match against.first() {
            Some((_, reason)) => {
                self.held.push(Held { object: object.clone(), reason: reason.clone() });
            }
            None => self.steps.push(step(case.left)),
        }
        self.removals.push(Removal { object, against });
    }
}

/// Whether a stack left its source and nothing of it is left: what could not be seen may be.
pub(in crate::plan) fn nothing_is_left(input: &PlanInput<'_>) -> bool {
    let left = matches!(input.lineage.declared, Declared::Gone | Declared::Vanished);
    left && input.changes.leftovers.is_empty() && unsafe_load(input).is_none()
}

/// The step that forgets a stack of which nothing is left. As long as its source is at the revision
/// that removed it, what was removed is still counted.
pub(in crate::plan) fn forget(input: &PlanInput<'_>) -> Option<PlannedStep> {
    let entry = input.ledger?;
    if entry.record.removed_for(&input.lineage.revision).is_some() {
        return None;
    }
    let step = Step::Remove { kind: Kind::Config, target: entry.target.clone() };
    Some(PlannedStep { stage: Stage::Removal, step, needs: BTreeSet::new() })
}

/// Ids of the services that a plan removes by itself: what a person asked for does not count, nor
/// what only clears away.
pub(in crate::plan) fn counted(input: &PlanInput<'_>, steps: &[PlannedStep]) -> Vec<String> {
    if input.orders.removals == Removals::Asked {
        return Vec::new();
    }
    let leaving: BTreeSet<&str> = quota::leaving(input.changes).collect();
    let services = steps.iter().filter_map(|planned| match &planned.step {
        Step::Remove { kind: Kind::Service, target } => Some(target.id.clone()),
        _ => None,
    });
    let services = services.filter(|id| leaving.contains(id.as_str()));
    services.collect()
}

fn step(left: &Leftover) -> PlannedStep {
    let step = Step::Remove { kind: left.object.kind, target: left.target.clone() };
    PlannedStep { stage: Stage::Removal, step, needs: BTreeSet::new() }
}

fn drift(left: &Leftover) -> Drift {
    let object = left.object.clone();
    let differing = Differing::In(Vec::new());
    Drift { object, action: Action::Remove, differing, cause: Cause::GitMoved }
}

/// Volumes with names of a service: their data stays on the nodes when the service goes.
pub(in crate::plan) fn named_volumes(spec: &ServiceSpec) -> impl Iterator<Item = &str> {
    let mounts = spec.task_template.container_spec.iter().flat_map(|container| &container.mounts);
    let named = mounts.filter(|mount| is_volume(mount) && !mount.source.is_empty());
    named.map(|mount| mount.source.as_str())
}

/// A mount of a group of volumes (`group:NAME`) names none.
fn is_volume(mount: &Mount) -> bool {
    match mount.kind.as_str() {
        "volume" => true,
        "cluster" => !mount.source.starts_with("group:"),
        _ => false,
    }
}
