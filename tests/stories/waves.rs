//! Waves: of services in a stack, of stacks in a source, and stacks that depend on others.

use std::time::Duration;

use skep::model::Kind;
use skep::sim::Behaviour;
use skep::status::Settled;

use crate::play::{Play, reference};

/// A database before everything else, then a job, then the rest.
const SERVICES: &str = "\
services:
  web:
    image: registry.test/web:1
    x-skep: {wave: 1}
  migrate:
    image: registry.test/job:1
    deploy: {mode: replicated-job}
  db:
    image: registry.test/db:1
    x-skep: {wave: -1}
";

fn play() -> Play {
    let play = Play::new();
    for image in ["registry.test/db:1", "registry.test/db:2", "registry.test/job:1"] {
        play.world.registry.push(&reference(image), image);
    }
    play
}

/// A stack of one service, with what its `x-skep` says.
fn stack(image: &str, settings: &str) -> String {
    format!("services: {{a: {{image: 'registry.test/{image}'}}}}\nx-skep: {{{settings}}}\n")
}

/// Two stacks in waves: the base before the shop.
fn commit(play: &Play, base: &str, shop: &str) {
    play.commit(&[
        ("base.yml", &stack(base, "wave: -1")),
        ("shop.yml", &stack(shop, "windows: []")),
    ]);
}

#[tokio::test]
async fn services_come_wave_by_wave() {
    let mut play = play();
    let slow = Behaviour::HealthyAfter(Duration::from_secs(40));
    play.world.swarm.set_image("registry.test/db:1", slow);
    play.commit(&[("shop/compose.yml", SERVICES)]);
    play.pass().await;
    let expected = [
        "shop_migrate: service/shop_db has to be healthy first",
        "shop_web: service/shop_db has to be healthy first",
    ];
    assert_eq!(play.holds().await, expected);
    let (course, settled) = play.course().await;
    assert_eq!((course.len(), settled), (3, Settled::Well));
    assert_eq!(course[1..], ["create service/shop_migrate", "create service/shop_web"]);
    play.commit(&[("shop/compose.yml", &SERVICES.replace("web:1", "web:2"))]);
    let (course, settled) = play.course().await;
    assert_eq!((course, settled), (vec!["update service/shop_web".to_owned()], Settled::Well));
}

#[tokio::test]
async fn a_service_with_a_mistake_holds_the_waves_after_its_own() {
    let mut play = play();
    let text = SERVICES.replace("registry.test/job:1", "'not an image'");
    play.commit(&[("shop/compose.yml", &text)]);
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Badly);
    assert_eq!(course, ["create network/shop_default, create service/shop_db"]);
    assert_eq!(play.holds().await, ["shop_web: service/shop_migrate has to be healthy first"]);
}

#[tokio::test]
async fn the_next_stack_begins_when_the_one_before_is_healthy_at_the_same_revision() {
    let mut play = play();
    commit(&play, "db:1", "web:1");
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well);
    // What starts no tasks has no order.
    let first = "create network/base_default, create network/shop_default, create service/base_a";
    assert_eq!(course, [first, "create service/shop_a"]);
    let slow = Behaviour::HealthyAfter(Duration::from_secs(40));
    play.world.swarm.set_image("registry.test/db:2", slow);
    commit(&play, "db:2", "web:2");
    play.pass().await;
    assert_eq!(play.wrote(), ["update service/base_a"]);
    let expected = "shop_a: the stack base comes first: its service/base_a has to be healthy";
    assert_eq!(play.holds().await, [expected]);
    // Another process takes over in the middle.
    play.restart();
    let (course, settled) = play.course().await;
    assert_eq!((course, settled), (vec!["update service/shop_a".to_owned()], Settled::Well));
}

#[tokio::test]
async fn a_correction_does_not_wait_for_the_end_of_another_stacks_trouble() {
    let mut play = play();
    commit(&play, "db:1", "web:1");
    assert_eq!(play.course().await.1, Settled::Well);
    let crash = Behaviour::ExitsAfter(Duration::ZERO, 1);
    play.world.swarm.set_image("registry.test/db:1", crash);
    play.world.swarm.hand().kill_task("base_a");
    play.world.advance(Duration::from_secs(60)).await;
    play.wrote();
    commit(&play, "db:1", "web:2");
    play.pass().await;
    assert_eq!(play.wrote(), ["update service/shop_a"]);
}

#[tokio::test]
async fn nobody_waits_for_a_stack_behind_one_that_failed() {
    let mut play = play();
    play.world.swarm.set_image("registry.test/db:1", Behaviour::ExitsAfter(Duration::ZERO, 1));
    commit(&play, "db:1", "web:1");
    let (_, settled) = play.course().await;
    assert_eq!(settled, Settled::Badly);
    assert_eq!(play.names(Kind::Service).await, ["base_a"]);
    let report = play.pass().await;
    let shop = report.stacks.values().last().expect("the shop");
    let told: Vec<String> = shop.conditions.iter().map(|c| format!("{c:?}")).collect();
    assert!(told[1].contains("holds: False, reason: \"StackNotReady\""), "{told:?}");
    commit(&play, "db:2", "web:1");
    assert_eq!(play.course().await.1, Settled::Well);
}

#[tokio::test]
async fn a_stack_waits_for_those_that_it_names_and_for_no_others() {
    let mut play = play();
    play.world.swarm.set_image("registry.test/db:1", Behaviour::ExitsAfter(Duration::ZERO, 1));
    play.commit(&[
        ("base.yml", &stack("db:1", "windows: []")),
        ("early.yml", &stack("web:1", "depends_on: [base]")),
        ("late.yml", &stack("web:1", "depends_on: {base: {condition: service_healthy}}")),
        ("other.yml", &stack("web:1", "depends_on: {early: null, ghost: {required: false}}")),
    ]);
    assert_eq!(play.course().await.1, Settled::Badly);
    // The base was started, and never was healthy.
    assert_eq!(play.names(Kind::Service).await, ["base_a", "early_a", "other_a"]);
}

#[tokio::test]
async fn a_circle_holds_its_own_stacks_and_nothing_hangs() {
    let mut play = play();
    play.commit(&[
        ("a.yml", &stack("web:1", "depends_on: [b]")),
        ("b.yml", &stack("web:1", "depends_on: [c]")),
        ("c.yml", &stack("web:1", "depends_on: [a]")),
        ("free.yml", &stack("web:1", "windows: []")),
        ("ghost.yml", &stack("web:1", "depends_on: [fre]")),
    ]);
    let (_, settled) = play.course().await;
    assert_eq!(settled, Settled::Badly);
    assert_eq!(play.names(Kind::Service).await, ["free_a"]);
    let report = play.pass().await;
    let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    let expected = ["a.yml:2:23: stacks wait for each other in a circle: a → b → c → a \
         (take one of these steps away)"];
    assert_eq!(told, expected);
    let expected = [
        "a_a: the stack b comes first: its service/b_a has to run",
        "b_a: the stack c comes first: its service/c_a has to run",
        "c_a: the stack a comes first: its service/a_a has to run",
        "ghost_a: the stack fre comes first, and is not declared",
    ];
    assert_eq!(play.holds().await, expected);
    play.commit(&[("c.yml", &stack("web:1", "depends_on: [free]"))]);
    let report = play.pass().await;
    let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    let expected = ["ghost.yml:2:23: there is no stack 'fre' to wait for (did you mean 'free'?)"];
    assert_eq!(told, expected);
    play.commit(&[("ghost.yml", &stack("web:1", "depends_on: [free]"))]);
    assert_eq!(play.course().await.1, Settled::Well);
    assert_eq!(play.names(Kind::Service).await.len(), 5);
}

#[tokio::test]
async fn what_left_git_is_removed_after_all_had_their_turn() {
    let mut play = play();
    let with_old = |image: &str| {
        format!(
            "services: {{a: {{image: 'registry.test/{image}'}}, old: {{image: 'registry.test/web:1'}}}}\n"
        )
    };
    play.commit(&[("base.yml", &stack("db:1", "wave: -1")), ("shop.yml", &with_old("web:1"))]);
    assert_eq!(play.course().await.1, Settled::Well);
    commit(&play, "db:2", "web:2");
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well);
    let expected = ["update service/base_a", "update service/shop_a", "remove service/shop_old"];
    assert_eq!(course, expected);
}
