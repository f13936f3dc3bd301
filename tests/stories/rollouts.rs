//! Rollouts: left alone while they run, superseded by newer commits, not tried again when they
//! failed.

use std::time::Duration;

use skep::model::SuspendedBy;
use skep::sim::Behaviour;
use skep::status::Settled;

use crate::play::{Play, SHOP, reference};

/// The shop whose second web image crashes at once, with this failure action.
async fn bad_image(action: &str) -> (Play, String) {
    let mut play = Play::new();
    let crash = Behaviour::ExitsAfter(Duration::ZERO, 1);
    play.world.swarm.set_image("registry.test/web:2", crash);
    let policy = format!("      replicas: 2\n      update_config: {{failure_action: {action}}}\n");
    let good = SHOP.replace("      replicas: 2\n", &policy);
    play.commit_shop(&good);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    (play, good)
}

#[tokio::test]
async fn a_rolled_back_spec_is_not_tried_again_even_by_a_fresh_process() {
    let (mut play, good) = bad_image("rollback").await;
    play.commit_shop(&good.replace("web:1", "web:2"));
    assert_eq!(play.converge().await, Settled::Badly);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    play.restart();
    for _ in 0..10 {
        let report = play.pass().await;
        assert_eq!(Play::held(&report), ["shop_web Quarantined"]);
        play.world.advance(Duration::from_secs(60)).await;
    }
    assert_eq!(play.wrote(), Vec::<String>::new());
    assert_eq!(play.tasks("shop_web").await.len(), 2);
}

#[tokio::test]
async fn a_paused_rollout_stays_paused_until_git_says_something_new() {
    let (mut play, good) = bad_image("pause").await;
    play.commit_shop(&good.replace("web:1", "web:2"));
    assert_eq!(play.converge().await, Settled::Badly);
    play.wrote();
    play.pass().await;
    assert_eq!(play.wrote(), Vec::<String>::new());
    play.commit_shop(&good);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
}

/// A bad image that is well after all, once it failed and a person says so.
async fn tried_again(action: &str) {
    let (mut play, good) = bad_image(action).await;
    play.commit_shop(&good.replace("web:1", "web:2"));
    assert_eq!(play.converge().await, Settled::Badly);
    let before = play.tasks("shop_web").await;
    play.wrote();
    play.world.swarm.set_image("registry.test/web:2", Behaviour::Usual);
    play.retry().await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    let after = play.tasks("shop_web").await;
    assert!(after.len() == 2 && after.iter().all(|task| !before.contains(task)));
}

#[tokio::test]
async fn what_was_rolled_back_is_tried_again_when_a_person_says_so() {
    tried_again("rollback").await;
}

#[tokio::test]
async fn what_was_paused_is_tried_again_when_a_person_says_so() {
    tried_again("pause").await;
}

#[tokio::test]
async fn what_fails_again_is_held_again() {
    let (mut play, good) = bad_image("rollback").await;
    play.commit_shop(&good.replace("web:1", "web:2"));
    assert_eq!(play.converge().await, Settled::Badly);
    play.retry().await;
    play.wrote();
    assert_eq!(play.converge().await, Settled::Badly);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web Quarantined"]);
    play.world.advance(Duration::from_secs(600)).await;
    play.pass().await;
    assert_eq!(play.wrote(), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_written_into_our_own_rollout_and_a_newer_commit_supersedes_it() {
    let mut play = Play::shop().await;
    let slow = Behaviour::HealthyAfter(Duration::from_secs(30));
    play.world.swarm.set_image("registry.test/web:2", slow);
    play.commit_shop(&SHOP.replace("web:1", "web:2"));
    play.pass().await;
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    for _ in 0..5 {
        play.world.advance(Duration::from_secs(2)).await;
        play.pass().await;
    }
    assert_eq!(play.wrote(), Vec::<String>::new());
    play.commit_shop(&SHOP.replace("fast", "slow"));
    play.pass().await;
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    assert_eq!(play.converge().await, Settled::Well);
}

#[tokio::test]
async fn a_manual_rollback_holds_the_service() {
    let mut play = Play::shop().await;
    play.commit_shop(&SHOP.replace("fast", "slow"));
    play.converge().await;
    play.wrote();
    play.world.swarm.hand().rollback("shop_web").expect("a write");
    assert_eq!(play.converge().await, Settled::Badly);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web Quarantined"]);
    assert_eq!(play.wrote(), Vec::<String>::new());
    play.commit_shop(&SHOP.replace("fast", "other"));
    assert_eq!(play.converge().await, Settled::Well);
}

#[tokio::test]
async fn an_image_that_the_registry_refuses_is_not_sent() {
    let mut play = Play::shop().await;
    play.world.registry.refuse(&reference("registry.test/web:2"), "manifest unknown");
    play.commit_shop(&SHOP.replace("web:1", "web:2"));
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web Quarantined"]);
    assert_eq!(play.wrote(), Vec::<String>::new());
}

#[tokio::test]
async fn suspending_in_the_declaration_stops_writes_and_still_reports() {
    let mut play = Play::shop().await;
    let text = format!("{}x-skep:\n  suspend: moving house\n", SHOP.replace("fast", "slow"));
    play.commit_shop(&text);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web Suspended"]);
    let held = &report.stacks.values().next().expect("the shop").plan.held[0];
    assert!(held.reason.to_string().contains(&SuspendedBy::Declaration.to_string()));
    assert_eq!(play.wrote(), Vec::<String>::new());
}
