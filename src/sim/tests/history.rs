//! How long tasks are remembered, and how often they are started again.

use crate::model::engine::TaskState;

use super::{Behaviour, SECOND, create, restarting, running, spec, tasks, world};

#[tokio::test]
async fn five_tasks_of_a_slot_are_kept() {
    let world = world();
    create(&world, restarting(spec("web", "crash", 1), 0, None)).await.unwrap();
    world.advance(SECOND * 60).await;
    let kept = tasks(&world, "web").await;
    // One may be new while the next round of the reaper is waited for.
    assert!((5..=6).contains(&kept.len()), "{}", kept.len());
}

#[tokio::test]
async fn attempts_are_kept_even_beyond_the_history() {
    let world = world();
    create(&world, restarting(spec("web", "crash", 1), 8, None)).await.unwrap();
    world.settle().await;
    let kept = tasks(&world, "web").await;
    assert_eq!(kept.len(), 9);
    assert!(kept.iter().all(|seen| seen.task.status.state == TaskState::Failed));
}

#[tokio::test]
async fn attempts_count_within_the_window_only() {
    let world = world();
    // Runs three seconds, is started again after one: in five seconds there is one restart.
    world.swarm.set_image("short", Behaviour::ExitsAfter(SECOND * 3, 1));
    let window = Some(5_000_000_000);
    create(&world, restarting(spec("within", "short", 1), 2, window)).await.unwrap();
    create(&world, restarting(spec("beyond", "crash", 1), 2, window)).await.unwrap();
    world.advance(SECOND * 60).await;
    let wanted = |name| {
        let world = world.clone();
        async move {
            let tasks = tasks(&world, name).await;
            tasks.iter().any(|seen| seen.task.desired_state <= TaskState::Running)
        }
    };
    assert!(wanted("within").await);
    assert!(!wanted("beyond").await);
}

#[tokio::test]
async fn a_task_killed_on_its_node_is_started_again_after_the_delay() {
    let world = world();
    create(&world, restarting(spec("web", "web", 2), 0, None)).await.unwrap();
    world.settle().await;
    world.swarm.hand().kill_task("web");
    assert_eq!(running(&world, "web").await, 1);
    world.advance(SECOND / 2).await;
    assert_eq!(running(&world, "web").await, 1);
    world.advance(SECOND * 2).await;
    assert_eq!(running(&world, "web").await, 2);
}

#[tokio::test]
async fn containers_of_a_node_that_was_gone_for_a_moment_are_started_again() {
    let world = world();
    create(&world, restarting(spec("web", "web", 3), 0, None)).await.unwrap();
    world.settle().await;
    let hand = world.swarm.hand();
    assert!(hand.kill_node("n2") && hand.return_node("n2"));
    world.advance(SECOND * 3).await;
    assert_eq!(running(&world, "web").await, 2);
    world.advance(SECOND * 2).await;
    assert_eq!(running(&world, "web").await, 3);
    assert!(!hand.kill_node("n9"));
}
