//! Rollouts that fail, and those that only wait: what is rolled back, what is left alone, and what
//! goes on by itself.

use std::time::Duration;

use skep::health::{Health, HealthState};
use skep::model::Kind;
use skep::sim::Behaviour;
use skep::status::{Report, Settled};

use crate::play::{Play, SHOP, reference};

const SECOND: Duration = Duration::from_secs(1);
const WEB: &str = "shop_web";
const WEB2: &str = "registry.test/web:2";

/// The shop, converged; then its next commit has the second web image, which behaves like this.
async fn next_image(behaviour: Behaviour, shop: &str) -> Play {
    let mut play = Play::new();
    play.world.swarm.set_image(WEB2, behaviour);
    play.commit_shop(shop);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play.commit_shop(&shop.replace("web:1", "web:2"));
    play
}

/// The shop with something under `x-skep` of its web service.
fn with_rollout(rollout: &str) -> String {
    let settings = format!("    x-skep: {{rollout: {{{rollout}}}}}\n    environment:\n      MODE:");
    SHOP.replace("    environment:\n      MODE:", &settings)
}

fn web(report: &Report) -> &Health {
    &report.stacks.values().next().expect("the shop").health[WEB]
}

/// The reason for which the web service is held.
fn reason(report: &Report) -> String {
    let stack = report.stacks.values().next().expect("the shop");
    let held = stack.plan.held.iter().find(|held| held.object.name == WEB);
    held.map_or_else(String::new, |held| held.reason.to_string())
}

/// Nothing is written for ten minutes, also by another process.
async fn nothing_more_happens(play: &mut Play) {
    play.wrote();
    play.restart();
    for _ in 0..10 {
        let report = play.pass().await;
        assert_eq!(Play::held(&report), ["shop_web Quarantined"]);
        play.world.advance(60 * SECOND).await;
    }
    assert_eq!(play.wrote(), Vec::<String>::new());
}

/// What failed was written once and rolled back once, the old tasks are there, and it is held for
/// this reason.
async fn is_rolled_back(mut play: Play, why: &str) {
    assert_eq!(play.converge().await, Settled::Badly);
    assert_eq!(play.wrote(), ["roll back service/shop_web", "update service/shop_web"]);
    let report = play.pass().await;
    assert!(reason(&report).contains(why), "{}", reason(&report));
    assert_eq!(web(&report).state, HealthState::Healthy, "{}", web(&report).why);
    assert_eq!(play.tasks(WEB).await.len(), 2);
    nothing_more_happens(&mut play).await;
}

#[tokio::test]
async fn what_failed_is_not_made_anew_when_somebody_removed_the_service() {
    let mut play = next_image(Behaviour::ExitsAfter(SECOND, 1), SHOP).await;
    assert_eq!(play.converge().await, Settled::Badly);
    play.world.swarm.hand().remove(Kind::Service, WEB).expect("a write");
    nothing_more_happens(&mut play).await;
    play.retry().await;
    play.pass().await;
    assert_eq!(play.wrote(), ["create service/shop_web"]);
}

#[tokio::test]
async fn what_crashes_at_once_is_rolled_back_and_held_with_its_exit_code() {
    let play = next_image(Behaviour::ExitsAfter(Duration::ZERO, 3), SHOP).await;
    is_rolled_back(play, "task: non-zero exit (3)").await;
}

#[tokio::test]
async fn what_crashes_after_the_engine_called_it_good_is_rolled_back() {
    let play = next_image(Behaviour::ExitsAfter(8 * SECOND, 1), SHOP).await;
    is_rolled_back(play, "task: non-zero exit (1)").await;
}

#[tokio::test]
async fn what_is_never_healthy_is_rolled_back() {
    let play = next_image(Behaviour::NeverHealthy(90 * SECOND), SHOP).await;
    is_rolled_back(play, "unhealthy").await;
}

#[tokio::test]
async fn what_no_node_can_take_is_rolled_back_with_the_schedulers_words() {
    let play = Play::shop().await;
    let nowhere = "      replicas: 2\n      placement: {constraints: [node.labels.zone == mars]}\n";
    play.commit_shop(&SHOP.replace("      replicas: 2\n", nowhere));
    is_rolled_back(play, "no suitable node (scheduling constraints not satisfied on 3 nodes)")
        .await;
}

#[tokio::test]
async fn an_image_that_its_registry_lost_is_rolled_back() {
    let mut play = Play::shop().await;
    play.commit_shop(&SHOP.replace("web:1", "web:2"));
    play.world.swarm.set_image(WEB2, Behaviour::Missing);
    play.pass().await;
    let observed = skep::ports::Swarm::look(&play.world.swarm).await.expect("a look");
    let spec = &observed.services[WEB].spec.task_template;
    let pinned = spec.container_spec.as_ref().expect("a container").image.clone();
    play.world.registry.refuse(&reference(&pinned), "manifest unknown");
    is_rolled_back(play, "(manifest unknown)").await;
}

#[tokio::test]
async fn a_registry_that_is_down_is_waited_for_and_then_it_goes_on_by_itself() {
    let action = "      replicas: 2\n      update_config: {failure_action: continue}\n";
    let shop = SHOP.replace("      replicas: 2\n", action);
    let mut play = next_image(Behaviour::Missing, &shop).await;
    play.pass().await;
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    play.world.registry.disconnect("registry.test");
    for _ in 0..30 {
        play.world.advance(60 * SECOND).await;
        let report = play.pass().await;
        assert_eq!(web(&report).state, HealthState::Waiting, "{}", web(&report).why);
        assert!(web(&report).why.contains("does not answer"), "{}", web(&report).why);
    }
    play.world.registry.connect("registry.test");
    play.world.swarm.set_image(WEB2, Behaviour::Usual);
    play.world.advance(60 * SECOND).await;
    let report = play.pass().await;
    assert_eq!(web(&report).why, "", "{:?}", web(&report));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), Vec::<String>::new());
}

#[tokio::test]
async fn a_rollout_that_the_engine_paused_for_a_registry_stayed_paused_when_it_was_back() {
    let mut play = next_image(Behaviour::Missing, SHOP).await;
    play.pass().await;
    play.world.registry.disconnect("registry.test");
    for _ in 0..10 {
        play.world.advance(60 * SECOND).await;
        let report = play.pass().await;
        assert!(web(&report).why.starts_with("rollout paused"), "{}", web(&report).why);
        assert_eq!(web(&report).state, HealthState::Waiting, "{}", web(&report).why);
        assert_eq!(Play::held(&report), ["shop_web Waiting"]);
    }
    play.world.registry.connect("registry.test");
    play.world.swarm.set_image(WEB2, Behaviour::Usual);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web", "update service/shop_web"]);
    // A newer commit is not held either.
    play.commit_shop(&SHOP.replace("web:1", "web:2").replace("fast", "slow"));
    assert_eq!(play.converge().await, Settled::Well);
}

#[tokio::test]
async fn a_lost_node_is_waited_for_however_long() {
    let pinned = "      replicas: 2\n      placement: {constraints: [node.hostname == n3]}\n";
    let shop = SHOP.replace("      replicas: 2\n", pinned);
    let mut play = Play::new();
    play.commit_shop(&shop);
    assert_eq!(play.converge().await, Settled::Well);
    play.commit_shop(&shop.replace("fast", "slow"));
    assert!(play.world.swarm.hand().kill_node("n3"));
    play.world.advance(60 * SECOND).await;
    play.pass().await;
    play.wrote();
    for _ in 0..30 {
        play.world.advance(60 * SECOND).await;
        let report = play.pass().await;
        assert_eq!(web(&report).state, HealthState::Waiting, "{}", web(&report).why);
        assert!(
            web(&report).why.contains("n3 is down (heartbeat failure)"),
            "{}",
            web(&report).why
        );
    }
    assert!(play.world.swarm.hand().return_node("n3"));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), Vec::<String>::new());
}

#[tokio::test]
async fn a_policy_to_pause_leaves_what_failed_as_it_is() {
    let shop = with_rollout("on_failure: pause");
    let mut play = next_image(Behaviour::ExitsAfter(Duration::ZERO, 1), &shop).await;
    assert_eq!(play.converge().await, Settled::Badly);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    nothing_more_happens(&mut play).await;
    play.commit_shop(&shop);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
}

#[tokio::test]
async fn a_rollout_that_nobody_ends_was_on_its_way_for_ever_once_a_label_waited_for_it() {
    let nowhere = "      replicas: 2\n      update_config: {failure_action: continue}\n      \
                   placement: {constraints: [node.labels.zone == mars]}\n";
    let shop = SHOP.replace("      replicas: 2\n", nowhere);
    let mut play = Play::new();
    play.commit_shop(&shop);
    assert_eq!(play.converge().await, Settled::Badly);
    let shop = shop.replace("fast", "slow");
    play.commit_shop(&shop);
    play.pass().await;
    play.world.advance(SECOND).await;
    let labelled = "      replicas: 2\n      labels: {colour: red}\n";
    play.commit_shop(&shop.replace("      replicas: 2\n", labelled));
    assert_eq!(play.converge().await, Settled::Badly);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web RolloutRunning"]);
    assert!(web(&report).why.contains("no suitable node"), "{}", web(&report).why);
    // A newer spec is not held by it.
    play.commit_shop(SHOP);
    assert_eq!(play.converge().await, Settled::Well);
}

#[tokio::test]
async fn a_policy_to_continue_only_tells() {
    let shop = with_rollout("on_failure: continue");
    let mut play = next_image(Behaviour::ExitsAfter(8 * SECOND, 1), &shop).await;
    assert_eq!(play.converge().await, Settled::Badly);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), Vec::<String>::new());
    assert_eq!(web(&report).state, HealthState::Failed);
    // Repaired from outside, it is as well as any other.
    play.world.swarm.set_image(WEB2, Behaviour::Usual);
    play.world.advance(60 * SECOND).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), Vec::<String>::new());
}

#[tokio::test]
async fn the_engines_own_rollback_is_left_to_the_engine() {
    let action = "      replicas: 2\n      update_config: {failure_action: rollback}\n";
    let shop = SHOP.replace("      replicas: 2\n", action);
    let mut play = next_image(Behaviour::ExitsAfter(Duration::ZERO, 1), &shop).await;
    assert_eq!(play.converge().await, Settled::Badly);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    nothing_more_happens(&mut play).await;
}

#[tokio::test]
async fn what_fails_at_its_first_deployment_has_nothing_to_go_back_to() {
    let mut play = Play::new();
    let crash = Behaviour::ExitsAfter(Duration::ZERO, 1);
    play.world.swarm.set_image("registry.test/web:1", crash);
    play.commit_shop(SHOP);
    assert_eq!(play.converge().await, Settled::Badly);
    nothing_more_happens(&mut play).await;
    play.commit_shop(&SHOP.replace("web:1", "web:2"));
    assert_eq!(play.converge().await, Settled::Well);
}

#[tokio::test]
async fn a_shorter_deadline_is_kept() {
    let mut play = Play::new();
    let never = Behaviour::NeverHealthy(3600 * SECOND);
    play.world.swarm.set_image("registry.test/web:1", never);
    play.commit_shop(&with_rollout("healthy_deadline: 40s, progress_deadline: 50s"));
    let began = skep::ports::Clock::now(&play.world.clock);
    assert_eq!(play.converge().await, Settled::Badly);
    let took = skep::ports::Clock::now(&play.world.clock).duration_since(began).as_secs();
    assert!((40..=45).contains(&took), "{took} s");
}

#[tokio::test]
async fn a_job_that_fails_is_held_and_not_run_again() {
    let mut play = Play::new();
    play.world.swarm.set_image("registry.test/api:1", Behaviour::ExitsAfter(SECOND, 4));
    let once =
        "      mode: replicated-job\n      replicas: 1\n      restart_policy: {condition: none}\n";
    play.commit_shop(&SHOP.replace("      replicas: 1\n", once));
    assert_eq!(play.converge().await, Settled::Badly);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_api Quarantined"]);
    let held = &report.stacks.values().next().expect("the shop").plan.held[0].reason;
    assert!(held.to_string().contains("task: non-zero exit (4)"), "{held}");
    play.wrote();
    play.restart();
    for _ in 0..10 {
        play.world.advance(60 * SECOND).await;
        play.pass().await;
    }
    assert_eq!(play.wrote(), Vec::<String>::new());
}

#[tokio::test]
async fn a_global_service_follows_the_nodes_that_come_and_go() {
    let mut play = Play::new();
    let everywhere = SHOP.replace("      replicas: 2\n", "      mode: global\n");
    play.commit_shop(&everywhere);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    let counts = |report: &Report| (web(report).running, web(report).wanted);
    assert_eq!(counts(&play.pass().await), (3, 3));
    let hand = play.world.swarm.hand();
    assert!(hand.kill_node("n3"));
    play.world.advance(60 * SECOND).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(counts(&play.pass().await), (2, 2));
    assert!(play.world.swarm.hand().return_node("n3"));
    assert!(play.world.swarm.hand().drain("n2"));
    play.world.advance(60 * SECOND).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(counts(&play.pass().await), (2, 2));
    assert!(play.world.swarm.hand().activate("n2"));
    play.world.advance(60 * SECOND).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(counts(&play.pass().await), (3, 3));
    assert_eq!(play.wrote(), Vec::<String>::new());
}
