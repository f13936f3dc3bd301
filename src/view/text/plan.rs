//! What would be done now, in order, and what is held.

use std::fmt::Write as _;

use super::paint::{BAD, DIM, GOOD, HEAD, SOON, paint};
use super::rebalancing::rebalancing;
use super::stack::{heading, held_lines, nodes_heading};
use crate::model::StepKind;
use crate::plan::Stage;
use crate::view::picture::{HeldView, ReportView, StackView, StepView};
use crate::view::veil::Reveal;

/// The steps of all stacks.
#[must_use]
pub fn plan(report: &ReportView, reveal: Reveal) -> String {
    let mut text = String::new();
    for stack in report.stacks.iter().filter(|s| !s.steps.is_empty() || !s.held.is_empty()) {
        text.push_str(&of_stack(stack, reveal));
        text.push('\n');
    }
    for nodes in report.nodes.iter().filter(|n| !n.steps.is_empty() || !n.held.is_empty()) {
        text.push_str(&nodes_heading());
        text.push_str(&body(&nodes.steps, &nodes.held, reveal));
        text.push('\n');
    }
    let (steps, held) = (report.counts.steps, report.counts.held);
    match (steps, held) {
        (0, 0) => text.push_str("Nothing to do.\n"),
        (0, _) => text.push_str(&format!("Nothing to do now, {held} held.\n")),
        (_, 0) => text.push_str(&format!("{steps} to do.\n")),
        _ => text.push_str(&format!("{steps} to do, {held} held.\n")),
    }
    text
}

fn of_stack(stack: &StackView, reveal: Reveal) -> String {
    let mut text = heading(stack);
    text.push_str(&body(&stack.steps, &stack.held, reveal));
    for one in &stack.rebalancing {
        text.push_str(&rebalancing(one, "  ", reveal));
    }
    text
}

fn body(steps: &[StepView], all_held: &[HeldView], reveal: Reveal) -> String {
    let mut text = String::new();
    let mut stage = None;
    for step in steps {
        if stage != Some(step.stage) {
            stage = Some(step.stage);
            let _ = writeln!(text, "  {}", paint(DIM, stage_word(step.stage)));
        }
        let _ = writeln!(text, "    {}", step_line(step));
    }
    if !all_held.is_empty() {
        let _ = writeln!(text, "  {}", paint(DIM, "held"));
        for held in all_held {
            let _ = writeln!(text, "    {}", paint(HEAD, &held.object.to_string()));
            text.push_str(&held_lines(std::iter::once(held), "      ", reveal));
        }
    }
    text
}

fn step_line(step: &StepView) -> String {
    let (word, style) = match step.action {
        StepKind::Ledger => ("remember", DIM),
        StepKind::Keep => ("keep", DIM),
        StepKind::Create => ("create", GOOD),
        StepKind::Update => ("update", SOON),
        StepKind::Adopt => ("take over", SOON),
        StepKind::Supersede => ("supersede", SOON),
        StepKind::Promote => ("promote", SOON),
        StepKind::Resume => ("let go on", SOON),
        StepKind::Spread => ("spread anew", SOON),
        StepKind::RollBack => ("roll back", BAD),
        StepKind::Withdraw => ("take away, to be made anew:", BAD),
        StepKind::Remove => ("remove", BAD),
    };
    let object = match (&step.object, step.action) {
        (Some(object), _) => object.to_string(),
        (None, StepKind::Keep) => "what is healthy".to_owned(),
        (None, _) => "what is attempted".to_owned(),
    };
    format!("{} {}", paint(style, word), paint(HEAD, &object))
}

fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Ledger => "ledger",
        Stage::Nodes => "nodes",
        Stage::Foundation => "networks, secrets, configs",
        Stage::Services => "services",
        Stage::Removal => "removals",
    }
}
