//! One stack of a report.

use std::sync::Arc;

use serde::Serialize;

use super::{Bodies, BothView, HeldView, JobView, LogView, RebalancingView, RemovalView, StepView};
use crate::diff::{FieldChange, Masked};
use crate::health::{Health, HealthState};
use crate::model::{FieldRules, ObjectRef, StackName, StepKind};
use crate::plan::{Action, Cause, CausedField, Drift, Ignored};
use crate::status::{
    Condition, ConditionKind, Holds, Outcome, Settled, StackReport, StepOutcome, settled,
};
use crate::view::veil::{Veil, Veiled};

/// One stack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StackView {
    /// Its name.
    pub name: String,
    /// The source that declares it, or did.
    pub source: String,
    /// The revision that asks for it; absent when it left its source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// `well`, `on-the-way` or `badly`.
    pub settled: &'static str,
    /// What it comes to.
    pub conditions: Vec<ConditionView>,
    /// Everything that differs.
    pub drift: Vec<DriftView>,
    /// Fields that others decide, and that are not as declared; absent without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<IgnoredView>,
    /// Steps to take now.
    pub steps: Vec<StepView>,
    /// Wanted and not done now.
    pub held: Vec<HeldView>,
    /// Everything that is to be removed, with the guards that hold it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removals: Vec<RemovalView>,
    /// Services whose tasks crowd on some nodes; absent without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rebalancing: Vec<RebalancingView>,
    /// What came of the steps.
    pub outcomes: Vec<OutcomeView>,
    /// Services that are there, by name.
    pub services: Vec<ServiceView>,
    /// Jobs that are run by a schedule, by name; absent without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobView>,
}

/// One statement about a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConditionView {
    /// What it is about.
    pub kind: ConditionKind,
    /// Whether it holds.
    pub holds: Holds,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: Veiled,
}

/// One object that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DriftView {
    /// The object.
    pub object: ObjectRef,
    /// What has to happen to it.
    pub action: Action,
    /// Who made it differ.
    pub cause: Cause,
    /// Fields that differ.
    pub fields: Vec<FieldView>,
}

/// Fields of an object that others decide, and that are not as declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IgnoredView {
    /// The object.
    pub object: ObjectRef,
    /// The fields on both sides.
    pub fields: Vec<BothView>,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldView {
    /// Its path, in the words of a compose file.
    pub path: String,
    /// What is there; absent for a field that is at its default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Veiled>,
    /// What is declared; absent for a field that goes back to its default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Veiled>,
    /// Who moved it.
    pub cause: Cause,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeView {
    /// What kind of step it was.
    pub action: StepKind,
    /// The object; absent for the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// One word.
    pub outcome: &'static str,
    /// The engine's words: a reason, or warnings.
    pub messages: Vec<Veiled>,
}

/// One service that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceView {
    /// Full name.
    pub name: String,
    /// The verdict.
    pub state: HealthState,
    /// Tasks that run what is asked for.
    pub running: u64,
    /// Tasks that are asked for.
    pub wanted: u64,
    /// Why it is not healthy, in the engine's words.
    pub why: Veiled,
    /// Id of the task whose log says more; absent where no container was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub culprit: Option<String>,
    /// What a task that failed wrote; absent where nobody read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogView>,
}

impl StackView {
    /// Draws the picture of a stack without the bodies of its steps.
    #[must_use]
    pub fn without_bodies(name: &StackName, report: &StackReport) -> Self {
        Self::of(name, report, Bodies::LeftOut)
    }

    pub(super) fn of(name: &StackName, report: &StackReport, bodies: Bodies) -> Self {
        let plan = &report.plan;
        let veil = Veil::of(plan);
        let conditions = report.conditions.iter().map(|c| ConditionView::of(c, &veil)).collect();
        let health = report.health.iter();
        Self {
            name: name.to_string(),
            source: report.source.to_string(),
            revision: plan.revision.as_ref().map(ToString::to_string),
            settled: settled_word(report),
            conditions,
            drift: plan
                .drift
                .iter()
                .map(|drift| DriftView::of(drift, &plan.revealed(Some(&drift.object))))
                .collect(),
            ignored: plan.ignored.iter().map(IgnoredView::of).collect(),
            steps: plan
                .steps
                .iter()
                .map(|step| StepView::of(step, &plan.revealed(step.step.object().as_ref()), bodies))
                .collect(),
            held: plan
                .held
                .iter()
                .map(|held| HeldView::of(held, (plan.stack.as_str(), &plan.drift), &veil))
                .collect(),
            removals: plan.removals.iter().map(|r| RemovalView::of(r, plan, &veil)).collect(),
            outcomes: report.outcomes.iter().map(|o| OutcomeView::of(o, &veil)).collect(),
            services: health.map(|(name, health)| ServiceView::of(name, health, &veil)).collect(),
            rebalancing: plan
                .rebalancing
                .iter()
                .map(|one| RebalancingView::of(one, plan, &veil))
                .collect(),
            jobs: plan.jobs.iter().map(|job| JobView::of(job, plan, &veil)).collect(),
        }
    }
}

fn settled_word(report: &StackReport) -> &'static str {
    match settled(report) {
        Settled::Well => "well",
        Settled::OnTheWay => "on-the-way",
        Settled::Badly => "badly",
    }
}

impl ConditionView {
    fn of(condition: &Condition, veil: &Veil) -> Self {
        let (kind, holds) = (condition.kind, condition.holds);
        let message = veil.over(condition.message.clone());
        Self { kind, holds, reason: condition.reason.clone(), message }
    }
}

impl DriftView {
    pub(super) fn of(drift: &Drift, reveal: &FieldRules) -> Self {
        Self {
            object: drift.object.clone(),
            action: drift.action,
            cause: drift.cause,
            fields: drift.fields().iter().map(|field| FieldView::of(field, reveal)).collect(),
        }
    }
}

impl IgnoredView {
    fn of(ignored: &Ignored) -> Self {
        let both = |change: &Arc<FieldChange>| BothView::of_change(change);
        let (object, fields) = (ignored.object.clone(), ignored.fields.iter().map(both).collect());
        Self { object, fields }
    }
}

impl FieldView {
    fn of(field: &CausedField, reveal: &FieldRules) -> Self {
        let open = reveal.cover(&field.change.path);
        let masked = if open { Masked::No } else { field.change.masked };
        let value =
            |text: &Option<String>| text.as_ref().map(|text| Veiled::of(text.clone(), masked));
        let (old, new) = (value(&field.change.old), value(&field.change.new));
        Self { path: field.change.path.clone(), old, new, cause: field.cause }
    }
}

impl OutcomeView {
    pub(super) fn of(step: &StepOutcome, veil: &Veil) -> Self {
        let texts = match &step.outcome {
            Outcome::Done(warnings) => warnings.clone(),
            Outcome::Skipped(why)
            | Outcome::Conflict(why)
            | Outcome::InUse(why)
            | Outcome::Refused(why)
            | Outcome::Unknown(why) => vec![why.clone()],
        };
        Self {
            action: step.kind,
            object: step.object.clone(),
            outcome: step.outcome.word(),
            messages: texts.into_iter().map(|text| veil.over(text)).collect(),
        }
    }
}

impl ServiceView {
    /// Draws the picture of a service's health.
    #[must_use]
    pub fn of(name: &str, health: &Health, veil: &Veil) -> Self {
        Self {
            name: name.to_owned(),
            state: health.state,
            running: health.running,
            wanted: health.wanted,
            why: veil.over(health.why.clone()),
            culprit: health.culprit.clone(),
            log: None,
        }
    }
}
