//! The swarm's database: objects by id under one version counter, as swarmkit's raft store keeps
//! them (`manager/state/store/memory.go`). Every change is queued for those who watch.
//!
//! Objects are shared with the pictures that are handed out: changing one copies it only while
//! somebody still holds an older picture.

mod objects;
mod tasks;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::engine::{
    EndpointSpec, LiveConfig, LiveNetwork, LiveSecret, Node, Service, Task, Version,
};
use crate::model::{Engine, SecretBytes};

use super::random::Random;

/// Id of an object; cheap to copy.
pub(crate) type Id = Arc<str>;

/// A task by its service and its own id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TaskKey {
    pub(crate) service: Id,
    pub(crate) task: Id,
}

/// The tables.
pub(crate) struct Store {
    /// Virtual time of the change that is being made.
    pub(crate) now: Timestamp,
    /// The engine that answers for the swarm.
    pub(crate) engine: Engine,
    /// Numbers for ids, times and ties.
    pub(crate) random: Random,
    index: u64,
    pub(super) services: BTreeMap<Id, ServiceRow>,
    pub(super) tasks: BTreeMap<Id, BTreeMap<Id, TaskRow>>,
    pub(super) networks: BTreeMap<Id, LiveNetwork>,
    pub(super) secrets: BTreeMap<Id, SecretRow>,
    pub(super) configs: BTreeMap<Id, Arc<LiveConfig>>,
    pub(super) nodes: BTreeMap<Id, NodeRow>,
    service_ids: BTreeMap<String, Id>,
    /// Services whose counts of tasks have to be taken again.
    pub(super) uncounted: BTreeSet<Id>,
    /// What changed and was not looked at by the watchers yet.
    pub(crate) changes: VecDeque<Change>,
}

/// A service and what the engine knows of it but does not show.
pub(crate) struct ServiceRow {
    pub(crate) service: Arc<Service>,
    /// Version of the spec: that of the service when the spec was written, 0 at creation.
    pub(crate) spec_version: u64,
    /// Version of the spec before.
    pub(crate) previous_spec_version: u64,
    /// Runs of a job so far; `None` for services.
    pub(crate) job_iteration: Option<u64>,
}

/// A task and what the engine knows of it but does not show.
pub(crate) struct TaskRow {
    pub(crate) task: Arc<Task>,
    /// Version of the spec that it was made from.
    pub(crate) spec_version: u64,
    /// Endpoint that it was made with.
    pub(crate) endpoint: Option<EndpointSpec>,
    /// The step that its node is about to take, if any.
    /// The step that its node is about to take, if any.
    pub(crate) planned: Option<Planned>,
    /// Number of the last plan: steps of earlier plans are not taken.
    pub(crate) turn: u32,
}

/// What a node is about to do with a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planned {
    /// The next state on the way up.
    Up,
    /// Stopping it.
    Stop,
}

/// A secret with the data that is never shown.
#[derive(Clone)]
pub(crate) struct SecretRow {
    pub(crate) live: LiveSecret,
    pub(crate) data: SecretBytes,
}

/// A node and whether its agent works.
pub(crate) struct NodeRow {
    pub(crate) node: Node,
    pub(crate) agent: Agent,
}

impl NodeRow {
    /// Whether the other managers reach it, in the engine's word; nothing is told of workers.
    pub(crate) fn reach(&mut self, word: &str) {
        if let Some(status) = self.node.extra.get_mut(MANAGER_STATUS) {
            status["Reachability"] = word.into();
        }
    }
}

/// What the engine tells of a node that is a manager, and of no other.
pub(crate) const MANAGER_STATUS: &str = "ManagerStatus";

/// Whether the program on a node works; managers learn of it only after a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agent {
    Working,
    Gone,
}

/// Something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A service was created, or its spec or rollout changed.
    Service(Id),
    /// A service was removed.
    ServiceGone(Id),
    /// A task was created or changed.
    Task(TaskKey),
    /// A node changed.
    Node(Id),
    /// What the event stream tells: kind, name, action.
    Told(&'static str, String, &'static str),
}

impl Store {
    /// An empty database.
    pub(crate) fn new(now: Timestamp, engine: Engine, random: Random) -> Self {
        Self {
            now,
            engine,
            random,
            index: 10,
            services: BTreeMap::new(),
            tasks: BTreeMap::new(),
            networks: BTreeMap::new(),
            secrets: BTreeMap::new(),
            configs: BTreeMap::new(),
            nodes: BTreeMap::new(),
            service_ids: BTreeMap::new(),
            uncounted: BTreeSet::new(),
            changes: VecDeque::new(),
        }
    }

    /// A fresh id.
    pub(crate) fn new_id(&mut self) -> Id {
        self.random.id().into()
    }

    /// The index of the next write. Everything counts, so that the versions of one object jump.
    pub(crate) fn next_version(&mut self) -> Version {
        self.index += 1;
        Version { index: self.index }
    }
}
