//! What is known without a source.

use std::fmt::Write as _;

use super::job::job;
use super::paint::{BAD, DIM, HEAD, SOON, paint};
use super::stack::{log_lines, service_line, short};
use crate::model::Approval;
use crate::view::clean;
use crate::view::picture::{KnownStackView, StatusView, SuspensionView};
use crate::view::veil::Reveal;

/// All stacks that the ledger knows.
#[must_use]
pub fn status(status: &StatusView, reveal: Reveal) -> String {
    let engine = &status.engine;
    let mut text = format!(
        "engine {} (API {}), swarm {}\n",
        clean(&engine.version),
        clean(&engine.api),
        clean(&engine.cluster)
    );
    if let Some(holder) = &status.lease {
        let _ = writeln!(text, "operator {}", clean(holder));
    }
    if let Some(all) = &status.suspension {
        text.push_str(&suspended("everything is suspended", all));
    }
    if status.stacks.is_empty() {
        text.push_str("No stack is known.\n");
    }
    for stack in &status.stacks {
        text.push('\n');
        text.push_str(&one(stack, reveal));
    }
    text
}

fn one(stack: &KnownStackView, reveal: Reveal) -> String {
    let source = stack.source.as_deref().unwrap_or("(never applied)");
    let revision = stack.revision.as_deref().map_or(String::new(), |r| format!("@{}", short(r)));
    let under_way = if stack.under_way { ", under way" } else { "" };
    let from = format!("{source}{revision}{under_way}");
    let mut text = format!("{}  {}\n", paint(HEAD, &stack.name), paint(DIM, &from));
    if let Some(trouble) = &stack.trouble {
        let _ = writeln!(text, "  {}: {}", paint(BAD, "error"), clean(trouble));
    }
    if let Some(pin) = &stack.pinned {
        let why = if pin.reason.is_empty() { String::new() } else { format!(": {}", pin.reason) };
        let line = format!("pinned to {}", short(&pin.revision));
        let _ = writeln!(text, "  {}{}", paint(SOON, &line), clean(&why));
    }
    if let Some(suspension) = &stack.suspension {
        text.push_str(&suspended("  suspended", suspension));
    }
    if let Some(held) = &stack.held {
        let (revision, why) = (short(&held.revision), clean(&held.why));
        let _ = writeln!(text, "  {} at {}: {why}", paint(SOON, "held"), clean(revision));
    }
    for (service, why) in &stack.failed {
        let (service, why) = (clean(service), clean(why.to(reveal)));
        let _ = writeln!(text, "  {} {service}: {why}", paint(BAD, "failed"));
    }
    if !stack.approvals.is_empty() {
        let given: Vec<&str> = stack.approvals.iter().map(Approval::as_str).collect();
        let _ = writeln!(text, "  approved {}", given.join(" "));
    }
    let width = stack.services.iter().map(|s| s.name.chars().count()).max().unwrap_or(0);
    for service in &stack.services {
        let _ = writeln!(text, "  {}", service_line(service, width, reveal));
        text.push_str(&log_lines(service.log.as_ref(), "    ", reveal));
    }
    for one in &stack.jobs {
        text.push_str(&job(one, "  ", reveal));
    }
    text
}

fn suspended(what: &str, suspension: &SuspensionView) -> String {
    let until = suspension.until.map_or(String::new(), |until| format!(" until {until}"));
    let why = match suspension.reason.as_str() {
        "" => String::new(),
        why => format!(": {}", clean(why)),
    };
    format!("{}{why}\n", paint(SOON, &format!("{what}{until}")))
}
