//! The tasks of one place: a slot of a replicated service or job, a node of a global one.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::trouble::NO_IMAGE;
use super::{Case, NodeState, node_health};
use crate::model::engine::{Task, TaskState, Version};
use crate::model::{SeenTask, Standing};

/// A place's tasks, the newest first.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    tasks: &'a [&'a SeenTask],
}

/// Slot and node of a place; one of the two says it.
type PlaceKey<'a> = (u64, &'a str);

/// The tasks of a service by their places. All are in one list: a swarm has many thousands of places,
/// most of them with one task.
pub(super) struct Places<'a> {
    tasks: Vec<&'a SeenTask>,
    key: fn(&SeenTask) -> PlaceKey<'_>,
}

/// The tasks by their places; of a job only those of its newest run.
pub(super) fn places<'a>(case: &Case<'a>) -> Places<'a> {
    let run = case.is_job().then(|| newest_run(case)).flatten();
    let of_run = |seen: &&SeenTask| run.is_none() || seen.task.job_iteration == run;
    let key = if case.is_global() { by_node } else { by_slot };
    let mut tasks: Vec<&'a SeenTask> = case.tasks.iter().filter(of_run).collect();
    tasks.sort_by_key(|seen| (key(seen), Reverse((seen.task.created_at, seen.task.version))));
    Places { tasks, key }
}

fn by_node(seen: &SeenTask) -> PlaceKey<'_> {
    (0, &seen.task.node_id)
}

fn by_slot(seen: &SeenTask) -> PlaceKey<'_> {
    (seen.task.slot, "")
}

impl Places<'_> {
    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = Place<'_>> {
        let places = self.tasks.chunk_by(|one, next| (self.key)(one) == (self.key)(next));
        places.map(|tasks| Place { tasks })
    }
}

/// The run that the last write asked for; of engines that don't tell, the newest that has tasks.
fn newest_run(case: &Case<'_>) -> Option<Version> {
    let asked = case.service.job_status.map(|status| status.job_iteration);
    asked.or_else(|| case.tasks.iter().filter_map(|seen| seen.task.job_iteration).max())
}

impl<'a> Place<'a> {
    /// All its tasks, the newest first.
    pub(super) fn tasks(self) -> impl Iterator<Item = &'a SeenTask> {
        self.tasks.iter().copied()
    }

    /// The task that stands for the place: the newest of those with the lowest desired state;
    /// `None` when no task is wanted here any more.
    pub(super) fn current(self) -> Option<&'a SeenTask> {
        let wanted = |seen: &&&SeenTask| seen.task.desired_state <= TaskState::Complete;
        // The first of several equals is taken: the newest.
        self.tasks.iter().filter(wanted).min_by_key(|seen| seen.task.desired_state).copied()
    }

    /// Tasks that run, or ran, what is asked for.
    pub(super) fn own(self, case: &Case<'_>) -> impl Iterator<Item = &'a Task> {
        let job = case.is_job();
        let own = move |seen: &&&SeenTask| job || seen.standing == Standing::Current;
        self.tasks.iter().filter(own).map(|seen| &*seen.task)
    }

    /// Runs what is asked for, on a node that answers, long enough; or ended well, and is not to
    /// be started again.
    pub(super) fn is_steady(self, case: &Case<'_>) -> bool {
        if self.is_done(case) {
            return true;
        }
        self.current().is_some_and(|seen| {
            seen.standing == Standing::Current
                && seen.task.status.state == TaskState::Running
                && !self.is_lost(case)
                && runs_long_enough(&seen.task, case)
        })
    }

    /// The newest task ended well, and the engine was told to leave it at that.
    fn is_done(self, case: &Case<'_>) -> bool {
        let policy = case.service.spec.task_template.restart_policy.as_deref();
        let once = policy.is_some_and(|policy| matches!(&*policy.condition, "none" | "on-failure"));
        let newest = || self.own(case).next().map(|task| task.status.state);
        once && newest() == Some(TaskState::Complete)
    }

    /// The node of the current task, when it does not answer; the engine shows tasks of such a
    /// node as running for ever.
    pub(super) fn lost_to(self, case: &Case<'_>) -> Option<String> {
        let task = &self.current()?.task;
        if task.node_id.is_empty() {
            return None;
        }
        let Some(node) = case.sight.observed.nodes.get(&task.node_id) else {
            return Some(format!("the node {} is not there any more", task.node_id));
        };
        (NodeState::of(node) == NodeState::Down).then(|| node_health(node).to_string())
    }

    /// Whether that is so.
    fn is_lost(self, case: &Case<'_>) -> bool {
        let Some(seen) = self.current().filter(|seen| !seen.task.node_id.is_empty()) else {
            return false;
        };
        let node = case.sight.observed.nodes.get(&seen.task.node_id);
        node.is_none_or(|node| NodeState::of(node) == NodeState::Down)
    }

    /// Tasks of the wanted spec since the place was well for the last time, the newest first.
    pub(super) fn attempts(self, case: &Case<'_>) -> impl Iterator<Item = &'a Task> {
        self.own(case).take_while(|task| !lasted(task, case))
    }

    /// Those of them for which the node had an image, or may still get one: whose fault it is that
    /// there was none is another question, and no longer one when it has come.
    fn tries(self, case: &Case<'_>) -> impl Iterator<Item = &'a Task> {
        self.attempts(case).filter(|task| !task.status.err.starts_with(NO_IMAGE))
    }

    /// Tries that ended by themselves, the newest first: also with success, as they were to go on.
    pub(super) fn failures(self, case: &Case<'_>) -> impl Iterator<Item = &'a Task> {
        use TaskState::{Complete, Failed, Rejected};
        let job = case.is_job();
        self.tries(case).filter(move |task| match task.status.state {
            Failed | Rejected => true,
            Complete => !job,
            _ => false,
        })
    }

    /// When the first try began, as far as the engine tells: it keeps only when a task came
    /// into its present state. The time without a node counts only while there is none.
    pub(super) fn began(self, case: &Case<'_>) -> Option<Timestamp> {
        self.tries(case).filter_map(sign).min()
    }

    /// When the first attempt began, with an image or without.
    pub(super) fn wanted_since(self, case: &Case<'_>) -> Option<Timestamp> {
        self.attempts(case).filter_map(sign).min()
    }

    /// Nobody starts a task here any more although the last one failed.
    pub(super) fn is_given_up(self, case: &Case<'_>) -> bool {
        let newest = self.own(case).next().map(|task| task.status.state);
        self.current().is_none() && matches!(newest, Some(TaskState::Failed | TaskState::Rejected))
    }
}

/// Time since something happened; `None` when nobody knows when.
pub(super) fn age(since: Option<Timestamp>, case: &Case<'_>) -> Option<std::time::Duration> {
    Some(since?.duration_until(case.now()).unsigned_abs())
}

/// True for tasks after which things were well: whatever comes later is another story. Those run,
/// or ran until their node was lost or they were told to stop, or were there for longer than a task
/// may take to become healthy.
fn lasted(task: &Task, case: &Case<'_>) -> bool {
    use TaskState::{Complete, Failed, Rejected, Running};
    let long = |made: Timestamp, ended| {
        made.duration_until(ended).unsigned_abs() >= case.clocks.healthy_deadline
    };
    match task.status.state {
        Running => runs_long_enough(task, case),
        Failed | Complete => {
            task.created_at.zip(task.status.timestamp).is_some_and(|(made, end)| long(made, end))
        }
        Rejected => false,
        state => state > Running,
    }
}

fn runs_long_enough(task: &Task, case: &Case<'_>) -> bool {
    age(task.status.timestamp, case).is_some_and(|age| age >= case.clocks.min_healthy)
}

/// A sign of when a task began.
fn sign(task: &Task) -> Option<Timestamp> {
    match task.status.state < TaskState::Assigned {
        true => task.created_at,
        false => task.status.timestamp.or(task.created_at),
    }
}
