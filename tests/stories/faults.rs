//! Faults: whatever goes wrong at whatever moment, the end is the same.

use std::time::Duration;

use skep::model::Kind;
use skep::sim::{FaultRates, WriteFault};
use skep::status::Settled;

use crate::play::{Play, SHOP};

/// What the shop looks like when all is well.
async fn check_shop(play: &mut Play) {
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.names(Kind::Service).await, ["shop_api", "shop_web"]);
    assert_eq!(play.names(Kind::Network).await, ["shop_front"]);
    assert_eq!(play.names(Kind::Secret).await, ["shop_password"]);
    assert_eq!(play.names(Kind::Config).await, ["shop_motd"]);
    play.wrote();
    play.pass().await;
    assert_eq!(play.wrote(), Vec::<String>::new());
}

#[tokio::test]
async fn stopped_after_any_write_it_still_settles_to_the_same_end() {
    for writes in 1..=8 {
        let mut play = Play::new();
        play.commit_shop(SHOP);
        play.die_after(writes).await;
        check_shop(&mut play).await;
    }
}

#[tokio::test]
async fn a_write_that_was_made_although_nobody_said_so_is_not_made_twice() {
    for name in ["shop_front", "shop_password", "shop_motd", "shop_web"] {
        let mut play = Play::new();
        play.commit_shop(SHOP);
        play.world.swarm.fail_writes_of(name, WriteFault::DoneWithoutAnswer);
        play.pass().await;
        play.world.swarm.heal();
        play.world.advance(Duration::from_secs(10)).await;
        check_shop(&mut play).await;
    }
}

#[tokio::test]
async fn a_refused_service_does_not_keep_the_others_back() {
    let mut play = Play::new();
    play.commit_shop(SHOP);
    play.world.swarm.fail_writes_of("shop_web", WriteFault::Refused("no".into()));
    play.pass().await;
    assert!(play.wrote().contains(&"create service/shop_api".to_owned()));
    play.world.swarm.heal();
    play.world.advance(Duration::from_secs(30)).await;
    check_shop(&mut play).await;
}

#[tokio::test]
async fn chance_faults_only_delay() {
    let mut play = Play::new();
    play.commit_shop(SHOP);
    let often = 200;
    play.world.swarm.fail_by_chance(FaultRates {
        refused: often,
        conflict: often,
        not_done: often,
        without_answer: often,
        looks: often,
    });
    for _ in 0..60 {
        play.pass().await;
        play.world.advance(Duration::from_secs(5)).await;
    }
    play.world.swarm.heal();
    play.world.advance(Duration::from_secs(300)).await;
    check_shop(&mut play).await;
}
