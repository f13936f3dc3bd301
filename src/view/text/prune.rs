//! What is removed, and what is held by which guard.

use std::fmt::Write as _;

use super::paint::{BAD, DIM, GOOD, HEAD, SOON, paint};
use super::stack::heading_line;
use crate::view::clean;
use crate::view::picture::{LeftView, PruneView, RemovalView};
use crate::view::veil::Reveal;

/// What was removed, and all that is left over, with what each guard says.
#[must_use]
pub fn prune(prune: &PruneView, reveal: Reveal) -> String {
    let mut text = String::new();
    for object in &prune.removed {
        let _ = writeln!(text, "{} {}", paint(GOOD, "removed"), clean(&object.to_string()));
    }
    for left in &prune.left {
        text.push_str(&of_stack(left, reveal));
    }
    let held = prune.removals().filter(|removal| !removal.against.is_empty()).count();
    let now = prune.removals().count() - held;
    text.push_str(&match (now, held) {
        (0, 0) => "Nothing is left over.\n".to_owned(),
        (now, 0) => format!("{now} to remove.\n"),
        (0, held) => format!("{held} held.\n"),
        (now, held) => format!("{now} to remove, {held} held.\n"),
    });
    text
}

fn of_stack(left: &LeftView, reveal: Reveal) -> String {
    let where_ = if left.undeclared { " (not declared any more)" } else { "" };
    let mut text = heading_line(&left.stack, &format!("{}{where_}", left.source));
    for removal in &left.removals {
        text.push_str(&of_object(removal, reveal));
    }
    text
}

fn of_object(removal: &RemovalView, reveal: Reveal) -> String {
    let object = paint(HEAD, &removal.object.to_string());
    if removal.against.is_empty() {
        return format!("  {} {object}\n", paint(BAD, "remove"));
    }
    let mut text = format!("  {} {object}\n", paint(SOON, "held"));
    for against in &removal.against {
        let held = &against.held;
        let (guard, reason) = (against.guard.as_str(), paint(SOON, held.reason));
        let _ = writeln!(text, "    {guard}: {reason}: {}", clean(held.message.to(reveal)));
        let _ = writeln!(text, "      {} {}", paint(DIM, "→"), paint(DIM, &held.advice));
    }
    text
}
