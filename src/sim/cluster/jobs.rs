//! Jobs: tasks that run to their end, once per iteration (`orchestrator/jobs`).

use std::collections::BTreeSet;

use crate::model::engine::{JobMode, TaskState, satisfies};
use crate::sim::node::is_invalid;
use crate::sim::store::{Id, TaskKey};

use super::{Cluster, Slot};

/// The tasks of a job, sorted.
#[derive(Default)]
struct JobTasks {
    running: u64,
    complete: u64,
    slots: BTreeSet<Slot>,
    restart: Vec<TaskKey>,
    remove: Vec<TaskKey>,
}

impl Cluster {
    pub(super) fn reconcile_replicated_job(&mut self, id: &Id, job: &JobMode) {
        let tasks = self.job_tasks(id);
        let most = job.max_concurrent.unwrap_or(1);
        let total = job.total_completions.unwrap_or(most);
        let new = most
            .saturating_sub(tasks.running)
            .min(total.saturating_sub(tasks.complete + tasks.running));
        let free: Vec<Slot> = (0..total)
            .map(Slot::Number)
            .filter(|slot| !tasks.slots.contains(slot))
            .take(usize::try_from(new).unwrap_or(usize::MAX))
            .collect();
        self.run_job(id, free, tasks);
    }

    pub(super) fn reconcile_global_job(&mut self, id: &Id) {
        let tasks = self.job_tasks(id);
        let Some(row) = self.store.service(id) else { return };
        let template = &row.service.spec.task_template;
        let mut free = Vec::new();
        let mut leave = Vec::new();
        for (node_id, node) in &self.store.nodes {
            let slot = Slot::Node(Id::clone(node_id));
            if !satisfies(&node.node, template) {
                continue;
            }
            if is_invalid(Some(&node.node)) {
                leave.push(Id::clone(node_id));
            } else if node.node.spec.availability == "active" && !tasks.slots.contains(&slot) {
                free.push(slot);
            }
        }
        self.run_job(id, free, tasks);
        for node in leave {
            self.leave_job_node(id, &node);
        }
    }

    fn run_job(&mut self, id: &Id, free: Vec<Slot>, tasks: JobTasks) {
        for slot in free {
            self.make_task(id, &slot, TaskState::Complete);
        }
        for key in tasks.restart {
            self.restart(&key);
        }
        for key in tasks.remove {
            self.store.want(&key, TaskState::Remove);
        }
    }

    fn leave_job_node(&mut self, id: &Id, node: &Id) {
        let keys: Vec<TaskKey> = self
            .store
            .tasks_of(id)
            .filter(|(_, row)| {
                row.task.node_id == **node && row.task.status.state <= TaskState::Running
            })
            .map(|(key, _)| key)
            .collect();
        for key in keys {
            self.store.want(&key, TaskState::Shutdown);
        }
    }

    fn job_tasks(&self, id: &Id) -> JobTasks {
        let mut found = JobTasks::default();
        let Some(service) = self.store.service(id) else { return found };
        let mode = service.service.spec.mode.as_ref();
        for (key, row) in self.store.tasks_of(id) {
            let (state, desired) = (row.task.status.state, row.task.desired_state);
            let iteration = row.task.job_iteration.map(|version| version.index);
            if iteration != service.job_iteration {
                if state <= TaskState::Running && desired != TaskState::Remove {
                    found.remove.push(key);
                }
                continue;
            }
            let slot = Slot::of(&row.task, mode);
            if state == TaskState::Complete {
                found.complete += 1;
                found.slots.insert(slot);
            } else if desired <= TaskState::Complete {
                found.running += 1;
                found.slots.insert(slot);
                if state > TaskState::Complete {
                    found.restart.push(key);
                }
            }
        }
        found
    }
}
