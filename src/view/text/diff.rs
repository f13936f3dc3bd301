//! What differs, by stack, object and field.

use std::fmt::Write as _;

use super::paint::{BAD, DIM, GOOD, HEAD, SOON, paint, value};
use super::stack::{heading, held_lines, nodes_heading};
use crate::plan::Action;
use crate::view::picture::{Counts, DriftView, FieldView, HeldView, ReportView, StackView};
use crate::view::veil::Reveal;
use crate::view::words::cause;

/// Everything that differs, and how much at the end.
#[must_use]
pub fn diff(report: &ReportView, reveal: Reveal) -> String {
    let mut text = String::new();
    for stack in &report.stacks {
        if stack.drift.is_empty() && stack.held.is_empty() {
            continue;
        }
        text.push_str(&of_stack(stack, reveal));
        text.push('\n');
    }
    let nodes = report.nodes.iter().filter(|n| !n.drift.is_empty() || !n.held.is_empty());
    for nodes in nodes {
        text.push_str(&nodes_heading());
        text.push_str(&objects((&nodes.drift, &nodes.held), reveal));
        text.push('\n');
    }
    text.push_str(&summary(&report.counts));
    text
}

fn of_stack(stack: &StackView, reveal: Reveal) -> String {
    let mut text = heading(stack);
    text.push_str(&objects((&stack.drift, &stack.held), reveal));
    text
}

fn objects((drifts, all_held): (&[DriftView], &[HeldView]), reveal: Reveal) -> String {
    let mut text = String::new();
    for drift in drifts {
        text.push_str(&object(drift, reveal));
        let held = all_held.iter().filter(|held| held.object == drift.object);
        text.push_str(&held_lines(held, "    ", reveal));
    }
    let alone = all_held.iter().filter(|held| drifts.iter().all(|d| d.object != held.object));
    for held in alone {
        let _ = writeln!(text, "  {} {}", paint(DIM, "·"), paint(HEAD, &held.object.to_string()));
        text.push_str(&held_lines(std::iter::once(held), "    ", reveal));
    }
    text
}

fn object(drift: &DriftView, reveal: Reveal) -> String {
    let mut text = headline(drift);
    for field in &drift.fields {
        let _ = writeln!(text, "      {}", field_line(field, drift, reveal));
    }
    text
}

/// `~ service/shop_web  (git moved)`.
pub(super) fn headline(drift: &DriftView) -> String {
    let (sign, style) = match drift.action {
        Action::Create => ("+", GOOD),
        Action::Update => ("~", SOON),
        Action::Recreate => ("!", BAD),
        Action::Adopt => ("=", SOON),
        Action::Remove => ("-", BAD),
    };
    let name = paint(HEAD, &drift.object.to_string());
    let what = match drift.action {
        Action::Recreate => ", would have to be made anew",
        Action::Adopt => ", to be taken over",
        _ => "",
    };
    let cause = paint(DIM, &format!("({}{what})", cause(drift.cause)));
    format!("  {} {name}  {cause}\n", paint(style, sign))
}

/// `environment.MODE: a → b`, with who moved it when that is not the same for the whole object.
pub(super) fn field_line(field: &FieldView, drift: &DriftView, reveal: Reveal) -> String {
    let (old, new) = (value(field.old.as_ref(), reveal), value(field.new.as_ref(), reveal));
    let path = crate::view::clean(&field.path).into_owned();
    if drift.action == Action::Create && field.old.is_none() {
        return format!("{path}: {}", paint(GOOD, &new));
    }
    let line = format!("{path}: {} → {}", paint(BAD, &old), paint(GOOD, &new));
    if field.cause == drift.cause {
        return line;
    }
    format!("{line}  {}", paint(DIM, &format!("({})", cause(field.cause))))
}

fn summary(counts: &Counts) -> String {
    let parts: Vec<String> = [
        (counts.create, "to create"),
        (counts.update, "to update"),
        (counts.recreate, "to make anew"),
        (counts.adopt, "to take over"),
        (counts.remove, "to remove"),
        (counts.held, "held"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| format!("{number} {what}"))
    .collect();
    if parts.is_empty() {
        let (stacks, services) = (counts.stacks, counts.services);
        let left = left(counts);
        return format!("Nothing differs ({stacks} stacks, {services} services){left}.\n");
    }
    let fields = match counts.fields {
        0 => String::new(),
        1 => " (1 field differs)".to_owned(),
        more => format!(" ({more} fields differ)"),
    };
    format!("{}{fields}{}\n", parts.join(", "), left(counts))
}

/// How many fields others have changed that they may.
fn left(counts: &Counts) -> String {
    match counts.ignored {
        0 => String::new(),
        1 => ", 1 field is as others set it".to_owned(),
        more => format!(", {more} fields are as others set them"),
    }
}
