//! Services that follow an `Image`: new versions go out by themselves, broken ones are left, and a
//! registry that is down changes nothing.

use std::time::Duration;

use skep::model::engine::TaskState;
use skep::ports::Swarm as _;
use skep::sim::Behaviour;
use skep::status::Settled;

use crate::play::{Play, reference};

const MINUTE: Duration = Duration::from_secs(60);
const HOST: &str = "registry.test";

fn stack(image: &str, follows: &str) -> String {
    format!("services:\n  web:\n    image: {HOST}/web:{image}\n    x-skep: {{image: {follows}}}\n")
}

fn image(name: &str, policy: &str) -> String {
    format!(
        "apiVersion: skep/v1\nkind: Image\nmetadata: {{name: {name}}}\n\
         spec: {{repository: {HOST}/web, policy: {{{policy}}}}}\n"
    )
}

fn push(play: &Play, tag: &str, content: &str) {
    play.world.registry.push(&reference(&format!("{HOST}/web:{tag}")), content);
}

/// A shop that follows a range, converged at 1.0.0.
async fn shop(policy: &str) -> Play {
    let mut play = Play::new();
    push(&play, "1.0.0", "one");
    play.commit(&[("shop.yml", &stack("1.0.0", "web")), ("image.yml", &image("web", policy))]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(runs(&play, "shop_web").await, "web:1.0.0 x1");
    play.wrote();
    play
}

/// What the tasks of a service run, and how many.
async fn runs(play: &Play, service: &str) -> String {
    let observed = play.world.swarm.look().await.expect("a look");
    let service = &observed.services[service];
    let tasks = observed.tasks.get(&service.id).into_iter().flatten();
    let running = tasks.filter(|seen| seen.task.status.state == TaskState::Running);
    let images: Vec<String> = running
        .map(|seen| {
            let container = seen.task.spec.container_spec.as_ref().expect("a container");
            let image = reference(&container.image).without_digest().familiar();
            image.trim_start_matches("registry.test/").to_owned()
        })
        .collect();
    format!("{} x{}", images.first().map_or("nothing", String::as_str), images.len())
}

#[tokio::test]
async fn a_new_version_of_the_range_goes_out_without_a_commit() {
    let mut play = shop("semver: '1.x'").await;
    push(&play, "1.1.0", "two");
    push(&play, "2.0.0", "three");
    push(&play, "1.2.0-rc.1", "four");
    play.pass().await;
    assert_eq!(play.wrote(), Vec::<String>::new(), "not before it is asked again");
    play.world.advance(10 * MINUTE).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    assert_eq!(runs(&play, "shop_web").await, "web:1.1.0 x1");
}

#[tokio::test]
async fn a_broken_version_is_left_once_and_the_next_good_one_goes_out() {
    let mut play = shop("semver: '1.x'").await;
    let broken = "registry.test/web:1.1.0";
    play.world.swarm.set_image(broken, Behaviour::ExitsAfter(Duration::ZERO, 1));
    push(&play, "1.1.0", "two");
    play.world.advance(10 * MINUTE).await;
    assert_eq!(play.converge().await, Settled::Badly);
    assert_eq!(play.wrote(), ["roll back service/shop_web", "update service/shop_web"]);
    play.restart();
    for _ in 0..10 {
        play.world.advance(10 * MINUTE).await;
        let report = play.pass().await;
        assert_eq!(Play::held(&report), ["shop_web Quarantined"]);
    }
    assert_eq!(play.wrote(), Vec::<String>::new());
    assert_eq!(runs(&play, "shop_web").await, "web:1.0.0 x1");
    push(&play, "1.1.1", "three");
    play.world.advance(10 * MINUTE).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(runs(&play, "shop_web").await, "web:1.1.1 x1");
}

/// Else a registry that is down for a moment takes a service back to what git began with.
#[tokio::test]
async fn while_the_registry_is_down_nothing_goes_back_also_after_a_restart() {
    let mut play = shop("semver: '1.x'").await;
    push(&play, "1.1.0", "two");
    play.world.advance(10 * MINUTE).await;
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play.world.registry.disconnect(HOST);
    play.restart();
    for _ in 0..3 {
        play.world.advance(10 * MINUTE).await;
        assert_eq!(play.converge().await, Settled::Well);
    }
    // Other things about it are written all the same.
    let more = stack("1.0.0", "web").replace("    x-skep", "    environment: {A: b}\n    x-skep");
    play.commit(&[("shop.yml", &more), ("image.yml", &image("web", "semver: '1.x'"))]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    assert_eq!(runs(&play, "shop_web").await, "web:1.1.0 x1");
}

#[tokio::test]
async fn a_service_made_while_the_registry_is_down_begins_with_what_git_says() {
    let mut play = Play::new();
    play.world.registry.disconnect(HOST);
    play.commit(&[
        ("shop.yml", &stack("1.0.0", "web")),
        ("image.yml", &image("web", "semver: '1.x'")),
    ]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(runs(&play, "shop_web").await, "web:1.0.0 x1");
}

#[tokio::test]
async fn a_tag_that_moves_is_followed() {
    let mut play = Play::new();
    push(&play, "stable", "one");
    let files = [stack("1.0.0", "web"), image("web", "digest: stable")];
    play.commit(&[("shop.yml", &files[0]), ("image.yml", &files[1])]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(runs(&play, "shop_web").await, "web:stable x1");
    play.wrote();
    push(&play, "stable", "three");
    play.world.advance(10 * MINUTE).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
}

#[tokio::test]
async fn stage_goes_first_and_what_ran_well_there_is_promoted() {
    let mut play = Play::new();
    push(&play, "1.0.0", "one");
    let files = [
        ("stage.yml", stack("1.0.0", "next")),
        ("shop.yml", stack("1.0.0", "proven")),
        ("next.yml", image("next", "semver: '1.x'")),
        ("proven.yml", image("proven", "from: {stack: stage, healthy_for: 30m}")),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    play.commit(&files);
    assert_eq!(play.converge().await, Settled::Well);
    push(&play, "1.1.0", "two");
    play.world.advance(10 * MINUTE).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(runs(&play, "stage_web").await, "web:1.1.0 x1");
    for _ in 0..2 {
        play.world.advance(10 * MINUTE).await;
        play.converge().await;
        assert_eq!(runs(&play, "shop_web").await, "web:1.0.0 x1");
    }
    play.world.advance(12 * MINUTE).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(runs(&play, "shop_web").await, "web:1.1.0 x1");
}

#[tokio::test]
async fn what_is_broken_on_stage_is_never_promoted() {
    let mut play = Play::new();
    push(&play, "1.0.0", "one");
    let broken = "registry.test/web:1.1.0";
    play.world.swarm.set_image(broken, Behaviour::ExitsAfter(Duration::from_secs(8), 1));
    let files = [
        ("stage.yml", stack("1.0.0", "next")),
        ("shop.yml", stack("1.0.0", "proven")),
        ("next.yml", image("next", "semver: '1.x'")),
        ("proven.yml", image("proven", "from: {stack: stage, healthy_for: 1m}")),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    play.commit(&files);
    assert_eq!(play.converge().await, Settled::Well);
    push(&play, "1.1.0", "two");
    for _ in 0..6 {
        play.world.advance(10 * MINUTE).await;
        play.converge().await;
        assert_eq!(runs(&play, "shop_web").await, "web:1.0.0 x1");
    }
    assert_eq!(runs(&play, "stage_web").await, "web:1.0.0 x1");
}

/// One question for a list, whatever the number of services, and none before its time.
#[tokio::test]
async fn a_list_of_tags_is_asked_for_once_an_interval() {
    let mut play = Play::new();
    push(&play, "1.0.0", "one");
    let services: String = (0..10)
        .map(|n| format!("  web{n}: {{image: '{HOST}/web:1.0.0', x-skep: {{image: web}}}}\n"))
        .collect();
    let text = image("web", "semver: '1.x'");
    play.commit(&[("shop.yml", &format!("services:\n{services}")), ("image.yml", &text)]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.world.registry.listed().len(), 1);
    play.world.advance(10 * MINUTE).await;
    play.pass().await;
    assert_eq!(play.world.registry.listed().len(), 2);
    assert_eq!(play.world.registry.asked().len(), 1);
}
