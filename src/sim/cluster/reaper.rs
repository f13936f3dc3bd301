//! Removes old tasks: those of slots that are gone, and the history of a slot beyond its limit
//! (`orchestrator/taskreaper/task_reaper.go`).

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::engine::{ServiceMode, Task, TaskState};
use crate::sim::agenda::Due;
use crate::sim::store::{Id, TaskKey};

use super::{Cluster, Slot};

/// Tasks of one slot that are kept (`TaskHistoryRetentionLimit`).
const HISTORY: usize = 5;
/// Time in which work is collected.
const PERIOD: Duration = Duration::from_millis(250);

/// What is to be looked at in the next round.
#[derive(Default)]
pub(super) struct Reaper {
    slots: BTreeSet<(Id, Slot)>,
    tasks: BTreeSet<TaskKey>,
    planned: bool,
}

impl Cluster {
    /// Notes a task that changed, if there may be something to remove.
    pub(super) fn reap_later(&mut self, key: &TaskKey) {
        let Some(row) = self.store.task(key) else { return };
        let task = &row.task;
        if task.desired_state == TaskState::Remove && is_over(task) {
            self.reaper.tasks.insert(key.clone());
        } else if task.status.state == TaskState::New {
            let mode =
                self.store.service(&key.service).and_then(|row| row.service.spec.mode.as_ref());
            self.reaper.slots.insert((Id::clone(&key.service), Slot::of(task, mode)));
        }
        let work = !self.reaper.slots.is_empty() || !self.reaper.tasks.is_empty();
        if work && !self.reaper.planned {
            self.reaper.planned = true;
            self.plan(PERIOD, Due::Reap);
        }
    }

    /// One round.
    pub(super) fn reap(&mut self) {
        self.reaper.planned = false;
        for key in std::mem::take(&mut self.reaper.tasks) {
            self.store.delete_task(&key);
        }
        for (service, slot) in std::mem::take(&mut self.reaper.slots) {
            let up = self.prune(&service, &slot);
            if up > 1 {
                self.reaper.slots.insert((service, slot));
            }
        }
    }

    /// Shortens the history of a slot; says how many of its tasks are still up if it was too long.
    fn prune(&mut self, service: &Id, slot: &Slot) -> usize {
        let Some(row) = self.store.service(service) else { return 0 };
        let spec = &row.service.spec;
        if spec.mode.as_ref().is_some_and(ServiceMode::is_job) {
            return 0;
        }
        let policy = spec.task_template.restart_policy.as_deref();
        let attempts = policy.and_then(|policy| policy.max_attempts).unwrap_or(0);
        // Attempts are counted by their tasks after a change of the leader.
        let keep = match usize::try_from(attempts) {
            Ok(0) | Err(_) => HISTORY,
            Ok(attempts) => attempts + 1,
        };
        let mut tasks: Vec<(TaskKey, Option<jiff::Timestamp>, bool)> = self
            .store
            .tasks_of(service)
            .filter(|(_, row)| Slot::of(&row.task, spec.mode.as_ref()) == *slot)
            .map(|(key, row)| (key, row.task.status.timestamp, is_history(&row.task)))
            .collect();
        let Some(surplus) = tasks.len().checked_sub(keep).filter(|surplus| *surplus > 0) else {
            return 0;
        };
        tasks.sort_by_key(|(_, timestamp, _)| *timestamp);
        let up = tasks.iter().filter(|(_, _, history)| !history).count();
        for (key, ..) in tasks.iter().filter(|(_, _, history)| *history).take(surplus) {
            self.store.delete_task(key);
        }
        up
    }
}

/// Never started, or ended.
fn is_over(task: &Task) -> bool {
    task.status.state < TaskState::Assigned || task.status.state >= TaskState::Complete
}

/// Ended, or will never run.
fn is_history(task: &Task) -> bool {
    task.status.state > TaskState::Running
        || (task.status.state < TaskState::Assigned && task.desired_state > TaskState::Running)
}
