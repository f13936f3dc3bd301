//! What changed from one report to the next, as log lines.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Chosen;
use crate::status::{Report, SourceReport};
use crate::view::{NodesView, ProblemView, SourceView, StackView, clean};

/// Logs what is new since the report before. What stands as it stood is not repeated.
pub(super) fn log(before: Option<&Report>, now: &Report) {
    log_new(before, now, troubles, |text| tracing::error!("{text}"));
    log_new(before, now, problems, |text| tracing::warn!("{text}"));
    log_images(before.map_or(&[], |before| &before.images), &now.images);
    for source in &now.sources {
        let same = |old: &&SourceReport| old.name == source.name;
        let old = before.and_then(|before| before.sources.iter().find(same)).map(SourceView::of);
        log_source(old.as_ref(), &SourceView::of(source));
    }
    if before.and_then(|before| before.nodes.as_ref()) != now.nodes.as_ref() {
        let old = before.and_then(|before| before.nodes.as_ref()).map(NodesView::without_bodies);
        now.nodes.iter().for_each(|now| log_nodes(old.as_ref(), &NodesView::without_bodies(now)));
    }
    // One stack at a time: the pictures of all of them would be as large as the swarm.
    for (name, stack) in &now.stacks {
        let old = before.and_then(|before| before.stacks.get(name));
        if old != Some(stack) || !stack.outcomes.is_empty() {
            let old = old.map(|old| StackView::without_bodies(name, old));
            log_stack(old.as_ref(), &StackView::without_bodies(name, stack));
        }
    }
}

fn log_new(
    before: Option<&Report>,
    now: &Report,
    lines: impl Fn(&Report) -> BTreeSet<String>,
    log: impl Fn(&str),
) {
    let old = before.map(&lines).unwrap_or_default();
    lines(now).difference(&old).for_each(|line| log(line));
}

fn troubles(report: &Report) -> BTreeSet<String> {
    report.trouble.iter().map(|text| clean(text).into_owned()).collect()
}

fn problems(report: &Report) -> BTreeSet<String> {
    let line =
        |problem: ProblemView| format!("{}: {} {}", problem.place(), problem.message, problem.hint);
    report
        .problems
        .iter()
        .map(|problem| clean(line(ProblemView::of(problem)).trim_end()).into_owned())
        .collect()
}

/// What was chosen for services that follow an `Image`, and why one keeps what it has.
fn log_images(old: &[Chosen], now: &[Chosen]) {
    let known: BTreeMap<&str, &Chosen> = old.iter().map(|one| (&*one.service, one)).collect();
    for one in now.iter().filter(|one| known.get(&*one.service) != Some(one)) {
        let (stack, service, follows) = (one.stack.as_str(), one.service.as_str(), &one.follows);
        let image = one.image.familiar();
        match &one.stays {
            None => tracing::info!(stack, service, follows, image, "image chosen"),
            Some(stays) => {
                let why = clean(&stays.to_string()).into_owned();
                tracing::info!(
                    stack,
                    service,
                    follows,
                    image,
                    reason = stays.word(),
                    why,
                    "image stays"
                );
            }
        }
    }
}

fn log_source(old: Option<&SourceView>, now: &SourceView) {
    let (name, subject) = (now.name.as_str(), clean(&now.subject));
    if let Some(revision) = &now.revision
        && old.and_then(|old| old.revision.as_ref()) != Some(revision)
    {
        tracing::info!(source = name, revision, %subject, "revision");
    }
    let error = |source: Option<&SourceView>| source.and_then(|source| source.error.clone());
    match (error(old), error(Some(now))) {
        (before, Some(error)) if before.as_ref() != Some(&error) => {
            tracing::warn!(source = name, error = %clean(&error), "the source can't be read");
        }
        (Some(_), None) => tracing::info!(source = name, "the source can be read again"),
        _ => {}
    }
}

fn log_stack(old: Option<&StackView>, now: &StackView) {
    let stack = now.name.as_str();
    for drift in &now.drift {
        if old.is_some_and(|old| old.drift.contains(drift)) {
            continue;
        }
        let fields: Vec<_> = drift.fields.iter().map(|field| clean(&field.path)).collect();
        let (object, cause) = (drift.object.to_string(), crate::view::cause_words(drift.cause));
        tracing::info!(stack, object = %clean(&object), cause, fields = fields.join(" "), "drift");
    }
    for one in &now.outcomes {
        let object = one.object.as_ref().map(ToString::to_string).unwrap_or_default();
        let messages: Vec<String> = one.messages.iter().map(ToString::to_string).collect();
        let (object, why) = (clean(&object), messages.join("; "));
        let (action, outcome, why) = (one.action.to_string(), one.outcome, clean(&why));
        match (one.outcome, &one.object) {
            ("done", None) => tracing::debug!(stack, action, "step"),
            ("done", _) => tracing::info!(stack, action, %object, outcome, %why, "step"),
            _ => tracing::warn!(stack, action, %object, outcome, %why, "step"),
        }
    }
    for held in &now.held {
        if !old.is_some_and(|old| old.held.contains(held)) {
            let (object, why) = (held.object.to_string(), held.message.to_string());
            let (object, why) = (clean(&object), clean(&why));
            tracing::info!(stack, %object, reason = held.reason, %why, "held");
        }
    }
    for one in &now.rebalancing {
        if !old.is_some_and(|old| old.rebalancing.contains(one)) {
            let (object, tasks) = (one.object.to_string(), one.spread());
            let held = one.held.as_ref().map(|held| held.message.to_string()).unwrap_or_default();
            let (object, tasks, held) = (clean(&object), clean(&tasks), clean(&held));
            tracing::info!(stack, %object, %tasks, %held, "crowded");
        }
    }
    log_health(old, now);
    log_jobs(old, now);
    if old.is_none_or(|old| old.settled != now.settled) {
        tracing::info!(stack, settled = now.settled, "stack");
    }
}

fn log_nodes(old: Option<&NodesView>, now: &NodesView) {
    for one in now.outcomes.iter().filter(|one| one.object.is_some()) {
        let object = one.object.as_ref().map(ToString::to_string).unwrap_or_default();
        let messages: Vec<String> = one.messages.iter().map(ToString::to_string).collect();
        let (object, why) = (clean(&object), messages.join("; "));
        tracing::info!(%object, action = %one.action, outcome = one.outcome, why = %clean(&why), "step");
    }
    for held in now.held.iter().filter(|held| !old.is_some_and(|old| old.held.contains(held))) {
        let (object, why) = (held.object.to_string(), held.message.to_string());
        tracing::info!(object = %clean(&object), reason = held.reason, why = %clean(&why), "held");
    }
}

fn log_jobs(old: Option<&StackView>, now: &StackView) {
    for job in &now.jobs {
        let before = old.and_then(|old| old.jobs.iter().find(|one| one.name == job.name));
        let (stack, name) = (now.name.as_str(), job.name.as_str());
        if let Some(last) = job.last.as_ref().filter(|last| {
            before.and_then(|before| before.last.as_ref()) != Some(*last) && last.state == "failed"
        }) {
            let why = last.why.as_ref().map(ToString::to_string).unwrap_or_default();
            let (slot, why) = (last.slot.to_string(), clean(&why));
            tracing::warn!(stack, job = name, slot, %why, "a run failed");
        }
        let known = before.map_or(0, |before| before.missed);
        if job.missed > known {
            tracing::warn!(stack, job = name, missed = job.missed, "runs were missed");
        }
        if let Some(held) = job
            .held
            .as_ref()
            .filter(|held| before.and_then(|before| before.held.as_ref()) != Some(*held))
        {
            let why = held.message.to_string();
            tracing::info!(stack, job = name, reason = held.reason, why = %clean(&why), "held");
        }
    }
}

fn log_health(old: Option<&StackView>, now: &StackView) {
    for service in &now.services {
        let before = old.and_then(|old| old.services.iter().find(|s| s.name == service.name));
        if before.is_some_and(|before| before.state == service.state) {
            continue;
        }
        let (health, why) = (service.state.as_str(), service.why.to_string());
        let tasks = format!("{}/{}", service.running, service.wanted);
        tracing::info!(stack = now.name, service = service.name, health, tasks, why = %clean(&why), "health");
    }
}
