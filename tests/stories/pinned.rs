//! What is kept is enforced: where a person pinned a stack to it, and where nothing else is known.

use std::time::Duration;

use skep::ledger::decode;
use skep::model::{Instance, LedgerRecord, Pin, StackName};
use skep::ports::{SourceError, Swarm as _};
use skep::sim::Behaviour;
use skep::status::Settled;

use crate::play::{Play, SHOP};

const WEB: &str = "shop_web";

fn name() -> StackName {
    StackName::new("shop").expect("a name")
}

/// The shop at its second revision, with what it was at its first.
async fn shop() -> Play {
    let mut play = Play::shop().await;
    play.commit(&[
        ("shop/motd.txt", "other\n"),
        ("shop/compose.yml", &SHOP.replace("fast", "slow")),
    ]);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play
}

/// Pins the shop to a set that is kept, as `skep rollback` does.
async fn pin(play: &mut Play, number: u32) {
    let observed = play.world.swarm.look().await.expect("a look");
    let ledgers = decode(&observed.configs, &Instance::default());
    let set = ledgers.stable_of(&name()).iter().find(|set| set.number == number);
    let revision = set.expect("it is kept").revision.clone();
    let pin = Pin { number, revision, reason: "checkout is broken".to_owned(), against: None };
    play.decide(&name(), |record: &mut LedgerRecord| record.pin = Some(pin)).await;
}

async fn record(play: &Play) -> LedgerRecord {
    let observed = play.world.swarm.look().await.expect("a look");
    LedgerRecord::clone(&decode(&observed.configs, &Instance::default()).stacks[&name()].record)
}

/// The mode of the web service, and its config.
async fn web(play: &Play) -> (String, String) {
    let observed = play.world.swarm.look().await.expect("a look");
    let container = observed.services[WEB].spec.task_template.container_spec.clone();
    let container = container.expect("a container");
    (container.env.join(","), container.configs[0].config_name.clone())
}

fn git_goes_down(play: &mut Play) {
    let (attempted, message) = ("fetch".to_owned(), "down".to_owned());
    play.world.source.fail(SourceError::Unreachable { attempted, message });
    // Elsewhere: nothing is left of what this process read.
    play.restart();
}

fn first() -> (String, String) {
    ("MODE=fast".to_owned(), "shop_motd".to_owned())
}

#[tokio::test]
async fn a_pin_stands_until_the_stack_has_a_newer_declaration() {
    let mut play = shop().await;
    let before = web(&play).await;
    pin(&mut play, 1).await;
    for _ in 0..40 {
        play.restart();
        let report = play.pass().await;
        assert_eq!(report.trouble, Vec::<String>::new());
        play.world.advance(Duration::from_secs(1)).await;
    }
    assert_eq!(web(&play).await, first());
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web Pinned"]);
    let held = &report.stacks[&name()].plan.held[0].reason;
    assert!(held.to_string().ends_with("`skep rollback`: checkout is broken"), "{held}");
    // What is changed by hand is repaired, and another stack's commit ends nothing.
    play.world.swarm.hand().set_env(WEB, "MODE", "odd").expect("a write");
    play.commit(&[("other/compose.yml", "services: {a: {image: 'registry.test/api:1'}}\n")]);
    for _ in 0..40 {
        play.pass().await;
        play.world.advance(Duration::from_secs(1)).await;
    }
    assert_eq!(web(&play).await, first());
    assert!(record(&play).await.pin.is_some());
    play.commit_shop(&SHOP.replace("fast", "third"));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(web(&play).await.0, "MODE=third");
    assert_eq!(record(&play).await.pin, None);
    assert_ne!(web(&play).await, before);
}

#[tokio::test]
async fn a_pin_ends_when_a_person_says_so() {
    let mut play = shop().await;
    let before = web(&play).await;
    pin(&mut play, 1).await;
    play.converge().await;
    assert_eq!(web(&play).await, first());
    play.decide(&name(), |record: &mut LedgerRecord| record.pin = None).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(web(&play).await, before);
}

#[tokio::test]
async fn a_pin_is_carried_out_while_git_is_down_and_removes_nothing() {
    let mut play = shop().await;
    let more = SHOP.replace("services:\n", "services:\n  more: {image: 'registry.test/api:1'}\n");
    play.commit_shop(&more);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    pin(&mut play, 2).await;
    git_goes_down(&mut play);
    play.converge().await;
    assert_eq!(web(&play).await.0, "MODE=slow");
    assert_eq!(play.wrote(), ["update service/shop_web"]);
}

#[tokio::test]
async fn a_pin_to_what_is_not_kept_any_more_stops_writes() {
    let mut play = shop().await;
    pin(&mut play, 1).await;
    play.world
        .swarm
        .hand()
        .remove(skep::model::Kind::Config, "skep.stable.skep.shop.1.1")
        .expect("a removal");
    play.commit_shop(&SHOP.replace("fast", "third"));
    let report = play.pass().await;
    assert_eq!(play.wrote(), Vec::<String>::new());
    assert!(Play::held(&report).contains(&"shop_web Suspended".to_owned()));
}

#[tokio::test]
async fn with_git_down_and_the_mirror_lost_what_was_healthy_stays_enforced() {
    let mut play = shop().await;
    let before = web(&play).await;
    git_goes_down(&mut play);
    play.world.swarm.hand().set_env(WEB, "MODE", "odd").expect("a write");
    play.world.swarm.hand().remove(skep::model::Kind::Service, "shop_api").expect("a removal");
    play.converge().await;
    assert_eq!(web(&play).await, before);
    assert_eq!(play.wrote(), ["create service/shop_api", "update service/shop_web"]);
    let kept = record(&play).await;
    play.restart();
    let report = play.pass().await;
    assert!(report.stacks[&name()].plan.is_empty(), "{report:?}");
    assert_eq!(play.wrote(), Vec::<String>::new());
    assert_eq!(record(&play).await, kept);
}

#[tokio::test]
async fn what_was_attempted_and_never_healthy_is_left_alone_while_git_is_down() {
    let mut play = shop().await;
    play.world
        .swarm
        .set_image("registry.test/web:2", Behaviour::HealthyAfter(Duration::from_secs(9)));
    play.commit(&[("shop/compose.yml", &SHOP.replace("web:1", "web:2"))]);
    play.pass().await;
    play.wrote();
    git_goes_down(&mut play);
    play.world.swarm.hand().set_env("shop_api", "ODD", "1").expect("a write");
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web Waiting"]);
    for _ in 0..5 {
        play.world.advance(Duration::from_secs(1)).await;
        play.pass().await;
    }
    assert_eq!(play.wrote(), ["update service/shop_api"]);
    let reason = &report.stacks[&name()].plan.held[0].reason;
    assert!(reason.to_string().contains("its source, which can't be read"), "{reason}");
}
