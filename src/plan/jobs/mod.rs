//! Jobs that are run by a schedule: which run is begun now, and which are removed.
//!
//! The ledger knows of a run before it is made, and a run is called by the time that it is for. So
//! neither a crash nor a second operator loses it or runs it again. What keeps a run from being
//! begun concerns its job only: nothing else of the stack waits for it.

mod agenda;
mod record;
mod run;

use std::collections::BTreeSet;

use jiff::Timestamp;

use self::agenda::{Agenda, agenda};
pub(super) use self::record::remembered;
pub use self::run::RunState;
pub(super) use self::run::still_runs;
use self::run::{Seen, seen, surplus};
use super::policy::Gates;
use super::service::Case;
use super::{PlanInput, PlannedStep, Stage};
use crate::diff::{JobChange, references};
use crate::model::{
    Condition, Gap, Held, HeldReason, Instance, JobRecord, Kind, ObjectRef, Overlap, Phase, Step,
    SuspendedBy,
};

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobPlan {
    /// Full name.
    pub name: String,
    /// Schedule and time zone.
    pub schedule: String,
    /// When its next time comes.
    pub next: Option<Timestamp>,
    /// Its last run; `None` when it never had any.
    pub last: Option<LastRun>,
    /// Runs that are on their way.
    pub running: u64,
    /// Times that passed without a run since the last one; from 100 on, at least so many.
    pub missed: u64,
    /// Why the run whose time has come is not begun, if so.
    pub held: Option<HeldReason>,
}

/// The last run of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// The time that it was begun for.
    pub slot: Timestamp,
    /// How it stands.
    pub state: RunState,
}

/// What is done about the jobs of a stack.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) steps: Vec<PlannedStep>,
    /// Declarations that are not taken over yet.
    pub(super) held: Vec<Held>,
    pub(super) jobs: Vec<JobPlan>,
}

/// Decides about all jobs of a stack; `stop` is why nothing of it is written, if so. Then it is told
/// of the job that a run is not begun: a run that comes with the time is no change that waits.
pub(super) fn jobs(
    input: &PlanInput<'_>,
    instance: &Instance,
    stop: Option<&HeldReason>,
) -> Outcome {
    let mut outcome = Outcome::default();
    if input.changes.jobs.is_empty() {
        return outcome;
    }
    let gates = Gates::new(input);
    for job in &input.changes.jobs {
        let case = JobCase::new(input, job, &gates);
        match stop {
            Some(reason) => case.stopped(reason, &mut outcome),
            None => case.decide(instance, &mut outcome),
        }
    }
    outcome
}

/// One job before the decision.
struct JobCase<'a> {
    input: &'a PlanInput<'a>,
    job: &'a JobChange,
    record: Option<&'a JobRecord>,
    agenda: Agenda,
    seen: Vec<Seen<'a>>,
    /// Why what is declared is not taken over yet.
    gate: Option<HeldReason>,
}

impl<'a> JobCase<'a> {
    fn new(input: &'a PlanInput<'a>, job: &'a JobChange, gates: &Gates<'_>) -> Self {
        let record = input.ledger.and_then(|entry| entry.record.jobs.get(&job.change.name));
        let known = record.and_then(|record| record.spec.as_ref()) == Some(&job.change.hash);
        let object = ObjectRef::new(Kind::Service, &job.change.name);
        let gate = if known { None } else { gates.holds(&object) };
        let seen = seen(input, job, record);
        let open = record.filter(|record| record.begins).map(|record| record.slot);
        let lost = open.filter(|slot| seen.iter().all(|seen| seen.run.slot != *slot));
        let agenda = agenda(&job.timing, (record, lost), input.now);
        Self { input, job, record, agenda, seen, gate }
    }

    fn decide(self, instance: &Instance, outcome: &mut Outcome) {
        let held = self.agenda.due.and_then(|slot| self.holds(slot));
        let begins = self.agenda.due.filter(|slot| held.is_none() && !self.is_there(*slot));
        let mut gone = if self.may_clear() { surplus(self.job, &self.seen) } else { Vec::new() };
        match begins.zip(self.open()) {
            Some((_, open)) if self.job.timing.overlap == Overlap::Replace => {
                gone.extend(self.seen.iter().filter(|seen| seen.state.is_open()));
                let on = format!("the end of the run {open}, which is replaced");
                outcome.jobs.push(self.told(Some(HeldReason::Waiting { on })));
            }
            _ => {
                outcome.steps.extend(begins.map(|slot| self.begin(slot, instance)));
                outcome.jobs.push(self.told(held));
            }
        }
        outcome.steps.extend(gone.into_iter().map(removal));
        let object = ObjectRef::new(Kind::Service, &self.job.change.name);
        outcome.held.extend(self.gate.map(|reason| Held { object, reason }));
    }

    fn stopped(self, reason: &HeldReason, outcome: &mut Outcome) {
        let due = self.agenda.due.filter(|slot| !self.is_there(*slot));
        outcome.jobs.push(self.told(due.map(|_| reason.clone())));
        let object = ObjectRef::new(Kind::Service, &self.job.change.name);
        outcome.held.extend(self.gate.map(|reason| Held { object, reason }));
    }

    /// Why the run whose time has come is not begun.
    fn holds(&self, slot: Timestamp) -> Option<HeldReason> {
        if self.is_there(slot) {
            return None;
        }
        let suspended = |why: &String| {
            let (by, why) = (SuspendedBy::Declaration, why.clone());
            HeldReason::Suspended { by, why, until: None }
        };
        let change = &self.job.change;
        let blocked = || {
            let (record, drift, culprit, input) = (None, None, None, self.input);
            Case { change, record, drift, culprit, input }.blocked()
        };
        let stopped = change.policy.suspend.as_ref().map(suspended);
        stopped
            .or_else(|| self.gate.clone())
            .or_else(|| self.unseen())
            .or_else(|| self.overlaps())
            .or_else(|| before(self.input))
            .or_else(blocked)
    }

    /// While a service or task can't be read, nobody knows what runs.
    fn unseen(&self) -> Option<HeldReason> {
        let runs = |gap: &&Gap| matches!(gap, Gap::Unreadable { kind, .. } if kind == "service" || kind == "task");
        let gap = self.input.view.observed.gaps.iter().find(runs)?;
        Some(HeldReason::ViewIncomplete { missing: format!("all of its runs ({gap:?})") })
    }

    fn overlaps(&self) -> Option<HeldReason> {
        let run = self.open().filter(|_| self.job.timing.overlap == Overlap::Forbid)?;
        Some(HeldReason::Overlap { run: run.to_owned() })
    }

    /// The oldest run that is on its way.
    fn open(&self) -> Option<&str> {
        let open = self.seen.iter().find(|seen| seen.state.is_open() || seen.lingers)?;
        Some(open.run.target.name.as_str())
    }

    fn is_there(&self, slot: Timestamp) -> bool {
        self.seen.iter().any(|seen| seen.run.slot == slot)
    }

    /// What is over goes while everything could be seen.
    fn may_clear(&self) -> bool {
        self.input.view.observed.gaps.is_empty()
    }

    fn begin(&self, slot: Timestamp, instance: &Instance) -> PlannedStep {
        let spec = self.job.run(slot, instance);
        let needs = references(&spec);
        PlannedStep { stage: Stage::Services, step: Step::CreateService { spec }, needs }
    }

    fn told(&self, held: Option<HeldReason>) -> JobPlan {
        let running = self.seen.iter().filter(|seen| seen.state.is_open()).count() as u64;
        let passed = self.record.map_or(0, |record| record.missed);
        let missed = self.agenda.missed;
        JobPlan {
            name: self.job.change.name.clone(),
            schedule: self.job.timing.words(),
            next: self.agenda.next,
            last: self.last(),
            running,
            missed: if missed > 0 { missed } else { passed },
            held,
        }
    }

    /// The newest run, as far as it is known.
    fn last(&self) -> Option<LastRun> {
        let there = self.seen.last().map(|seen| (seen.run.slot, seen.state.clone()));
        let ended = self.record.and_then(|record| record.ended.last_key_value());
        let ended = ended.map(|(slot, end)| {
            let failed = |why: &String| RunState::Failed { why: why.clone() };
            (*slot, end.failure.as_ref().map_or(RunState::Succeeded, failed))
        });
        let newest = there.into_iter().chain(ended).max_by_key(|(slot, _)| *slot);
        newest.map(|(slot, state)| LastRun { slot, state })
    }
}

/// What is done before the services of a stack are touched comes before its jobs, too.
fn before(input: &PlanInput<'_>) -> Option<HeldReason> {
    let changes = input.changes;
    let made = changes.services.iter().filter(|change| !change.is_done());
    let made = made.map(|change| (&change.name, change.rank));
    let unmade = changes.unmade.iter().map(|(name, rank)| (name, *rank));
    let mut open = made.chain(unmade).filter(|(_, rank)| rank.phase == Phase::Pre);
    let on = ObjectRef::new(Kind::Service, open.next()?.0);
    Some(HeldReason::WaveNotReady { on, until: Condition::Completed })
}

fn removal(seen: &Seen<'_>) -> PlannedStep {
    let step = Step::Remove { kind: Kind::Service, target: seen.run.target.clone() };
    PlannedStep { stage: Stage::Removal, step, needs: BTreeSet::new() }
}
