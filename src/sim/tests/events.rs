//! Events are hints: they come, break and get lost.

use futures::{FutureExt as _, StreamExt as _};

use super::{SECOND, create, spec, world};
use crate::ports::{Swarm as _, SwarmEvent};
use crate::sim::World;

fn changed(kind: &str, name: &str, action: &str) -> SwarmEvent {
    SwarmEvent::Changed { kind: kind.into(), name: name.into(), action: action.into() }
}

fn listen(world: &World) -> impl FnMut() -> Option<SwarmEvent> {
    let mut events = world.swarm.events();
    move || events.next().now_or_never().flatten()
}

#[tokio::test]
async fn a_stream_begins_connected_and_tells_of_writes_and_of_the_orchestrator() {
    let world = world();
    let mut next = listen(&world);
    create(&world, spec("web", "web", 1)).await.unwrap();
    assert_eq!(next(), Some(SwarmEvent::Connected));
    assert_eq!(next(), Some(changed("service", "web", "create")));
    world.settle().await;
    world.swarm.hand().set_image("web", "web:2").unwrap();
    assert_eq!(next(), Some(changed("service", "web", "update")));
    assert_eq!(next(), None);
    world.settle().await;
    // `updating` and `completed`; of tasks nothing is told.
    assert_eq!(next(), Some(changed("service", "web", "update")));
    assert_eq!(next(), Some(changed("service", "web", "update")));
    assert_eq!(next(), None);
}

#[tokio::test]
async fn lost_events_are_not_told() {
    let world = world();
    let mut next = listen(&world);
    world.swarm.lose_events(1);
    create(&world, spec("a", "web", 0)).await.unwrap();
    create(&world, spec("b", "web", 0)).await.unwrap();
    assert_eq!(next(), Some(SwarmEvent::Connected));
    assert_eq!(next(), Some(changed("service", "b", "create")));
    assert_eq!(next(), None);
}

#[tokio::test]
async fn a_broken_stream_says_so_and_tells_nothing_of_the_time_between() {
    let world = world();
    let mut next = listen(&world);
    assert_eq!(next(), Some(SwarmEvent::Connected));
    world.swarm.break_events(SECOND * 10);
    create(&world, spec("a", "web", 0)).await.unwrap();
    assert!(matches!(next(), Some(SwarmEvent::Broken(_))));
    world.advance(SECOND * 9).await;
    assert_eq!(next(), None);
    world.advance(SECOND * 2).await;
    assert_eq!(next(), Some(SwarmEvent::Connected));
    create(&world, spec("b", "web", 0)).await.unwrap();
    assert_eq!(next(), Some(changed("service", "b", "create")));
}

#[tokio::test]
async fn a_stream_ends_with_the_swarm() {
    let world = world();
    let mut events = world.swarm.events();
    drop(world);
    assert_eq!(events.next().await, Some(SwarmEvent::Connected));
    assert_eq!(events.next().await, None);
}
