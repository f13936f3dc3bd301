//! The three clocks, and what extends them.

use std::time::Duration;

use super::{World, task};
use crate::health::Clocks;
use crate::model::RolloutPolicy;
use crate::model::engine::{
    Healthcheck, RestartPolicy, ServiceSpec, TaskState, UpdateConfig, UpdateState,
};
use TaskState::{Assigned, New, Pending, Preparing, Ready, Running, Starting};

#[test]
fn a_task_that_gets_stuck_failed_once_its_deadline_is_over() {
    for (state, word) in [
        (New, "new"),
        (Pending, "pending"),
        (Assigned, "assigned"),
        (Preparing, "preparing"),
        (Starting, "starting"),
    ] {
        let stuck = |seconds| World::replicas(1).with([task(state, seconds)]);
        stuck(300).check(&format!("progressing 0/1: {word}: "));
        stuck(301).check(&format!("failed 0/1: {word}: "));
    }
}

#[test]
fn the_time_without_a_node_counts_only_while_there_is_none() {
    let world = |state| World::replicas(1).with([task(state, 3).made(90_000)]);
    world(Pending).check("failed 0/1: pending: ");
    world(Preparing).check("progressing 0/1: preparing: ");
}

#[test]
fn attempts_at_one_place_share_their_deadline() {
    let crash = |at| task(TaskState::Failed, at).code(1);
    let world = |first| World::replicas(1).with([task(Ready, 1), crash(first)]);
    world(299).check("progressing 0/1: tasks exit with code 1");
    world(301).check("failed 0/1: tasks exit with code 1");
}

#[test]
fn a_rollout_that_gets_no_further_failed() {
    // The second task is of the spec before, and nothing happens to it.
    let world = |seconds| {
        let tasks = [task(Running, seconds), task(Running, 9999).slot(2).outdated()];
        World::replicas(2).with(tasks).rollout(UpdateState::Updating, 5000)
    };
    // Ten minutes, five seconds of watching, ten seconds to become healthy.
    world(615).check("progressing 1/2");
    world(616).check("failed 1/2: no further task became healthy within 605 s");
}

#[test]
fn each_task_that_becomes_healthy_gives_the_rollout_its_time_again() {
    let tasks = [task(Running, 20), task(Running, 9999).slot(2).outdated()];
    World::replicas(2).with(tasks).rollout(UpdateState::Updating, 90_000).check("progressing 1/2");
}

#[test]
fn without_a_rollout_there_is_no_progress_to_be_made() {
    let tasks = [task(Running, 9999), task(Running, 3).slot(2)];
    World::replicas(2).with(tasks).rollout(UpdateState::Completed, 5000).check("progressing 1/2");
}

fn seconds(clocks: Clocks) -> [u64; 3] {
    [clocks.min_healthy, clocks.healthy_deadline, clocks.progress_deadline]
        .map(|time| time.as_secs())
}

fn extended(declare: impl FnOnce(&mut ServiceSpec)) -> [u64; 3] {
    let mut world = World::replicas(1);
    declare(&mut world.service.spec);
    seconds(Clocks::default().extended_by(&world.service.spec))
}

/// The engine's API counts in nanoseconds.
const SECOND: i64 = 1_000_000_000;

fn probe(declare: impl FnOnce(&mut Healthcheck)) -> [u64; 3] {
    let mut probe = Healthcheck::default();
    declare(&mut probe);
    extended(|spec| {
        let container = spec.task_template.container_spec.as_mut().expect("a container");
        container.healthcheck = Some(Box::new(probe));
    })
}

#[test]
fn what_a_service_declares_extends_its_clocks() {
    assert_eq!(extended(|_| {}), [10, 300, 605]);
    // Start period, and three probes of thirty seconds that take thirty seconds each.
    assert_eq!(probe(|probe| probe.start_period = 60 * SECOND), [10, 540, 845]);
    let quick = probe(|probe| {
        (probe.interval, probe.timeout, probe.retries) = (2 * SECOND, SECOND, 10);
    });
    assert_eq!(quick, [10, 330, 635]);
    assert_eq!(probe(|probe| probe.test = vec!["NONE".into()]), [10, 300, 605]);
    let grace = extended(|spec| {
        let container = spec.task_template.container_spec.as_mut().expect("a container");
        container.stop_grace_period = Some(70 * SECOND);
    });
    assert_eq!(grace, [10, 360, 665]);
    let restart = extended(|spec| {
        let policy = RestartPolicy { delay: Some(40 * SECOND), ..RestartPolicy::default() };
        spec.task_template.restart_policy = Some(Box::new(policy));
    });
    assert_eq!(restart, [10, 340, 645]);
    let update = |delay, monitor| {
        extended(|spec| {
            let update = UpdateConfig {
                delay: delay * SECOND,
                monitor: monitor * SECOND,
                ..UpdateConfig::default()
            };
            spec.update_config = Some(Box::new(update));
        })
    };
    assert_eq!(update(0, 30), [30, 300, 630]);
    assert_eq!(update(100, 0), [10, 300, 800]);
    assert_eq!(update(0, 1), [10, 300, 601]);
}

#[test]
fn a_policy_says_the_times_and_the_operator_says_the_others() {
    let policy = RolloutPolicy {
        healthy_deadline: Some(Duration::from_secs(60)),
        ..RolloutPolicy::default()
    };
    assert_eq!(seconds(Clocks::default().under(&policy)), [10, 60, 600]);
    let mut world = World::replicas(1).with([task(Pending, 61)]);
    world.clocks = world.clocks.under(&policy);
    world.check("failed 0/1: pending: ");
}
