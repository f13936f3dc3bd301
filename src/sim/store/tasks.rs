//! Tasks: reading and writing rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::engine::{Task, TaskState};

use super::{Change, Id, Store, TaskKey, TaskRow};

impl Store {
    /// A task.
    pub(crate) fn task(&self, key: &TaskKey) -> Option<&TaskRow> {
        self.tasks.get(&key.service)?.get(&key.task)
    }

    /// All tasks of a service, by id.
    pub(crate) fn tasks_of(&self, service: &str) -> impl Iterator<Item = (TaskKey, &TaskRow)> {
        self.tasks.get_key_value(service).into_iter().flat_map(|(service, tasks)| {
            tasks.iter().map(|(task, row)| {
                (TaskKey { service: Arc::clone(service), task: Arc::clone(task) }, row)
            })
        })
    }

    /// All tasks of all services.
    pub(crate) fn all_tasks(&self) -> impl Iterator<Item = (TaskKey, &TaskRow)> {
        self.tasks.keys().flat_map(|service| self.tasks_of(service))
    }

    /// Adds a task.
    pub(crate) fn add_task(&mut self, service: &Id, mut row: TaskRow) -> TaskKey {
        let task = Arc::make_mut(&mut row.task);
        task.version = self.next_version();
        let key = TaskKey { service: Arc::clone(service), task: task.id.as_str().into() };
        self.tasks.entry(Arc::clone(service)).or_default().insert(Arc::clone(&key.task), row);
        self.task_changed(&key);
        key
    }

    /// Changes a task and tells the watchers.
    pub(crate) fn change_task(&mut self, key: &TaskKey, change: impl FnOnce(&mut Task)) {
        let version = self.next_version();
        let Some(row) = self.tasks.get_mut(&key.service).and_then(|t| t.get_mut(&key.task)) else {
            return;
        };
        let task = Arc::make_mut(&mut row.task);
        change(task);
        task.version = version;
        self.task_changed(key);
    }

    /// Sets what a task should be, unless it should already be further (`time travel is not
    /// allowed`, `orchestrator/service.go`).
    pub(crate) fn want(&mut self, key: &TaskKey, state: TaskState) {
        if self.task(key).is_some_and(|row| row.task.desired_state < state) {
            self.change_task(key, |task| task.desired_state = state);
        }
    }

    /// A task row, for marks that nobody is told of.
    pub(crate) fn task_mut(&mut self, key: &TaskKey) -> Option<&mut TaskRow> {
        self.tasks.get_mut(&key.service)?.get_mut(&key.task)
    }

    /// Removes a task.
    pub(crate) fn delete_task(&mut self, key: &TaskKey) {
        let Some(tasks) = self.tasks.get_mut(&key.service) else { return };
        tasks.remove(&key.task);
        if tasks.is_empty() {
            self.tasks.remove(&key.service);
        }
        self.uncounted.insert(Arc::clone(&key.service));
    }

    /// The tasks of one service, as a table.
    pub(crate) fn task_table(&self) -> &BTreeMap<Id, BTreeMap<Id, TaskRow>> {
        &self.tasks
    }

    fn task_changed(&mut self, key: &TaskKey) {
        self.uncounted.insert(Arc::clone(&key.service));
        self.changes.push_back(Change::Task(key.clone()));
    }
}
