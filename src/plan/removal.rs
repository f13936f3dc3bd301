//! Removals, with all their guards (law 4), and garbage.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Action, Cause, Declared, Differing, Drift, PlanInput, PlannedStep, Removals, Stage};
use crate::diff::{HOLD_LABEL, KEEP_LABEL, Leftover, LeftoverKind, StackChanges, Used};
use crate::model::engine::TaskState;
use crate::model::{
    Ancestry, Condition, Held, HeldReason, Kind, ObjectRef, PrunePolicy, Step, SuspendedBy,
    Wholeness,
};

/// Services that may go at once from a source, however few it has.
const QUOTA_FLOOR: usize = 3;
/// Share of a source's services that may go at once: one in so many.
const QUOTA_SHARE: usize = 10;

/// Whether a source's removals are within the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quota {
    /// They are.
    Within,
    /// They are not.
    Exceeded {
        /// Services that would be removed.
        removed: usize,
        /// Services of the source that are there.
        there: usize,
    },
}

impl Quota {
    /// Counts over all stacks of a source: more than three services and more than a tenth wait
    /// for a person.
    #[must_use]
    pub fn of<'a>(stacks: impl IntoIterator<Item = &'a StackChanges>) -> Self {
        let (mut removed, mut there) = (0, 0);
        for stack in stacks {
            let gone = stack.leftovers.iter().filter(|left| is_service_removal(left)).count();
            removed += gone;
            there += gone + stack.services.iter().filter(|s| s.live.is_some()).count();
        }
        if removed > QUOTA_FLOOR.max(there / QUOTA_SHARE) {
            Self::Exceeded { removed, there }
        } else {
            Self::Within
        }
    }
}

/// What is never removed does not count, however much of it there is.
fn is_service_removal(left: &Leftover) -> bool {
    let gone = left.why == LeftoverKind::Undeclared && left.prune != PrunePolicy::Never;
    left.object.kind == Kind::Service && gone
}

/// What is done about leftovers.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) steps: Vec<PlannedStep>,
    pub(super) held: Vec<Held>,
    pub(super) drift: Vec<Drift>,
}

/// How the rest of the stack stands.
#[derive(Clone, Copy)]
pub(super) struct Stand<'a> {
    /// Something of it that is not healthy yet, if anything is.
    pub(super) open: Option<&'a str>,
    /// Services that have a port which a service is about to get: these go before it.
    pub(super) freeing: &'a BTreeSet<String>,
}

/// Decides about everything that is left over of a stack.
pub(super) fn removals(input: &PlanInput<'_>, stand: Stand<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    for left in &input.changes.leftovers {
        let reason = match left.why {
            LeftoverKind::Superseded { used: Used::Still } => continue,
            LeftoverKind::Superseded { used: Used::NoMore } => garbage_guard(input, stand.open),
            LeftoverKind::Undeclared => {
                outcome.drift.push(drift(left));
                guard(input, left, stand)
            }
        };
        match reason {
            Some(reason) if left.why == LeftoverKind::Undeclared => {
                outcome.held.push(Held { object: left.object.clone(), reason });
            }
            Some(_) => {}
            None => outcome.steps.push(step(left)),
        }
    }
    outcome
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

/// Superseded versions are garbage, not removals; they too wait until the stack is well.
fn garbage_guard(input: &PlanInput<'_>, open: Option<&str>) -> Option<HeldReason> {
    unsafe_load(input).or_else(|| not_healthy(open))
}

fn guard(input: &PlanInput<'_>, left: &Leftover, stand: Stand<'_>) -> Option<HeldReason> {
    let service = left.object.kind == Kind::Service;
    let frees = service && stand.freeing.contains(&left.object.name);
    never(left)
        .or_else(|| not_asked(input))
        .or_else(|| unsafe_load(input))
        .or_else(|| history(input))
        .or_else(|| quota(input))
        .or_else(|| held_by_label(input, left))
        .or_else(|| kept(input, left))
        .or_else(|| unconfirmed(input, left))
        .or_else(|| not_healthy(stand.open.filter(|_| !frees)))
        .or_else(|| still_used(input, left))
}

/// Its declaration said so while it was there.
fn never(left: &Leftover) -> Option<HeldReason> {
    (left.prune == PrunePolicy::Never).then_some(HeldReason::PruneNever)
}

/// Who asks for removals in this very call has said yes.
fn unconfirmed(input: &PlanInput<'_>, left: &Leftover) -> Option<HeldReason> {
    if left.prune != PrunePolicy::Confirm || input.orders.removals == Removals::Asked {
        return None;
    }
    let to = format!("remove {}, whose policy says prune: confirm", left.object);
    input.needs_approval(to, &["remove by policy", &left.target.id])
}

fn not_asked(input: &PlanInput<'_>) -> Option<HeldReason> {
    (input.orders.removals == Removals::NotAsked).then_some(HeldReason::PruneNotAsked)
}

/// One load error, or one object that could not be seen: no removal.
pub(super) fn unsafe_load(input: &PlanInput<'_>) -> Option<HeldReason> {
    let incomplete = |missing: String| Some(HeldReason::ViewIncomplete { missing });
    if input.lineage.declared == Declared::Broken || input.changes.wholeness == Wholeness::Partial {
        return incomplete("the whole declaration of the stack (it has errors)".to_owned());
    }
    let gap = input.view.observed.gaps.first()?;
    incomplete(format!("everything in the swarm ({gap:?})"))
}

fn history(input: &PlanInput<'_>) -> Option<HeldReason> {
    let applied = || {
        let revision = input.ledger.and_then(|entry| entry.record.revision.as_ref());
        revision.map_or_else(|| "an unknown revision".to_owned(), |r| r.short().to_owned())
    };
    match (input.lineage.ancestry, input.orders.removals) {
        (Ancestry::Same | Ancestry::Later, _) | (Ancestry::Unordered, Removals::Asked) => None,
        (Ancestry::Unordered, _) => Some(HeldReason::PruneNotAsked),
        (Ancestry::Rewritten, _) => Some(HeldReason::HistoryRewritten { applied: applied() }),
        (Ancestry::Unknown, _) => Some(HeldReason::ViewIncomplete {
            missing: format!("whether this revision follows {}", applied()),
        }),
    }
}

fn quota(input: &PlanInput<'_>) -> Option<HeldReason> {
    match (input.orders.quota, input.orders.removals) {
        (Quota::Exceeded { removed, there }, Removals::Guarded) => {
            let to = format!("remove {removed} of {there} services of the source at once");
            let left = input.changes.leftovers.iter().filter(|left| is_service_removal(left));
            let ids = left.map(|left| left.target.id.as_str());
            input.needs_approval(to, &["remove"].into_iter().chain(ids).collect::<Vec<_>>())
        }
        _ => None,
    }
}

fn held_by_label(input: &PlanInput<'_>, left: &Leftover) -> Option<HeldReason> {
    let why = label(input, left, HOLD_LABEL)?;
    Some(HeldReason::Suspended { by: SuspendedBy::Label, why: why.to_owned(), until: None })
}

/// An operator that removed itself could not be told to come back.
fn kept(input: &PlanInput<'_>, left: &Leftover) -> Option<HeldReason> {
    let why = label(input, left, KEEP_LABEL)?;
    let to = format!("remove {}, whose label {KEEP_LABEL} says: {why}", left.object.name);
    input.needs_approval(to, &["remove what is kept", &left.target.id])
}

fn label<'a>(input: &PlanInput<'a>, left: &Leftover, name: &str) -> Option<&'a str> {
    let service = input.view.observed.services.get(&left.object.name)?;
    let value = service.spec.labels.get(name).filter(|_| left.object.kind == Kind::Service)?;
    Some(value)
}

fn not_healthy(open: Option<&str>) -> Option<HeldReason> {
    let on = ObjectRef::new(Kind::Service, open?);
    Some(HeldReason::WaveNotReady { on, until: Condition::Healthy })
}

/// Networks, secrets and configs go after the services and tasks that use them.
fn still_used(input: &PlanInput<'_>, left: &Leftover) -> Option<HeldReason> {
    let id = &left.target.id;
    let used = match left.object.kind {
        Kind::Service => false,
        Kind::Secret | Kind::Config => input.view.is_used(id),
        Kind::Network => network_is_used(input, &left.object.name, id),
    };
    used.then(|| HeldReason::Waiting { on: "the services and tasks that still use it".to_owned() })
}

fn network_is_used(input: &PlanInput<'_>, name: &str, id: &str) -> bool {
    let observed = input.view.observed;
    let names = |target: &String| target == id || target == name;
    let services = observed.services.values().map(|service| &service.spec.task_template);
    let tasks = observed.tasks.values().flatten().map(|seen| &seen.task);
    let alive = tasks.filter(|task| task.status.state <= TaskState::Running);
    services
        .chain(alive.map(|task| &task.spec))
        .any(|spec| spec.networks.iter().any(|network| names(&network.target)))
}
