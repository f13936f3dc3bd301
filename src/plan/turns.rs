//! Which stacks have their turn: a stack is begun once those that come first are far enough.
//!
//! As between services, it orders changes and watches over nothing. What other stacks are like is
//! a value among the input of a plan, made of the same look.

use std::collections::BTreeMap;

use super::order::Order;
use super::stack::services;
use super::{PlanInput, PlannedStep, Stage};
use crate::diff::DataLive;
use crate::model::{
    Condition, HeldReason, Kind, ObjectRef, Presence, SourceName, StackName, StackOrder,
};

/// How far a stack is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Something of it that does not run yet, if there is anything.
    not_started: Option<ObjectRef>,
    /// Something of it that was not healthy yet as it is declared now, if there is anything.
    not_healthy: Option<ObjectRef>,
}

impl Standing {
    /// How far a stack is, with its present declaration.
    #[must_use]
    pub fn of(input: &PlanInput<'_>) -> Self {
        let steps = services(input);
        let order = Order::new(input, &steps);
        let open = |until| absent(input).or_else(|| order.first_open(until));
        Self { not_started: open(Condition::Started), not_healthy: open(Condition::Healthy) }
    }

    /// Jobs are healthy once they have ended well: of a whole stack both mean the same.
    fn open(&self, until: Condition) -> Option<&ObjectRef> {
        match until {
            Condition::Started => self.not_started.as_ref(),
            Condition::Healthy | Condition::Completed => self.not_healthy.as_ref(),
        }
    }
}

/// A network, secret or config that has to be made first.
fn absent(input: &PlanInput<'_>) -> Option<ObjectRef> {
    let changes = input.changes;
    let networks = changes.networks.iter().filter(|network| network.live.is_none());
    let networks = networks.map(|network| ObjectRef::new(Kind::Network, &network.spec.name));
    let data = changes.data.iter().filter(|data| data.live == DataLive::Absent);
    networks.chain(data.map(|data| data.object.clone())).next()
}

/// How far all stacks are that may come before others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turns {
    stacks: BTreeMap<StackName, Standing>,
    /// Of each source the stack in the first wave that is not healthy yet.
    open: BTreeMap<SourceName, (i32, StackName)>,
}

impl Turns {
    /// Adds a stack.
    pub fn insert(
        &mut self,
        (stack, source): (&StackName, &SourceName),
        order: &StackOrder,
        standing: Standing,
    ) {
        if standing.not_healthy.is_some() {
            let own = (order.wave, stack.clone());
            let open = self.open.entry(source.clone()).or_insert_with(|| own.clone());
            *open = own.min(open.clone());
        }
        self.stacks.insert(stack.clone(), standing);
    }

    /// Why a stack's turn has not come.
    fn before(&self, source: &SourceName, order: &StackOrder) -> Option<HeldReason> {
        for (stack, need) in &order.depends_on {
            let until = need.until;
            let on = match self.stacks.get(stack) {
                Some(standing) => standing.open(until).cloned().map(Some),
                None => (need.presence == Presence::Required).then_some(None),
            };
            if let Some(on) = on {
                return Some(HeldReason::StackNotReady { stack: stack.clone(), on, until });
            }
        }
        let (_, stack) = self.open.get(source).filter(|(wave, _)| *wave < order.wave)?;
        let (stack, until) = (stack.clone(), Condition::Healthy);
        let on = self.stacks.get(&stack).and_then(|standing| standing.not_healthy.clone());
        Some(HeldReason::StackNotReady { stack, on, until })
    }
}

/// Why the services of a stack are not begun, if its turn has not come. Networks, secrets and
/// configs are made at once, as they are for services that wait for each other.
pub(super) fn holds<'a>(
    input: &'a PlanInput<'a>,
) -> impl Fn(&PlannedStep) -> Option<HeldReason> + 'a {
    let reason = input.turns.before(&input.lineage.source, &input.lineage.policy.order);
    move |planned| {
        let reason = reason.as_ref().filter(|_| planned.stage == Stage::Services)?;
        let object = planned.step.object()?;
        let mut changes = input.changes.services.iter();
        let change = changes.find(|change| change.name == object.name)?;
        change.touches_tasks().then(|| reason.clone())
    }
}
