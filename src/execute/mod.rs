//! Carries out a plan's steps. It makes no choices: what is done, in which order and with what was
//! decided by the plan; here ids and bytes are filled in, and answers are written down.

mod bind;
mod permit;

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _};
use tokio::sync::Semaphore;

pub use bind::{BindError, Bindings, ledger_write};
pub use permit::Permit;

use crate::model::{Instance, ObjectRef, Outcome, SideStore, StepOutcome};
use crate::plan::{PlannedStep, Stage};
use crate::ports::{Swarm, SwarmError};

/// Steps of one stage that are carried out at the same time, at the most.
const PARALLEL: usize = 16;

/// What carrying out needs beside the plan.
#[derive(Clone, Copy)]
pub struct Executor<'a> {
    /// The swarm.
    pub swarm: &'a dyn Swarm,
    /// The instance that writes.
    pub instance: &'a Instance,
    /// Content of secrets and configs.
    pub data: &'a SideStore,
    /// Bounds the writes of all stacks together.
    pub slots: &'a Semaphore,
    /// Whether this process may write; looked at before each step.
    pub permit: &'a Permit,
}

/// Carries out the steps of a plan, stage by stage; the steps of a stage at the same time. Returns an outcome
/// for each step, in the plan's order.
pub async fn execute(
    steps: &[PlannedStep],
    mut known: Bindings,
    executor: Executor<'_>,
) -> Vec<StepOutcome> {
    let mut outcomes = Vec::with_capacity(steps.len());
    let mut failed = BTreeSet::new();
    let mut unrecorded: Option<String> = None;
    for (stage, steps) in by_stage(steps) {
        if let Some(why) = &unrecorded {
            let skipped =
                |p: &&PlannedStep| StepOutcome::new(&p.step, Outcome::Skipped(why.clone()));
            outcomes.extend(steps.iter().map(skipped));
            continue;
        }
        for (planned, answer) in run_stage(&steps, &known, &failed, executor).await {
            note(planned, &answer, &mut known, &mut failed);
            if stage == Stage::Ledger && !answer.0.is_done() {
                // Law 3: what is not in the ledger is not attempted.
                unrecorded = Some("the ledger could not be written".to_owned());
            }
            outcomes.push(StepOutcome::new(&planned.step, answer.0));
        }
    }
    outcomes
}

/// What came of a step, and the id of the object that it left.
type Answer = (Outcome, Option<String>);

fn by_stage(steps: &[PlannedStep]) -> BTreeMap<Stage, Vec<&PlannedStep>> {
    let mut stages: BTreeMap<Stage, Vec<&PlannedStep>> = BTreeMap::new();
    for planned in steps {
        stages.entry(planned.stage).or_default().push(planned);
    }
    stages
}

async fn run_stage<'a>(
    steps: &[&'a PlannedStep],
    known: &Bindings,
    failed: &BTreeSet<ObjectRef>,
    executor: Executor<'_>,
) -> Vec<(&'a PlannedStep, Answer)> {
    stream::iter(steps.iter().copied())
        .map(|planned| async move {
            let answer = match planned.needs.intersection(failed).next() {
                Some(need) => (Outcome::Skipped(format!("{need} could not be made")), None),
                None => one(planned, known, executor).await,
            };
            (planned, answer)
        })
        .buffered(PARALLEL)
        .collect()
        .await
}

async fn one(planned: &PlannedStep, known: &Bindings, executor: Executor<'_>) -> Answer {
    // Before the body is made: of a hundred stacks that wait, only those that write need theirs.
    // The semaphore is never closed, so a missing permit means the same as a free one.
    let _permit = executor.slots.acquire().await.ok();
    if !executor.permit.stands() {
        return (Outcome::Skipped("another operator may act by now".to_owned()), None);
    }
    let write = match bind::bind(&planned.step, known, executor.instance, executor.data) {
        Ok(write) => write,
        Err(error) => return (Outcome::Skipped(error.to_string()), None),
    };
    match executor.swarm.write(&write).await {
        Ok(written) => (Outcome::Done(written.warnings), Some(written.id)),
        Err(error) => (outcome(&error), None),
    }
}

fn note(
    planned: &PlannedStep,
    answer: &Answer,
    known: &mut Bindings,
    failed: &mut BTreeSet<ObjectRef>,
) {
    let Some(object) = planned.step.object() else { return };
    match answer {
        (Outcome::Done(_), Some(id)) => known.insert(object, id.clone()),
        (Outcome::Done(_), None) => {}
        _ => {
            failed.insert(object);
        }
    }
}

fn outcome(error: &SwarmError) -> Outcome {
    let text = error.to_string();
    match error {
        SwarmError::Conflict { .. } => Outcome::Conflict(text),
        SwarmError::InUse { .. } => Outcome::InUse(text),
        SwarmError::Refused { .. } => Outcome::Refused(text),
        SwarmError::Unavailable { .. } => Outcome::Unknown(text),
    }
}
