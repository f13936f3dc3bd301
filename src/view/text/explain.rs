//! Everything about one object, for people.

use std::fmt::Write as _;

use super::diff::{field_line, headline};
use super::paint::{BAD, DIM, GOOD, HEAD, SOON, paint, value};
use super::stack::{held_lines, log_lines, service_line};
use crate::model::{ObjectRef, Standing};
use crate::view::clean;
use crate::view::picture::{BothView, ExplainView, TaskView};
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
    let declared = view.declared.as_deref().unwrap_or("nowhere: it left its source");
    let _ = writeln!(text, "  declared  {}", clean(declared));
    let _ = writeln!(text, "  in swarm  {}", clean(view.id.as_deref().unwrap_or("not there")));
    if let Some(health) = &view.health {
        let _ = writeln!(text, "  health    {}", service_line(health, 0, reveal));
        if let Some(task) = &health.culprit {
            let _ = writeln!(text, "  log       docker service logs {}", clean(task));
        }
        text.push_str(&log_lines(health.log.as_ref(), "            ", reveal));
    }
    text.push_str(&differs(view, reveal));
    list(&mut text, "left to others", view.ignored.iter().map(|one| left(one, reveal)));
    text.push_str(&held(view, reveal));
    list(&mut text, "tasks", view.tasks.iter().map(|one| task(one, reveal)));
    list(&mut text, "fields", view.fields.iter().map(|one| field(one, reveal)));
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
