//! Somebody waits for a revision: what the ledger and a look at the swarm tell about it.

use std::time::Duration;

use skep::ledger::decode;
use skep::model::{Instance, LedgerRecord, Revision, StackName, Suspension};
use skep::ports::Swarm as _;
use skep::sim::Behaviour;
use skep::status::{Awaited, Known, Reached, Settled, awaited};

use crate::play::{Play, SHOP, reference};

const SECOND: Duration = Duration::from_secs(1);

fn shop() -> StackName {
    StackName::new("shop").expect("a name")
}

async fn record(play: &Play) -> LedgerRecord {
    let observed = play.world.swarm.look().await.expect("a look");
    let mut ledgers = decode(&observed.configs, &Instance::default());
    ledgers.stacks.remove(&shop()).map(|entry| entry.record).unwrap_or_default()
}

/// What is told to somebody who waits for this revision.
async fn told(play: &Play, wanted: &Revision) -> Awaited {
    let observed = play.world.swarm.look().await.expect("a look");
    let ledgers = decode(&observed.configs, &Instance::default());
    let record = ledgers.stacks.get(&shop()).map(|entry| &entry.record);
    let reached = match record.and_then(|record| record.revision.as_ref()) {
        Some(applied) if applied == wanted => Reached::Yes,
        _ => Reached::NotYet,
    };
    let everything = ledgers.suspension.as_ref();
    let known = Known { record, everything, observed: &observed, min_healthy: 10 * SECOND };
    awaited(&known, reached)
}

/// Reads the source, and makes one pass; gives the revision that was read.
async fn read(play: &mut Play) -> Revision {
    play.pass().await.sources[0].revision.clone().expect("a revision")
}

/// Passes a second apart, until the waiting has an end.
async fn waited(play: &mut Play, wanted: &Revision) -> (Awaited, Vec<String>) {
    let mut words = Vec::new();
    loop {
        match told(play, wanted).await {
            Awaited::Waits(text) if words.len() < 900 => words.push(text),
            end => return (end, words),
        }
        play.world.advance(SECOND).await;
        play.pass().await;
    }
}

#[tokio::test]
async fn a_revision_is_healthy_when_all_its_services_run_it_and_last() {
    let mut play = Play::shop().await;
    let old = read(&mut play).await;
    assert_eq!(told(&play, &old).await, Awaited::Healthy);
    let slow = Behaviour::HealthyAfter(30 * SECOND);
    play.world.swarm.set_image("registry.test/web:2", slow);
    play.commit_shop(&SHOP.replace("web:1", "web:2"));
    let new = read(&mut play).await;
    assert_eq!(record(&play).await.revision.as_ref(), Some(&new), "from the first step on");
    let (end, words) = waited(&mut play, &new).await;
    assert_eq!(end, Awaited::Healthy);
    assert!(words.len() > 60, "two tasks of thirty seconds each: {words:?}");
    let own = words.iter().filter(|words| words.starts_with("service shop_web"));
    assert_eq!(own.count(), words.len(), "{words:?}");
    assert!(!record(&play).await.under_way);
    assert_eq!(play.tasks("shop_web").await.len(), 2);
}

#[tokio::test]
async fn a_service_that_still_waits_for_another_one_is_part_of_the_revision() {
    let mut play = Play::shop().await;
    let ordered = SHOP.replace(
        "    networks: [front]\n    secrets",
        "    depends_on: {web: {condition: service_healthy}}\n    networks: [front]\n    secrets",
    );
    play.commit_shop(&ordered);
    assert_eq!(play.converge().await, Settled::Well);
    play.world.registry.push(&reference("registry.test/api:2"), "api:2");
    play.commit_shop(&ordered.replace("web:1", "web:2").replace("api:1", "api:2"));
    let new = read(&mut play).await;
    let (end, _) = waited(&mut play, &new).await;
    assert_eq!(end, Awaited::Healthy);
    let observed = play.world.swarm.look().await.expect("a look");
    let api = &observed.services["shop_api"].spec.task_template.container_spec;
    let image = api.as_ref().map(|container| container.image.as_str());
    assert!(image.is_some_and(|image| image.contains("api:2")), "{image:?}");
}

#[tokio::test]
async fn a_spec_that_was_stable_before_is_waited_for_anew() {
    let mut play = Play::shop().await;
    play.commit_shop(&SHOP.replace("web:1", "web:2"));
    read(&mut play).await;
    // Back before the second one was healthy: the ledger still calls the first one stable.
    play.world.advance(2 * SECOND).await;
    play.commit_shop(SHOP);
    let back = read(&mut play).await;
    let (end, words) = waited(&mut play, &back).await;
    assert_eq!(end, Awaited::Healthy);
    assert!(words.len() >= 10, "{words:?}");
}

#[tokio::test]
async fn what_failed_and_was_rolled_back_ends_the_waiting_also_when_all_runs_again() {
    let mut play = Play::shop().await;
    let crash = Behaviour::ExitsAfter(Duration::ZERO, 3);
    play.world.swarm.set_image("registry.test/web:2", crash);
    play.commit_shop(&SHOP.replace("web:1", "web:2"));
    let bad = read(&mut play).await;
    let (end, _) = waited(&mut play, &bad).await;
    let failed = |end: &Awaited| matches!(end, Awaited::Ended(why) if why.starts_with("service shop_web failed"));
    assert!(failed(&end), "{end:?}");
    play.converge().await;
    let end = told(&play, &bad).await;
    assert!(failed(&end), "{end:?}");
    play.retry().await;
    let end = told(&play, &bad).await;
    assert!(matches!(end, Awaited::Waits(_)), "a person has it tried again: {end:?}");
}

#[tokio::test]
async fn a_suspension_ends_the_waiting_for_what_is_not_there_and_for_nothing_else() {
    let mut play = Play::shop().await;
    let old = read(&mut play).await;
    let suspension = Suspension { reason: "lunch".into(), until: None };
    play.decide(&shop(), |record| record.suspension = Some(suspension)).await;
    assert_eq!(told(&play, &old).await, Awaited::Healthy);
    play.commit_shop(&SHOP.replace("web:1", "web:2"));
    let new = read(&mut play).await;
    assert_eq!(told(&play, &new).await, Awaited::Ended("suspended: lunch".into()));
}

#[tokio::test]
async fn a_change_by_hand_is_no_healthy_revision_until_it_is_put_back() {
    let mut play = Play::shop().await;
    let revision = read(&mut play).await;
    play.world.swarm.hand().set_env("shop_web", "MODE", "odd").expect("a change");
    let said = Awaited::Waits("service shop_web has another spec".into());
    assert_eq!(told(&play, &revision).await, said);
    let before = record(&play).await;
    assert_eq!(waited(&mut play, &revision).await.0, Awaited::Healthy);
    assert_eq!(record(&play).await, before, "a repair writes no ledger");
}
