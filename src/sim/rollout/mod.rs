//! Rolling updates (`manager/orchestrator/update/updater.go`): a queue of outdated slots, workers
//! that replace them, a watch over what the new tasks do, and a verdict.

mod status;
mod verdict;
mod worker;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::engine::{Service, UpdateConfig, UpdateState};

use super::agenda::Due;
use super::cluster::{Cluster, Slot};
use super::store::{Id, TaskKey};

use worker::Worker;

/// How long new tasks are watched when the settings say nothing.
const USUAL_MONITOR: Duration = Duration::from_secs(5);

/// A rollout that runs.
pub(crate) struct Rollout {
    /// Tells timers of this rollout from those of earlier ones.
    number: u64,
    /// The service as it was when the rollout began.
    target: Arc<Service>,
    way: Way,
    config: UpdateConfig,
    monitor: Duration,
    /// Slots that it began with.
    slots: usize,
    queue: VecDeque<(Slot, Vec<TaskKey>)>,
    workers: Vec<Worker>,
    /// Tasks that it made, and when they reached RUNNING or ended.
    made: BTreeMap<TaskKey, Option<Timestamp>>,
    failed: BTreeSet<TaskKey>,
    /// Failures that nobody looked at, because all slots were handed out and workers still work.
    unseen: Vec<TaskKey>,
    phase: Phase,
}

/// Which settings apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Forward,
    Back,
}

/// Where a rollout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Slots are handed to workers.
    Handing,
    /// All slots are handed out, workers still work; failures are looked at afterwards.
    Draining,
    /// Everything is replaced and watched for a while.
    Watching,
    /// A failure stopped it; workers end what they began.
    Stopped,
}

impl Cluster {
    /// Brings slots up to date (`Supervisor.Update`). A rollout towards the same spec goes on; one
    /// towards another spec ends where it is.
    pub(crate) fn roll_out(&mut self, id: &Id, slots: Vec<(Slot, Vec<TaskKey>)>) {
        let Some(row) = self.store.service(id) else { return };
        if self.rollouts.get(id).is_some_and(|known| known.target.spec == row.service.spec) {
            return;
        }
        let target = Arc::clone(&row.service);
        let dirty: VecDeque<_> =
            slots.into_iter().filter(|(_, keys)| self.is_slot_dirty(row, keys)).collect();
        self.rollouts.remove(id);
        let state = target.update_status.as_ref().map(|status| status.state.clone());
        if matches!(state, Some(UpdateState::Paused | UpdateState::RollbackPaused)) {
            return;
        }
        if dirty.is_empty() {
            if matches!(state, Some(UpdateState::Updating | UpdateState::RollbackStarted)) {
                self.complete_update(id);
            }
            return;
        }
        if state.is_none() {
            self.start_update(id);
        }
        let number = self.store.random.number();
        self.rollouts.insert(Id::clone(id), Rollout::new(number, target, dirty));
        self.hand_out(id);
    }

    /// Gives free workers something to do, and goes to the next phase when nothing is left.
    fn hand_out(&mut self, id: &Id) {
        while let Some((worker, slot)) = self.rollouts.get_mut(id).and_then(Rollout::hand) {
            self.begin_slot(id, worker, slot);
        }
        let Some(rollout) = self.rollouts.get_mut(id) else { return };
        if rollout.phase == Phase::Handing && rollout.queue.is_empty() {
            rollout.phase = Phase::Draining;
        }
        if !rollout.workers.iter().all(|worker| *worker == Worker::Free) {
            return;
        }
        match rollout.phase {
            Phase::Stopped => {
                self.rollouts.remove(id);
            }
            Phase::Draining => self.watch(id),
            Phase::Handing | Phase::Watching => {}
        }
    }

    /// Begins the time in which the whole is watched; first come the failures that were not seen.
    fn watch(&mut self, id: &Id) {
        let Some(rollout) = self.rollouts.get_mut(id) else { return };
        rollout.phase = Phase::Watching;
        let time = rollout.watch_time();
        let due = Due::Watched(Id::clone(id), rollout.number);
        let unseen = std::mem::take(&mut rollout.unseen);
        self.plan(time, due);
        for task in unseen {
            self.judge(id, &task);
        }
    }

    /// Nothing failed while the whole was watched.
    pub(crate) fn watched(&mut self, id: &Id, number: u64) {
        let current = self.rollouts.get(id);
        if current
            .is_some_and(|rollout| rollout.number == number && rollout.phase == Phase::Watching)
        {
            self.rollouts.remove(id);
            self.complete_update(id);
        }
    }
}

impl Rollout {
    fn new(number: u64, target: Arc<Service>, queue: VecDeque<(Slot, Vec<TaskKey>)>) -> Self {
        let status = target.update_status.as_ref().map(|status| &status.state);
        let back = status == Some(&UpdateState::RollbackStarted);
        let way = if back { Way::Back } else { Way::Forward };
        let config = match way {
            Way::Forward => target.spec.update_config.as_deref(),
            Way::Back => target.spec.rollback_config.as_deref(),
        };
        let config = config.cloned().unwrap_or_else(|| UpdateConfig {
            parallelism: 1,
            failure_action: "pause".to_owned(),
            order: "stop-first".to_owned(),
            ..UpdateConfig::default()
        });
        let monitor = nanos(config.monitor).unwrap_or(USUAL_MONITOR);
        let slots = queue.len();
        let parallel = usize::try_from(config.parallelism).unwrap_or(usize::MAX);
        let workers = if parallel == 0 { slots } else { parallel.min(slots) };
        Self {
            number,
            target,
            way,
            config,
            monitor,
            slots,
            queue,
            workers: vec![Worker::Free; workers],
            made: BTreeMap::new(),
            failed: BTreeSet::new(),
            unseen: Vec::new(),
            phase: Phase::Handing,
        }
    }

    /// The next slot for a free worker.
    fn hand(&mut self) -> Option<(usize, (Slot, Vec<TaskKey>))> {
        if self.phase != Phase::Handing {
            return None;
        }
        let worker = self.workers.iter().position(|worker| *worker == Worker::Free)?;
        Some((worker, self.queue.pop_front()?))
    }

    /// A delay longer than the time of watching makes that longer.
    fn watch_time(&self) -> Duration {
        match nanos(self.config.delay) {
            Some(delay) if delay >= self.monitor => delay + Duration::from_secs(1),
            _ => self.monitor,
        }
    }
}

/// A time of the engine's API; `None` when it is zero or negative.
fn nanos(time: i64) -> Option<Duration> {
    u64::try_from(time).ok().filter(|time| *time > 0).map(Duration::from_nanos)
}
