//! Jobs that are run at times of a schedule: what a run is made of, and the runs that are there.
//!
//! A run is the service `STACK_NAME-SLOT`, where SLOT is the time of the schedule that it was begun
//! for: beginning it twice is a conflict, and no second run.

use std::sync::Arc;

use jiff::Timestamp;

use super::change::{JobChange, JobRun, Leftover};
use super::hook::RUN_LABEL;
use super::objects::ServiceCase;
use super::owner::{OWNER_LABEL, owner_label};
use super::snapshot::View;
use crate::model::engine::ServiceSpec;
use crate::model::{
    DesiredJob, DesiredService, ImageRef, Instance, JobRecord, Kind, PullPolicy, SLOT_LABEL,
    slot_name,
};

impl JobChange {
    /// The name of the run for a time.
    #[must_use]
    pub fn run_name(&self, slot: Timestamp) -> String {
        format!("{}-{}", self.change.name, slot_name(slot))
    }

    /// What is sent to begin the run for a time.
    #[must_use]
    pub fn run(&self, slot: Timestamp, instance: &Instance) -> Arc<ServiceSpec> {
        let mut spec = self.change.wanted.spec().clone();
        spec.name = self.run_name(slot);
        let owner = owner_label(instance, Kind::Service, &spec.name);
        spec.labels.insert(OWNER_LABEL.to_owned(), owner);
        spec.labels.insert(RUN_LABEL.to_owned(), self.change.name.clone());
        spec.labels.insert(SLOT_LABEL.to_owned(), slot.to_string());
        Arc::new(spec)
    }
}

/// What a job runs, with the image that its tag stood for when it was taken over: that stands, as
/// that of a service does, unless the job follows its tag.
#[must_use]
pub(super) fn pinned(job: &DesiredJob, record: Option<&JobRecord>) -> DesiredService {
    let mut service = job.service.clone();
    if service.pull != PullPolicy::Always
        && let Some(image) = remembered(&service, record)
    {
        service.image = image.clone();
    }
    service
}

fn remembered<'a>(service: &DesiredService, record: Option<&'a JobRecord>) -> Option<&'a ImageRef> {
    let (_, image) = record?.image.as_ref()?;
    (image.without_digest() == service.image).then_some(image)
}

/// Takes the runs of one job out of what is left over; the oldest first.
pub(super) fn take_runs(job: &str, leftovers: &mut Vec<Leftover>, view: &View<'_>) -> Vec<JobRun> {
    let mut runs = Vec::new();
    leftovers.retain(|left| {
        if left.run_of.as_deref() != Some(job) {
            return true;
        }
        let service = view.observed.services.get(&left.object.name);
        let slot = service.and_then(|service| service.spec.labels.get(SLOT_LABEL)?.parse().ok());
        runs.extend(slot.map(|slot| JobRun { slot, target: left.target.clone() }));
        slot.is_none()
    });
    runs.sort_by(|a, b| (a.slot, &a.target.name).cmp(&(b.slot, &b.target.name)));
    runs
}

impl ServiceCase<'_> {
    /// What a run of a job would be made of. No service is called like the job itself, or is none
    /// of it.
    pub(super) fn compare_job(
        &self,
        (name, job): (&str, &DesiredJob),
        leftovers: &mut Vec<Leftover>,
    ) -> JobChange {
        let service = pinned(job, self.record.jobs.get(name));
        let mut change = self.compare(&format!("{name}-"), &service);
        change.name = name.to_owned();
        let runs = take_runs(name, leftovers, self.view);
        JobChange { change, timing: job.timing.clone(), runs }
    }
}
