//! Jobs that are run by a schedule.

use super::plain;
use crate::model::{HeldReason, StackName};
use crate::plan::{JobPlan, LastRun, RunState};
use crate::view::{ReportView, Reveal, StackView, text};

fn at(text: &str) -> jiff::Timestamp {
    text.parse().expect("a time")
}

fn job(name: &str, last: Option<RunState>, held: Option<HeldReason>) -> JobPlan {
    JobPlan {
        name: name.to_owned(),
        schedule: "0 3 * * * Europe/Berlin".to_owned(),
        next: Some(at("2026-12-01T02:00:00Z")),
        last: last.map(|state| LastRun { slot: at("2026-11-30T02:00:00Z"), state }),
        running: 0,
        missed: if held.is_some() { 2 } else { 0 },
        held,
    }
}

fn stack() -> StackView {
    let mut report = super::sample::report();
    let (name, stack) = report.stacks.pop_first().expect("a stack");
    let name: StackName = name;
    let mut stack = stack;
    let why = "tasks fail: task: non-zero exit (3)\u{1b}[2J".to_owned();
    let run = "shop_slow-20261130T0200Z".to_owned();
    stack.plan.jobs = vec![
        job("shop_backup", Some(RunState::Succeeded), None),
        job("shop_mail", Some(RunState::Failed { why }), None),
        job("shop_new", None, None),
        job("shop_slow", Some(RunState::Running), Some(HeldReason::Overlap { run })),
    ];
    StackView::without_bodies(&name, &stack)
}

#[test]
fn jobs_as_text() {
    let shown = plain(&text::stack(&stack(), Reveal::Nothing));
    let lines = shown.lines().filter(|line| line.contains("job ") || line.contains("Overlap"));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn jobs_as_json() {
    let json = serde_json::to_value(stack()).expect("JSON");
    insta::assert_snapshot!(serde_json::to_string_pretty(&json["jobs"]).expect("JSON"));
}

#[test]
fn a_stack_without_jobs_says_nothing_of_them() {
    let report = ReportView::of(&super::sample::report());
    let json = serde_json::to_value(&report.stacks[0]).expect("JSON");
    assert!(json.get("jobs").is_none());
}
