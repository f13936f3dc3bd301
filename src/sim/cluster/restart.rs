//! Starting tasks again: when, how often, after which wait (`orchestrator/restart/restart.go`).

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::engine::{RestartPolicy, Task, TaskState, satisfies};
use crate::sim::agenda::Due;
use crate::sim::clock::later;
use crate::sim::node::is_invalid;
use crate::sim::store::{Id, ServiceRow, TaskKey};

use super::global::is_global;
use super::{Cluster, Slot};

/// Wait before a restart when the policy says nothing.
const USUAL_DELAY: Duration = Duration::from_secs(5);
/// Longest wait for the old task to stop.
const OLD_TASK_TIMEOUT: Duration = Duration::from_secs(60);

/// A task that waits to be started.
pub(crate) struct Delay {
    /// When the wait is over.
    due: Timestamp,
    /// The task that has to stop first.
    old: Option<TaskKey>,
    /// When the old task is not waited for any more.
    give_up: Timestamp,
    /// It failed before it was started: it is restarted when the wait is over, not at once, so that
    /// a missing image makes no tight loop.
    then_restart: bool,
}

/// Restarts of one slot under one spec.
#[derive(Default)]
pub(super) struct History {
    spec_version: u64,
    restarts: Vec<Timestamp>,
}

impl Cluster {
    /// Restarts a task that ended, or whose node is lost.
    pub(super) fn restart_if_needed(&mut self, key: &TaskKey) {
        let (Some(row), Some(service)) = (self.store.task(key), self.store.service(&key.service))
        else {
            return;
        };
        let task = &row.task;
        if service.job_iteration.is_some() {
            // Only a task that ended and was wanted matters (`handleEvent` in `orchestrator/jobs`).
            if task.status.state > TaskState::Running && task.desired_state <= TaskState::Complete {
                let service = Id::clone(&key.service);
                self.reconcile_soon(&service);
            }
            return;
        }
        if task.desired_state > TaskState::Running {
            return;
        }
        let node = self.store.nodes.get(task.node_id.as_str()).map(|row| &row.node);
        let ended = task.status.state > TaskState::Running;
        if is_global(service.service.spec.mode.as_ref()) {
            let Some(node) = node.filter(|node| ended && !is_invalid(Some(node))) else { return };
            let template = &service.service.spec.task_template;
            if node.spec.availability == "pause" || !satisfies(node, template) {
                self.store.want(key, TaskState::Shutdown);
                return;
            }
            self.restart(key);
        } else if ended || (!task.node_id.is_empty() && is_invalid(node)) {
            self.restart(key);
        }
    }

    /// Ends a task and makes another for its slot, if the policy says so.
    pub(super) fn restart(&mut self, key: &TaskKey) {
        if let Some(delay) = self.delays.get_mut(key) {
            delay.then_restart = true;
            return;
        }
        let Some(old) = self.store.task(key).map(|row| Arc::clone(&row.task)) else { return };
        if old.desired_state > TaskState::Complete {
            return;
        }
        self.store.want(key, TaskState::Shutdown);
        let Some(service) = self.store.service(&key.service) else { return };
        if !self.should_restart(key, service) {
            return;
        }
        let slot = Slot::of(&old, service.service.spec.mode.as_ref());
        let Some(new) = self.make_task(&key.service, &slot, TaskState::Ready) else { return };
        self.record(&new, slot);
        let node = self.store.nodes.get(old.node_id.as_str()).map(|row| &row.node);
        let drained = node.is_some_and(|node| node.spec.availability == "drain");
        let down = node.is_some_and(|node| node.status.state == "down");
        let wait = if drained { Duration::ZERO } else { restart_delay(&old) };
        let waits_for = (!down && old.status.state <= TaskState::Running).then(|| key.clone());
        self.delay_start(new, waits_for, wait);
    }

    /// Starts a task after a wait, and after another task has stopped.
    pub(crate) fn delay_start(&mut self, new: TaskKey, old: Option<TaskKey>, wait: Duration) {
        let now = self.store.now;
        let old = old.filter(|key| {
            self.store.task(key).is_some_and(|row| row.task.status.state <= TaskState::Running)
        });
        let delay = Delay {
            due: later(now, wait),
            old,
            give_up: later(now, OLD_TASK_TIMEOUT),
            then_restart: false,
        };
        if delay.old.is_some() {
            self.plan(OLD_TASK_TIMEOUT, Due::Start(new.clone()));
        }
        self.plan(wait, Due::Start(new.clone()));
        self.delays.insert(new, delay);
    }

    /// Starts a waiting task if nothing holds it any more.
    pub(super) fn try_start(&mut self, key: &TaskKey) {
        let Some(delay) = self.delays.get(key) else { return };
        let now = self.store.now;
        let waits = delay.old.as_ref().is_some_and(|old| now < delay.give_up && self.is_up(old));
        if now < delay.due || waits {
            return;
        }
        let Some(delay) = self.delays.remove(key) else { return };
        if let Some(row) = self.store.task(key) {
            let job = row.task.job_iteration.is_some();
            if row.task.desired_state < TaskState::Running {
                let state = if job { TaskState::Complete } else { TaskState::Running };
                self.store.want(key, state);
            }
        }
        if delay.then_restart {
            self.restart(key);
        }
        self.rollout_sees(key);
    }

    /// Lets the tasks go on that waited for this one to stop.
    pub(super) fn old_task_stopped(&mut self, old: &TaskKey) {
        let waiting: Vec<TaskKey> = self
            .delays
            .iter()
            .filter(|(_, delay)| delay.old.as_ref() == Some(old))
            .map(|(key, _)| key.clone())
            .collect();
        for key in waiting {
            self.try_start(&key);
        }
    }

    fn is_up(&self, key: &TaskKey) -> bool {
        self.store.task(key).is_some_and(|row| {
            let node = self.store.nodes.get(row.task.node_id.as_str());
            row.task.status.state <= TaskState::Running
                && node.is_none_or(|node| node.node.status.state != "down")
        })
    }

    /// What the restart policy says of an ended task.
    pub(super) fn should_restart(&self, key: &TaskKey, service: &ServiceRow) -> bool {
        let Some(row) = self.store.task(key) else { return false };
        let policy = row.task.spec.restart_policy.as_deref();
        let complete = row.task.status.state == TaskState::Complete;
        let again = match policy.map_or("any", |policy| policy.condition.as_str()) {
            "none" => false,
            "on-failure" => !complete,
            _ => !(complete && service.job_iteration.is_some()),
        };
        let attempts = policy.and_then(|policy| policy.max_attempts).unwrap_or(0);
        if !again || attempts == 0 {
            return again;
        }
        let slot = Slot::of(&row.task, service.service.spec.mode.as_ref());
        let Some(history) = self.history.get(&(key.service.clone(), slot)) else { return true };
        if history.spec_version != row.spec_version {
            return true;
        }
        history.count(policy, &row.task) < attempts
    }

    /// Remembers a restart, for policies that limit them.
    fn record(&mut self, new: &TaskKey, slot: Slot) {
        let Some(row) = self.store.task(new) else { return };
        let policy = row.task.spec.restart_policy.as_deref();
        if policy.and_then(|policy| policy.max_attempts).unwrap_or(0) == 0 {
            return;
        }
        let spec_version = row.spec_version;
        let history = self.history.entry((new.service.clone(), slot)).or_default();
        if history.spec_version != spec_version {
            *history = History { spec_version, restarts: Vec::new() };
        }
        history.restarts.push(self.store.now);
    }
}

impl History {
    /// Restarts that count: all, or those within the window before the task ended.
    fn count(&self, policy: Option<&RestartPolicy>, task: &Task) -> u64 {
        let window = policy.and_then(|policy| policy.window).unwrap_or(0);
        let (Some(ended), true) = (task.status.timestamp, window > 0) else {
            return self.restarts.len() as u64;
        };
        let from = ended.checked_sub(SignedDuration::from_nanos(window)).unwrap_or(Timestamp::MIN);
        self.restarts.iter().filter(|at| **at > from && **at < ended).count() as u64
    }
}

fn restart_delay(task: &Task) -> Duration {
    let policy = task.spec.restart_policy.as_deref();
    policy
        .and_then(|policy| policy.delay)
        .and_then(|nanos| u64::try_from(nanos).ok())
        .map_or(USUAL_DELAY, Duration::from_nanos)
}
