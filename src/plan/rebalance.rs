//! Tasks that crowd on some nodes, because others were away: they are spread anew where the operator
//! was told to, so many services at a time.
//!
//! The engine moves no task to a node that comes back. It spreads them when a service is updated, so
//! its tasks are asked for anew, one after the other, as its own `update_config` says.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::policy::Gates;
use super::service::{flight, held_by_label};
use super::{PlanInput, PlannedStep, Stage};
use crate::diff::{LiveService, Owner, ServiceChange, references};
use crate::health::{HealthState, NodeState, node_health};
use crate::model::engine::{
    Node, Replicated, ServiceMode, ServiceSpec, TaskState, fits_platform, is_large_enough,
    satisfies,
};
use crate::model::{
    HeldReason, Kind, LedgerRecord, ObjectRef, SpecHash, Standing, Step, UpdateManner,
};

/// A service whose tasks are to be spread anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebalancing {
    /// The service.
    pub object: ObjectRef,
    /// Its tasks on each node that fits, by the node's name.
    pub tasks: BTreeMap<String, u64>,
    /// Why that is not done now, if so.
    pub held: Option<HeldReason>,
}

/// Services of a stack that are being spread anew, and are not through.
#[must_use]
pub fn rebalanced_now(input: &PlanInput<'_>) -> u32 {
    let moved = input.changes.services.iter().filter(|change| {
        let record = input.record(change);
        record.is_some_and(|record| record.spread.is_some()) && !is_calm(input, change)
    });
    u32::try_from(moved.count()).unwrap_or(u32::MAX)
}

/// Services that crowd, those that go now with their steps. Asked for where nothing else of the stack
/// is to be done.
pub(super) fn crowded(input: &PlanInput<'_>) -> (Vec<Rebalancing>, Vec<PlannedStep>) {
    let (mut told, mut steps) = (Vec::new(), Vec::new());
    let Some(mut left) = input.orders.rebalance else { return (told, steps) };
    let services = &input.changes.services;
    if !services.iter().all(|change| change.is_done() || is_calm(input, change)) {
        return (told, steps);
    }
    let gates = Gates::new(input);
    for change in services {
        let Some(crowd) = Crowd::of(input, change) else { continue };
        let object = ObjectRef::new(Kind::Service, &change.name);
        let turn = || HeldReason::Waiting { on: "other services that are spread anew".into() };
        let held = held_by_label(crowd.live).or_else(|| gates.stops(&object));
        let held = held.or_else(|| gates.holds(&object)).or_else(|| (left == 0).then(turn));
        if held.is_none() {
            left -= 1;
            steps.push(spread(crowd.live));
        }
        told.push(Rebalancing { object, tasks: crowd.tasks, held });
    }
    (told, steps)
}

/// What is remembered: among which nodes a service was spread. It is spread once for them, whatever
/// came of it, and again when others are there.
pub(super) fn remembered(
    input: &PlanInput<'_>,
    mut record: LedgerRecord,
    steps: &[PlannedStep],
) -> LedgerRecord {
    if input.orders.rebalance.is_none() {
        return record;
    }
    for change in &input.changes.services {
        let Some(service) = record.services.get_mut(&change.name) else { continue };
        let moves = |planned: &PlannedStep| match &planned.step {
            Step::UpdateService { target, manner: UpdateManner::Spread, .. } => {
                target.name == change.name
            }
            _ => false,
        };
        let moves = steps.iter().any(moves);
        if !moves && service.spread.is_none() {
            continue;
        }
        let among = change.live.as_ref().map(|live| among(&fitting(input, live)));
        if moves || service.spread != among {
            service.spread = among.filter(|_| moves);
        }
    }
    record
}

/// Nothing differs, nothing moves, and all tasks are well.
fn is_calm(input: &PlanInput<'_>, change: &ServiceChange) -> bool {
    let health = input.health.get(&change.name);
    change.fields.is_empty()
        && change.live.as_ref().is_some_and(|live| flight(live).is_none())
        && health.is_some_and(|health| health.state == HealthState::Healthy)
}

/// A service with two tasks more on one node than on another one that fits.
struct Crowd<'a> {
    live: &'a LiveService,
    tasks: BTreeMap<String, u64>,
}

impl<'a> Crowd<'a> {
    fn of(input: &PlanInput<'a>, change: &'a ServiceChange) -> Option<Self> {
        let live = change.live.as_ref().filter(|live| live.owner == Owner::Ours)?;
        let record = input.record(change)?;
        if record.stable.as_ref() != Some(&live.hash) || !may_move(&live.service.spec) {
            return None;
        }
        let nodes = fitting(input, live);
        let counts: Vec<u64> = nodes.iter().map(|node| running(input, live, node)).collect();
        let (most, least) = (counts.iter().max()?, counts.iter().min()?);
        if most - least < 2 || record.spread.as_ref() == Some(&among(&nodes)) {
            return None;
        }
        let names = nodes.iter().map(|node| node_health(node).name);
        Some(Self { live, tasks: names.zip(counts).collect() })
    }
}

/// What keeps data on a node, or is spread by a rule of its own, is left where it is.
fn may_move(spec: &ServiceSpec) -> bool {
    let task = &spec.task_template;
    let mounts = task.container_spec.iter().flat_map(|container| &container.mounts);
    let ruled = task.placement.as_ref().is_some_and(|placement| !placement.preferences.is_empty());
    let several = match &spec.mode {
        Some(ServiceMode::Replicated(Replicated { replicas })) => replicas.is_some_and(|n| n > 1),
        _ => false,
    };
    several && !ruled && mounts.map(|mount| mount.kind.as_str()).all(|kind| kind == "tmpfs")
}

/// Nodes that could run a task of it.
fn fitting<'a>(input: &PlanInput<'a>, live: &LiveService) -> Vec<&'a Node> {
    let task = &live.service.spec.task_template;
    let nodes = input.view.observed.nodes.values();
    let ready = nodes.filter(|node| node_health(node).state == NodeState::Ready);
    let fits = |node: &&Node| {
        satisfies(node, task) && fits_platform(node, task) && is_large_enough(node, task)
    };
    ready.filter(fits).collect()
}

fn among(nodes: &[&Node]) -> SpecHash {
    let ids: Vec<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
    SpecHash::of(ids.join(" ").as_bytes())
}

fn running(input: &PlanInput<'_>, live: &LiveService, node: &Node) -> u64 {
    let tasks = input.view.observed.tasks.get(&live.service.id).into_iter().flatten();
    let here = tasks.filter(|seen| {
        seen.standing == Standing::Current
            && seen.task.node_id == node.id
            && seen.task.desired_state == TaskState::Running
    });
    here.count() as u64
}

fn spread(live: &LiveService) -> PlannedStep {
    let mut spec = live.service.spec.clone();
    spec.task_template.force_update += 1;
    let needs = references(&spec);
    let (target, spec) = (live.target(), Arc::new(spec));
    let step = Step::UpdateService { target, spec, manner: UpdateManner::Spread };
    PlannedStep { stage: Stage::Services, step, needs }
}
