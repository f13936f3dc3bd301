//! `UpdateStatus` and `PreviousSpec` as the updater writes them. Each of these does nothing when
//! somebody wrote the service meanwhile, which shows in an empty status.

use std::sync::Arc;

use crate::model::engine::{Service, UpdateState, UpdateStatus};
use crate::sim::cluster::Cluster;
use crate::sim::store::{Id, ServiceRow};

use super::Rollout;

impl Cluster {
    pub(super) fn start_update(&mut self, id: &Id) {
        let now = self.store.now;
        self.change_status(id, |service| {
            service.update_status.is_none().then(|| UpdateStatus {
                state: UpdateState::Updating,
                started_at: Some(now),
                completed_at: None,
                message: "update in progress".to_owned(),
            })
        });
    }

    pub(super) fn pause_update(&mut self, id: &Id, message: String) {
        self.change_status(id, |service| {
            let status = service.update_status.clone()?;
            Some(UpdateStatus { state: Rollout::paused_state(&status.state), message, ..status })
        });
    }

    pub(super) fn complete_update(&mut self, id: &Id) {
        let now = self.store.now;
        self.change_status(id, |service| {
            let status = service.update_status.clone()?;
            let (state, message) = match status.state {
                UpdateState::RollbackStarted => {
                    (UpdateState::RollbackCompleted, "rollback completed")
                }
                _ => (UpdateState::Completed, "update completed"),
            };
            let message = message.to_owned();
            Some(UpdateStatus { state, message, completed_at: Some(now), ..status })
        });
    }

    /// The engine's own rollback: the spec before comes back, and nothing says what failed.
    pub(super) fn start_rollback(&mut self, id: &Id, message: String) {
        let Some(row) = self.store.service(id) else { return };
        if row.service.update_status.is_none() || row.service.previous_spec.is_none() {
            return;
        }
        self.store.change_service(id, |row| put_back(row, message));
    }

    fn change_status(&mut self, id: &Id, status: impl FnOnce(&Service) -> Option<UpdateStatus>) {
        let Some(row) = self.store.service(id) else { return };
        let Some(status) = status(&row.service) else { return };
        self.store.change_service(id, |row| {
            Arc::make_mut(&mut row.service).update_status = Some(status);
        });
    }
}

fn put_back(row: &mut ServiceRow, message: String) {
    let service = Arc::make_mut(&mut row.service);
    if let Some(status) = &mut service.update_status {
        status.state = UpdateState::RollbackStarted;
        status.message = message;
    }
    if let Some(previous) = service.previous_spec.take() {
        service.spec = *previous;
    }
    row.spec_version = row.previous_spec_version;
    row.previous_spec_version = 0;
}
