//! What is to be done when.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::store::{Id, TaskKey};

/// Something to be done at its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// Compare a service with its tasks.
    Reconcile(Id),
    /// Look for nodes for waiting tasks.
    Schedule,
    /// Take the step of a task that was planned under this number.
    Step(TaskKey, u32),
    /// Start a task that waited, if nothing else holds it.
    Start(TaskKey),
    /// A worker of a rollout has waited its delay: service, number of the rollout, worker.
    SlotDone(Id, u64, usize),
    /// The time in which a rollout is watched is over.
    Watched(Id, u64),
    /// Remove old tasks.
    Reap,
    /// A node has missed its heartbeats.
    Missed(Id),
    /// A node answers again.
    Returned(Id),
}

/// Entries by time; entries of one time in the order in which they were put.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: BTreeMap<(Timestamp, u64), Due>,
    order: u64,
}

impl Agenda {
    /// Puts an entry.
    pub(crate) fn put(&mut self, when: Timestamp, due: Due) {
        self.entries.insert((when, self.order), due);
        self.order += 1;
    }

    /// When the first entry is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.entries.keys().next().map(|(when, _)| *when)
    }

    /// Takes the first entry that is due by now.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<(Timestamp, Due)> {
        let entry = self.entries.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((when, _), due) = entry.remove_entry();
        Some((when, due))
    }
}
