//! Somebody waits for a revision: what the ledger and a look at the swarm tell about it.

use std::time::Duration;

use skep::ledger::decode;
use skep::model::{Instance, LedgerRecord, Pin, Revision, StackName, Suspension};
use skep::ports::Swarm as _;
use skep::sim::Behaviour;
use skep::status::{Awaited, Known, Reached, Settled, awaited, stuck};

use crate::play::{Play, SHOP, reference};

const SECOND: Duration = Duration::from_secs(1);

fn shop() -> StackName {
    StackName::new("shop").expect("a name")
}

async fn record(play: &Play) -> LedgerRecord {
    let observed = play.world.swarm.look().await.expect("a look");
    let mut ledgers = decode(&observed.configs, &Instance::default());
    let record = ledgers.stacks.remove(&shop()).map(|entry| entry.record);
    record.as_deref().cloned().unwrap_or_default()
}

/// What is told to somebody who waits for this revision of the shop.
async fn told(play: &Play, wanted: &Revision) -> Awaited {
    told_of(play, "shop", wanted).await
}

async fn told_of(play: &Play, stack: &str, wanted: &Revision) -> Awaited {
    let observed = play.world.swarm.look().await.expect("a look");
    let ledgers = decode(&observed.configs, &Instance::default());
    let stack = StackName::new(stack).expect("a name");
    let record = ledgers.stacks.get(&stack).map(|entry| &*entry.record);
    let containing = record.into_iter().flat_map(Reached::named).filter(|named| *named == wanted);
    let containing = containing.collect();
    let reached = record.and_then(|record| Reached::by_ledger(record, &containing));
    let known = Known {
        record,
        everything: ledgers.suspension.as_ref(),
        stuck: &stuck(ledgers.stacks.iter().map(|(name, entry)| (name, &*entry.record))),
        observed: &observed,
        min_healthy: 10 * SECOND,
    };
    awaited(&known, reached.unwrap_or(Reached::NotYet))
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

/// Why the waiting for the shop ended.
async fn ended(play: &Play, wanted: &Revision) -> String {
    match told(play, wanted).await {
        Awaited::Ended(why) => why,
        other => format!("it has not ended: {other:?}"),
    }
}

#[tokio::test]
async fn what_needs_approval_before_its_first_step_ends_the_waiting_until_somebody_says_yes() {
    let manual = format!("x-skep: {{approval: manual}}\n{SHOP}");
    for mut play in [Play::new(), Play::shop().await] {
        play.commit_shop(&manual.replace("fast", "slow"));
        let new = read(&mut play).await;
        let why = ended(&play, &new).await;
        assert!(
            why.contains("needs approval: apply what is declared (`skep approve shop "),
            "{why}"
        );
        // It is noted once.
        let before = record(&play).await;
        play.world.advance(60 * SECOND).await;
        let report = play.pass().await;
        assert_eq!(record(&play).await, before);
        play.approve(&report).await;
        assert!(matches!(told(&play, &new).await, Awaited::Waits(_)));
        play.pass().await;
        assert_eq!(waited(&mut play, &new).await.0, Awaited::Healthy);
        assert_eq!(record(&play).await.held, None);
    }
}

#[tokio::test]
async fn a_newer_commit_that_needs_nobody_ends_what_was_held() {
    let mut play = Play::shop().await;
    play.commit_shop(&format!("x-skep: {{approval: manual}}\n{}", SHOP.replace("fast", "slow")));
    read(&mut play).await;
    play.commit_shop(&SHOP.replace("fast", "other"));
    let newer = read(&mut play).await;
    assert_eq!(record(&play).await.held, None);
    assert_eq!(waited(&mut play, &newer).await.0, Awaited::Healthy);
}

#[tokio::test]
async fn a_declaration_that_suspends_its_stack_and_a_guard_end_the_waiting() {
    let mut play = Play::shop().await;
    play.commit_shop(&format!(
        "x-skep: {{suspend: moving house}}\n{}",
        SHOP.replace("fast", "slow")
    ));
    let new = read(&mut play).await;
    let why = ended(&play, &new).await;
    assert_eq!(why, "held: service/shop_web: suspended by the declaration: moving house");
    let guard = "apiVersion: skep/v1\nkind: Guard\nmetadata: {name: teams}\nspec:\n  images: \
                 {allow: [registry.test/api]}\n";
    play.commit(&[("shop/compose.yml", SHOP), ("guard.yml", guard)]);
    let new = read(&mut play).await;
    let why = ended(&play, &new).await;
    assert!(why.ends_with("the guard teams says no (images)"), "{why}");
}

#[tokio::test]
async fn a_canary_is_waited_for_until_it_is_a_persons_turn() {
    let mut play = Play::shop().await;
    let canary = SHOP.replace(
        "    deploy:\n      replicas: 2\n",
        "    deploy: {replicas: 2, update_config: {order: start-first}}\n    x-skep: {rollout: {canary: 1}}\n",
    );
    assert_ne!(canary, SHOP);
    play.commit_shop(&canary.replace("web:1", "web:2"));
    let new = read(&mut play).await;
    assert!(matches!(told(&play, &new).await, Awaited::Waits(_)));
    let (end, words) = waited(&mut play, &new).await;
    let said = "held: service/shop_web: its canary waits for `skep approve shop ";
    assert!(matches!(&end, Awaited::Ended(why) if why.starts_with(said)), "{end:?}");
    assert!(!words.is_empty());
    let report = play.pass().await;
    play.approve(&report).await;
    assert_eq!(waited(&mut play, &new).await.0, Awaited::Healthy);
}

#[tokio::test]
async fn a_pin_ends_the_waiting_for_what_somebody_went_back_from() {
    let mut play = Play::shop().await;
    let old = read(&mut play).await;
    play.commit_shop(&SHOP.replace("fast", "slow"));
    assert_eq!(play.converge().await, Settled::Well);
    let bad = read(&mut play).await;
    let pin = Pin { number: 1, revision: old.clone(), reason: "broken".into(), against: None };
    play.decide(&shop(), |record| record.pin = Some(pin)).await;
    let said = format!("the stack is pinned to {} by `skep rollback`: broken", old.short());
    assert_eq!(ended(&play, &bad).await, said, "before an operator has seen it");
    play.converge().await;
    assert_eq!(ended(&play, &bad).await, said);
    assert_eq!(told(&play, &old).await, Awaited::Healthy);
    play.commit_shop(&SHOP.replace("fast", "fixed"));
    let fixed = read(&mut play).await;
    assert_eq!(waited(&mut play, &fixed).await.0, Awaited::Healthy);
}

#[tokio::test]
async fn a_stack_behind_another_one_is_waited_for_unless_that_one_is_held_or_failed() {
    let mut play = Play::new();
    let stack = |image: &str, more: &str| {
        format!("x-skep: {{{more}}}\nservices:\n  a: {{image: 'registry.test/{image}'}}\n")
    };
    let commit = |play: &Play, first: &str, image: &str| {
        let late = stack(image, "depends_on: {base: {condition: service_healthy}}");
        let later = stack(image, "depends_on: {late: {condition: service_healthy}}");
        play.commit(&[("base.yml", first), ("late.yml", &late), ("later.yml", &later)]);
    };
    commit(&play, &stack("web:1", "wave: 0"), "api:1");
    let new = read(&mut play).await;
    for stack in ["late", "later"] {
        let told = told_of(&play, stack, &new).await;
        assert!(matches!(told, Awaited::Waits(_)), "{stack}: {told:?}");
    }
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(told_of(&play, "later", &new).await, Awaited::Healthy);
    play.world.registry.push(&reference("registry.test/api:2"), "api:2");
    commit(&play, &stack("web:2", "wave: 0"), "api:2");
    let new = read(&mut play).await;
    let first = Awaited::Waits("the stack base comes first".to_owned());
    assert_eq!(told_of(&play, "late", &new).await, first, "its first step is still to come");
    commit(&play, &stack("web:2", "approval: manual"), "api:1");
    assert_eq!(play.converge().await, Settled::Well);
    commit(&play, &stack("web:1", "approval: manual"), "api:2");
    let new = read(&mut play).await;
    for (stack, first) in [("late", "base"), ("later", "late")] {
        let why = format!("held: the stack {first} comes first, and gets no further by itself");
        assert_eq!(told_of(&play, stack, &new).await, Awaited::Ended(why));
    }
}

#[tokio::test]
async fn a_migration_that_failed_at_another_commit_does_not_end_the_waiting_for_its_correction() {
    let mut play = Play::new();
    for image in ["registry.test/migrate:1", "registry.test/migrate:2"] {
        play.world.registry.push(&reference(image), image);
    }
    play.world.swarm.set_image("registry.test/migrate:1", Behaviour::ExitsAfter(SECOND, 3));
    let text = |migrate: &str| {
        format!(
            "services:\n  web: {{image: 'registry.test/web:1'}}\n  migrate: {{image: \
             'registry.test/{migrate}', x-skep: {{hook: pre}}}}\n"
        )
    };
    play.commit(&[("shop.yml", &text("migrate:1"))]);
    let bad = read(&mut play).await;
    let (end, _) = waited(&mut play, &bad).await;
    assert!(matches!(&end, Awaited::Ended(why) if why.contains("migrate")), "{end:?}");
    play.commit(&[("shop.yml", &text("migrate:2"))]);
    let good = read(&mut play).await;
    assert_eq!(waited(&mut play, &good).await.0, Awaited::Healthy);
}

#[tokio::test]
async fn what_others_decide_is_no_other_spec() {
    let mut play = Play::shop().await;
    let text = SHOP.replace(
        "    networks: [front]\n    secrets",
        "    x-skep: {ignore: [environment.BUILD]}\n    networks: [front]\n    secrets",
    );
    assert_ne!(text, SHOP);
    play.commit_shop(&text);
    assert_eq!(play.converge().await, Settled::Well);
    play.world.swarm.hand().set_env("shop_api", "BUILD", "7").expect("a change");
    play.converge().await;
    let new = read(&mut play).await;
    assert_eq!(waited(&mut play, &new).await.0, Awaited::Healthy);
}

#[tokio::test]
async fn a_test_that_fails_after_all_services_are_healthy_ends_the_waiting() {
    let mut play = Play::new();
    play.world.registry.push(&reference("registry.test/test:1"), "test");
    play.world.swarm.set_image("registry.test/test:1", Behaviour::ExitsAfter(SECOND, 3));
    play.commit(&[(
        "shop.yml",
        "services:\n  web: {image: 'registry.test/web:1'}\n  test: {image: \
         'registry.test/test:1', x-skep: {hook: post}}\n",
    )]);
    let new = read(&mut play).await;
    let (end, _) = waited(&mut play, &new).await;
    assert!(matches!(&end, Awaited::Ended(why) if why.contains("shop_test")), "{end:?}");
    assert_eq!(play.tasks("shop_web").await.len(), 1);
}
