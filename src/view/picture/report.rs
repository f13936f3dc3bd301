//! The whole report.

use jiff::Timestamp;
use serde::Serialize;

use super::{Bodies, FollowView, NodesView, ProblemView, StackView};
use crate::model::Engine;
use crate::plan::Action;
use crate::status::{Report, SourceReport};

/// Version of the JSON contract. Fields may be added under the same number; nothing that is there
/// changes its name or meaning.
pub const FORMAT: u32 = 1;

/// Everything that one pass saw, decided and did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportView {
    /// Version of the contract.
    pub format: u32,
    /// When the pass began.
    pub at: Timestamp,
    /// The engine; absent when it did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineView>,
    /// The sources.
    pub sources: Vec<SourceView>,
    /// All problems of all files.
    pub problems: Vec<ProblemView>,
    /// Why there was no decision at all; empty otherwise.
    pub trouble: Vec<String>,
    /// How much there is of what.
    pub counts: Counts,
    /// The nodes; absent where nothing is or was declared of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<NodesView>,
    /// What services run that follow an `Image`; absent without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<FollowView>,
    /// The stacks, by name.
    pub stacks: Vec<StackView>,
}

/// The engine that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EngineView {
    /// Its release.
    pub version: String,
    /// The API version that was agreed on.
    pub api: String,
    /// Id of the swarm.
    pub cluster: String,
}

/// One source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceView {
    /// Its name.
    pub name: String,
    /// The revision that was used; absent when there never was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// First line of the commit message.
    pub subject: String,
    /// Why it could not be read just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How much there is of what, over all stacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Stacks.
    pub stacks: usize,
    /// Services that are there.
    pub services: usize,
    /// Objects that have to be made.
    pub create: usize,
    /// Objects that have to be written.
    pub update: usize,
    /// Objects that would have to be made anew.
    pub recreate: usize,
    /// Objects that are to be taken over.
    pub adopt: usize,
    /// Objects that are to be removed.
    pub remove: usize,
    /// Fields that differ in objects that are there.
    pub fields: usize,
    /// Fields that others decide, and that are not as declared; absent without any.
    #[serde(skip_serializing_if = "is_none")]
    pub ignored: usize,
    /// Changes that are wanted and not made now.
    pub held: usize,
    /// Steps to take now, without those of the ledger.
    pub steps: usize,
    /// Problems that are errors.
    pub errors: usize,
}

impl ReportView {
    /// Draws the picture of a report.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        Self::draw(report, Bodies::Drawn)
    }

    /// The same without the bodies of steps.
    #[must_use]
    pub fn without_bodies(report: &Report) -> Self {
        Self::draw(report, Bodies::LeftOut)
    }

    fn draw(report: &Report, bodies: Bodies) -> Self {
        let stacks = report.stacks.iter();
        let stacks: Vec<StackView> =
            stacks.map(|(name, stack)| StackView::of(name, stack, bodies)).collect();
        let nodes = report.nodes.as_ref().map(|nodes| NodesView::of(nodes, bodies));
        let problems: Vec<ProblemView> = report.problems.iter().map(ProblemView::of).collect();
        Self {
            format: FORMAT,
            at: report.at,
            engine: report.engine.as_ref().map(EngineView::from),
            sources: report.sources.iter().map(SourceView::of).collect(),
            counts: Counts::of(&stacks, &problems).with(nodes.as_ref()),
            nodes,
            images: report.images.iter().map(FollowView::of).collect(),
            problems,
            trouble: report.trouble.clone(),
            stacks,
        }
    }

    /// True when something differs from what is declared.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.stacks.iter().any(|stack| !stack.drift.is_empty())
            || self.nodes.as_ref().is_some_and(|nodes| !nodes.drift.is_empty())
    }

    /// True when the picture is not whole: an error in a declaration, a source that could not be
    /// read, an engine that did not answer.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.counts.errors > 0
            || !self.trouble.is_empty()
            || self.sources.iter().any(|source| source.error.is_some())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it like this")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Counts {
    fn of(stacks: &[StackView], problems: &[ProblemView]) -> Self {
        let mut counts = Self { stacks: stacks.len(), ..Self::default() };
        counts.errors = problems.iter().filter(|problem| problem.is_error()).count();
        for stack in stacks {
            counts.services += stack.services.len();
            counts.ignored += stack.ignored.iter().map(|one| one.fields.len()).sum::<usize>();
            counts.held += stack.held.len();
            counts.steps += stack.steps.iter().filter(|step| step.object.is_some()).count();
            for drift in &stack.drift {
                *counts.slot(drift.action) += 1;
                if drift.action != Action::Create {
                    counts.fields += drift.fields.len();
                }
            }
        }
        counts
    }

    /// With what there is of nodes.
    fn with(mut self, nodes: Option<&NodesView>) -> Self {
        let Some(nodes) = nodes else { return self };
        self.held += nodes.held.len();
        self.steps += nodes.steps.iter().filter(|step| step.object.is_some()).count();
        self.update += nodes.drift.len();
        self.fields += nodes.drift.iter().map(|drift| drift.fields.len()).sum::<usize>();
        self
    }

    fn slot(&mut self, action: Action) -> &mut usize {
        match action {
            Action::Create => &mut self.create,
            Action::Update => &mut self.update,
            Action::Recreate => &mut self.recreate,
            Action::Adopt => &mut self.adopt,
            Action::Remove => &mut self.remove,
        }
    }
}

impl From<&Engine> for EngineView {
    fn from(engine: &Engine) -> Self {
        Self {
            version: engine.version.clone(),
            api: engine.api.to_string(),
            cluster: engine.cluster.clone(),
        }
    }
}

impl SourceView {
    /// Draws the picture of a source.
    #[must_use]
    pub fn of(source: &SourceReport) -> Self {
        Self {
            name: source.name.to_string(),
            revision: source.revision.as_ref().map(ToString::to_string),
            subject: source.subject.clone(),
            error: source.error.clone(),
        }
    }
}
