//! Slots: the places of a service's tasks, by number in replicated services and by node in global
//! ones, and the tasks that are made for them (`orchestrator/task.go`, `replicated/slot.go`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::engine::{
    ServiceMode, Task, TaskSpec, TaskState, TaskStatus, UpdateState, Version,
};
use crate::sim::store::{Id, ServiceRow, TaskKey, TaskRow};

use super::{Cluster, is_dirty};

/// One place of a service's tasks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    /// Number, from 1 (from 0 in jobs).
    Number(u64),
    /// Id of the node.
    Node(Id),
}

/// Tasks by slot.
pub(crate) type SlotTasks = BTreeMap<Slot, Vec<TaskKey>>;

impl Slot {
    /// The slot of a task in a service of this mode.
    pub(crate) fn of(task: &Task, mode: Option<&ServiceMode>) -> Self {
        match mode {
            Some(ServiceMode::Global {} | ServiceMode::GlobalJob {}) => {
                Self::Node(task.node_id.as_str().into())
            }
            _ => Self::Number(task.slot),
        }
    }
}

impl Cluster {
    /// The tasks of a service by slot: those that a rollout has to look at, and the dead slots.
    /// A slot whose last task ended and is not started again is still looked at
    /// (`UpdatableTasksInSlot`).
    pub(super) fn updatable_and_dead(&self, service: &ServiceRow) -> (SlotTasks, SlotTasks) {
        let mut slots = SlotTasks::new();
        for (key, row) in self.store.tasks_of(&service.service.id) {
            let slot = Slot::of(&row.task, service.service.spec.mode.as_ref());
            slots.entry(slot).or_default().push(key);
        }
        let mut updatable = SlotTasks::new();
        let mut dead = SlotTasks::new();
        for (slot, keys) in slots {
            let found = self.updatable_in(&keys, service);
            if found.is_empty() {
                dead.insert(slot, keys);
            } else {
                updatable.insert(slot, found);
            }
        }
        (updatable, dead)
    }

    fn updatable_in(&self, keys: &[TaskKey], service: &ServiceRow) -> Vec<TaskKey> {
        let wanted = |key: &&TaskKey| {
            self.store.task(key).is_some_and(|row| row.task.desired_state <= TaskState::Running)
        };
        let running: Vec<TaskKey> = keys.iter().filter(wanted).cloned().collect();
        if !running.is_empty() {
            return running;
        }
        let status = service.service.update_status.as_ref();
        if status.is_some_and(|status| status.state == UpdateState::RollbackStarted) {
            return Vec::new();
        }
        let newest = keys
            .iter()
            .max_by_key(|key| self.store.task(key).and_then(|row| row.task.status.timestamp));
        newest.filter(|key| !self.should_restart(key, service)).cloned().into_iter().collect()
    }

    /// True when a rollout has something to do in a slot.
    pub(crate) fn is_slot_dirty(&self, service: &ServiceRow, keys: &[TaskKey]) -> bool {
        keys.len() > 1 || keys.first().is_some_and(|key| self.is_task_dirty(service, key))
    }

    /// True when the engine would replace the task.
    pub(crate) fn is_task_dirty(&self, service: &ServiceRow, key: &TaskKey) -> bool {
        self.store.task(key).is_some_and(|row| {
            let node = || self.store.nodes.get(row.task.node_id.as_str()).map(|row| &row.node);
            is_dirty(service, row, node)
        })
    }

    /// Makes a task of the service's spec as it is now.
    pub(crate) fn make_task(
        &mut self,
        service: &Id,
        slot: &Slot,
        desired: TaskState,
    ) -> Option<TaskKey> {
        let id = self.store.new_id();
        let now = self.store.now;
        let row = self.store.service(service)?;
        let spec = &row.service.spec;
        // The engine's answers leave the runtime of a task's template out (seen on 20.10).
        let template = TaskSpec { runtime: String::new(), ..spec.task_template.clone() };
        let (number, node) = match slot {
            Slot::Number(number) => (*number, String::new()),
            Slot::Node(node) => (0, node.to_string()),
        };
        let task = Task {
            id: id.to_string(),
            created_at: Some(now),
            spec: template,
            service_id: service.to_string(),
            slot: number,
            node_id: node,
            status: TaskStatus {
                timestamp: Some(now),
                message: "created".to_owned(),
                ..TaskStatus::default()
            },
            desired_state: desired,
            job_iteration: row.job_iteration.map(|index| Version { index }),
            ..Task::default()
        };
        let row = TaskRow {
            task: Arc::new(task),
            spec_version: row.spec_version,
            endpoint: spec.endpoint_spec.clone(),
            planned: None,
            turn: 0,
        };
        Some(self.store.add_task(service, row))
    }
}
