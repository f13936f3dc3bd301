//! Faults on demand.

use futures::FutureExt as _;

use super::{create, look, spec, world};
use crate::ports::{Swarm as _, SwarmError};
use crate::sim::{By, FaultRates, Outcome, World, WriteFault};

#[tokio::test]
async fn scripted_faults_come_one_after_the_other() {
    let world = world();
    for fault in [
        WriteFault::Refused("no".into()),
        WriteFault::Conflict,
        WriteFault::NotDone,
        WriteFault::DoneWithoutAnswer,
    ] {
        world.swarm.fail_next_write(fault);
    }
    let refused = create(&world, spec("a", "web", 0)).await;
    assert!(matches!(refused, Err(SwarmError::Refused { message, .. }) if message == "no"));
    let conflict = create(&world, spec("a", "web", 0)).await;
    assert!(matches!(conflict, Err(SwarmError::Conflict { .. })));
    let lost = create(&world, spec("a", "web", 0)).await;
    assert!(matches!(lost, Err(SwarmError::Unavailable { .. })));
    assert!(look(&world).await.services.is_empty());
    let made = create(&world, spec("a", "web", 0)).await;
    assert!(matches!(made, Err(SwarmError::Unavailable { .. })));
    assert!(look(&world).await.services.contains_key("a"));
    let outcomes: Vec<bool> =
        world.swarm.log().iter().map(|write| write.outcome == Outcome::Made).collect();
    assert_eq!(outcomes, [false, false, false, true]);
    assert_eq!(world.swarm.writes(), 1);
}

#[tokio::test]
async fn faults_can_be_bound_to_a_name_until_they_are_healed() {
    let world = world();
    world.swarm.fail_writes_of("bad", WriteFault::NotDone);
    assert!(create(&world, spec("good", "web", 0)).await.is_ok());
    assert!(create(&world, spec("bad", "web", 0)).await.is_err());
    assert!(create(&world, spec("bad", "web", 0)).await.is_err());
    world.swarm.heal();
    assert!(create(&world, spec("bad", "web", 0)).await.is_ok());
}

#[tokio::test]
async fn looks_fail_as_often_as_asked_for() {
    let world = world();
    world.swarm.fail_looks(2);
    for expected in [true, true, false] {
        assert_eq!(world.swarm.look().await.is_err(), expected);
    }
}

#[tokio::test]
async fn after_the_last_write_nothing_is_answered_until_it_is_healed() {
    let world = world();
    world.swarm.fail_after(2);
    assert!(create(&world, spec("a", "web", 0)).await.is_ok());
    let mut stopped = Box::pin(world.swarm.stopped());
    assert!(stopped.as_mut().now_or_never().is_none());
    let operator = world.clone();
    let last = tokio::spawn(async move { create(&operator, spec("b", "web", 0)).await });
    stopped.await;
    assert!(!last.is_finished());
    last.abort();
    let waits = world.clone();
    let look_then = tokio::spawn(async move { waits.swarm.look().await });
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert!(!look_then.is_finished());
    look_then.abort();
    world.swarm.heal();
    assert!(look(&world).await.services.contains_key("b"));
    assert!(create(&world, spec("c", "web", 0)).await.is_ok());
}

#[tokio::test]
async fn the_hand_is_past_all_faults_and_in_the_log() {
    let world = world();
    create(&world, spec("web", "web", 1)).await.unwrap();
    world.swarm.fail_writes_of("web", WriteFault::Conflict);
    world.swarm.hand().scale("web", 3).unwrap();
    let log = world.swarm.log();
    assert_eq!(log.last().map(|write| write.by), Some(By::Hand));
    assert_eq!(log.last().unwrap().to_string(), "2026-01-01T00:00:00Z update service/web");
    assert_eq!(world.swarm.writes(), 1);
}

#[tokio::test]
async fn chance_is_the_seeds() {
    async fn outcomes(seed: u64) -> Vec<bool> {
        let world = World::new(seed);
        let half = FaultRates { refused: 500, ..FaultRates::default() };
        world.swarm.fail_by_chance(half);
        let mut outcomes = Vec::new();
        for number in 0..64 {
            outcomes.push(create(&world, spec(&format!("s{number}"), "web", 0)).await.is_ok());
        }
        outcomes
    }
    let first = outcomes(1).await;
    assert_eq!(first, outcomes(1).await);
    assert_ne!(first, outcomes(2).await);
    let made = first.iter().filter(|made| **made).count();
    assert!((16..48).contains(&made), "{made}");
}
