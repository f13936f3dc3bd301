//! Services whose tasks crowd on some nodes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::HeldView;
use crate::model::{Held, ObjectRef};
use crate::plan::{Rebalancing, StackPlan};
use crate::view::veil::Veil;

/// A service whose tasks are spread over the nodes anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RebalancingView {
    /// The service.
    pub object: ObjectRef,
    /// Its tasks on each node that fits, by the node's name.
    pub tasks: BTreeMap<String, u64>,
    /// Why that is not done now, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldView>,
}

impl RebalancingView {
    pub(super) fn of(one: &Rebalancing, plan: &StackPlan, veil: &Veil) -> Self {
        let (object, tasks) = (one.object.clone(), one.tasks.clone());
        let held = one.held.clone().map(|reason| {
            let held = Held { object: object.clone(), reason };
            HeldView::of(&held, (plan.stack.as_str(), &plan.drift), veil)
        });
        Self { object, tasks, held }
    }

    /// How many tasks are on each node: `n1 3, n2 3, n3 0`.
    #[must_use]
    pub fn spread(&self) -> String {
        let tasks = self.tasks.iter().map(|(node, tasks)| format!("{node} {tasks}"));
        tasks.collect::<Vec<_>>().join(", ")
    }
}
