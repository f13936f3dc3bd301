//! A job that is run by a schedule: its next and its last run.

use jiff::Timestamp;
use serde::Serialize;

use super::HeldView;
use crate::model::{Held, Kind, ObjectRef};
use crate::plan::{JobPlan, LastRun, RunState, StackPlan};
use crate::view::veil::{Veil, Veiled};

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobView {
    /// Full name.
    pub name: String,
    /// Schedule and time zone; absent where only the ledger was asked and knows none.
    pub schedule: String,
    /// When its next time comes; absent when none comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// Its last run; absent when it had none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<RunView>,
    /// Runs that are on their way.
    pub running: u64,
    /// Times that passed without a run since the last one, or before it; from 100 on, at least so
    /// many.
    pub missed: u64,
    /// Why the run whose time has come is not begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldView>,
}

/// A run of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunView {
    /// The time that it was begun for.
    pub slot: Timestamp,
    /// `running`, `succeeded`, `failed` or `gone`.
    pub state: &'static str,
    /// Why it failed, in the engine's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Veiled>,
}

impl JobView {
    /// Draws the picture of a job of a plan.
    #[must_use]
    pub fn of(job: &JobPlan, plan: &StackPlan, veil: &Veil) -> Self {
        let object = ObjectRef::new(Kind::Service, &job.name);
        let held = job.held.clone().map(|reason| Held { object, reason });
        Self {
            name: job.name.clone(),
            schedule: job.schedule.clone(),
            next: job.next,
            last: job.last.as_ref().map(|last| RunView::of(last, veil)),
            running: job.running,
            missed: job.missed,
            held: held.map(|held| HeldView::of(&held, (plan.stack.as_str(), &plan.drift), veil)),
        }
    }
}

impl RunView {
    /// Draws the picture of a run.
    #[must_use]
    pub fn of(run: &LastRun, veil: &Veil) -> Self {
        let why = match &run.state {
            RunState::Failed { why } => Some(veil.over(why.clone())),
            _ => None,
        };
        Self { slot: run.slot, state: run.state.as_str(), why }
    }
}
