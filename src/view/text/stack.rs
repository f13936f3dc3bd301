//! Stacks as a whole: conditions, services, held changes, outcomes.

use std::fmt::Write as _;

use anstyle::Style;

use super::images::staying;
use super::job::job;
use super::paint::{BAD, DIM, GOOD, HEAD, SOON, paint};
use super::rebalancing::rebalancing;
use crate::health::HealthState;
use crate::status::{ConditionKind, Holds};
use crate::view::clean;
use crate::view::picture::{
    ConditionView, HeldView, LogView, OutcomeView, ReportView, ServiceView, SourceView, StackView,
};
use crate::view::veil::Reveal;

/// Digits of a revision that people look at.
const DIGITS: usize = 12;

/// The whole report: sources, and every stack with its conditions and services.
#[must_use]
pub fn report(report: &ReportView, reveal: Reveal) -> String {
    let mut text = String::new();
    if let Some(engine) = &report.engine {
        let (version, api) = (clean(&engine.version), clean(&engine.api));
        let _ = writeln!(text, "engine {version} (API {api}), swarm {}", clean(&engine.cluster));
    }
    for source in &report.sources {
        let _ = writeln!(text, "{}", source_line(source));
    }
    for one in &report.stacks {
        text.push('\n');
        text.push_str(&stack(one, reveal));
    }
    for nodes in report.nodes.iter().filter(|nodes| !nodes.held.is_empty()) {
        text.push('\n');
        text.push_str(&nodes_heading());
        text.push_str(&held_objects(&nodes.held, reveal));
    }
    let staying = staying(&report.images);
    if !staying.is_empty() {
        text.push('\n');
        text.push_str(&staying);
    }
    text
}

/// One stack with its conditions, services and held changes.
#[must_use]
pub fn stack(stack: &StackView, reveal: Reveal) -> String {
    let mut text = heading(stack);
    for condition in &stack.conditions {
        let _ = writeln!(text, "  {}", condition_line(condition, reveal));
    }
    let width = stack.services.iter().map(|s| s.name.chars().count()).max().unwrap_or(0);
    for service in &stack.services {
        let _ = writeln!(text, "  {}", service_line(service, width, reveal));
        text.push_str(&log_lines(service.log.as_ref(), "    ", reveal));
    }
    for one in &stack.rebalancing {
        text.push_str(&rebalancing(one, "  ", reveal));
    }
    for one in &stack.jobs {
        text.push_str(&job(one, "  ", reveal));
    }
    text.push_str(&held_objects(&stack.held, reveal));
    text
}

fn held_objects(all: &[HeldView], reveal: Reveal) -> String {
    let mut text = String::new();
    for held in all {
        let _ = writeln!(text, "  {} {}", paint(SOON, "held"), clean(&held.object.to_string()));
        text.push_str(&held_lines(std::iter::once(held), "    ", reveal));
    }
    text
}

/// `nodes`: they belong to no stack.
pub(super) fn nodes_heading() -> String {
    format!("{}\n", paint(HEAD, "nodes"))
}

/// `shop  main@1a2b3c4d5e6f`.
pub(super) fn heading(stack: &StackView) -> String {
    let revision = stack.revision.as_deref().map_or("left its source", short);
    heading_line(&stack.name, &format!("{}@{revision}", stack.source))
}

/// A stack's name, and where it comes from.
#[must_use]
pub fn heading_line(stack: &str, from: &str) -> String {
    format!("{}  {}\n", paint(HEAD, stack), paint(DIM, from))
}

/// Reasons with what would make them move, below an object.
pub(super) fn held_lines<'a>(
    held: impl Iterator<Item = &'a HeldView>,
    indent: &str,
    reveal: Reveal,
) -> String {
    let mut text = String::new();
    for held in held {
        let reason = paint(SOON, held.reason);
        let _ = writeln!(text, "{indent}{reason}: {}", clean(held.message.to(reveal)));
        let _ = writeln!(text, "{indent}  {} {}", paint(DIM, "→"), paint(DIM, &held.advice));
    }
    text
}

/// `main  1a2b3c4d5e6f  Use the new image`.
#[must_use]
pub fn source_line(source: &SourceView) -> String {
    let revision = source.revision.as_deref().map_or("(never read)", short);
    let mut line = format!("source {}  {}", paint(HEAD, &source.name), clean(revision));
    if !source.subject.is_empty() {
        let _ = write!(line, "  {}", paint(DIM, &source.subject));
    }
    if let Some(error) = &source.error {
        let _ = write!(line, "\n  {}: {}", paint(BAD, "error"), clean(error));
    }
    line
}

fn condition_line(condition: &ConditionView, reveal: Reveal) -> String {
    let kind = match condition.kind {
        ConditionKind::Synced => "synced",
        ConditionKind::Healthy => "healthy",
        ConditionKind::Loaded => "loaded",
        ConditionKind::RolledOut => "rollout",
    };
    let (word, style) = match condition.holds {
        Holds::True => ("yes", GOOD),
        Holds::False => ("no", BAD),
        Holds::Progressing => ("not yet", SOON),
    };
    let mut line = format!("{kind:<8} {}", paint(style, word));
    let message = condition.message.to(reveal);
    if condition.holds != Holds::True && !message.is_empty() {
        let _ = write!(line, "  {}: {}", clean(&condition.reason), clean(message));
    }
    line
}

/// A service with its tasks and what is wrong with them; names are as wide as `width`.
#[must_use]
pub fn service_line(service: &ServiceView, width: usize, reveal: Reveal) -> String {
    let name = clean(&service.name);
    let tasks = format!("{}/{}", service.running, service.wanted);
    let state = paint(state_style(service.state), service.state.as_str());
    let mut line = format!("{name:<width$}  {tasks:>7}  {state}");
    let why = service.why.to(reveal);
    if !why.is_empty() {
        let _ = write!(line, "  {}", clean(why));
    }
    line
}

/// What a task wrote, below its service. Where all of it is hidden, it is said what shows it.
pub(super) fn log_lines(log: Option<&LogView>, indent: &str, reveal: Reveal) -> String {
    let Some(log) = log else { return String::new() };
    let hidden = log.lines.iter().all(|line| line.is_hidden(reveal));
    let lines: Vec<String> = match log.lines.len() {
        0 => Vec::new(),
        1.. if hidden => vec![format!(
            "(its log is shown on a terminal, by docker service logs {}, and where its source says reveal: [log])",
            clean(&log.task)
        )],
        1.. => log.lines.iter().map(|line| clean(line.to(reveal)).into_owned()).collect(),
    };
    let trouble = log.trouble.iter().map(|why| format!("its log can't be read: {}", clean(why)));
    let lines = lines.into_iter().chain(trouble);
    lines.map(|line| format!("{indent}{} {line}\n", paint(DIM, "|"))).collect()
}

fn state_style(state: HealthState) -> Style {
    match state {
        HealthState::Healthy => GOOD,
        HealthState::Progressing | HealthState::Waiting => SOON,
        HealthState::Failed => BAD,
    }
}

/// What came of a step, on one line.
#[must_use]
pub fn outcome(outcome: &OutcomeView, reveal: Reveal) -> String {
    let style = match outcome.outcome {
        "done" => GOOD,
        "refused" => BAD,
        _ => SOON,
    };
    let object = outcome.object.as_ref().map_or("ledger".to_owned(), ToString::to_string);
    let mut line =
        format!("{} {} {}", outcome.action, clean(&object), paint(style, outcome.outcome));
    for message in &outcome.messages {
        let _ = write!(line, ": {}", clean(message.to(reveal)));
    }
    line
}

/// The first digits of a revision.
pub(super) fn short(revision: &str) -> &str {
    revision.get(..DIGITS).unwrap_or(revision)
}
