//! Nodes in a pass: what the root source asks of them.

use super::{Mode, Round, isolated};
use crate::execute::{Bindings, execute};
use crate::model::Ancestry;
use crate::plan::{NodesInput, Root, Scope, audit_nodes, plan_nodes};
use crate::reconcile::Operator;
use crate::status::{NodesReport, Report};

impl Operator {
    /// Decides about nodes and does it, before the stacks: their tasks may go by a label.
    pub(super) async fn nodes(&mut self, report: &mut Report, round: &Round<'_>) {
        let own = round.ledgers.instance.as_ref();
        let known = own.is_some_and(|own| !own.record.nodes.is_empty());
        let nothing = round.wanted.nodes.is_empty() && !known;
        if nothing || self.settings.scope == Scope::Removals {
            return;
        }
        let Some(root) = self.root(round).await else { return };
        let input = NodesInput {
            declared: &round.wanted.nodes,
            root: &root,
            observed: round.view.observed,
            ledger: own,
            orders: &self.orders(round),
            contests: &self.memory.plan.contests,
            backoff: &self.memory.plan.backoff,
            now: round.now,
        };
        let mut plan = match isolated("the nodes", "planning", || plan_nodes(&input)) {
            Ok(plan) => plan,
            Err(trouble) => return report.trouble.push(trouble),
        };
        if let Some(finding) = audit_nodes(&plan, &input).first() {
            let trouble = format!("the plan of the nodes is not carried out: {finding}");
            return report.trouble.push(trouble);
        }
        report.problems.append(&mut plan.problems);
        let outcomes = match round.mode {
            // What a person agreed to in a file are plans of stacks.
            Mode::Act if !plan.steps.is_empty() && self.agreement.is_none() => {
                let executor = self.executor(&round.wanted.data);
                execute(&plan.steps, Bindings::default(), executor).await
            }
            _ => Vec::new(),
        };
        self.memory.learn((&plan.steps, &plan.drift), &outcomes, round.now);
        report.nodes = Some(NodesReport { plan, outcomes });
    }

    /// The root source, if it was read.
    async fn root(&self, round: &Round<'_>) -> Option<Root> {
        let first = self.sources.first()?;
        let (revision, wholeness) = round.wanted.sources.get(&first.state.name)?;
        let own = round.ledgers.instance.as_ref();
        let ancestry = match own.and_then(|own| own.record.revision.as_ref()) {
            Some(applied) if applied == revision => Ancestry::Same,
            Some(applied) => first.source.ancestry(applied, revision).await,
            None => Ancestry::Unknown,
        };
        let (source, revision) = (first.state.name.clone(), revision.clone());
        Some(Root { source, revision, ancestry, wholeness: *wholeness })
    }
}
