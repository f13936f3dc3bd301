//! Laws 5, 6 and 7, and the audit: judged by plans and what was done of them.

use std::collections::BTreeMap;

use skep::ledger::{ledger_name, stable_name};
use skep::model::{HeldReason, Instance, Kind, Outcome, Step};
use skep::plan::{PlannedStep, StackPlan};
use skep::status::Report;

use super::writes::subject;
use super::{Found, Law};
use crate::stage::PassSeen;

pub fn judge(pass: &PassSeen, found: &mut Found) {
    let Some(report) = &pass.report else { return };
    for trouble in &report.trouble {
        if trouble.contains("not carried out") || trouble.contains("a bug in skep") {
            found.push((Law::Audited, trouble.clone()));
        }
    }
    same_world(pass, report, found);
    just_the_plan(pass, report, found);
    report.stacks.values().for_each(|stack| reasons(&stack.plan, found));
}

/// Law 5: asked twice, an operator answers twice the same, to the byte.
fn same_world(pass: &PassSeen, report: &Report, found: &mut Found) {
    let Some(foretold) = &pass.foretold else { return };
    if !report.trouble.is_empty() {
        return;
    }
    let done: Vec<&StackPlan> = report.stacks.values().map(|stack| &stack.plan).collect();
    if foretold.iter().collect::<Vec<_>>() != done {
        let odd = foretold.iter().zip(&done).find(|(before, now)| before != *now);
        let what = odd.map_or_else(String::new, |(before, now)| {
            format!("{:?} {:?} was {:?} {:?}", now.steps, now.held, before.steps, before.held)
        });
        found.push((Law::SameWorld, format!("another plan a moment later: {what}")));
    }
}

/// Law 6: each step that was not skipped is one write, and there is no other.
fn just_the_plan(pass: &PassSeen, report: &Report, found: &mut Found) {
    let mut planned: BTreeMap<(Kind, String), i32> = BTreeMap::new();
    for stack in report.stacks.values() {
        let steps = stack.plan.steps.iter().zip(&stack.outcomes);
        let taken = steps.filter(|(_, outcome)| !matches!(outcome.outcome, Outcome::Skipped(_)));
        taken.for_each(|(planned_step, _)| *planned.entry(object(planned_step)).or_default() += 1);
    }
    pass.writes().for_each(|wrote| *planned.entry(subject(&wrote.write)).or_default() -= 1);
    let odd = planned.iter().find(|(_, count)| **count != 0);
    if let Some(((kind, name), count)) = odd {
        let what = if *count > 0 { "planned and not written" } else { "written and not planned" };
        found.push((Law::JustThePlan, format!("{kind} {name} was {what}")));
    }
}

/// Law 7: what differs is changed now, or held for a reason.
fn reasons(plan: &StackPlan, found: &mut Found) {
    for drift in &plan.drift {
        let stepped =
            plan.steps.iter().any(|step| step.step.object().as_ref() == Some(&drift.object));
        let held = plan.held.iter().any(|held| {
            held.object == drift.object && !matches!(held.reason, HeldReason::EngineTooOld { .. })
        });
        if !stepped && !held {
            found.push((Law::Reasons, format!("{} differs, and nothing is said", drift.object)));
        }
    }
}

fn object(planned: &PlannedStep) -> (Kind, String) {
    if let Step::WriteLedger { stack, .. } = &planned.step {
        return (Kind::Config, ledger_name(&Instance::default(), stack.as_ref()));
    }
    if let Step::KeepStable(new) = &planned.step {
        return (Kind::Config, stable_name(&Instance::default(), new));
    }
    let object = planned.step.object();
    object.map_or((Kind::Config, String::new()), |object| (object.kind, object.name))
}
