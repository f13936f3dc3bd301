//! Global services: one task on each node that does (`orchestrator/global/global.go`), and tasks
//! that leave nodes whose labels do not do any more (`orchestrator/constraintenforcer`).

use crate::model::engine::{Node, ServiceMode, TaskState, satisfies};
use crate::sim::node::is_invalid;
use crate::sim::store::{Id, TaskKey};

use super::{Cluster, Slot};

impl Cluster {
    pub(super) fn reconcile_global(&mut self, id: &Id) {
        let Some(row) = self.store.service(id) else { return };
        let (mut slots, _) = self.updatable_and_dead(row);
        let template = row.service.spec.task_template.clone();
        let mut updates = Vec::new();
        let mut leave: Vec<TaskKey> = Vec::new();
        let mut missing = Vec::new();
        for (node_id, node) in &self.store.nodes {
            let slot = Slot::Node(Id::clone(node_id));
            if is_invalid(Some(&node.node)) {
                continue;
            }
            let keys = slots.remove(&slot);
            if !satisfies(&node.node, &template) {
                leave.extend(keys.into_iter().flatten());
            } else if node.node.spec.availability != "pause" {
                match keys {
                    Some(keys) => updates.push((slot, keys)),
                    None => missing.push(slot),
                }
            }
        }
        leave.extend(slots.into_values().flatten());
        for slot in missing {
            self.make_task(id, &slot, TaskState::Running);
        }
        for key in leave {
            self.store.want(&key, TaskState::Shutdown);
        }
        if !updates.is_empty() {
            self.roll_out(id, updates);
        }
    }

    /// After a node changed: its tasks of global services end, or the missing ones are made. What
    /// is outdated there is replaced without a rollout.
    pub(super) fn node_fits_globals(&mut self, id: &Id) {
        let Some(node) = self.store.nodes.get(id).map(|row| row.node.clone()) else { return };
        let services: Vec<Id> = self
            .store
            .services
            .iter()
            .filter(|(_, row)| is_global(row.service.spec.mode.as_ref()))
            .map(|(id, _)| Id::clone(id))
            .collect();
        for service in services {
            if is_invalid(Some(&node)) {
                self.leave_node(&service, id);
            } else if node.spec.availability != "pause" {
                self.fit_node(&service, id, &node);
            }
        }
    }

    fn leave_node(&mut self, service: &Id, node: &Id) {
        let keys: Vec<TaskKey> = self
            .store
            .tasks_of(service)
            .filter(|(_, row)| row.task.node_id == **node)
            .map(|(key, _)| key)
            .collect();
        for key in keys {
            self.store.want(&key, TaskState::Shutdown);
        }
    }

    fn fit_node(&mut self, service: &Id, id: &Id, node: &Node) {
        let Some(row) = self.store.service(service) else { return };
        if row.job_iteration.is_some() {
            self.reconcile_soon(service);
            return;
        }
        if !satisfies(node, &row.service.spec.task_template) {
            return;
        }
        let slot = Slot::Node(Id::clone(id));
        let (mut slots, _) = self.updatable_and_dead(row);
        let keys = slots.remove(&slot).unwrap_or_default();
        let (dirty, mut clean): (Vec<TaskKey>, Vec<TaskKey>) =
            keys.into_iter().partition(|key| self.is_task_dirty(row, key));
        if clean.is_empty() {
            self.make_task(service, &slot, TaskState::Running);
        }
        let surplus = clean.split_off(clean.len().min(1));
        for key in dirty.into_iter().chain(surplus) {
            self.store.want(&key, TaskState::Shutdown);
        }
    }

    /// Tasks on a node that does not satisfy their service's constraints any more are rejected, and
    /// so start anew elsewhere. Drained and paused nodes are left alone here.
    pub(super) fn enforce_constraints(&mut self, id: &Id, keys: &[TaskKey]) {
        let Some(node) = self.store.nodes.get(id).map(|row| row.node.clone()) else { return };
        if node.spec.availability != "active" {
            return;
        }
        for key in keys {
            let Some(row) = self.store.task(key) else { continue };
            let live = (TaskState::Assigned..=TaskState::Complete)
                .contains(&row.task.desired_state)
                && row.task.status.state < TaskState::Complete;
            let service = self.store.service(&key.service);
            let spec = service.map_or(&row.task.spec, |row| &row.service.spec.task_template);
            if live && !satisfies(&node, spec) {
                self.reject(key);
            }
        }
    }

    fn reject(&mut self, key: &TaskKey) {
        let now = self.store.now;
        self.store.change_task(key, |task| {
            task.status.state = TaskState::Rejected;
            task.status.timestamp = Some(now);
            "task rejected by constraint enforcer".clone_into(&mut task.status.message);
            "assigned node no longer meets constraints".clone_into(&mut task.status.err);
        });
    }
}

/// True for services and jobs with one task on each node.
pub(super) fn is_global(mode: Option<&ServiceMode>) -> bool {
    matches!(mode, Some(ServiceMode::Global {} | ServiceMode::GlobalJob {}))
}
