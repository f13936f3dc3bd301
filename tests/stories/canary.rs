//! The first tasks of a new spec, and what opens the way for the rest.

use std::time::Duration;

use skep::model::engine::UpdateConfig;
use skep::ports::Swarm as _;
use skep::sim::Behaviour;
use skep::status::{Report, Settled};

use crate::play::{Play, SHOP};

const WEB: &str = "shop_web";
const WEB2: &str = "registry.test/web:2";

/// A shop of four web tasks with something under `rollout`, and an update that this says more of.
fn shop(rollout: &str, update: &str) -> String {
    let settings = format!("    x-skep: {{rollout: {{{rollout}}}}}\n    environment:\n      MODE:");
    let text = SHOP.replace("    environment:\n      MODE:", &settings);
    let replicas = format!("      replicas: 4\n      update_config: {{{update}}}\n");
    text.replacen("      replicas: 2\n", &replicas, 1)
}

/// This shop, converged, whose next commit has the second web image.
async fn next_image(text: &str) -> Play {
    let mut play = Play::new();
    play.commit_shop(text);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play.commit_shop(&text.replace("web:1", "web:2"));
    play
}

/// Tasks that run the second image.
async fn new_tasks(play: &Play) -> usize {
    let observed = play.world.swarm.look().await.expect("a look");
    let tasks = &observed.tasks[&observed.services[WEB].id];
    let runs = tasks.iter().filter(|seen| {
        let image = seen.task.spec.container_spec.as_ref().map(|c| c.image.as_str());
        let running = seen.task.status.state == skep::model::engine::TaskState::Running;
        running && image.is_some_and(|image| image.starts_with(WEB2))
    });
    runs.count()
}

async fn update_config(play: &Play) -> UpdateConfig {
    let observed = play.world.swarm.look().await.expect("a look");
    let spec = &observed.services[WEB].spec;
    assert!(!spec.labels.contains_key("skep.canary"), "{:?}", spec.labels);
    spec.update_config.as_deref().cloned().expect("a configuration")
}

fn reason(report: &Report) -> String {
    let held = report.stacks.values().flat_map(|stack| &stack.plan.held);
    held.map(|held| held.reason.to_string()).collect::<Vec<_>>().join("; ")
}

/// Makes passes for so many seconds.
async fn seconds(play: &mut Play, count: u64) -> Report {
    for _ in 0..count {
        play.pass().await;
        play.world.advance(Duration::from_secs(1)).await;
    }
    play.pass().await
}

#[tokio::test]
async fn canaries_are_promoted_when_they_were_well_for_their_time() {
    let text = shop("canary: 2, promote_after: 5m", "delay: 1s");
    let mut play = next_image(&text).await;
    let report = seconds(&mut play, 60).await;
    let said = "canary: 2 of 4 tasks are healthy with the new spec, promoted at ";
    assert!(reason(&report).starts_with(said), "{}", reason(&report));
    assert_eq!(new_tasks(&play).await, 2);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    let canaries = play.tasks(WEB).await;
    seconds(&mut play, 200).await;
    assert_eq!((new_tasks(&play).await, play.wrote().len()), (2, 0));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    assert_eq!(new_tasks(&play).await, 4);
    let after = play.tasks(WEB).await;
    assert_eq!(canaries.iter().filter(|task| after.contains(task)).count(), 2, "canaries stay");
    assert_eq!(update_config(&play).await.delay, 1_000_000_000);
    let before = play.world.swarm.log().len();
    play.restart();
    play.pass().await;
    assert_eq!(play.world.swarm.log().len(), before);
}

#[tokio::test]
async fn canaries_wait_for_a_person_and_a_call_that_applies_ends() {
    let mut play = next_image(&shop("canary: 1", "failure_action: continue")).await;
    assert_eq!(play.converge().await, Settled::Badly);
    let report = play.pass().await;
    let said = "canary: 1 of 4 tasks are healthy with the new spec, the rest needs approval";
    assert_eq!(
        (reason(&report).as_str(), Play::held(&report)),
        (said, vec!["shop_web Canary".to_owned()])
    );
    play.restart();
    seconds(&mut play, 900).await;
    assert_eq!(new_tasks(&play).await, 1);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    play.approve(&report).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    assert_eq!((new_tasks(&play).await, play.approvals().await), (4, 0));
}

#[tokio::test]
async fn a_barrier_opens_once_its_first_task_is_healthy() {
    let mut play = next_image(&shop("barrier: true", "parallelism: 0")).await;
    let slow = Behaviour::HealthyAfter(Duration::from_secs(30));
    play.world.swarm.set_image(WEB2, slow);
    seconds(&mut play, 20).await;
    assert_eq!((new_tasks(&play).await, play.tasks(WEB).await.len()), (0, 3));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(new_tasks(&play).await, 4);
    assert_eq!(play.wrote(), ["update service/shop_web", "update service/shop_web"]);
    assert_eq!(update_config(&play).await.parallelism, 0);
}

/// Canaries that crash, under an action of the engine's.
async fn fails(action: &str, wrote: &[&str]) {
    let text = shop("canary: 1, promote_after: 1m", &format!("failure_action: {action}"));
    let mut play = next_image(&text).await;
    play.world.swarm.set_image(WEB2, Behaviour::ExitsAfter(Duration::ZERO, 3));
    assert_eq!(play.converge().await, Settled::Badly);
    assert_eq!(play.wrote(), wrote);
    assert_eq!((new_tasks(&play).await, play.tasks(WEB).await.len()), (0, 4));
    play.restart();
    let report = seconds(&mut play, 200).await;
    assert_eq!(Play::held(&report), ["shop_web Quarantined"]);
    assert_eq!(play.wrote(), [""; 0]);
}

#[tokio::test]
async fn canaries_that_fail_go_back_and_the_rest_was_never_touched() {
    fails("rollback", &["update service/shop_web"]).await;
}

#[tokio::test]
async fn canaries_that_fail_are_rolled_back_by_skep_where_the_engine_does_not() {
    let text = shop("canary: 1, promote_after: 1m, on_failure: rollback", "failure_action: pause");
    let mut play = next_image(&text).await;
    play.world.swarm.set_image(WEB2, Behaviour::ExitsAfter(Duration::ZERO, 3));
    assert_eq!(play.converge().await, Settled::Badly);
    assert_eq!(play.wrote(), ["roll back service/shop_web", "update service/shop_web"]);
    assert_eq!((new_tasks(&play).await, play.tasks(WEB).await.len()), (0, 4));
}

#[tokio::test]
async fn a_newer_commit_replaces_canaries() {
    let text = shop("canary: 1", "delay: 0s");
    let mut play = next_image(&text).await;
    assert_eq!(play.converge().await, Settled::Badly);
    play.wrote();
    play.commit_shop(&text);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(new_tasks(&play).await, 0);
}

#[tokio::test]
async fn the_engines_own_action_is_put_back_once_the_rest_is_well() {
    let text = shop("canary: 1, promote_after: 10s", "failure_action: rollback");
    let mut play = next_image(&text).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"; 3]);
    assert_eq!(update_config(&play).await.failure_action, "rollback");
    assert_eq!(new_tasks(&play).await, 4);
    play.restart();
    let before = play.world.swarm.log().len();
    play.pass().await;
    assert_eq!(play.world.swarm.log().len(), before);
}

#[tokio::test]
async fn an_operator_that_dies_after_any_write_of_a_canary_is_followed_by_one_that_goes_on() {
    let text = shop("canary: 1, promote_after: 10s", "failure_action: rollback");
    let mut play = next_image(&text).await;
    for _ in 0..120 {
        play.restart();
        play.pass().await;
        play.world.advance(Duration::from_secs(1)).await;
    }
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"; 3]);
}

#[tokio::test]
async fn a_change_of_labels_or_of_the_update_itself_needs_no_canaries() {
    let text = shop("canary: 1", "delay: 1s");
    let mut play = next_image(&text).await;
    play.commit_shop(&text.replace("delay: 1s", "delay: 2s"));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
}

#[tokio::test]
async fn a_person_who_holds_a_service_keeps_its_canaries() {
    let text = shop("canary: 1, promote_after: 10s", "delay: 0s");
    let mut play = next_image(&text).await;
    seconds(&mut play, 5).await;
    play.world.swarm.hand().set_label(WEB, "skep.hold", "looking").expect("a write");
    play.wrote();
    let report = seconds(&mut play, 100).await;
    assert_eq!(Play::held(&report), ["shop_web Suspended"]);
    assert_eq!(play.wrote(), [""; 0]);
}
