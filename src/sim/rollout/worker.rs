//! Workers of a rollout: each replaces the tasks of one slot at a time (`Updater.worker`,
//! `updateTask`, `useExistingTask`).

use std::time::Duration;

use crate::model::engine::TaskState;
use crate::sim::agenda::Due;
use crate::sim::cluster::{Cluster, Slot};
use crate::sim::store::{Id, TaskKey};

use super::{Phase, nanos};

/// What a worker does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Worker {
    /// Nothing.
    Free,
    /// Waits until its new task runs or ended; the old tasks are removed then, if they still run.
    Rising { new: TaskKey, old: Vec<TaskKey> },
    /// Waits until a task that was there already is started.
    Starting(TaskKey),
    /// Waits the delay between slots.
    Resting,
}

impl Cluster {
    /// Replaces the tasks of a slot. A task of the new spec that is there already is used.
    pub(super) fn begin_slot(
        &mut self,
        id: &Id,
        worker: usize,
        (slot, keys): (Slot, Vec<TaskKey>),
    ) {
        let keys = self.still_wanted(id, &slot, keys);
        let clean = self.clean_task(id, &keys);
        let state = match clean {
            Some(clean) => self.use_existing(&clean, &keys),
            None => self.replace(id, &slot, keys),
        };
        self.set_worker(id, worker, state);
        self.worker_looks(id, worker);
    }

    /// The slot's tasks as they are now: some may have been restarted since the rollout began.
    fn still_wanted(&self, id: &Id, slot: &Slot, began: Vec<TaskKey>) -> Vec<TaskKey> {
        let mode = self.store.service(id).and_then(|row| row.service.spec.mode.as_ref());
        let now: Vec<TaskKey> = self
            .store
            .tasks_of(id)
            .filter(|(_, row)| {
                row.task.desired_state <= TaskState::Running && Slot::of(&row.task, mode) == *slot
            })
            .map(|(key, _)| key)
            .collect();
        if now.is_empty() { began } else { now }
    }

    fn clean_task(&self, id: &Id, keys: &[TaskKey]) -> Option<TaskKey> {
        let service = self.store.service(id)?;
        let clean = keys.iter().filter(|key| !self.is_task_dirty(service, key));
        let wanted: Vec<(&TaskKey, TaskState)> =
            clean.filter_map(|key| Some((key, self.store.task(key)?.task.desired_state))).collect();
        let running = wanted.iter().find(|(_, state)| *state == TaskState::Running);
        let earlier = wanted.iter().rev().find(|(_, state)| *state < TaskState::Running);
        running.or(earlier).map(|(key, _)| (*key).clone())
    }

    fn use_existing(&mut self, clean: &TaskKey, keys: &[TaskKey]) -> Worker {
        let old: Vec<TaskKey> = keys.iter().filter(|key| *key != clean).cloned().collect();
        let removed = self.remove_old(&old);
        let wanted = self.store.task(clean).map(|row| row.task.desired_state);
        if wanted.is_some_and(|wanted| wanted < TaskState::Running) {
            self.delay_start(clean.clone(), removed, Duration::ZERO);
        }
        Worker::Starting(clean.clone())
    }

    fn replace(&mut self, id: &Id, slot: &Slot, old: Vec<TaskKey>) -> Worker {
        let Some(new) = self.make_task(id, slot, TaskState::Ready) else { return Worker::Free };
        let Some(rollout) = self.rollouts.get_mut(id) else { return Worker::Free };
        rollout.made.insert(new.clone(), None);
        if rollout.config.order == "start-first" {
            self.delay_start(new.clone(), None, Duration::ZERO);
            return Worker::Rising { new, old };
        }
        let removed = self.remove_old(&old);
        self.delay_start(new.clone(), removed, Duration::ZERO);
        Worker::Rising { new, old: Vec::new() }
    }

    /// Shuts tasks down; says one of those that it did.
    fn remove_old(&mut self, old: &[TaskKey]) -> Option<TaskKey> {
        let mut removed = None;
        for key in old {
            let wanted = self.store.task(key).map(|row| row.task.desired_state);
            if wanted.is_some_and(|wanted| wanted <= TaskState::Running) {
                self.store.want(key, TaskState::Shutdown);
                removed = Some(key.clone());
            }
        }
        removed
    }

    /// A task changed: its rollout counts it, and the worker that waits for it goes on.
    pub(crate) fn rollout_sees(&mut self, key: &TaskKey) {
        let id = Id::clone(&key.service);
        if !self.rollouts.contains_key(&id) {
            return;
        }
        self.count_failure(&id, key);
        let waiting = self.rollouts.get(&id).and_then(|rollout| {
            rollout.workers.iter().position(|worker| match worker {
                Worker::Rising { new, .. } | Worker::Starting(new) => new == key,
                Worker::Free | Worker::Resting => false,
            })
        });
        if let Some(worker) = waiting {
            self.worker_looks(&id, worker);
        }
    }

    /// Lets a worker look whether what it waits for has come.
    fn worker_looks(&mut self, id: &Id, worker: usize) {
        let Some(rollout) = self.rollouts.get_mut(id) else { return };
        let (Worker::Rising { new: key, .. } | Worker::Starting(key)) = &rollout.workers[worker]
        else {
            return;
        };
        if self.delays.contains_key(key) {
            return;
        }
        let state = self.store.task(key).map_or(TaskState::Remove, |row| row.task.status.state);
        if let Worker::Rising { new, old } = &rollout.workers[worker] {
            if state < TaskState::Running {
                return;
            }
            rollout.made.insert(new.clone(), Some(self.store.now));
            let old = old.clone();
            if state == TaskState::Running {
                self.remove_old(&old);
            }
        }
        self.end_slot(id, worker);
    }

    fn end_slot(&mut self, id: &Id, worker: usize) {
        let Some(rollout) = self.rollouts.get(id) else { return };
        match nanos(rollout.config.delay) {
            Some(delay) => {
                let due = Due::SlotDone(Id::clone(id), rollout.number, worker);
                self.set_worker(id, worker, Worker::Resting);
                self.plan(delay, due);
            }
            None => {
                self.set_worker(id, worker, Worker::Free);
                self.hand_out(id);
            }
        }
    }

    /// The delay after a slot is over.
    pub(crate) fn worker_rested(&mut self, id: &Id, number: u64, worker: usize) {
        if self.rollouts.get(id).is_some_and(|rollout| rollout.number == number) {
            self.set_worker(id, worker, Worker::Free);
            self.hand_out(id);
        }
    }

    fn set_worker(&mut self, id: &Id, worker: usize, state: Worker) {
        if let Some(rollout) = self.rollouts.get_mut(id) {
            rollout.workers[worker] = state;
        }
    }

    /// Notes a new task that ended; it is judged now or when all slots are done.
    fn count_failure(&mut self, id: &Id, key: &TaskKey) {
        let ended =
            self.store.task(key).is_some_and(|row| row.task.status.state > TaskState::Running);
        let Some(rollout) = self.rollouts.get_mut(id) else { return };
        if !ended || !rollout.made.contains_key(key) || rollout.config.failure_action == "continue"
        {
            return;
        }
        match rollout.phase {
            Phase::Handing | Phase::Watching => self.judge(id, key),
            Phase::Draining => rollout.unseen.push(key.clone()),
            Phase::Stopped => {}
        }
    }
}
