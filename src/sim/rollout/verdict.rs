//! When a rollout has failed, and what follows (`failureTriggersAction` in the updater).

use std::time::Duration;

use crate::model::engine::UpdateState;
use crate::sim::cluster::Cluster;
use crate::sim::store::{Id, TaskKey};

use super::{Phase, Rollout, Way};

/// What a failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Within what is tolerated.
    GoOn,
    Pause,
    RollBack,
    /// A failed rollback under `rollback` is paused in the status, but the updater goes on to its
    /// end, and then calls it completed.
    PauseAndGoOn,
}

impl Cluster {
    /// Counts the failure of a task that the rollout made, and acts when there are too many.
    pub(super) fn judge(&mut self, id: &Id, key: &TaskKey) {
        let now = self.store.now;
        let Some(rollout) = self.rollouts.get_mut(id) else { return };
        let since = rollout.made.get(key).copied().flatten();
        let age = since.map_or(Duration::ZERO, |since| now.duration_since(since).unsigned_abs());
        if rollout.phase == Phase::Stopped || age > rollout.monitor {
            return;
        }
        let verdict = rollout.verdict(key);
        let what =
            |what: &str| format!("{what} due to failure or early termination of task {}", key.task);
        match verdict {
            Verdict::GoOn => return,
            Verdict::Pause => {
                rollout.phase = Phase::Stopped;
                self.pause_update(id, what("update paused"));
            }
            Verdict::RollBack => {
                rollout.phase = Phase::Stopped;
                self.start_rollback(id, what("update rolled back"));
            }
            Verdict::PauseAndGoOn => {
                let watching = rollout.phase == Phase::Watching;
                rollout.queue.clear();
                rollout.phase = if watching { Phase::Stopped } else { Phase::Draining };
                self.pause_update(id, what("rollback paused"));
                if watching {
                    self.complete_update(id);
                }
            }
        }
        self.hand_out(id);
    }
}

impl Rollout {
    fn verdict(&mut self, key: &TaskKey) -> Verdict {
        if !self.failed.insert(key.clone()) {
            return Verdict::GoOn;
        }
        #[expect(clippy::cast_precision_loss, reason = "the engine counts in f32 as well")]
        let ratio = self.failed.len() as f32 / self.slots as f32;
        if ratio <= self.config.max_failure_ratio {
            return Verdict::GoOn;
        }
        match (self.config.failure_action.as_str(), self.way) {
            ("rollback", Way::Forward) => Verdict::RollBack,
            ("rollback", Way::Back) => Verdict::PauseAndGoOn,
            ("continue", _) => Verdict::GoOn,
            _ => Verdict::Pause,
        }
    }

    /// The state that its end leads to.
    pub(super) fn paused_state(was: &UpdateState) -> UpdateState {
        match was {
            UpdateState::RollbackStarted => UpdateState::RollbackPaused,
            _ => UpdateState::Paused,
        }
    }
}
