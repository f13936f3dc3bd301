//! Replicated services: as many slots as asked for (`orchestrator/replicated/services.go`).

use std::collections::BTreeMap;

use crate::model::engine::{ServiceMode, TaskState};
use crate::sim::store::{Id, TaskKey};

use super::{Cluster, Slot, SlotTasks};

impl Cluster {
    /// Compares a service with its tasks.
    pub(super) fn reconcile(&mut self, id: &Id) {
        self.reconciling.remove(id);
        let Some(row) = self.store.service(id) else { return };
        match row.service.spec.mode.clone() {
            Some(ServiceMode::Global {}) => self.reconcile_global(id),
            Some(ServiceMode::ReplicatedJob(job)) => self.reconcile_replicated_job(id, &job),
            Some(ServiceMode::GlobalJob {}) => self.reconcile_global_job(id),
            Some(ServiceMode::Replicated(replicated)) => {
                self.reconcile_replicated(id, replicated.replicas.unwrap_or(1));
            }
            None => self.reconcile_replicated(id, 1),
        }
    }

    fn reconcile_replicated(&mut self, id: &Id, wanted: u64) {
        let Some(row) = self.store.service(id) else { return };
        let (running, mut dead) = self.updatable_and_dead(row);
        let have = running.len() as u64;
        if wanted < have {
            let (keep, surplus) = self.split_surplus(running, wanted);
            self.roll_out(id, keep);
            self.delete_all(&dead);
            for key in surplus {
                self.store.want(&key, TaskState::Remove);
            }
            return;
        }
        let missing: Vec<Slot> = (1..)
            .map(Slot::Number)
            .filter(|slot| !running.contains_key(slot))
            .take(usize::try_from(wanted - have).unwrap_or(usize::MAX))
            .collect();
        self.roll_out(id, running.into_iter().collect());
        for slot in missing {
            dead.remove(&slot);
            self.make_task(id, &slot, TaskState::Running);
        }
        self.delete_all(&dead);
    }

    fn delete_all(&mut self, slots: &SlotTasks) {
        for key in slots.values().flatten() {
            self.store.delete_task(key);
        }
    }

    /// Which slots stay when a service shrinks: those that leave the nodes evenly used, running
    /// ones first, low numbers first.
    fn split_surplus(
        &self,
        running: SlotTasks,
        wanted: u64,
    ) -> (Vec<(Slot, Vec<TaskKey>)>, Vec<TaskKey>) {
        let mut slots: Vec<(Slot, Vec<TaskKey>)> = running.into_iter().collect();
        slots.sort_by_key(|(slot, keys)| (!self.any_runs(keys), slot.clone()));
        let mut on_node: BTreeMap<String, u64> = BTreeMap::new();
        let mut ranked: Vec<(u64, (Slot, Vec<TaskKey>))> = slots
            .into_iter()
            .map(|slot| (self.copy_on_node(&slot.1, &mut on_node), slot))
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let mut keep: Vec<_> = ranked.into_iter().map(|(_, slot)| slot).collect();
        let surplus = keep.split_off(usize::try_from(wanted).unwrap_or(usize::MAX).min(keep.len()));
        (keep, surplus.into_iter().flat_map(|(_, keys)| keys).collect())
    }

    fn any_runs(&self, keys: &[TaskKey]) -> bool {
        keys.iter()
            .filter_map(|key| self.store.task(key))
            .any(|row| row.task.status.state == TaskState::Running)
    }

    /// The how-many-eth task of the service on its node; slots without one node come last.
    fn copy_on_node(&self, keys: &[TaskKey], on_node: &mut BTreeMap<String, u64>) -> u64 {
        let [key] = keys else { return u64::MAX };
        let node = self.store.task(key).map_or("", |row| row.task.node_id.as_str());
        if node.is_empty() {
            return u64::MAX;
        }
        let count = on_node.entry(node.to_owned()).or_default();
        *count += 1;
        *count
    }
}
