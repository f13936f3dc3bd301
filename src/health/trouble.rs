//! What is wrong at one place, and whose fault it is (law 3).
//!
//! Own fault: tasks that exit, are never healthy or refused by their node; an image that a registry
//! which answers does not have; a task that no node can take. Not its own: a registry that does not
//! answer, a node that is lost or was taken out of service: that is waited for, however long.

use std::time::Duration;

use jiff::Timestamp;

use super::place::{Place, age};
use super::{Case, Health, HealthState, NodeState, node_health};
use crate::model::engine::{Node, Task, TaskState, fits_platform, is_large_enough, satisfies};
use crate::model::{ImageAnswer, ImageRef, Standing};

/// Failed attempts at one place after which the spec is at fault, where the service does not say
/// how many there may be. One may be bad luck; the engine goes on for ever.
const FAILURES: u64 = 3;
/// What the engine says of an image that a node does not have, whatever the reason: it pulls, only
/// logs why that failed, and then makes the container (`Prepare` in
/// `daemon/cluster/executor/container/controller.go`).
pub(super) const NO_IMAGE: &str = "No such image";
/// What the scheduler says of a task that it has no node for (`manager/scheduler/scheduler.go`).
const NO_NODE: &str = "no suitable node";

/// What is wrong, and how bad it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) state: HealthState,
    pub(super) why: String,
    /// The task whose log says more.
    culprit: Option<String>,
    /// Why the registry does not answer, where that is it.
    unreachable: Option<String>,
}

impl Trouble {
    /// Nothing is wrong.
    pub(super) fn none() -> Self {
        Self { state: HealthState::Healthy, ..Self::unknown() }
    }

    /// Something is not there yet, and there is nothing to say about it.
    pub(super) fn unknown() -> Self {
        Self::progressing(String::new())
    }

    pub(super) fn progressing(why: String) -> Self {
        Self { state: HealthState::Progressing, why, culprit: None, unreachable: None }
    }

    fn waiting(why: String) -> Self {
        Self { state: HealthState::Waiting, ..Self::progressing(why) }
    }

    fn failed(why: String) -> Self {
        Self { state: HealthState::Failed, ..Self::progressing(why) }
    }

    /// The same, now that the rollout made no task healthy for too long.
    pub(super) fn overdue(self, case: &Case<'_>) -> Self {
        let limit = case.clocks.progress_deadline.as_secs();
        let why = match self.why.as_str() {
            "" => format!("no further task became healthy within {limit} s"),
            why => format!("no further task became healthy within {limit} s: {why}"),
        };
        Self { state: HealthState::Failed, why, ..self }
    }

    /// A job did not end in its time, unless something worse is known of it.
    pub(super) fn too_long(limit: Duration, worse: Option<Self>) -> Self {
        worse
            .unwrap_or_else(|| Self::failed(format!("it did not end within {} s", limit.as_secs())))
    }

    /// With a log that says more about it.
    fn told_by(self, task: &Task) -> Self {
        // A task that its node refused had no container.
        let ran = task.status.state != TaskState::Rejected;
        Self { culprit: ran.then(|| task.id.clone()), ..self }
    }

    /// As a verdict on the service, without its counts.
    pub(super) fn into_health(self) -> Health {
        let Self { state, why, culprit, unreachable } = self;
        Health { state, why, culprit, unreachable, ..Health::default() }
    }
}

/// What is wrong at a place that is not as it should be; `None` where no task is wanted.
pub(super) fn trouble(case: &Case<'_>, place: Place<'_>) -> Option<Trouble> {
    place
        .lost_to(case)
        .map(Trouble::waiting)
        .or_else(|| image(case, place))
        .or_else(|| crashed(case, place))
        .or_else(|| no_node(case, place))
        .or_else(|| slow(case, place))
}

/// The image that a place can't get, as far as its tasks tell.
pub(super) fn image_in_doubt(case: &Case<'_>, place: Place<'_>) -> Option<ImageRef> {
    let task = refused(case, place).or_else(|| pulling(case, place))?;
    task.spec.container_spec.as_ref()?.image.parse().ok()
}

/// The newest attempt, if a node had no image for it. The newest word counts: on another node, or
/// later, the image may have come.
fn refused<'a>(case: &Case<'_>, place: Place<'a>) -> Option<&'a Task> {
    let mut attempts = place.attempts(case);
    let newest = attempts.find(|task| task.status.state >= TaskState::Starting);
    newest.filter(|task| task.status.err.starts_with(NO_IMAGE))
}

/// A task whose image should have come by now.
fn pulling<'a>(case: &Case<'_>, place: Place<'a>) -> Option<&'a Task> {
    let task = place.current().map(|seen| &*seen.task)?;
    (task.status.state == TaskState::Preparing && is_late(case, place)).then_some(task)
}

/// True when nodes could not get the image, and nothing else went wrong with what is asked for.
pub(super) fn is_blameless(case: &Case<'_>) -> bool {
    use TaskState::{Complete, Failed, Rejected};
    let own = case.tasks.iter().filter(|seen| seen.standing == Standing::Current);
    let ended = own.map(|seen| &seen.task.status);
    let mut ended = ended.filter(|status| matches!(status.state, Failed | Rejected | Complete));
    let mut seen = false;
    ended.all(|status| {
        seen = true;
        status.err.starts_with(NO_IMAGE)
    }) && seen
}

/// An image that a node could not get: the registry's own answer says whose fault that is.
fn image(case: &Case<'_>, place: Place<'_>) -> Option<Trouble> {
    let image = image_in_doubt(case, place)?;
    let is_refused = refused(case, place).is_some();
    let words = match is_refused {
        true => format!("{NO_IMAGE}: {image}"),
        false => format!("preparing: {image} is not there yet"),
    };
    Some(match case.sight.images.0.get(&image) {
        Some(ImageAnswer::Refused(why)) => Trouble::failed(format!("{words} ({why})")),
        Some(ImageAnswer::Unreachable(why)) => Trouble {
            unreachable: Some(why.clone()),
            ..Trouble::waiting(format!("{words}; the registry does not answer: {why}"))
        },
        // Who pulls for that long from a registry that answers is too slow, like any other.
        _ if !is_refused => return None,
        Some(ImageAnswer::Pinned(_)) => Trouble::waiting(format!(
            "{words}, which the registry has: a node can't reach it, or has no login for it"
        )),
        None if is_overlong(place.wanted_since(case), case) => Trouble::failed(words),
        None => Trouble::progressing(words),
    })
}

/// Tasks that end again and again, or ended for good.
fn crashed(case: &Case<'_>, place: Place<'_>) -> Option<Trouble> {
    let newest = place.failures(case).next()?;
    let policy = case.service.spec.task_template.restart_policy.as_deref();
    let declared = policy.and_then(|policy| policy.max_attempts).filter(|attempts| *attempts > 0);
    let most = declared.map_or(FAILURES, |attempts| attempts.saturating_add(1));
    let failures = place.failures(case).count() as u64;
    let bad = failures >= most || place.is_given_up(case) || is_late(case, place);
    let why = failure(newest);
    let trouble = if bad { Trouble::failed(why) } else { Trouble::progressing(why) };
    Some(trouble.told_by(newest))
}

/// A task without a node, while one that could run it is away: that one may come back. One that
/// just did is not in the scheduler's words yet.
fn no_node(case: &Case<'_>, place: Place<'_>) -> Option<Trouble> {
    let task = &place.current()?.task;
    if task.status.state != TaskState::Pending || !task.status.err.starts_with(NO_NODE) {
        return None;
    }
    let away = || case.nodes().filter(|node| node_health(node).state != NodeState::Ready);
    let fits = |node: &&Node| {
        satisfies(node, &task.spec)
            && fits_platform(node, &task.spec)
            && is_large_enough(node, &task.spec)
    };
    if let Some(node) = away().find(fits) {
        return Some(Trouble::waiting(format!("{}; {}", stands(task), node_health(node))));
    }
    let back = told_away(&task.status.err) > away().count();
    back.then(|| Trouble::waiting(stands(task)))
}

/// Nodes that the scheduler found away: `no suitable node (2 nodes not available for new tasks; …)`.
fn told_away(words: &str) -> usize {
    let mut parts = words.split(['(', ';']).map(str::trim_start);
    let told = parts.find(|part| part.contains("not available for new tasks"));
    let number = told.and_then(|part| part.split(' ').next()?.parse().ok());
    number.unwrap_or(0)
}

/// A task that does not get on: it waits for the scheduler, a pull, or its health check.
fn slow(case: &Case<'_>, place: Place<'_>) -> Option<Trouble> {
    let seen = place.current()?;
    if seen.task.status.state >= TaskState::Running {
        return Some(Trouble::unknown());
    }
    let why = stands(&seen.task);
    let late = is_late(case, place);
    Some(if late { Trouble::failed(why) } else { Trouble::progressing(why) })
}

/// True when the first try was made longer ago than a task may take.
fn is_late(case: &Case<'_>, place: Place<'_>) -> bool {
    is_overlong(place.began(case), case)
}

fn is_overlong(since: Option<Timestamp>, case: &Case<'_>) -> bool {
    age(since, case).is_some_and(|age| age > case.clocks.healthy_deadline)
}

/// Where a task stands, in the engine's words.
fn stands(task: &Task) -> String {
    let word = format!("{:?}", task.status.state).to_lowercase();
    match (task.status.err.as_str(), task.status.message.as_str()) {
        ("", message) => format!("{word}: {message}"),
        (err, _) => format!("{word}: {err}"),
    }
}

/// How a task ended, in the engine's words.
fn failure(task: &Task) -> String {
    let code = task.status.container_status.as_ref().map(|container| container.exit_code);
    match (task.status.err.as_str(), code) {
        ("", Some(code)) => format!("tasks exit with code {code}"),
        ("", None) => "tasks fail".to_owned(),
        (err, _) => format!("tasks fail: {err}"),
    }
}
