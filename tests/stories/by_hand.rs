//! Things done by hand: found, reported with the field's path, and repaired, unless a person says
//! otherwise.

use std::time::Duration;

use skep::model::Kind;
use skep::plan::Cause;
use skep::status::{Report, Settled};

use crate::play::{Play, SHOP};

/// Paths that differ, with who moved them.
fn drift(report: &Report) -> Vec<(String, Cause)> {
    let drift = report.stacks.values().flat_map(|stack| &stack.plan.drift);
    let fields = drift.flat_map(|drift| drift.fields().into_owned());
    fields.map(|field| (field.change.path.clone(), field.cause)).collect()
}

/// One thing is done by hand; it is found under this path and put back.
async fn check(path: &str, change: impl FnOnce(&Play)) {
    let mut play = Play::shop().await;
    change(&play);
    let report = play.pass().await;
    assert_eq!(drift(&report), [(path.to_owned(), Cause::ChangedByHand)]);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(drift(&play.pass().await), []);
}

#[tokio::test]
async fn an_image_is_put_back() {
    check("image", |play| {
        play.world.swarm.hand().set_image("shop_web", "registry.test/web:2").expect("a write");
    })
    .await;
}

#[tokio::test]
async fn a_variable_is_put_back() {
    check("environment.MODE", |play| {
        play.world.swarm.hand().set_env("shop_web", "MODE", "odd").expect("a write");
    })
    .await;
}

#[tokio::test]
async fn a_replica_count_is_put_back() {
    check("deploy.replicas", |play| {
        play.world.swarm.hand().scale("shop_web", 5).expect("a write");
    })
    .await;
}

#[tokio::test]
async fn a_label_is_taken_away_again() {
    check("deploy.labels.colour", |play| {
        play.world.swarm.hand().set_label("shop_web", "colour", "red").expect("a write");
    })
    .await;
}

#[tokio::test]
async fn a_removed_service_comes_back() {
    let mut play = Play::shop().await;
    play.world.swarm.hand().remove(Kind::Service, "shop_web").expect("a write");
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["create service/shop_web"]);
}

#[tokio::test]
async fn a_network_and_a_secret_removed_with_their_services_come_back() {
    let mut play = Play::shop().await;
    let hand = play.world.swarm.hand();
    for (kind, name) in
        [(Kind::Service, "shop_web"), (Kind::Service, "shop_api"), (Kind::Secret, "shop_password")]
    {
        hand.remove(kind, name).expect("a write");
    }
    play.world.settle().await;
    play.world.swarm.hand().remove(Kind::Network, "shop_front").expect("a write");
    assert_eq!(play.converge().await, Settled::Well);
    let expected = [
        "create network/shop_front",
        "create secret/shop_password",
        "create service/shop_api",
        "create service/shop_web",
    ];
    assert_eq!(play.wrote(), expected);
}

#[tokio::test]
async fn a_free_replica_count_belongs_to_whoever_scales() {
    let mut play = Play::new();
    play.commit_shop(&SHOP.replace("    deploy:\n      replicas: 2\n", ""));
    play.converge().await;
    play.wrote();
    play.world.swarm.hand().scale("shop_web", 4).expect("a write");
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), Vec::<String>::new());
    play.commit_shop(&SHOP.replace("    deploy:\n      replicas: 2\n", "").replace("fast", "slow"));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.tasks("shop_web").await.len(), 4);
}

#[tokio::test]
async fn the_hold_label_stops_writes_to_one_service_and_git_goes_on_for_the_rest() {
    let mut play = Play::shop().await;
    play.world.swarm.hand().set_label("shop_web", "skep.hold", "looking").expect("a write");
    play.world.swarm.hand().set_env("shop_web", "MODE", "odd").expect("a write");
    let text = SHOP
        .replace("api:1\n    deploy:\n      replicas: 1", "api:1\n    deploy:\n      replicas: 2");
    play.commit_shop(&text);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web Suspended"]);
    assert_eq!(play.wrote(), ["update service/shop_api"]);
}

#[tokio::test]
async fn a_fight_over_a_replica_count_ends_by_standing_back() {
    let mut play = Play::shop().await;
    for _ in 0..3 {
        play.world.swarm.hand().scale("shop_web", 7).expect("a write");
        play.converge().await;
        assert_eq!(play.wrote(), ["update service/shop_web"]);
    }
    play.world.swarm.hand().scale("shop_web", 7).expect("a write");
    play.world.advance(Duration::from_secs(5)).await;
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web Contested"]);
    assert_eq!(play.wrote(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_not_ours_is_never_touched() {
    let mut play = Play::shop().await;
    play.world.swarm.hand().change("shop_web", |spec| spec.name = "shop_webx".into()).ok();
    let observed = {
        use skep::ports::Swarm as _;
        play.world.swarm.look().await.expect("a look")
    };
    let mut spec = observed.services["shop_web"].spec.clone();
    spec.name = "shop_legacy".into();
    // A copied owner label proves nothing.
    let write = skep::ports::Write::CreateService { spec: Box::new(spec) };
    play.world.swarm.hand().write(&write).expect("a write");
    play.converge().await;
    assert_eq!(play.wrote(), Vec::<String>::new());
    assert!(play.names(Kind::Service).await.contains(&"shop_legacy".to_owned()));
}
