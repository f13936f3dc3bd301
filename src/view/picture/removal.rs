//! Objects that are to be removed, with the guards that hold them.

use serde::Serialize;

use super::{HeldView, ReportView};
use crate::model::{Held, ObjectRef};
use crate::plan::{Guard, Removal, StackPlan};
use crate::view::veil::Veil;

/// An object that is to be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemovalView {
    /// The object.
    pub object: ObjectRef,
    /// Guards that hold it; none when it goes now.
    pub against: Vec<GuardView>,
}

/// What a guard has against a removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuardView {
    /// The guard.
    pub guard: Guard,
    /// What it says.
    #[serde(flatten)]
    pub held: HeldView,
}

impl RemovalView {
    pub(super) fn of(removal: &Removal, plan: &StackPlan, veil: &Veil) -> Self {
        let object = removal.object.clone();
        let against = removal.against.iter().map(|(guard, reason)| {
            let held = Held { object: object.clone(), reason: reason.clone() };
            GuardView {
                guard: *guard,
                held: HeldView::of(&held, (plan.stack.as_str(), &plan.drift), veil),
            }
        });
        let against = against.collect();
        Self { object, against }
    }

    /// True when it goes now, or as soon as nothing uses it any more.
    #[must_use]
    pub fn goes(&self) -> bool {
        self.against.iter().all(|against| against.guard == Guard::Unused)
    }
}

/// What `skep prune` removes, and removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PruneView {
    /// What was removed.
    pub removed: Vec<ObjectRef>,
    /// What is there and not declared, by stack.
    pub left: Vec<LeftView>,
}

/// What is left over of one stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftView {
    /// The stack.
    pub stack: String,
    /// The source that declares it, or did.
    pub source: String,
    /// Whether the stack itself is not declared any more.
    pub undeclared: bool,
    /// What is left over of it.
    pub removals: Vec<RemovalView>,
}

impl PruneView {
    /// Draws the picture of what a report leaves.
    #[must_use]
    pub fn of(report: &ReportView, removed: Vec<ObjectRef>) -> Self {
        let left = report.stacks.iter().filter(|stack| !stack.removals.is_empty());
        let left = left.map(|stack| LeftView {
            stack: stack.name.clone(),
            source: stack.source.clone(),
            undeclared: stack.revision.is_none(),
            removals: stack.removals.clone(),
        });
        Self { removed, left: left.collect() }
    }

    /// Everything that is left over.
    pub fn removals(&self) -> impl Iterator<Item = &RemovalView> {
        self.left.iter().flat_map(|left| &left.removals)
    }
}
