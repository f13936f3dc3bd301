//! The nodes of a report.

use serde::Serialize;

use super::{Bodies, DriftView, HeldView, OutcomeView, StepView};
use crate::model::FieldRules;
use crate::status::NodesReport;
use crate::view::veil::Veil;

/// What is declared of nodes, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodesView {
    /// Nodes that differ.
    pub drift: Vec<DriftView>,
    /// Steps to take now.
    pub steps: Vec<StepView>,
    /// Wanted and not done now.
    pub held: Vec<HeldView>,
    /// What came of the steps.
    pub outcomes: Vec<OutcomeView>,
}

impl NodesView {
    /// Draws the picture of the nodes without the bodies of steps.
    #[must_use]
    pub fn without_bodies(report: &NodesReport) -> Self {
        Self::of(report, Bodies::LeftOut)
    }

    pub(super) fn of(report: &NodesReport, bodies: Bodies) -> Self {
        let (plan, veil, open) = (&report.plan, Veil::default(), FieldRules::default());
        let held = plan.held.iter();
        Self {
            drift: plan.drift.iter().map(|drift| DriftView::of(drift, &open)).collect(),
            steps: plan.steps.iter().map(|step| StepView::of(step, &open, bodies)).collect(),
            held: held.map(|held| HeldView::of(held, ("", &plan.drift), &veil)).collect(),
            outcomes: report.outcomes.iter().map(|o| OutcomeView::of(o, &veil)).collect(),
        }
    }
}
