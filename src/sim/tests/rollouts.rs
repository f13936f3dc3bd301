//! Times and batches of rollouts, which a real engine would take long to show.

use std::time::Duration;

use crate::model::engine::{TaskState, UpdateState};
use crate::sim::{Settled, World};

use super::{Behaviour, SECOND, create, runs, service, spec, tasks, updating, world};

/// Tasks that run the image and are meant to.
async fn new_tasks(world: &World, image: &str) -> usize {
    let tasks = tasks(world, "web").await;
    let new = tasks.iter().filter(|seen| {
        runs(seen) && seen.task.spec.container_spec.as_ref().is_some_and(|c| c.image == image)
    });
    new.count()
}

async fn state(world: &World) -> Option<UpdateState> {
    service(world, "web").await.update_status.map(|status| status.state)
}

#[tokio::test]
async fn batches_wait_for_each_other_and_for_the_delay() {
    let world = world();
    let spec = updating(spec("web", "web:1", 4), |update| {
        update.parallelism = 2;
        update.delay = 30_000_000_000;
    });
    create(&world, spec).await.unwrap();
    world.settle().await;
    world.swarm.hand().set_image("web", "web:2").unwrap();
    world.advance(SECOND * 25).await;
    assert_eq!(new_tasks(&world, "web:2").await, 2);
    world.advance(SECOND * 10).await;
    assert_eq!(new_tasks(&world, "web:2").await, 4);
    // The delay counts after the last batch as well, and makes the time of watching longer.
    world.advance(SECOND * 50).await;
    assert_eq!(state(&world).await, Some(UpdateState::Updating));
    world.advance(SECOND * 15).await;
    assert_eq!(state(&world).await, Some(UpdateState::Completed));
}

#[tokio::test]
async fn start_first_never_has_less_than_all_tasks() {
    let world = world();
    let spec =
        updating(spec("web", "web:1", 3), |update| "start-first".clone_into(&mut update.order));
    create(&world, spec).await.unwrap();
    world.settle().await;
    world.swarm.hand().set_image("web", "web:2").unwrap();
    for _ in 0..100 {
        world.advance(Duration::from_millis(50)).await;
        let tasks = tasks(&world, "web").await;
        let up = tasks.iter().filter(|seen| seen.task.status.state == TaskState::Running).count();
        assert!(up >= 3, "{up}");
    }
    assert_eq!(new_tasks(&world, "web:2").await, 3);
}

#[tokio::test]
async fn a_crash_after_the_time_of_watching_is_no_failure_of_the_rollout() {
    let world = world();
    world.swarm.set_image("late", Behaviour::ExitsAfter(SECOND * 8, 1));
    create(&world, updating(spec("web", "web:1", 1), |_| ())).await.unwrap();
    world.settle().await;
    world.swarm.hand().set_image("web", "late").unwrap();
    world.advance(SECOND * 30).await;
    assert_eq!(state(&world).await, Some(UpdateState::Completed));
}

#[tokio::test]
async fn a_task_without_a_node_keeps_a_rollout_updating_for_ever() {
    // moby#37493: the updater waits for RUNNING without a limit.
    let world = world();
    create(&world, updating(spec("web", "web:1", 1), |_| ())).await.unwrap();
    world.settle().await;
    let constraint = "node.labels.none == x";
    let placed = |spec: &mut crate::model::engine::ServiceSpec| {
        let placement = spec.task_template.placement.get_or_insert_default();
        placement.constraints = vec![constraint.to_owned()];
    };
    world.swarm.hand().change("web", placed).unwrap();
    world.advance(SECOND * 3600).await;
    assert_eq!(state(&world).await, Some(UpdateState::Updating));
}

#[tokio::test]
async fn a_share_of_failures_is_tolerated_and_more_is_not() {
    for (killed, expected) in [(2, UpdateState::Completed), (3, UpdateState::Paused)] {
        let world = world();
        let spec = updating(spec("web", "web:1", 4), |update| {
            update.parallelism = 4;
            update.max_failure_ratio = 0.5;
        });
        create(&world, spec).await.unwrap();
        world.settle().await;
        world.swarm.hand().set_image("web", "web:2").unwrap();
        world.advance(SECOND * 2).await;
        assert_eq!(new_tasks(&world, "web:2").await, 4);
        for _ in 0..killed {
            world.swarm.hand().kill_task("web");
        }
        world.advance(SECOND * 10).await;
        assert_eq!(state(&world).await, Some(expected));
    }
}

#[tokio::test]
async fn nothing_moves_while_a_rollout_is_paused() {
    let world = world();
    let mut first = updating(spec("web", "web:1", 2), |_| ());
    first.task_template.restart_policy = Some(Box::new(crate::model::engine::RestartPolicy {
        condition: "none".to_owned(),
        ..Default::default()
    }));
    create(&world, first).await.unwrap();
    world.settle().await;
    world.swarm.hand().set_image("web", "crash").unwrap();
    assert_eq!(world.settle().await, Settled::Quiet);
    let paused = service(&world, "web").await;
    assert_eq!(paused.update_status.as_ref().map(|s| &s.state), Some(&UpdateState::Paused));
    world.advance(SECOND * 3600).await;
    assert_eq!(service(&world, "web").await, paused);
}
