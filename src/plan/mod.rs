//! Changes, health, ledger and policy → steps to take now and held changes.
//!
//! A plan is decided fully here and only carried out elsewhere (law 6): `diff`, the API, the
//! dashboard and the executor show or run the same value.

mod audit;
mod basis;
mod canary;
mod cause;
mod contest;
mod failure;
mod foundation;
pub mod guard;
mod jobs;
mod nodes;
mod order;
mod paused;
mod policy;
mod ports;
mod rebalance;
mod recreate;
mod remember;
mod removal;
mod renaming;
mod runs;
mod service;
mod stable;
mod stack;
mod standstill;
mod turns;
mod whole;
mod windows;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::diff::{FieldChange, HASH_LABEL, ServiceChange, StackChanges, View, all_fields};
use crate::health::Health;
use crate::ledger::{Entry, StableSet};
use crate::model::engine::ServiceSpec;
use crate::model::{
    Ancestry, Approval, FieldRules, Held, HeldReason, Kind, ObjectRef, Revision, SLOT_NAME,
    ServiceRecord, SourceName, StackName, StackPolicy, Step, Suspension,
};

pub use crate::diff::Cause;
pub use audit::{Finding, audit};
pub use basis::Basis;
pub use contest::{Contested, Contests};
pub use jobs::{JobPlan, LastRun, RunState};
pub(crate) use nodes::node_name;
pub use nodes::{NodesInput, NodesPlan, Root, audit_nodes, plan_nodes};
pub use rebalance::{Rebalancing, rebalanced_now};
pub use removal::{Guard, Quota, Removal};
pub use stack::plan;
pub use turns::{Standing, Turns};

/// What is decided for one stack in one pass.
#[derive(Debug, Clone, PartialEq)]
pub struct StackPlan {
    /// The stack.
    pub stack: StackName,
    /// The revision that asks for it; `None` for a stack that left its source.
    pub revision: Option<Revision>,
    /// Steps to take now, in the order of their stages.
    pub steps: Vec<PlannedStep>,
    /// Wanted and not done now.
    pub held: Vec<Held>,
    /// Everything that differs, whether done now or held.
    pub drift: Vec<Drift>,
    /// Fields that others decide, and that are not as declared. Nothing is done about them.
    pub ignored: Vec<Ignored>,
    /// Services whose tasks crowd on some nodes, where that is looked after.
    pub rebalancing: Vec<Rebalancing>,
    /// Jobs that are run by a schedule: how they stand, and when they are run next.
    pub jobs: Vec<JobPlan>,
    /// Fields whose values may be shown, by service; those that reveal none are left out.
    pub reveal: BTreeMap<String, FieldRules>,
    /// Everything that is to be removed, with the guards that hold it.
    pub removals: Vec<Removal>,
}

impl StackPlan {
    /// Takes the hashes of content out of the steps.
    pub fn leave_out_hashes(&mut self) {
        for planned in &mut self.steps {
            if let Step::CreateSecret(new)
            | Step::CreateConfig(new)
            | Step::AdoptSecret { new, .. } = &mut planned.step
            {
                new.hash = None;
                new.labels.remove(HASH_LABEL);
            }
        }
    }

    /// Fields of an object whose values may be shown although they might be secret.
    #[must_use]
    pub fn revealed(&self, object: Option<&ObjectRef>) -> FieldRules {
        let service = object.filter(|object| object.kind == Kind::Service);
        service.and_then(|object| self.reveal.get(&object.name)).cloned().unwrap_or_default()
    }

    /// True for a run of a job of the plan.
    #[must_use]
    pub fn is_run(&self, object: &ObjectRef) -> bool {
        let of = |job: &JobPlan| {
            let slot = object.name.strip_prefix(&job.name).filter(|slot| slot.starts_with('-'));
            slot.is_some_and(|slot| slot.len() == SLOT_NAME)
        };
        object.kind == Kind::Service && self.jobs.iter().any(of)
    }

    /// True when nothing is done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// A step with its place in the order.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedStep {
    /// When it is taken: all steps of a stage end before the next stage begins.
    pub stage: Stage,
    /// What is done.
    pub step: Step,
    /// Objects that must be there: a step whose need failed is not taken.
    pub needs: BTreeSet<ObjectRef>,
}

/// Stages of a plan, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The ledger: what is about to be attempted is known before it is (law 3).
    Ledger,
    /// Nodes: tasks may go by their labels.
    Nodes,
    /// Networks, secrets, configs.
    Foundation,
    /// Services.
    Services,
    /// Removals.
    Removal,
}

/// Fields of an object that others decide, and that are not as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The object.
    pub object: ObjectRef,
    /// The fields.
    pub fields: Vec<Arc<FieldChange>>,
}

/// One object that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The object.
    pub object: ObjectRef,
    /// What has to happen to it.
    pub action: Action,
    /// Where it differs.
    pub differing: Differing,
    /// Who made it differ.
    pub cause: Cause,
}

/// Where an object differs.
#[derive(Debug, Clone, PartialEq)]
pub enum Differing {
    /// In these fields.
    In(Vec<CausedField>),
    /// A service that is not there differs in all that this spec says. A swarm may lack thousands:
    /// their fields are listed for those who look at one.
    Everywhere(Arc<ServiceSpec>),
}

impl Drift {
    /// Fields that differ, each with who moved it.
    #[must_use]
    pub fn fields(&self) -> Cow<'_, [CausedField]> {
        let spec = match &self.differing {
            Differing::In(fields) => return Cow::Borrowed(fields),
            Differing::Everywhere(spec) => spec,
        };
        let caused = |change| CausedField { change, cause: self.cause };
        Cow::Owned(all_fields(spec).into_iter().map(caused).collect())
    }
}

/// A field that differs, and who moved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CausedField {
    /// The field.
    pub change: Arc<FieldChange>,
    /// Who.
    pub cause: Cause,
}

/// What has to happen to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Create,
    /// It is written.
    Update,
    /// It would have to be made anew.
    Recreate,
    /// It is taken over as it is.
    Adopt,
    /// It is removed.
    Remove,
}

/// What a decision about one stack is made from.
#[derive(Clone, Copy)]
pub struct PlanInput<'a> {
    /// What differs.
    pub changes: &'a StackChanges,
    /// What differs from the declaration, where something else is compared with.
    pub declared: Option<&'a StackChanges>,
    /// The swarm.
    pub view: &'a View<'a>,
    /// What the ledger remembers; `None` for a stack that was never applied.
    pub ledger: Option<&'a Entry>,
    /// What the stack was when it settled, the last times, in their order.
    pub stable: &'a [StableSet],
    /// Health of the services that are there, by name.
    pub health: &'a BTreeMap<String, Health>,
    /// Where the declaration comes from; `None` when it left its source.
    pub lineage: &'a Lineage,
    /// Switches that a person set.
    pub orders: &'a Orders,
    /// What earlier passes of this process saw.
    pub memory: &'a Memory,
    /// How far other stacks are.
    pub turns: &'a Turns,
    /// Now.
    pub now: Timestamp,
}

impl<'a> PlanInput<'a> {
    /// What is remembered of a service, in hashes that leave out what others decide now.
    fn record(&self, change: &'a ServiceChange) -> Option<&'a ServiceRecord> {
        let known = || self.ledger.and_then(|entry| entry.record.services.get(&change.name));
        change.translated.as_deref().or_else(known)
    }

    /// Holds a change that a person has not said yes to. The words tell it from all others.
    fn needs_approval(&self, to: String, words: &[&str]) -> Option<HeldReason> {
        let approval = Approval::of(words);
        let given = self.ledger.is_some_and(|entry| entry.record.approvals.contains(&approval));
        (!given).then_some(HeldReason::NeedsApproval { to, approval })
    }
}

/// Where a stack's declaration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The source.
    pub source: SourceName,
    /// The source whose manifest declares it; none for one that skep was started with.
    pub root: Option<SourceName>,
    /// The revision that was loaded.
    pub revision: Revision,
    /// How it stands to the revision that was applied last.
    pub ancestry: Ancestry,
    /// Whether the stack is still declared in it.
    pub declared: Declared,
    /// Whether the stack may be written from this source.
    pub custody: Custody,
    /// What the declaration itself says.
    pub policy: StackPolicy,
    /// What the stack is compared with.
    pub basis: Basis,
}

/// Whether a stack may be written from the source that declares it now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Custody {
    /// It may: the source had it before, or nobody has it.
    #[default]
    Own,
    /// Another source that is still there had it last, and nothing says that it was handed over.
    Foreign(String),
    /// What is named by `moved_from` is not free yet; in words that go on "waiting for".
    Waits(String),
    /// It takes the place of this stack, of which nothing can be kept: names are prefixes.
    Renamed(StackName),
}

impl Lineage {
    /// False when the revision is no descendant of the one that was applied last, or nobody knows:
    /// then that one stays in the ledger while anything is held, whatever else is done. (With the
    /// new one in the ledger, the next pass would find nothing rewritten, and remove.)
    pub(crate) fn follows(&self) -> bool {
        !matches!(self.ancestry, Ancestry::Rewritten | Ancestry::Unknown)
    }
}

/// Whether a stack is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    /// It is.
    Here,
    /// It left a source that was loaded without errors.
    Gone,
    /// Its source left the root source, which was loaded without errors.
    Vanished,
    /// Its declaration has an error: nothing of it is touched, least of all removed.
    Broken,
}

/// Switches that a person set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orders {
    /// Whether anything may be written.
    pub writes: Writes,
    /// Whether anything may be removed.
    pub removals: Removals,
    /// Writes stopped for the whole instance.
    pub suspension: Option<Suspension>,
    /// Whether the source's removals are within the quota.
    pub quota: Quota,
    /// What guards say against the stack.
    pub guards: guard::Verdicts,
    /// What is done of all that is wanted.
    pub scope: Scope,
    /// Services whose tasks may be spread anew now; `None` where that is not done.
    pub rebalance: Option<u32>,
}

/// What is done of all that is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    #[default]
    Everything,
    /// Only removals (`skep prune`).
    Removals,
}

/// Whether anything may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Yes.
    Allowed,
    /// Yes, by a person at this moment: the suspension of a stack stops the operator's hand, and
    /// not theirs.
    ByHand,
    /// `--observe`: everything is reported, nothing is written.
    ObserveOnly,
    /// Not while another operator acts.
    Following,
}

/// Whether anything may be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removals {
    /// A person asked for it in this very call.
    Asked,
    /// By itself, within the quota and in the order of history.
    Guarded,
    /// Not in this call.
    NotAsked,
}

/// What earlier passes of this process saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// Fields that are changed back again and again.
    pub contests: Contests,
    /// Objects whose last write failed: when they are tried again, and after what.
    pub backoff: BTreeMap<ObjectRef, (Timestamp, String)>,
}

#[cfg(test)]
mod tests;
