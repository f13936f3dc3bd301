//! Replicated and global services.

use super::{World, ago, task};
use crate::model::engine::{RestartPolicy, ServiceMode, TaskState, UpdateState};
use TaskState::{Complete, Failed, New, Pending, Ready, Rejected, Running, Shutdown, Starting};

#[test]
fn a_service_that_wants_no_tasks_is_healthy_at_once() {
    World::replicas(0).check("healthy 0/0");
}

#[test]
fn a_task_counts_once_it_lasts() {
    World::replicas(1).with([task(Running, 9)]).check("progressing 0/1");
    World::replicas(1).with([task(Running, 10)]).check("healthy 1/1");
    World::replicas(2).with([task(Running, 10)]).check("progressing 1/2");
}

#[test]
fn a_task_that_the_engine_would_replace_does_not_count() {
    World::replicas(1).with([task(Running, 20).outdated()]).check("progressing 0/1");
}

#[test]
fn the_task_with_the_lowest_desired_state_stands_for_its_slot() {
    let mut world = World::replicas(1).with([task(Running, 500), task(Ready, 2)]);
    let ready = std::sync::Arc::make_mut(&mut world.tasks[1].task);
    ready.desired_state = Ready;
    world.check("progressing 0/1: ready: ");
}

#[test]
fn a_task_in_the_place_of_a_lost_one_has_its_own_time() {
    let pending =
        task(Pending, 200).on("").err("no suitable node (max replicas per node limit exceed)");
    let mut world = World::replicas(1).with([pending, task(Running, 90_000)]);
    std::sync::Arc::make_mut(&mut world.tasks[1].task).desired_state = Shutdown;
    let told = "progressing 0/1: pending: no suitable node (max replicas per node limit exceed)";
    world.check(told);
}

#[test]
fn what_was_stopped_is_no_attempt() {
    let tasks = [task(Ready, 1), task(Shutdown, 400).made(420)];
    World::replicas(1).with(tasks).check("progressing 0/1: ready: ");
}

#[test]
fn of_several_places_one_that_says_something_speaks() {
    let crash = task(Failed, 5).code(1);
    let tasks = [crash, task(Ready, 1), task(Running, 900).slot(2).outdated()];
    World::replicas(2).with(tasks).check("progressing 0/2: tasks exit with code 1");
}

#[test]
fn of_equal_ones_the_newest_stands_for_its_slot() {
    World::replicas(1)
        .with([task(Running, 500), task(Starting, 2)])
        .check("progressing 0/1: starting: ");
}

#[test]
fn tasks_on_a_node_that_is_down_do_not_count_and_are_waited_for() {
    let world = || World::replicas(2).with([task(Running, 99), task(Running, 99).slot(2).on("n2")]);
    world().check("healthy 2/2");
    world()
        .node_state("n2", "down", "heartbeat failure")
        .check("waiting 1/2: n2 is down (heartbeat failure)");
    // Tasks of a node that nobody heard of since the last election most likely run.
    world().node_state("n2", "unknown", "").check("healthy 2/2");
}

#[test]
fn a_task_on_a_node_that_was_removed_does_not_count() {
    let world = World::replicas(1).with([task(Running, 99).on("gone")]);
    world.check("waiting 0/1: the node gone is not there any more");
}

#[test]
fn a_crash_loop_is_a_failure_even_while_a_task_runs_just_now() {
    let crash = |at| task(Failed, at).err("task: non-zero exit (1)").code(1);
    let tasks = || [task(Running, 1), crash(7), crash(13)];
    World::replicas(1).with(tasks()).check("progressing 0/1: tasks fail: task: non-zero exit (1)");
    let failed = "failed 0/1: tasks fail: task: non-zero exit (1)";
    World::replicas(1).with(tasks()).with([crash(19)]).check(failed);
}

#[test]
fn the_task_whose_log_says_why_is_named() {
    let crash = |at| task(Failed, at).err("task: non-zero exit (1)");
    let world = World::replicas(1).with([crash(7), crash(13), crash(19)]);
    assert_eq!(world.health().culprit.as_deref(), Some("failed-1-7"));
    let refused = |at| task(Rejected, at).err("invalid mount config for type \"bind\"");
    let world = World::replicas(1).with([refused(7), refused(13), refused(19)]);
    assert_eq!(world.health().culprit, None, "a task that was refused has no log");
}

#[test]
fn tasks_that_end_with_success_are_failures_of_what_should_go_on() {
    let done = |at| task(Complete, at).code(0);
    let tasks = [task(Ready, 1), done(7), done(13), done(19)];
    World::replicas(1).with(tasks).check("failed 0/1: tasks exit with code 0");
}

#[test]
fn failures_of_the_spec_before_are_not_held_against_this_one() {
    let old = (1..=3).map(|n| task(Failed, 10 * n).outdated());
    World::replicas(1).with(old).with([task(Running, 1)]).check("progressing 0/1");
}

#[test]
fn a_task_that_ran_for_long_and_failed_once_is_no_failure_of_the_spec() {
    let tasks = [task(New, 1), task(Failed, 2).made(9000), task(Failed, 9001).made(20_000)];
    let tasks = tasks.into_iter().chain([task(Failed, 20_001).made(40_000)]);
    World::replicas(1).with(tasks).check("progressing 0/1: new: ");
}

/// What the engine does when a task ends: `condition`, and how often.
fn restarts(mut world: World, condition: &str, max_attempts: u64) -> World {
    let policy = RestartPolicy {
        condition: condition.to_owned(),
        max_attempts: Some(max_attempts),
        ..RestartPolicy::default()
    };
    world.service.spec.task_template.restart_policy = Some(Box::new(policy));
    world
}

#[test]
fn a_service_whose_tasks_are_not_started_again_failed_with_the_first() {
    let world = World::replicas(1).with([task(Failed, 5).code(3)]);
    restarts(world, "none", 0).check("failed 0/1: tasks exit with code 3");
}

#[test]
fn a_service_that_may_restart_more_often_gets_its_attempts() {
    let crash = |at| task(Failed, at).code(1);
    let world = || World::replicas(1).with([task(Ready, 1), crash(7), crash(13), crash(19)]);
    restarts(world(), "any", 3).check("progressing 0/1: tasks exit with code 1");
    restarts(world().with([crash(25)]), "any", 3).check("failed 0/1: tasks exit with code 1");
}

#[test]
fn what_ended_well_and_is_not_to_be_started_again_is_healthy() {
    let world = || World::replicas(1).with([task(Complete, 5).code(0)]);
    restarts(world(), "on-failure", 0).check("healthy 1/1");
    restarts(world(), "none", 0).check("healthy 1/1");
}

#[test]
fn slots_that_were_scaled_away_are_no_trouble() {
    let tasks = [task(Running, 99), task(Shutdown, 5).slot(2), task(Failed, 9).slot(3)];
    World::replicas(1).with(tasks).check("healthy 1/1");
}

#[test]
fn a_global_service_wants_as_many_tasks_as_the_engine_says() {
    let world = || World::of(ServiceMode::Global {});
    let on = |node| task(Running, 99).slot(0).on(node);
    world().desired_tasks(2).with([on("n1"), on("n2")]).check("healthy 2/2");
    world().desired_tasks(3).with([on("n1"), on("n2")]).check("progressing 2/3");
    world().desired_tasks(0).check("healthy 0/0");
    // Without the engine's count, the tasks that are wanted.
    world().with([on("n1"), on("n2")]).check("healthy 2/2");
}

#[test]
fn a_global_service_does_without_a_node_that_went() {
    let world = World::of(ServiceMode::Global {}).desired_tasks(2);
    let mut world = world.with(["n1", "n2", "n3"].map(|node| task(Running, 99).slot(0).on(node)));
    // The engine shuts down what ran there, and never hears that it ended.
    std::sync::Arc::make_mut(&mut world.tasks[2].task).desired_state = Shutdown;
    world.node_state("n3", "down", "heartbeat failure").check("healthy 2/2");
}

#[test]
fn what_the_engine_says_of_the_rollout_outweighs_the_tasks() {
    let running = || World::replicas(1).with([task(Running, 20)]);
    running().rollout(UpdateState::Updating, 30).check("progressing 1/1: updating");
    running().rollout(UpdateState::RollbackStarted, 30).check("progressing 1/1: rolling back");
    running().rollout(UpdateState::Paused, 30).check("failed 1/1: rollout paused");
    running().rollout(UpdateState::RollbackPaused, 30).check("failed 1/1: rollback paused");
    running().rollout(UpdateState::Completed, 30).check("healthy 1/1");
    running().rollout(UpdateState::RollbackCompleted, 30).check("healthy 1/1");
}

#[test]
fn a_rollout_that_paused_because_of_a_lost_node_waits() {
    let world = World::replicas(1).with([task(Running, 99)]).rollout(UpdateState::Paused, 30);
    let mut world = world.node_state("n1", "down", "");
    world.service.update_status.as_mut().expect("a rollout").message = "update paused".into();
    world.check("waiting 0/1: rollout paused: update paused (n1 is down)");
}

#[test]
fn a_pending_task_says_what_it_waits_for() {
    let pending =
        task(Pending, 60).on("").err("no suitable node (insufficient resources on 3 nodes)");
    let told = "pending: no suitable node (insufficient resources on 3 nodes)";
    World::replicas(1).with([pending]).check(&format!("progressing 0/1: {told}"));
    assert_eq!(ago(1).duration_until(ago(0)).as_secs(), 1);
}
