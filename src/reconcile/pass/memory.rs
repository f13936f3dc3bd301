//! What an operator remembers between passes. Losing it costs nothing but a few questions.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::answers::Answers;
use super::compared::Comparisons;
use super::desired::LoadCache;
use super::kept::Opened;
use crate::choose;
use crate::diff::Unequal;
use crate::ledger::Records;
use crate::model::{
    HashKey, ImageAnswer, ImageRef, ObjectRef, Repository, Step, TagsAnswer, UpdateManner,
};
use crate::plan::{Cause, CausedField, Contested, Differing, Drift, Memory, PlannedStep};
use crate::status::{Outcome, StepOutcome};

/// First wait after a failed write; doubled with each further failure.
const FIRST: Duration = Duration::from_secs(1);
/// Longest wait.
const LONGEST: Duration = Duration::from_secs(300);

/// What an operator remembers between passes.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct PassMemory {
    /// What plans are made with.
    pub(super) plan: Memory,
    /// Answers of registries.
    pub(super) answers: Answers<ImageRef, ImageAnswer>,
    /// Lists of tags.
    pub(super) lists: Answers<Repository, TagsAnswer>,
    /// Stacks with the images that were chosen for them.
    pub(super) chosen: choose::Cache,
    /// Loads of revisions that did not move.
    pub(in crate::reconcile) loads: LoadCache,
    /// Records of the last look.
    pub(super) records: Records,
    /// What was unpacked of what is kept.
    pub(super) opened: Opened,
    /// Comparisons that still hold.
    pub(super) compared: Comparisons,
    /// Contents that secrets were found not to have.
    pub(super) unequal: Unequal,
    /// The key that this process would keep in a swarm without one.
    pub(super) own_key: Option<HashKey>,
    failures: BTreeMap<ObjectRef, u32>,
}

impl PassMemory {
    /// Learns from what came of a plan.
    pub(super) fn learn(
        &mut self,
        (steps, drift): (&[PlannedStep], &[Drift]),
        outcomes: &[StepOutcome],
        now: Timestamp,
    ) {
        for (planned, outcome) in steps.iter().zip(outcomes) {
            let Some(object) = planned.step.object() else { continue };
            self.note_unequal(&planned.step, &outcome.outcome);
            match &outcome.outcome {
                Outcome::Done(_) => {
                    self.failures.remove(&object);
                    self.plan.backoff.remove(&object);
                    self.note_repair(drift, &planned.step, now);
                }
                Outcome::Refused(why) | Outcome::InUse(why) | Outcome::Unknown(why) => {
                    self.back_off(object, why, now);
                }
                Outcome::Skipped(_) | Outcome::Conflict(_) => {}
            }
        }
        self.note_standing_fights(drift, now);
    }

    /// A refused adoption is an answer: the secret has other content.
    fn note_unequal(&mut self, step: &Step, outcome: &Outcome) {
        let (Step::AdoptSecret { target, new }, Outcome::Refused(_)) = (step, outcome) else {
            return;
        };
        self.unequal.extend(new.hash.clone().map(|hash| (target.id.clone(), hash)));
    }

    /// Nobody waits for longer than the longest wait: who seems to, was told so before somebody set
    /// the date back.
    pub(super) fn date(&mut self, now: Timestamp) {
        let longest = SignedDuration::try_from(LONGEST).unwrap_or_default();
        self.plan.backoff.retain(|_, (until, _)| now.duration_until(*until) <= longest);
    }

    fn back_off(&mut self, object: ObjectRef, why: &str, now: Timestamp) {
        let failures = self.failures.entry(object.clone()).or_insert(0);
        let wait = FIRST.saturating_mul(1 << (*failures).min(16)).min(LONGEST);
        *failures += 1;
        let until = now.checked_add(SignedDuration::try_from(wait).unwrap_or_default());
        self.plan.backoff.insert(object, (until.unwrap_or(now), why.to_owned()));
    }

    /// Counts the fields that somebody had changed by hand and that were just put back.
    fn note_repair(&mut self, drift: &[Drift], step: &Step, now: Timestamp) {
        let target = match step {
            Step::UpdateService {
                manner:
                    UpdateManner::Return
                    | UpdateManner::Promote
                    | UpdateManner::Resume
                    | UpdateManner::Spread,
                ..
            } => return,
            Step::UpdateService { target, .. }
            | Step::Withdraw { target, .. }
            | Step::UpdateNode { target, .. } => target,
            _ => return,
        };
        let object = step.object();
        let drift = drift.iter().filter(|drift| Some(&drift.object) == object.as_ref());
        let by_hand = |field: &&CausedField| field.cause == Cause::ChangedByHand;
        for field in drift.flat_map(differing).filter(by_hand) {
            let values = Contested {
                ours: field.change.new.clone().unwrap_or_default(),
                theirs: field.change.old.clone().unwrap_or_default(),
            };
            self.plan.contests.repaired(&target.name, &field.change.path, values, now);
        }
    }

    fn note_standing_fights(&mut self, drift: &[Drift], now: Timestamp) {
        for drift in drift {
            for field in differing(drift) {
                self.plan.contests.seen(&drift.object.name, &field.change.path, now);
            }
        }
        self.plan.contests.forget(now);
    }
}

/// Fields over which there may be a fight: none of a service that is not there.
fn differing(drift: &Drift) -> &[CausedField] {
    match &drift.differing {
        Differing::In(fields) => fields,
        Differing::Everywhere(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn a_date_that_is_set_back_makes_nobody_wait_for_days() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let (mut memory, object) = (PassMemory::default(), ObjectRef::new(Kind::Service, "web"));
        memory.back_off(object.clone(), "refused", at(1_000_000));
        memory.date(at(999_990));
        assert!(memory.plan.backoff.contains_key(&object), "a little is nothing");
        memory.date(at(1_000));
        assert!(memory.plan.backoff.is_empty());
    }
}
