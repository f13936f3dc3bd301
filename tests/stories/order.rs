//! `depends_on`: what comes first is written first, and the rest once that is far enough.

use std::time::Duration;

use skep::model::Kind;
use skep::sim::Behaviour;
use skep::status::Settled;

use crate::play::{Play, reference};

/// A database, a migration that ends, and what needs both.
const CHAIN: &str = "\
services:
  web:
    image: registry.test/web:1
    depends_on:
      db: {condition: service_healthy}
      migrate: {condition: service_completed_successfully}
  migrate:
    image: registry.test/migrate:1
    depends_on: {db: {condition: service_healthy}}
    deploy: {mode: replicated-job}
  db:
    image: registry.test/db:1
";

const IMAGES: [&str; 4] = [
    "registry.test/db:1",
    "registry.test/db:2",
    "registry.test/migrate:1",
    "registry.test/migrate:2",
];

fn play() -> Play {
    let play = Play::new();
    for image in IMAGES {
        play.world.registry.push(&reference(image), image);
    }
    play
}

fn commit(play: &Play, text: &str) {
    play.commit(&[("shop/compose.yml", text)]);
}

#[tokio::test]
async fn services_come_in_their_order() {
    let mut play = play();
    let slow = Behaviour::HealthyAfter(Duration::from_secs(40));
    play.world.swarm.set_image("registry.test/db:1", slow);
    commit(&play, CHAIN);
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well);
    let expected = [
        "create network/shop_default, create service/shop_db",
        "create service/shop_migrate",
        "create service/shop_web",
    ];
    assert_eq!(course, expected);
}

#[tokio::test]
async fn each_says_what_it_waits_for() {
    let mut play = play();
    commit(&play, CHAIN);
    play.pass().await;
    let expected = [
        "shop_migrate: service/shop_db has to be healthy first",
        "shop_web: service/shop_db has to be healthy first",
    ];
    assert_eq!(play.holds().await, expected);
    play.world.advance(Duration::from_secs(15)).await;
    play.pass().await;
    let expected = ["shop_web: service/shop_migrate has to complete first"];
    assert_eq!(play.holds().await, expected);
}

#[tokio::test]
async fn a_new_revision_goes_the_same_way_and_another_process_goes_on_with_it() {
    let mut play = play();
    commit(&play, CHAIN);
    assert_eq!(play.course().await.1, Settled::Well);
    commit(&play, &CHAIN.replace(":1", ":2"));
    play.pass().await;
    assert_eq!(play.wrote(), ["update service/shop_db"]);
    play.restart();
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well);
    assert_eq!(course, ["update service/shop_migrate", "update service/shop_web"]);
}

#[tokio::test]
async fn a_job_that_ran_is_not_run_again_for_those_that_wait_for_it() {
    let mut play = play();
    commit(&play, CHAIN);
    assert_eq!(play.course().await.1, Settled::Well);
    commit(&play, &CHAIN.replace("web:1", "web:2"));
    let (course, settled) = play.course().await;
    assert_eq!((course, settled), (vec!["update service/shop_web".to_owned()], Settled::Well));
}

#[tokio::test]
async fn a_correction_does_not_wait_for_the_end_of_another_services_trouble() {
    let mut play = play();
    commit(&play, CHAIN);
    assert_eq!(play.course().await.1, Settled::Well);
    let crash = Behaviour::ExitsAfter(Duration::ZERO, 1);
    play.world.swarm.set_image("registry.test/db:1", crash);
    play.world.swarm.hand().kill_task("shop_db");
    play.world.advance(Duration::from_secs(60)).await;
    commit(&play, &CHAIN.replace("web:1", "web:2"));
    play.pass().await;
    assert_eq!(play.wrote(), ["update service/shop_web"]);
}

#[tokio::test]
async fn what_waits_for_a_failed_service_is_not_begun_and_nobody_waits_for_it() {
    let mut play = play();
    play.world.swarm.set_image("registry.test/db:1", Behaviour::ExitsAfter(Duration::ZERO, 1));
    commit(&play, CHAIN);
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Badly);
    assert_eq!(course, ["create network/shop_default, create service/shop_db"]);
    assert_eq!(play.names(Kind::Service).await, ["shop_db"]);
    commit(&play, &CHAIN.replace("db:1", "db:2"));
    assert_eq!(play.course().await.1, Settled::Well);
}

#[tokio::test]
async fn the_short_form_waits_for_a_start_only() {
    let mut play = play();
    play.world.swarm.set_image("registry.test/db:1", Behaviour::ExitsAfter(Duration::ZERO, 1));
    let text = "services:\n  web: {image: 'registry.test/web:1', depends_on: [db]}\n  db: {image: 'registry.test/db:1'}\n";
    commit(&play, text);
    let (course, _) = play.course().await;
    let expected =
        ["create network/shop_default, create service/shop_db", "create service/shop_web"];
    assert_eq!(course, expected);
}

#[tokio::test]
async fn a_service_that_wants_no_tasks_keeps_nobody_waiting() {
    let mut play = play();
    let text = CHAIN.replace("db:1\n", "db:1\n    deploy: {replicas: 0}\n");
    commit(&play, &text);
    let (course, settled) = play.course().await;
    assert_eq!((course.len(), settled), (3, Settled::Well));
}

#[tokio::test]
async fn a_service_with_a_mistake_holds_those_that_wait_for_it_and_only_them() {
    let mut play = play();
    let text = CHAIN.replace("registry.test/db:1", "'not an image'");
    commit(&play, &format!("{text}  alone: {{image: 'registry.test/api:1'}}\n"));
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Badly);
    assert_eq!(course, ["create network/shop_default, create service/shop_alone"]);
}

#[tokio::test]
async fn a_removal_waits_until_the_others_had_their_turn() {
    let mut play = play();
    let old = format!("{CHAIN}  old: {{image: 'registry.test/api:1'}}\n");
    commit(&play, &old);
    assert_eq!(play.course().await.1, Settled::Well);
    commit(&play, &CHAIN.replace("db:1", "db:2").replace("web:1", "web:2"));
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well);
    let expected = ["update service/shop_db", "update service/shop_web", "remove service/shop_old"];
    assert_eq!(course, expected);
}
