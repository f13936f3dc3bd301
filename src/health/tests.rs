//! Verdicts on small worlds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{Clocks, HealthState, health};
use crate::model::engine::{
    Node, NodeStatus, Replicated, Service, ServiceMode, Task, TaskState, TaskStatus, UpdateState,
    UpdateStatus,
};
use crate::model::{ApiVersion, Engine, Observed, SeenTask, Standing};
use jiff::Timestamp;

const NOW: i64 = 1_000_000;

/// A task in a slot: state, seconds since it got there, whether the engine would keep it.
fn task(slot: u64, state: TaskState, seconds: i64, standing: Standing) -> SeenTask {
    let at = Timestamp::from_second(NOW - seconds).expect("a time");
    let ended = state > TaskState::Running;
    SeenTask {
        task: Arc::new(Task {
            slot,
            node_id: "n1".into(),
            created_at: Some(at),
            desired_state: if ended { TaskState::Shutdown } else { TaskState::Running },
            status: TaskStatus { timestamp: Some(at), state, ..TaskStatus::default() },
            ..Task::default()
        }),
        standing,
    }
}

fn check(replicas: u64, update: Option<UpdateState>, tasks: Vec<SeenTask>) -> (HealthState, u64) {
    let mut service = Service { id: "s".into(), ..Service::default() };
    service.spec.mode = Some(ServiceMode::Replicated(Replicated { replicas: Some(replicas) }));
    service.update_status = update.map(|state| UpdateStatus { state, ..UpdateStatus::default() });
    let node = Node {
        status: NodeStatus { state: "ready".into(), ..NodeStatus::default() },
        ..Node::default()
    };
    let observed = Observed {
        at: Timestamp::from_second(NOW).expect("a time"),
        engine: Engine {
            version: String::new(),
            api: ApiVersion::v1(41),
            cluster: String::new(),
            node: String::new(),
        },
        services: BTreeMap::new(),
        tasks: [("s".to_owned(), tasks)].into(),
        networks: BTreeMap::new(),
        secrets: BTreeMap::new(),
        configs: BTreeMap::new(),
        nodes: [("n1".to_owned(), node)].into(),
        gaps: BTreeSet::new(),
    };
    let clocks = Clocks { min_healthy: Duration::from_secs(10), ..Clocks::default() };
    let verdict = health(&service, &observed, clocks);
    (verdict.state, verdict.running)
}

use HealthState::{Failed, Healthy, Progressing};
use Standing::{Current, Outdated};
use TaskState::{Pending, Running};

#[test]
fn a_service_that_wants_no_tasks_is_healthy_at_once() {
    assert_eq!(check(0, None, vec![]), (Healthy, 0));
}

#[test]
fn a_task_counts_once_it_lasts() {
    assert_eq!(check(1, None, vec![task(1, Running, 2, Current)]), (Progressing, 0));
    assert_eq!(check(1, None, vec![task(1, Running, 20, Current)]), (Healthy, 1));
}

#[test]
fn a_task_that_the_engine_would_replace_does_not_count() {
    assert_eq!(check(1, None, vec![task(1, Running, 20, Outdated)]), (Progressing, 0));
}

#[test]
fn a_crash_loop_is_a_failure_even_while_a_task_runs_just_now() {
    let mut tasks: Vec<SeenTask> =
        (1..=3).map(|n| task(1, TaskState::Failed, 10 * n, Current)).collect();
    tasks.push(task(1, Running, 1, Current));
    assert_eq!(check(1, None, tasks).0, Failed);
}

#[test]
fn failures_of_the_spec_before_are_not_held_against_this_one() {
    let mut tasks: Vec<SeenTask> =
        (1..=3).map(|n| task(1, TaskState::Failed, 10 * n, Outdated)).collect();
    tasks.push(task(1, Running, 1, Current));
    assert_eq!(check(1, None, tasks).0, Progressing);
}

#[test]
fn a_paused_rollout_failed_whatever_still_runs() {
    let tasks = vec![task(1, Running, 20, Current)];
    assert_eq!(check(1, Some(UpdateState::Paused), tasks).0, Failed);
}

#[test]
fn pending_is_progress_until_the_deadline() {
    assert_eq!(check(1, None, vec![task(1, Pending, 60, Current)]).0, Progressing);
    assert_eq!(check(1, None, vec![task(1, Pending, 601, Current)]).0, Failed);
}
