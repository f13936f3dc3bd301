//! What the ledger remembers of jobs.

use std::collections::{BTreeMap, BTreeSet};

use super::JobCase;
use super::agenda::beginning;
use super::run::{RunState, surplus};
use crate::diff::ImageState;
use crate::model::{JobRecord, KeptPolicy, LedgerRecord, Overlap, RunEnd};
use crate::plan::policy::Gates;
use crate::plan::{Basis, Declared, PlanInput};

/// What is known of the jobs after this pass, given the services that are about to be made.
pub(in crate::plan) fn remembered(
    input: &PlanInput<'_>,
    record: &LedgerRecord,
    written: &BTreeSet<&str>,
) -> BTreeMap<String, JobRecord> {
    let (changes, mut jobs) = (input.changes, record.jobs.clone());
    if changes.jobs.is_empty() && jobs.is_empty() {
        return jobs;
    }
    let whole = input.lineage.declared == Declared::Here
        && input.lineage.basis == Basis::Declared
        && changes.wholeness == crate::model::Wholeness::Whole;
    // What left is remembered for as long as runs of it are there.
    let left: BTreeSet<&String> =
        changes.leftovers.iter().filter_map(|left| left.run_of.as_ref()).collect();
    let declared: BTreeSet<&String> = changes.jobs.iter().map(|job| &job.change.name).collect();
    jobs.retain(|name, _| !whole || declared.contains(name) || left.contains(name));
    let gates = Gates::new(input);
    for job in &changes.jobs {
        let next = JobCase::new(input, job, &gates).next(written);
        jobs.extend(next.map(|next| (job.change.name.clone(), next)));
    }
    jobs
}

impl JobCase<'_> {
    /// What is known of one job after this pass; `None` for one that was never taken over.
    fn next(&self, written: &BTreeSet<&str>) -> Option<JobRecord> {
        let mut next = self.taken_over()?;
        if self.is_there(next.slot) {
            next.begins = false;
        }
        self.note_ends(&mut next);
        let due = self.agenda.due;
        let begun = due.filter(|slot| written.contains(self.job.run_name(*slot).as_str()));
        if let Some(slot) = begun {
            (next.slot, next.begins, next.missed) = (slot, true, self.agenda.missed);
        }
        Some(next)
    }

    /// The declaration is taken over once its image is known, unless its policy holds it.
    fn taken_over(&self) -> Option<JobRecord> {
        let change = &self.job.change;
        let ImageState::Decided(declared, image) = &change.image else {
            return self.record.cloned();
        };
        if self.gate.is_some() {
            return self.record.cloned();
        }
        let schedule = self.job.timing.words();
        let known = self.record.filter(|record| record.schedule == schedule);
        let mut next = known.cloned().unwrap_or_else(|| JobRecord {
            ended: self.record.map(|record| record.ended.clone()).unwrap_or_default(),
            ..JobRecord::beginning(schedule, beginning(&self.job.timing, self.input.now))
        });
        next.spec = Some(change.hash.clone());
        let pinned = image.digest().is_some();
        next.image = pinned.then(|| (declared.clone(), image.clone()));
        next.policy = KeptPolicy::from(&change.policy);
        Some(next)
    }

    /// How runs ended: of those that stay, and of the last one.
    fn note_ends(&self, next: &mut JobRecord) {
        let replaces = self.job.timing.overlap == Overlap::Replace && self.is_replacing();
        for seen in &self.seen {
            let failure = match &seen.state {
                RunState::Succeeded => None,
                RunState::Failed { why } => Some(why.clone()),
                RunState::Running if replaces => Some("replaced by the next run".to_owned()),
                RunState::Running | RunState::Gone => continue,
            };
            next.ended.entry(seen.run.slot).or_insert(RunEnd { failure });
        }
        let gone = surplus(self.job, &self.seen);
        let stays = |slot: &jiff::Timestamp| {
            let gone = gone.iter().any(|seen| seen.run.slot == *slot);
            self.is_there(*slot) && !gone
        };
        let last = next.ended.last_key_value().map(|(slot, _)| *slot);
        next.ended.retain(|slot, _| Some(*slot) == last || stays(slot));
    }

    /// True when a run goes so that the next one can be begun.
    fn is_replacing(&self) -> bool {
        let due = self.agenda.due.filter(|slot| !self.is_there(*slot));
        due.is_some_and(|slot| self.holds(slot).is_none()) && self.open().is_some()
    }
}
