//! What a plan was made against, so that it is carried out later, or refused: revisions, ids,
//! versions, and hashes of what would be written. No value in it may be secret (law 10).

mod moved;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::picture::{masked, step_body, step_target};
use crate::model::{Approval, HashKey, Held, HeldReason, ObjectRef, SpecHash, StackName, StepKind};
use crate::plan::{PlannedStep, StackPlan};

/// Version of the form. An unknown one is refused.
pub const BASIS_FORMAT: u32 = 1;

/// What a plan was made against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Version of the form.
    pub format: u32,
    /// The instance that plans.
    pub instance: String,
    /// Id of the swarm.
    pub swarm: String,
    /// Where the declaration comes from.
    pub source: SourceBasis,
    /// Whether removals were asked for.
    pub prune: bool,
    /// Whether hashes are keyed. Without a key in the swarm they leave out what may be secret, and
    /// the revision alone stands for that.
    pub keyed: bool,
    /// Revisions of all sources, by name.
    pub revisions: BTreeMap<String, String>,
    /// The stacks, by name.
    pub stacks: BTreeMap<StackName, StackBasis>,
}

/// Where a declaration comes from, as on a command line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceBasis {
    /// Address, without credentials.
    pub address: String,
    /// The commit; absent for what has no commits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub commit: Option<String>,
    /// `--path`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// `--name`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Name under which it is remembered.
    pub source_name: String,
}

/// What is decided for one stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackBasis {
    /// The revision that asks for it; absent for a stack that left its source.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revision: Option<String>,
    /// The revision that the ledger holds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub applied: Option<String>,
    /// Steps to take now, without those of the ledger, which follow from them.
    pub steps: Vec<StepBasis>,
    /// Wanted and not done now.
    pub held: Vec<HeldBasis>,
}

/// One engine call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepBasis {
    /// What kind of step it is.
    pub action: StepKind,
    /// The object.
    pub object: ObjectRef,
    /// Its id, where it is there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// Its version, where it is there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<u64>,
    /// Hash of what would be written.
    pub content: String,
}

/// A change that is held.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HeldBasis {
    /// What would be changed.
    pub object: ObjectRef,
    /// Name of the reason.
    pub reason: String,
    /// What stands for a person's yes, where one is wanted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approval: Option<Approval>,
}

impl StackBasis {
    /// What was decided for a stack to which the ledger says that `applied` is applied.
    #[must_use]
    pub fn of(plan: &StackPlan, applied: Option<String>, key: Option<&HashKey>) -> Self {
        let mut held: Vec<HeldBasis> = plan.held.iter().map(HeldBasis::of).collect();
        held.sort();
        // Runs of jobs come and go by the time: nobody agrees to each of them.
        let is_run =
            |planned: &&PlannedStep| planned.step.object().is_some_and(|o| plan.is_run(&o));
        let steps = plan.steps.iter().filter(|planned| !is_run(planned));
        Self {
            revision: plan.revision.as_ref().map(ToString::to_string),
            applied,
            steps: steps.filter_map(|planned| StepBasis::of(planned, key)).collect(),
            held,
        }
    }
}

impl StepBasis {
    /// `None` for steps of the ledger.
    fn of(planned: &PlannedStep, key: Option<&HashKey>) -> Option<Self> {
        let target = step_target(&planned.step);
        let body = step_body(&planned.step);
        let content = match key {
            Some(key) => key.hash(body.to_string().as_bytes()).as_str().to_owned(),
            None => SpecHash::of(masked(body).to_string().as_bytes()).as_str().to_owned(),
        };
        Some(Self {
            action: planned.step.kind(),
            object: planned.step.object()?,
            id: target.map(|target| target.id.clone()),
            version: target.map(|target| target.version.index),
            content,
        })
    }
}

impl HeldBasis {
    fn of(held: &Held) -> Self {
        let approval = match &held.reason {
            HeldReason::NeedsApproval { approval, .. } => Some(approval.clone()),
            _ => None,
        };
        Self { object: held.object.clone(), reason: held.reason.name().to_owned(), approval }
    }
}
