//! A plan that a person agreed to is carried out as it was, or not at all.

use skep::model::HashKey;
use skep::plan::StackPlan;
use skep::sim::Behaviour;
use skep::status::Report;
use skep::view::StackBasis;

use crate::play::{Play, SHOP};

/// What each stack of a report was planned against.
fn bases(report: &Report) -> Vec<StackBasis> {
    let key = HashKey::new([7; 32]);
    report.stacks.values().map(|stack| StackBasis::of(&stack.plan, None, Some(&key))).collect()
}

/// Looks and decides, and agrees to it.
async fn agree(play: &mut Play) -> Vec<StackBasis> {
    play.operator.read_sources().await;
    let report = play.operator.preview().await;
    let agreed = bases(&report);
    let then = agreed.clone();
    play.operator.agree(move |plans: &[&StackPlan]| {
        let key = HashKey::new([7; 32]);
        let now = plans.iter().map(|plan| StackBasis::of(plan, None, Some(&key)));
        now.zip(&then).flat_map(|(now, then)| then.moved_decisions(&now)).collect()
    });
    agreed
}

#[tokio::test]
async fn what_was_agreed_to_is_done_and_then_passes_go_on_freely() {
    let mut play = Play::shop().await;
    play.commit_shop(&SHOP.replace("web:1", "web:2"));
    let agreed = agree(&mut play).await;
    assert_eq!(agreed[0].steps.len(), 1, "{agreed:?}");
    play.pass().await;
    assert!(!play.operator.disagrees());
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    play.converge().await;
    play.commit_shop(SHOP);
    play.pass().await;
    assert_eq!(play.wrote(), ["update service/shop_web"]);
}

#[tokio::test]
async fn what_moved_on_between_the_look_and_the_writes_stops_all_of_them() {
    let mut play = Play::shop().await;
    play.commit_shop(&SHOP.replace("web:1", "web:2").replace("replicas: 1", "replicas: 3"));
    agree(&mut play).await;
    play.world.swarm.hand().set_env("shop_web", "MODE", "odd").expect("a change");
    let report = play.pass().await;
    assert!(play.operator.disagrees());
    let told = report.trouble.join("\n");
    assert!(told.contains("service/shop_web: somebody wrote it meanwhile"), "{told}");
    assert_eq!(play.wrote(), Vec::<String>::new(), "not even what did not move");
}

#[tokio::test]
async fn a_decision_is_the_same_as_long_as_nothing_happens() {
    let mut play = Play::shop().await;
    let crash = Behaviour::ExitsAfter(std::time::Duration::ZERO, 1);
    play.world.swarm.set_image("registry.test/web:2", crash);
    play.commit_shop(&SHOP.replace("web:1", "web:2"));
    play.converge().await;
    let first = play.pass().await;
    play.world.advance(std::time::Duration::from_secs(600)).await;
    let later = play.pass().await;
    assert!(!bases(&first)[0].held.is_empty());
    assert_eq!(bases(&first), bases(&later), "time alone moves nothing");
}
