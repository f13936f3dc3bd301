//! Plan, outcomes and health → what is told to people: the report of one pass.

mod awaited;
mod condition;
mod culprits;
mod turns;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::model::{Outcome, StepOutcome};
pub use awaited::{Awaited, Known, Reached, awaited, stuck};
pub use condition::{Settled, conditions, settled, waits_for_its_turn};
use condition::{counts, goes_away};
pub use culprits::{Culprits, failures};
pub use turns::look_around;

use crate::health::Health;
use crate::model::{Chosen, Engine, Held, Problem, Revision, SourceName, StackName};
use crate::plan::{NodesPlan, StackPlan};

/// Everything that one pass saw, decided and did.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// When the pass began.
    pub at: Timestamp,
    /// The engine; `None` when it did not answer.
    pub engine: Option<Engine>,
    /// The sources.
    pub sources: Vec<SourceReport>,
    /// All problems of all files.
    pub problems: Vec<Problem>,
    /// The nodes, where something is or was declared of them.
    pub nodes: Option<NodesReport>,
    /// What services run that follow an `Image`.
    pub images: Vec<Chosen>,
    /// The stacks, by name.
    pub stacks: BTreeMap<StackName, StackReport>,
    /// Why there was no decision at all (the engine did not answer); empty otherwise.
    pub trouble: Vec<String>,
}

/// The nodes in a pass.
#[derive(Debug, Clone, PartialEq)]
pub struct NodesReport {
    /// What was decided.
    pub plan: NodesPlan,
    /// What came of the steps; empty when nothing was to be done, or only planned.
    pub outcomes: Vec<StepOutcome>,
}

impl NodesReport {
    /// Whether the nodes are as declared. What is only reported does not count.
    #[must_use]
    pub fn settled(&self) -> Settled {
        let refused = |one: &StepOutcome| matches!(one.outcome, Outcome::Refused(_));
        let held = || self.plan.held.iter().filter(|held| counts(&held.reason));
        let passes = |held: &Held| goes_away(&held.reason);
        match () {
            () if self.outcomes.iter().any(|one| one.outcome.is_done()) => Settled::OnTheWay,
            () if held().any(passes) => Settled::OnTheWay,
            () if self.outcomes.iter().any(refused) || held().next().is_some() => Settled::Badly,
            () if self.plan.steps.is_empty() => Settled::Well,
            () => Settled::OnTheWay,
        }
    }
}

/// One source in a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceReport {
    /// Its name.
    pub name: SourceName,
    /// The revision that was used; `None` when there never was one.
    pub revision: Option<Revision>,
    /// First line of the commit message.
    pub subject: String,
    /// Why it could not be read just now; what was read before stays in force.
    pub error: Option<String>,
}

/// One stack in a pass.
#[derive(Debug, Clone, PartialEq)]
pub struct StackReport {
    /// The source that declares it, or did.
    pub source: SourceName,
    /// What was decided.
    pub plan: StackPlan,
    /// What came of the steps; empty when nothing was to be done, or only planned.
    pub outcomes: Vec<StepOutcome>,
    /// Health of its services that are there, by full name.
    pub health: BTreeMap<String, Health>,
    /// Stacks that it waits for and that get no further by themselves ([`look_around`]).
    pub idle: BTreeSet<StackName>,
    /// What it comes to.
    pub conditions: Vec<Condition>,
}

/// One statement about a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Condition {
    /// What it is about.
    pub kind: ConditionKind,
    /// Whether it holds.
    pub holds: Holds,
    /// One word: the name of the reason.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
}

/// What conditions are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConditionKind {
    /// Everything that is declared is as declared.
    Synced,
    /// All services are healthy.
    Healthy,
    /// The declaration was loaded without errors.
    Loaded,
    /// What was attempted became healthy; told of stacks only where that is not so.
    RolledOut,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Holds {
    /// It does.
    True,
    /// It does not.
    False,
    /// On the way there.
    Progressing,
}
