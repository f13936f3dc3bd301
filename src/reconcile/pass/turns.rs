//! How far stacks are, for those that come after them.

use super::{Case, Round, isolated};
use crate::plan::{Declared, Standing, Turns};
use crate::reconcile::Operator;

impl Operator {
    /// How far all stacks are; looked at only where one of them waits for others.
    pub(super) fn turns(
        &self,
        round: &Round<'_>,
        cases: &[Case<'_>],
        trouble: &mut Vec<String>,
    ) -> Turns {
        let declared = &round.wanted.desired.stacks;
        let mut turns = Turns::default();
        if declared.values().all(|stack| stack.policy.order.is_default()) {
            return turns;
        }
        let nothing = Turns::default();
        for case in cases.iter().filter(|case| case.candidate.lineage.declared == Declared::Here) {
            let (stack, lineage) = (&case.candidate.changes.stack, &case.candidate.lineage);
            let input = self.input(round, case, &nothing);
            match isolated(stack, "ordering", || Standing::of(&input)) {
                Ok(standing) => {
                    turns.insert((stack, &lineage.source), &lineage.policy.order, standing);
                }
                Err(message) => trouble.push(message),
            }
        }
        turns
    }
}
