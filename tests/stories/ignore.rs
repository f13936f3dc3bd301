//! Fields that others decide: an autoscaler, a tool that starts jobs, a person with a reason.

use std::time::Duration;

use skep::model::engine::ServiceMode;
use skep::ports::Swarm as _;
use skep::sim::Behaviour;
use skep::status::Settled;

use crate::play::{Play, SHOP};

const NOTHING: [&str; 0] = [];

/// The shop that leaves these fields of its web service to others.
fn leaving(rules: &str, shop: &str) -> String {
    let settings = format!("    x-skep: {{ignore: [{rules}]}}\n    environment:\n      MODE:");
    shop.replace("    environment:\n      MODE:", &settings)
}

async fn replicas(play: &Play) -> Option<u64> {
    let observed = play.world.swarm.look().await.expect("a look");
    match observed.services["shop_web"].spec.mode {
        Some(ServiceMode::Replicated(ref mode)) => mode.replicas,
        _ => None,
    }
}

#[tokio::test]
async fn an_autoscaler_scales_while_git_commits_something_else() {
    let mut play = Play::new();
    play.commit_shop(&leaving("{preset: autoscaler}", SHOP));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(replicas(&play).await, Some(2), "it is made as declared");
    play.wrote();
    let log = play.world.swarm.log().len();
    for count in [5, 3, 7, 4] {
        play.world.swarm.hand().scale("shop_web", count).expect("a write");
        assert_eq!(play.converge().await, Settled::Well);
        assert_eq!(Play::held(&play.pass().await), NOTHING);
    }
    assert_eq!(play.wrote(), NOTHING);
    assert_eq!(play.world.swarm.log().len(), log + 4, "the ledger is not written either");
    play.commit_shop(&leaving("{preset: autoscaler}", &SHOP.replace("fast", "slow")));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    assert_eq!(replicas(&play).await, Some(4));
    assert_eq!(play.tasks("shop_web").await.len(), 4);
}

#[tokio::test]
async fn a_rule_that_comes_later_restarts_nothing() {
    let mut play = Play::shop().await;
    let tasks = play.tasks("shop_web").await;
    play.commit_shop(&leaving("environment.MODE, 'deploy.labels.*', image", SHOP));
    assert_eq!(play.converge().await, Settled::Well);
    play.restart();
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), NOTHING);
    assert_eq!(play.tasks("shop_web").await, tasks);
}

#[tokio::test]
async fn what_a_hand_changed_stays_until_the_rule_goes() {
    let mut play = Play::shop().await;
    play.commit_shop(&leaving("environment.MODE", SHOP));
    play.converge().await;
    play.world.swarm.hand().set_env("shop_web", "MODE", "odd").expect("a write");
    assert_eq!(play.converge().await, Settled::Well);
    let report = play.pass().await;
    let ignored = report.stacks.values().flat_map(|stack| &stack.plan.ignored);
    let paths: Vec<&str> = ignored.flat_map(|one| &one.fields).map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["environment.MODE"]);
    assert_eq!(play.wrote(), NOTHING);
    play.commit_shop(SHOP);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
}

#[tokio::test]
async fn what_others_move_again_and_again_is_no_fight() {
    let mut play = Play::new();
    play.commit_shop(&leaving("environment.MODE", SHOP));
    play.converge().await;
    play.wrote();
    for value in ["a", "b", "c", "d", "e"] {
        play.world.swarm.hand().set_env("shop_web", "MODE", value).expect("a write");
        assert_eq!(play.converge().await, Settled::Well);
        assert_eq!(Play::held(&play.pass().await), NOTHING);
    }
    assert_eq!(play.wrote(), NOTHING);
}

#[tokio::test]
async fn a_rule_does_not_let_what_failed_be_tried_again() {
    let mut play = Play::shop().await;
    let behaviour = Behaviour::ExitsAfter(Duration::ZERO, 3);
    play.world.swarm.set_image("registry.test/web:2", behaviour);
    let bad = SHOP.replace("web:1", "web:2");
    play.commit_shop(&bad);
    assert_eq!(play.converge().await, Settled::Badly);
    play.wrote();
    for rules in ["environment.MODE", "deploy.replicas, 'deploy.labels.*'"] {
        play.commit_shop(&leaving(rules, &bad));
        assert_eq!(play.converge().await, Settled::Badly);
        assert_eq!(Play::held(&play.pass().await), ["shop_web Quarantined"]);
    }
    play.commit_shop(&bad);
    assert_eq!(play.converge().await, Settled::Badly);
    assert_eq!(play.wrote(), NOTHING);
}
