//! What has to be true before something is removed (law 4).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::quota::leaving;
use super::{Quota, Stand, named_volumes};
use crate::diff::{HOLD_LABEL, KEEP_LABEL, Leftover, LeftoverKind};
use crate::model::engine::TaskState;
use crate::model::{
    Ancestry, Condition, HeldReason, Kind, ObjectRef, PrunePolicy, Revision, SuspendedBy, Wholeness,
};
use crate::plan::{Declared, PlanInput, Removals, jobs};

/// What has to be true before something is removed (law 4), in the order in which it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Guard {
    /// The policy of the object does not say `prune: never`.
    Never,
    /// Removal was asked for, or the operator may remove by itself.
    Asked,
    /// The declaration was loaded without an error, and everything in the swarm was seen.
    Loaded,
    /// The revision follows the one that was applied last.
    History,
    /// No `skep.hold` on the service.
    Hold,
    /// No `skep.keep` on the service, or a person says yes.
    Keep,
    /// The source is still declared, or a person says that its stacks may go.
    Source,
    /// Few services go at once, or a person says yes.
    Quota,
    /// A stack that goes has no named volumes, or a person says yes.
    Volumes,
    /// The policy of the object does not say `prune: confirm`, or a person says yes.
    Policy,
    /// The rest of the stack is well.
    Health,
    /// Nothing uses it any more; a run of a job is over.
    Unused,
    /// Nothing holds the stack as a whole, and no attempt failed a moment ago.
    Stack,
}

impl Guard {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Asked => "asked",
            Self::Loaded => "loaded",
            Self::History => "history",
            Self::Source => "source",
            Self::Quota => "quota",
            Self::Volumes => "volumes",
            Self::Hold => "hold",
            Self::Keep => "keep",
            Self::Policy => "policy",
            Self::Health => "health",
            Self::Unused => "unused",
            Self::Stack => "stack",
        }
    }

    /// The guards of a removal itself, in their order.
    pub(super) const ITS_OWN: [Self; 12] = [
        Self::Never,
        Self::Asked,
        Self::Loaded,
        Self::History,
        Self::Hold,
        Self::Keep,
        Self::Source,
        Self::Quota,
        Self::Volumes,
        Self::Policy,
        Self::Health,
        Self::Unused,
    ];
}

/// Superseded versions are garbage, not removals; they too wait until the stack is well.
pub(super) fn garbage_guard(input: &PlanInput<'_>, open: Option<&str>) -> Option<HeldReason> {
    unsafe_load(input).or_else(|| not_healthy(open))
}

/// One leftover that guards look at.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) input: &'a PlanInput<'a>,
    pub(super) left: &'a Leftover,
    pub(super) stand: Stand<'a>,
}

impl Case<'_> {
    /// Why a guard holds the removal.
    pub(super) fn against(&self, guard: Guard) -> Option<HeldReason> {
        let input = self.input;
        match guard {
            Guard::Never => never(self.left),
            Guard::Asked => not_asked(input),
            Guard::Loaded => unsafe_load(input),
            Guard::History => history(input),
            Guard::Source => vanished(input),
            Guard::Quota => quota(input),
            Guard::Volumes => volumes(input),
            Guard::Hold => held_by_label(input, self.left),
            Guard::Keep => kept(input, self.left),
            Guard::Policy => unconfirmed(input, self.left),
            Guard::Health => not_healthy(self.stand.open.filter(|_| !self.frees_a_port())),
            Guard::Unused => {
                still_used(input, self.left).or_else(|| jobs::still_runs(input, self.left))
            }
            // What holds all steps is looked at when all are there.
            Guard::Stack => None,
        }
    }
}

impl Case<'_> {
    fn frees_a_port(&self) -> bool {
        let service = self.left.object.kind == Kind::Service;
        service && self.stand.freeing.contains(&self.left.object.name)
    }
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
pub(in crate::plan) fn unsafe_load(input: &PlanInput<'_>) -> Option<HeldReason> {
    let incomplete = |missing: String| Some(HeldReason::ViewIncomplete { missing });
    if input.lineage.declared == Declared::Broken || input.changes.wholeness == Wholeness::Partial {
        return incomplete("the whole declaration of the stack (it has errors)".to_owned());
    }
    let gap = input.view.observed.gaps.first()?;
    incomplete(format!("everything in the swarm ({gap:?})"))
}

fn history(input: &PlanInput<'_>) -> Option<HeldReason> {
    let applied = input.ledger.and_then(|entry| entry.record.revision.as_ref());
    follows(input.lineage.ancestry, input.orders.removals, applied)
}

/// Why something may only seem to have left: the revision does not follow the one that was applied.
pub(in crate::plan) fn follows(
    ancestry: Ancestry,
    removals: Removals,
    applied: Option<&Revision>,
) -> Option<HeldReason> {
    let applied = || applied.map_or("an unknown revision", Revision::short).to_owned();
    match (ancestry, removals) {
        (Ancestry::Same | Ancestry::Later, _) | (Ancestry::Unordered, Removals::Asked) => None,
        (Ancestry::Unordered, _) => Some(HeldReason::PruneNotAsked),
        (Ancestry::Rewritten, _) => Some(HeldReason::HistoryRewritten { applied: applied() }),
        (Ancestry::Unknown, _) => Some(HeldReason::ViewIncomplete {
            missing: format!("whether this revision follows {}", applied()),
        }),
    }
}

/// Ids of all services of the stack that go or went. It stays the same while they go one after the
/// other: the inventory is written anew only when the stack is as declared.
fn all_leaving(input: &PlanInput<'_>) -> BTreeSet<String> {
    let declared = |name: &String| input.changes.services.iter().any(|s| s.name == *name);
    let listed = input.ledger.and_then(|entry| entry.record.inventory.get(&Kind::Service));
    let listed = listed.into_iter().flatten().filter(|(name, _)| !declared(name));
    listed.map(|(_, id)| id.clone()).chain(leaving(input.changes).map(str::to_owned)).collect()
}

/// A whole source that is not declared any more is seldom meant, and has no history that could tell.
fn vanished(input: &PlanInput<'_>) -> Option<HeldReason> {
    if input.lineage.declared != Declared::Vanished {
        return None;
    }
    let (stack, source) = (&input.changes.stack, &input.lineage.source);
    let to = format!("remove the stack {stack}, whose source {source} is not declared any more");
    let ids = all_leaving(input);
    let words = ["remove with its source", source.as_str()];
    input.needs_approval(to, &words.into_iter().chain(borrowed(&ids)).collect::<Vec<_>>())
}

fn quota(input: &PlanInput<'_>) -> Option<HeldReason> {
    let asked = input.orders.removals == Removals::Asked;
    let Quota::Exceeded { removed, there } = input.orders.quota else { return None };
    let none_of_it = leaving(input.changes).next().is_none();
    if asked || none_of_it || input.lineage.declared == Declared::Vanished {
        return None;
    }
    let to = format!("remove {removed} of {there} services of the source at once");
    let ids = all_leaving(input);
    input.needs_approval(to, &["remove"].into_iter().chain(borrowed(&ids)).collect::<Vec<_>>())
}

/// Data outlives a stack, and nobody finds it any more when nothing names it.
fn volumes(input: &PlanInput<'_>) -> Option<HeldReason> {
    if input.lineage.declared != Declared::Gone {
        return None;
    }
    let services = &input.view.observed.services;
    let undeclared = |left: &&Leftover| left.why == LeftoverKind::Undeclared;
    let left = input.changes.leftovers.iter().filter(undeclared);
    let left = left.filter(|left| left.object.kind == Kind::Service);
    let live = left.filter_map(|left| services.get(&left.object.name));
    let named: BTreeSet<String> =
        live.flat_map(|service| named_volumes(&service.spec)).map(str::to_owned).collect();
    if named.is_empty() {
        return None;
    }
    let list = borrowed(&named).collect::<Vec<_>>().join(", ");
    let stack = &input.changes.stack;
    let to = format!("remove the stack {stack}, which keeps data in {list} (volumes stay)");
    let ids = all_leaving(input);
    let words = ["remove with volumes"];
    input.needs_approval(to, &words.into_iter().chain(borrowed(&ids)).collect::<Vec<_>>())
}

fn borrowed(texts: &BTreeSet<String>) -> impl Iterator<Item = &str> {
    texts.iter().map(String::as_str)
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
        Kind::Service | Kind::Node => false,
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
