//! Jobs: replicated and global.

use super::{Told, World, task};
use crate::model::engine::{JobMode, JobStatus, RestartPolicy, ServiceMode, TaskState, Version};
use TaskState::{Complete, Failed, Pending, Ready, Rejected, Running};

/// A job of so many tasks, in its run 1.
fn job(completions: u64) -> World {
    let mode = JobMode { max_concurrent: Some(1), total_completions: Some(completions) };
    of_run(World::of(ServiceMode::ReplicatedJob(mode)))
}

fn of_run(mut world: World) -> World {
    world.service.job_status = Some(JobStatus { job_iteration: Version { index: 1 } });
    world
}

/// A task of run 1.
fn part(state: TaskState, seconds: i64) -> Told {
    task(state, seconds).run(1)
}

#[test]
fn a_job_is_healthy_once_its_tasks_ended_well() {
    job(2).check("progressing 0/2: the job runs");
    job(2).with([part(Running, 90_000)]).check("progressing 0/2: the job runs");
    job(2)
        .with([part(Complete, 9), part(Running, 5).slot(2)])
        .check("progressing 1/2: the job runs");
    job(2).with([part(Complete, 9), part(Complete, 5).slot(2)]).check("healthy 2/2");
    job(0).check("healthy 0/0");
}

#[test]
fn a_run_before_says_nothing_of_this_one() {
    job(1).with([task(Complete, 900).run(0)]).check("progressing 0/1: the job runs");
    let crashes = (1..=3).map(|n| task(Failed, 10 * n).run(0));
    job(1).with(crashes).check("progressing 0/1: the job runs");
    // Engines that don't tell the run: the newest that has tasks.
    let mut world = job(1).with([task(Failed, 900).run(0), part(Complete, 9)]);
    world.service.job_status = None;
    world.check("healthy 1/1");
}

#[test]
fn a_job_that_fails_again_and_again_failed() {
    let crash = |at| part(Failed, at).err("task: non-zero exit (1)");
    let tasks = || [part(Ready, 1), crash(7), crash(13)];
    job(1).with(tasks()).check("progressing 0/1: tasks fail: task: non-zero exit (1)");
    job(1).with(tasks()).with([crash(19)]).check("failed 0/1: tasks fail: task: non-zero exit (1)");
}

#[test]
fn a_job_that_is_not_tried_again_failed_with_its_first_task() {
    let mut world = job(1).with([part(Failed, 7).code(2)]);
    let policy = RestartPolicy { condition: "none".into(), ..RestartPolicy::default() };
    world.service.spec.task_template.restart_policy = Some(Box::new(policy));
    world.check("failed 0/1: tasks exit with code 2");
}

#[test]
fn a_task_that_ended_well_after_others_failed_counts() {
    let crash = |at| part(Failed, at).code(1);
    job(1).with([part(Complete, 1), crash(7), crash(13), crash(19)]).check("healthy 1/1");
}

#[test]
fn a_job_may_run_for_long_but_not_wait_for_long() {
    let stuck =
        part(Pending, 301).on("").err("no suitable node (insufficient resources on 3 nodes)");
    job(1)
        .with([stuck])
        .check("failed 0/1: pending: no suitable node (insufficient resources on 3 nodes)");
    let refused = |at| part(Rejected, at).err("No such image: registry.test/web:1");
    job(1)
        .with([part(Ready, 1), refused(7)])
        .check("progressing 0/1: No such image: registry.test/web:1");
}

#[test]
fn a_global_job_runs_once_on_each_node() {
    let world = || of_run(World::of(ServiceMode::GlobalJob {}));
    let on = |state, node| part(state, 9).slot(0).on(node);
    world().with([on(Complete, "n1"), on(Running, "n2")]).check("progressing 1/2: the job runs");
    world().with([on(Complete, "n1"), on(Complete, "n2")]).check("healthy 2/2");
    world()
        .with([on(Complete, "n1"), on(Running, "n2")])
        .node_state("n2", "down", "heartbeat failure")
        .check("waiting 1/2: n2 is down (heartbeat failure)");
}
