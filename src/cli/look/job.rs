//! Jobs that are run by a schedule, as ledger and swarm know them.

use std::sync::Arc;

use crate::diff::RUN_LABEL;
use crate::model::engine::Service;
use crate::model::{JobRecord, Observed, SLOT_LABEL, next_by_words};
use crate::plan::{LastRun, RunState};
use crate::view::{JobView, RunView, Veil};

/// A job as the ledger knows it.
pub(super) fn known_job(name: &str, record: &JobRecord, observed: &Observed) -> JobView {
    let of_job = |service: &&Arc<Service>| {
        service.spec.labels.get(RUN_LABEL).map(String::as_str) == Some(name)
    };
    let slot = |service: &Arc<Service>| {
        service.spec.labels.get(SLOT_LABEL)?.parse::<jiff::Timestamp>().ok()
    };
    let runs = observed.services.values().filter(of_job).filter_map(slot);
    let open: Vec<_> = runs.filter(|slot| !record.ended.contains_key(slot)).collect();
    let ended = record.ended.last_key_value().map(|(slot, end)| {
        let failed = |why: &String| RunState::Failed { why: why.clone() };
        let state = end.failure.as_ref().map_or(RunState::Succeeded, failed);
        LastRun { slot: *slot, state }
    });
    let newest = open.iter().max().map(|slot| LastRun { slot: *slot, state: RunState::Running });
    let last = newest.into_iter().chain(ended).max_by_key(|run| run.slot);
    JobView {
        name: name.to_owned(),
        schedule: record.schedule.clone(),
        next: next_by_words(&record.schedule, observed.at.max(record.slot)),
        last: last.map(|run| RunView::of(&run, &Veil::default())),
        running: open.len() as u64,
        missed: record.missed,
        held: None,
    }
}
