//! Everything about one object, for people.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::diff::{field_line, headline};
use super::job::job;
use super::paint::{BAD, DIM, GOOD, HEAD, SOON, paint, value};
use super::stack::{held_lines, log_lines, service_line, short};
use crate::model::{ObjectRef, SpecHash, Standing};
use crate::view::clean;
use crate::view::picture::{BothView, ExplainView, SpecsView, TaskView};
use crate::view::veil::Reveal;

/// Why an object is as it is, and what would make it move.
#[must_use]
pub fn explain(view: &ExplainView, reveal: Reveal) -> String {
    let mut text = format!(
        "{}  stack {}, {}\n",
        paint(HEAD, &view.object.to_string()),
        clean(&view.stack),
        clean(&view.from)
    );
    // Without its source nobody knows that, which is told below.
    let nowhere = (view.drift.is_some() || view.unknown.is_empty()).then_some("nowhere");
    if let Some(declared) = view.declared.as_deref().or(nowhere) {
        let _ = writeln!(text, "  declared  {}", clean(declared));
    }
    let _ = writeln!(text, "  in swarm  {}", clean(view.id.as_deref().unwrap_or("not there")));
    if let Some(health) = &view.health {
        let _ = writeln!(text, "  health    {}", service_line(health, 0, reveal));
        if let Some(task) = &health.culprit {
            let _ = writeln!(text, "  log       docker service logs {}", clean(task));
        }
        text.push_str(&log_lines(health.log.as_ref(), "            ", reveal));
    }
    text.push_str(&remembered(view));
    text.push_str(&written(view, reveal));
    if !view.used_by.is_empty() {
        let _ = writeln!(text, "  used by   {}", clean(&view.used_by.join(", ")));
    }
    if view.declared.is_some() || view.drift.is_some() {
        text.push_str(&differs(view, reveal));
    }
    if let Some(one) = &view.job {
        text.push_str(&job(one, "  ", reveal));
    }
    list(&mut text, "left to others", view.ignored.iter().map(|one| left(one, reveal)));
    text.push_str(&held(view, reveal));
    text.push_str(&operator(view));
    list(&mut text, "tasks", view.tasks.iter().map(|one| task(one, reveal)));
    list(&mut text, "fields", view.fields.iter().map(|one| field(one, reveal)));
    list(&mut text, "not known here", view.unknown.iter().map(|one| clean(one).into_owned()));
    text
}

/// What the ledger remembers.
fn remembered(view: &ExplainView) -> String {
    let Some(memory) = &view.memory else {
        return "  ledger    does not know the stack\n".to_owned();
    };
    let (source, revision) = (memory.source.as_deref(), memory.revision.as_deref());
    let (source, revision) = (source.unwrap_or("no source"), revision.map_or("nothing", short));
    let mut text = format!("  ledger    {} at {}", clean(source), clean(revision));
    if memory.under_way {
        let _ = write!(text, ", {}", paint(SOON, "under way"));
    }
    if let Some(id) = &memory.id {
        let _ = write!(text, "; ours as {}", clean(id));
    }
    text.push('\n');
    if let Some(held) = &memory.held {
        let (revision, why) = (short(&held.revision), clean(&held.why));
        let _ = writeln!(text, "  {}      {}: {why}", paint(SOON, "held"), clean(revision));
    }
    text.push_str(&memory.service.as_ref().map(specs).unwrap_or_default());
    text
}

/// Specs by their hashes: which is there, which failed.
fn specs(specs: &SpecsView) -> String {
    let mut text = String::new();
    let here = |hash: &SpecHash| match specs.observed.as_ref() == Some(hash) {
        true => paint(DIM, " (is there)"),
        false => String::new(),
    };
    for (word, hash) in [("attempted", &specs.attempted), ("stable", &specs.stable)] {
        if let Some(hash) = hash {
            let _ = writeln!(text, "  {word:<9} {}{}", hash.as_str(), here(hash));
        }
    }
    for hash in &specs.quarantine {
        let again = if specs.retry.as_ref() == Some(hash) { ", is tried again" } else { "" };
        let _ =
            writeln!(text, "  {} {}{}{again}", paint(BAD, "failed   "), hash.as_str(), here(hash));
    }
    if let Some(why) = &specs.failure {
        let _ = writeln!(text, "            {}", clean(why));
    }
    if let (Some(image), Some(pinned)) = (&specs.image, &specs.pinned) {
        let _ = writeln!(text, "  image     {} as {}", clean(image), clean(pinned));
    }
    text
}

/// The last write, in the engine's words.
fn written(view: &ExplainView, reveal: Reveal) -> String {
    let Some(written) = &view.written else { return String::new() };
    let time = |time: Option<Timestamp>| time.map_or("?".to_owned(), |time| time.to_string());
    let (at, created, version) = (time(written.at), time(written.created), written.version);
    let mut text = format!("  written   {at} (version {version}), made {created}");
    if let Some(rollout) = &written.rollout {
        let _ = write!(text, "; rollout {}", clean(rollout.to(reveal)));
    }
    if !written.previous {
        text.push_str("; no spec to go back to");
    }
    text + "\n"
}

/// What a running operator says.
fn operator(view: &ExplainView) -> String {
    let Some(operator) = &view.operator else { return String::new() };
    let at = operator.at.map_or("?".to_owned(), |at| at.to_string());
    let mut text = format!("\n{}\n", paint(DIM, &format!("the operator, at {at}")));
    for held in &operator.held {
        let reason = paint(SOON, &clean(&held.reason));
        let _ = writeln!(text, "  {reason}: {}", clean(&held.message));
        let _ = writeln!(text, "    {} {}", paint(DIM, "→"), clean(&held.advice));
    }
    for one in &operator.outcomes {
        let (action, outcome) = (clean(&one.action), clean(&one.outcome));
        let _ = writeln!(text, "  {action} {outcome} {}", clean(&one.messages.join("; ")));
    }
    if operator.held.is_empty() && operator.outcomes.is_empty() {
        text.push_str("  holds nothing of it, and wrote nothing to it in its last pass\n");
    }
    text
}

/// An object with all its fields, one below the other.
#[must_use]
pub fn object_with_fields(object: &ObjectRef, fields: &[BothView], reveal: Reveal) -> String {
    let mut text = format!("  {}\n", clean(&object.to_string()));
    fields.iter().for_each(|one| text.push_str(&format!("      {}\n", field(one, reveal))));
    text
}

fn differs(view: &ExplainView, reveal: Reveal) -> String {
    let Some(drift) = &view.drift else {
        return format!("\n{}\n", paint(GOOD, "Nothing differs."));
    };
    let mut text = format!("\n{}\n{}", paint(DIM, "differs"), headline(drift));
    for field in &drift.fields {
        let _ = writeln!(text, "      {}", field_line(field, drift, reveal));
    }
    text
}

fn held(view: &ExplainView, reveal: Reveal) -> String {
    if view.held.is_empty() {
        return String::new();
    }
    format!("\n{}\n{}", paint(DIM, "held"), held_lines(view.held.iter(), "  ", reveal))
}

fn list(text: &mut String, heading: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if !lines.is_empty() {
        let _ = writeln!(text, "\n{}", paint(DIM, heading));
        lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
}

fn task(task: &TaskView, reveal: Reveal) -> String {
    let style = if task.state == task.wanted { GOOD } else { SOON };
    let mut line = format!("{:<4} {}", clean(&task.slot), paint(style, &task.state));
    if task.wanted != task.state {
        let _ = write!(line, " (wanted: {})", clean(&task.wanted));
    }
    if !task.node.is_empty() {
        let _ = write!(line, " on {}", clean(&task.node));
    }
    if task.standing == Standing::Outdated {
        let _ = write!(line, ", {}", paint(SOON, "runs an older spec"));
    }
    let message = task.message.to(reveal);
    if !message.is_empty() {
        let _ = write!(line, ": {}", clean(message));
    }
    line
}

/// What is there, with what would be declared.
fn left(field: &BothView, reveal: Reveal) -> String {
    let declared = value(field.desired.as_ref(), reveal);
    let (path, there) = (clean(&field.path), value(field.observed.as_ref(), reveal));
    format!("{path}: {there} {}", paint(DIM, &format!("(declared: {declared})")))
}

fn field(field: &BothView, reveal: Reveal) -> String {
    let path = clean(&field.path);
    if field.desired == field.observed {
        return format!("{path}: {}", value(field.desired.as_ref(), reveal));
    }
    let (old, new) =
        (value(field.observed.as_ref(), reveal), value(field.desired.as_ref(), reveal));
    format!("{path}: {} → {}", paint(BAD, &old), paint(GOOD, &new))
}
