//! Services whose tasks go on for ever: replicated and global.

use std::collections::BTreeMap;

use super::{Case, Health, HealthState, progress};
use crate::model::engine::{ServiceMode, Task, TaskState};
use crate::model::{SeenTask, Standing};

/// Failures of one slot with the wanted spec after which the spec is at fault.
const FAILURES: usize = 3;

/// Judges a replicated or global service.
pub(super) fn judge(case: &Case<'_>) -> Health {
    let slots = slots(case);
    let wanted = wanted(case, &slots);
    let steady = slots.values().filter(|slot| slot.is_steady(case)).count() as u64;
    let (state, why) = match () {
        () if steady >= wanted => (HealthState::Healthy, String::new()),
        () => reason(case, &slots),
    };
    let current = case.tasks.iter().filter(|seen| seen.standing == Standing::Current);
    let (started, completed) = progress(current);
    Health { state, running: steady.min(wanted), wanted, started, completed, why }
}

/// All tasks of one place: a slot of a replicated service, a node of a global one.
#[derive(Default)]
struct Slot<'a> {
    tasks: Vec<&'a SeenTask>,
}

fn slots<'a>(case: &Case<'a>) -> BTreeMap<(u64, &'a str), Slot<'a>> {
    let global = matches!(case.mode(), Some(ServiceMode::Global {}));
    let mut slots: BTreeMap<(u64, &str), Slot<'_>> = BTreeMap::new();
    for seen in case.tasks {
        let place = if global { (0, seen.task.node_id.as_str()) } else { (seen.task.slot, "") };
        slots.entry(place).or_default().tasks.push(seen);
    }
    slots
}

/// Tasks that are asked for. The engine's own count knows which nodes a global service fits on.
fn wanted(case: &Case<'_>, slots: &BTreeMap<(u64, &str), Slot<'_>>) -> u64 {
    match case.mode() {
        Some(ServiceMode::Replicated(replicated)) => replicated.replicas.unwrap_or(1),
        None => 1,
        Some(_) => {
            let live = slots.values().filter(|slot| slot.current().is_some()).count() as u64;
            case.service.service_status.map_or(live, |status| status.desired_tasks)
        }
    }
}

impl<'a> Slot<'a> {
    /// The task that stands for the slot: wanted to run, the newest of these.
    fn current(&self) -> Option<&'a SeenTask> {
        let alive = self.tasks.iter().filter(|seen| seen.task.desired_state <= TaskState::Running);
        alive.copied().max_by_key(|seen| (seen.task.created_at, seen.task.version))
    }

    /// Runs what is asked for, on a node that answers, long enough.
    fn is_steady(&self, case: &Case<'_>) -> bool {
        self.current().is_some_and(|seen| {
            let task = &seen.task;
            seen.standing == Standing::Current
                && task.status.state == TaskState::Running
                && case.answers(&task.node_id)
                && lasts(task, case)
        })
    }

    /// Tasks with the wanted spec that ended by themselves, with success too: they were to go on.
    fn failures(&self) -> impl Iterator<Item = &Task> {
        self.tasks
            .iter()
            .filter(|seen| seen.standing == Standing::Current)
            .map(|seen| &*seen.task)
            .filter(|task| {
                use TaskState::{Complete, Failed, Rejected};
                matches!(task.status.state, Complete | Failed | Rejected)
            })
    }
}

fn lasts(task: &Task, case: &Case<'_>) -> bool {
    let Some(since) = task.status.timestamp else { return false };
    since.duration_until(case.now()).unsigned_abs() >= case.clocks.min_healthy || since > case.now()
}

/// The worst that the slots tell.
fn reason(case: &Case<'_>, slots: &BTreeMap<(u64, &str), Slot<'_>>) -> (HealthState, String) {
    let crashed = slots.values().find(|slot| slot.failures().count() >= FAILURES);
    if let Some(slot) = crashed {
        let newest = slot.failures().max_by_key(|task| task.created_at);
        return (HealthState::Failed, newest.map_or_else(String::new, failure));
    }
    let open = slots.values().filter_map(Slot::current).find(|seen| {
        seen.task.status.state < TaskState::Running && seen.standing == Standing::Current
    });
    if let Some(seen) = open {
        return stuck(case, &seen.task);
    }
    let lost = slots.values().filter_map(Slot::current).any(|s| !case.answers(&s.task.node_id));
    if lost {
        return (HealthState::Waiting, "a node does not answer".to_owned());
    }
    (HealthState::Progressing, String::new())
}

/// A task that does not get on: waiting for the scheduler, a pull, or a health check.
fn stuck(case: &Case<'_>, task: &Task) -> (HealthState, String) {
    let why = match (task.status.err.as_str(), task.status.message.as_str()) {
        ("", message) => format!("{}: {message}", word(task.status.state)),
        (err, _) => format!("{}: {err}", word(task.status.state)),
    };
    let since = task.status.timestamp.or(task.created_at).unwrap_or(case.now());
    let late = since.duration_until(case.now()).unsigned_abs() > case.clocks.progress_deadline;
    if late { (HealthState::Failed, why) } else { (HealthState::Progressing, why) }
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

/// The engine's word for a state.
pub(super) fn word(state: TaskState) -> String {
    format!("{state:?}").to_lowercase()
}
