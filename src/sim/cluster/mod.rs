//! The swarm's managers: they watch the store, make tasks, replace them, start them again.
//!
//! Everything is `state × event → state`: an event is a change in the store or an entry of the
//! agenda whose time has come, and handling it changes the store and the agenda and nothing else.

mod dirty;
mod global;
mod jobs;
mod reaper;
mod replicated;
mod restart;
mod slots;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::model::engine::TaskState;
use crate::ports::SwarmEvent;

use super::agenda::{Agenda, Due};
use super::node::ImageTable;
use super::rollout::Rollout;
use super::store::{Agent, Change, Id, Store, TaskKey};

pub(crate) use dirty::is_dirty;
pub(crate) use restart::Delay;
pub(crate) use slots::{Slot, SlotTasks};

use reaper::Reaper;
use restart::History;

/// The swarm and what its managers have in mind.
pub(crate) struct Cluster {
    pub(crate) store: Store,
    pub(crate) images: ImageTable,
    pub(crate) agenda: Agenda,
    /// Rollouts that run, by service.
    pub(crate) rollouts: BTreeMap<Id, Rollout>,
    /// Tasks that wait to be started, by the task.
    pub(crate) delays: BTreeMap<TaskKey, Delay>,
    /// Tasks without a node.
    pub(crate) unassigned: BTreeSet<TaskKey>,
    /// A scheduler pass is planned.
    pub(crate) scheduling: bool,
    /// Hints for those who listen.
    pub(crate) told: Vec<SwarmEvent>,
    history: BTreeMap<(Id, Slot), History>,
    reconciling: BTreeSet<Id>,
    reaper: Reaper,
}

impl Cluster {
    /// A swarm whose managers have just started.
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            images: ImageTable::default(),
            agenda: Agenda::default(),
            rollouts: BTreeMap::new(),
            delays: BTreeMap::new(),
            unassigned: BTreeSet::new(),
            scheduling: false,
            told: Vec::new(),
            history: BTreeMap::new(),
            reconciling: BTreeSet::new(),
            reaper: Reaper::default(),
        }
    }

    /// Does everything that is due up to a time, and shows that time.
    pub(crate) fn run_until(&mut self, now: Timestamp) {
        self.react();
        while let Some((when, due)) = self.agenda.take(now) {
            self.store.now = when.max(self.store.now);
            self.handle(due);
            self.react();
        }
        self.store.now = now.max(self.store.now);
    }

    /// Plans something so much later.
    pub(crate) fn plan(&mut self, after: Duration, due: Due) {
        self.agenda.put(super::clock::later(self.store.now, after), due);
    }

    fn handle(&mut self, due: Due) {
        match due {
            Due::Reconcile(service) => self.reconcile(&service),
            Due::Schedule => {
                self.scheduling = false;
                self.schedule();
            }
            Due::Step(task, turn) => self.step(&task, turn),
            Due::Start(task) => self.try_start(&task),
            Due::SlotDone(service, rollout, worker) => {
                self.worker_rested(&service, rollout, worker);
            }
            Due::Watched(service, rollout) => self.watched(&service, rollout),
            Due::Reap => self.reap(),
            Due::Missed(node) => self.miss_node(&node),
            Due::Returned(node) => self.return_node(&node),
        }
    }

    /// Lets everybody look at what changed, until nothing changes any more.
    fn react(&mut self) {
        while let Some(change) = self.store.changes.pop_front() {
            match change {
                Change::Service(id) => self.reconcile_soon(&id),
                Change::ServiceGone(id) => self.service_gone(&id),
                Change::Task(key) => self.task_changed(&key),
                Change::Node(id) => self.node_changed(&id),
                Change::Told(kind, name, action) => self.told.push(SwarmEvent::Changed {
                    kind: kind.to_owned(),
                    name,
                    action: action.to_owned(),
                }),
            }
        }
    }

    fn task_changed(&mut self, key: &TaskKey) {
        let Some(row) = self.store.task(key) else { return };
        let state = row.task.status.state;
        if state == TaskState::Pending {
            self.unassigned.insert(key.clone());
        }
        self.follow(key);
        self.reap_later(key);
        if state > TaskState::Running {
            self.old_task_stopped(key);
        }
        // Updater and orchestrator hear of it at the same time; either may be first.
        if self.store.random.chance(500) {
            self.rollout_sees(key);
            self.restart_if_needed(key);
        } else {
            self.restart_if_needed(key);
            self.rollout_sees(key);
        }
        self.schedule_soon();
    }

    fn node_changed(&mut self, id: &Id) {
        let keys: Vec<TaskKey> = self
            .store
            .all_tasks()
            .filter(|(_, row)| row.task.node_id == **id)
            .map(|(key, _)| key)
            .collect();
        self.enforce_constraints(id, &keys);
        for key in &keys {
            self.follow(key);
            self.restart_if_needed(key);
        }
        self.node_fits_globals(id);
        let waiting: Vec<TaskKey> = self.delays.keys().cloned().collect();
        for key in &waiting {
            self.try_start(key);
        }
        self.schedule_soon();
    }

    fn service_gone(&mut self, id: &Id) {
        self.rollouts.remove(id);
        self.history.retain(|(service, _), _| service != id);
        let keys: Vec<TaskKey> = self.store.tasks_of(id).map(|(key, _)| key).collect();
        for key in keys {
            self.store.want(&key, TaskState::Remove);
        }
    }

    /// Managers hear of changes through a queue: they act a moment later.
    pub(crate) fn reconcile_soon(&mut self, id: &Id) {
        if self.reconciling.insert(Id::clone(id)) {
            let soon = self.store.random.millis(1, 10);
            self.plan(soon, Due::Reconcile(Id::clone(id)));
        }
    }

    /// A node whose agent is gone has missed its heartbeats.
    fn miss_node(&mut self, id: &Id) {
        if self.store.nodes.get(id).is_some_and(|row| row.agent == Agent::Gone) {
            self.store.change_node(id, |row| {
                "down".clone_into(&mut row.node.status.state);
                "heartbeat failure".clone_into(&mut row.node.status.message);
                row.reach("unreachable");
            });
        }
    }
}
