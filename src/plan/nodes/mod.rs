//! What is done about nodes: labels are put back, availability and role only where a declaration
//! asks for it, and never so that the managers lose their quorum.
//!
//! Node declarations belong to no stack: only the root source may make them, one object of the
//! swarm is meant by several of them, and no stack may take a label along that another one needs.
//! So what skep put on nodes is remembered in the instance's own record.

mod audit;
mod guard;
mod role;
mod wish;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::stack::stopped_by;
use super::{Action, Cause, CausedField, Contests, Differing, Drift, Orders, PlannedStep, Stage};
use crate::diff::{FieldChange, Masked};
use crate::ledger::{Entry, FORMAT};
use crate::model::engine::{Node, NodeSpec, StringMap};
use crate::model::{
    Ancestry, DesiredNode, Enforce, Held, HeldReason, Kind, LedgerRecord, NodeLabels, ObjectRef,
    Observed, Problem, Revision, SourceName, Step, Target, Wholeness,
};

pub use audit::audit_nodes;
use role::Managers;
use wish::{Meant, Wish, wishes};

/// What decisions about nodes are made from.
#[derive(Clone, Copy)]
pub struct NodesInput<'a> {
    /// What the root source declares.
    pub declared: &'a [DesiredNode],
    /// Where it was read.
    pub root: &'a Root,
    /// The swarm.
    pub observed: &'a Observed,
    /// The instance's own record.
    pub ledger: Option<&'a Entry>,
    /// Switches that a person set.
    pub orders: &'a Orders,
    /// Fields that are changed back again and again.
    pub contests: &'a Contests,
    /// Writes that failed: when they are tried again, and after what.
    pub backoff: &'a BTreeMap<ObjectRef, (Timestamp, String)>,
    /// Now.
    pub now: Timestamp,
}

/// The root source, as far as it declares nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its name.
    pub source: SourceName,
    /// The revision that was read.
    pub revision: Revision,
    /// How that stands to the one at which nodes were written last.
    pub ancestry: Ancestry,
    /// Whether it was read without an error.
    pub wholeness: Wholeness,
}

/// What is decided about nodes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodesPlan {
    /// Steps to take now.
    pub steps: Vec<PlannedStep>,
    /// Wanted and not done now.
    pub held: Vec<Held>,
    /// Everything that differs.
    pub drift: Vec<Drift>,
    /// Declarations that contradict each other, or that no node fits.
    pub problems: Vec<Problem>,
}

/// Decides about all nodes.
#[must_use]
pub fn plan_nodes(input: &NodesInput<'_>) -> NodesPlan {
    let mut plan = NodesPlan::default();
    let (wishes, problems) = wishes(input.declared, input.observed);
    plan.problems = problems;
    let record = input.ledger.map(|entry| &entry.record.nodes);
    let mut draft = Draft {
        input,
        managers: Managers::of(input.observed),
        noted: record.cloned().unwrap_or_default(),
        plan: &mut plan,
    };
    for (id, node) in &input.observed.nodes {
        let nothing = Wish::default();
        draft.node(node, wishes.get(id).unwrap_or(&nothing));
    }
    if input.observed.gaps.is_empty() {
        draft.noted.retain(|id, _| input.observed.nodes.contains_key(id));
    }
    draft.noted.retain(|_, labels| !labels.is_empty());
    let noted = std::mem::take(&mut draft.noted);
    plan.remember(input, noted);
    plan.steps.sort_by_key(|planned| planned.stage);
    plan
}

impl NodesPlan {
    /// What was put on nodes is known before it is, and until it is seen to be gone.
    fn remember(&mut self, input: &NodesInput<'_>, noted: NodeLabels) {
        let before =
            input.ledger.map(|entry| LedgerRecord::clone(&entry.record)).unwrap_or_default();
        if before.nodes == noted || stopped_by(input.orders, input.now).is_some() {
            return;
        }
        let record = LedgerRecord {
            format: FORMAT,
            source: Some(input.root.source.clone()),
            revision: Some(input.root.revision.clone()),
            nodes: noted,
            ..before
        };
        let target = input.ledger.map(|entry| entry.target.clone());
        let step = Step::WriteLedger { stack: None, record: Box::new(record), target };
        self.steps.push(PlannedStep { stage: Stage::Ledger, step, needs: BTreeSet::new() });
    }
}

/// Name under which a node is told: its host name, with the id where several have it.
pub(crate) fn node_name(node: &Node, observed: &Observed) -> String {
    let host = &node.description.hostname;
    let same = observed.nodes.values().filter(|other| other.description.hostname == *host);
    if host.is_empty() {
        node.id.clone()
    } else if same.count() > 1 {
        format!("{host}/{}", node.id)
    } else {
        host.clone()
    }
}

struct Draft<'a, 'p> {
    input: &'a NodesInput<'a>,
    managers: Managers,
    noted: NodeLabels,
    plan: &'p mut NodesPlan,
}

/// One node under decision.
struct Turn<'a> {
    node: &'a Node,
    object: ObjectRef,
    spec: NodeSpec,
    fields: Vec<CausedField>,
    held: Vec<HeldReason>,
    noted: StringMap,
}

impl Draft<'_, '_> {
    fn node(&mut self, node: &Node, wish: &Wish) {
        let object = ObjectRef::new(Kind::Node, node_name(node, self.input.observed));
        let noted = self.noted.get(&node.id).cloned().unwrap_or_default();
        let (spec, fields, held) = (node.spec.clone(), Vec::new(), Vec::new());
        let mut turn = Turn { node, object, spec, fields, held, noted };
        if let Meant::No(reason) = &wish.meant {
            let held = Held { object: turn.object, reason: reason.clone() };
            self.plan.held.push(held);
            return;
        }
        turn.labels(self.input, wish);
        turn.forgotten_labels(self.input, wish);
        turn.availability(&self.managers, wish);
        turn.role(&mut self.managers, (self.input.observed, wish));
        self.take(turn);
    }

    fn take(&mut self, turn: Turn<'_>) {
        let Turn { node, object, spec, fields, held, noted } = turn;
        if !fields.is_empty() {
            let cause = fields.iter().map(|field| field.cause).max().unwrap_or(Cause::GitMoved);
            let differing = Differing::In(fields);
            let action = Action::Update;
            self.plan.drift.push(Drift { object: object.clone(), action, differing, cause });
        }
        let hold = |reason| Held { object: object.clone(), reason };
        self.plan.held.extend(held.into_iter().map(hold));
        if spec == node.spec {
            self.noted.insert(node.id.clone(), noted);
            return;
        }
        if let Some(reason) = self.stopped(&object) {
            self.plan.held.push(Held { object, reason });
            return;
        }
        self.noted.insert(node.id.clone(), noted);
        let (name, id, version) = (object.name, node.id.clone(), node.version);
        let step = Step::UpdateNode { target: Target { name, id, version }, spec: Arc::new(spec) };
        self.plan.steps.push(PlannedStep { stage: Stage::Nodes, step, needs: BTreeSet::new() });
    }

    /// Why a node is not written now, whatever differs.
    fn stopped(&self, object: &ObjectRef) -> Option<HeldReason> {
        stopped_by(self.input.orders, self.input.now).or_else(|| {
            let (until, after) = self.input.backoff.get(object)?;
            (self.input.now < *until)
                .then(|| HeldReason::BackOff { until: *until, after: after.clone() })
        })
    }
}

impl Turn<'_> {
    fn differs(&mut self, path: String, (old, new): (Option<&str>, Option<&str>), cause: Cause) {
        let (old, new) = (old.map(str::to_owned), new.map(str::to_owned));
        let change = Arc::new(FieldChange { path, old, new, masked: Masked::No });
        self.fields.push(CausedField { change, cause });
    }

    /// Declared labels are put on and put back. One that is there already is nobody's work.
    fn labels(&mut self, input: &NodesInput<'_>, wish: &Wish) {
        for (key, value) in &wish.labels {
            let there = self.node.spec.labels.get(key).map(String::as_str);
            if there == Some(value) {
                continue;
            }
            let cause = match self.noted.get(key) {
                Some(noted) if noted == value => Cause::ChangedByHand,
                Some(noted) if there == Some(noted) => Cause::GitMoved,
                Some(_) => Cause::Both,
                None => Cause::NeverApplied,
            };
            let path = format!("labels.{key}");
            self.differs(path.clone(), (there, Some(value)), cause);
            if let Some(fight) = input.contests.over(&self.object.name, &path, value) {
                let (ours, theirs) = (fight.ours, fight.theirs);
                self.held.push(HeldReason::Contested { field: path, ours, theirs });
                continue;
            }
            self.spec.labels.insert(key.clone(), value.clone());
            self.noted.insert(key.clone(), value.clone());
        }
    }

    /// Labels that skep put on and that are declared no longer. One that somebody gave another value
    /// is theirs by now.
    fn forgotten_labels(&mut self, input: &NodesInput<'_>, wish: &Wish) {
        let noted = std::mem::take(&mut self.noted);
        for (key, value) in noted {
            if wish.labels.contains_key(&key) {
                self.noted.insert(key, value);
                continue;
            }
            if self.node.spec.labels.get(&key) != Some(&value) {
                continue;
            }
            self.differs(format!("labels.{key}"), (Some(&value), None), Cause::GitMoved);
            match guard::against(input) {
                Some(reason) => {
                    self.held.push(reason);
                    self.noted.insert(key, value);
                }
                None => {
                    self.spec.labels.remove(&key);
                    self.noted.insert(key, value);
                }
            }
        }
    }

    fn availability(&mut self, managers: &Managers, wish: &Wish) {
        let Some((wanted, enforce)) = wish.availability else { return };
        let there = self.node.spec.availability.as_str();
        if there == wanted.as_str() {
            return;
        }
        let there = there.to_owned();
        let both = (Some(there.as_str()), Some(wanted.as_str()));
        self.differs("availability".to_owned(), both, Cause::ChangedByHand);
        let reason = match enforce {
            Enforce::No => Some(not_enforced("availability", &there, wanted.as_str())),
            Enforce::Yes => managers.against_availability(self.node, wanted),
        };
        match reason {
            Some(reason) => self.held.push(reason),
            None => wanted.as_str().clone_into(&mut self.spec.availability),
        }
    }

    fn role(&mut self, managers: &mut Managers, (observed, wish): (&Observed, &Wish)) {
        let Some((wanted, enforce)) = wish.role else { return };
        let there = self.node.spec.role.clone();
        if there == wanted.as_str() {
            return;
        }
        let both = (Some(there.as_str()), Some(wanted.as_str()));
        self.differs("role".to_owned(), both, Cause::ChangedByHand);
        let reason = match enforce {
            Enforce::No => Some(not_enforced("role", &there, wanted.as_str())),
            Enforce::Yes => managers.against_role(self.node, wanted, &observed.engine.node),
        };
        match reason {
            Some(reason) => self.held.push(reason),
            None => {
                managers.changes();
                wanted.as_str().clone_into(&mut self.spec.role);
            }
        }
    }
}

fn not_enforced(field: &str, there: &str, declared: &str) -> HeldReason {
    let [field, there, declared] = [field, there, declared].map(str::to_owned);
    HeldReason::NotEnforced { field, there, declared }
}
