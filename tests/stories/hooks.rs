//! Hooks: jobs that are run once for each content of their stack.

use std::time::Duration;

use skep::ledger::decode;
use skep::model::{Instance, Kind, StackName};
use skep::ports::Swarm as _;
use skep::sim::{Behaviour, By, Outcome};
use skep::status::{ConditionKind, Settled};

use crate::play::{Play, reference};

/// A migration before, a test after, a service between them.
const SHOP: &str = "\
services:
  web:
    image: registry.test/web:1
    environment: {MODE: fast}
  migrate:
    image: registry.test/migrate:1
    x-skep: {hook: pre, timeout: 2m}
  test:
    image: registry.test/test:1
    x-skep: {hook: post}
";
const FAILS: Behaviour = Behaviour::ExitsAfter(Duration::from_secs(1), 3);

fn play() -> Play {
    let play = Play::new();
    for image in ["registry.test/migrate:1", "registry.test/migrate:2", "registry.test/test:1"] {
        play.world.registry.push(&reference(image), image);
    }
    play
}

fn commit(play: &Play, text: &str) {
    play.commit(&[("shop.yml", text)]);
}

/// Without what tells one run from another.
fn short(lines: &[String]) -> Vec<String> {
    let word = |word: &str| match word.rsplit_once('-') {
        Some((hook, run)) if run.trim_end_matches(',').len() == 10 => format!("{hook}-RUN"),
        _ => word.trim_end_matches(',').to_owned(),
    };
    let line = |line: &String| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    lines.iter().map(line).collect()
}

/// The shop, converged: the test has run.
async fn shop() -> Play {
    let mut play = play();
    commit(&play, SHOP);
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well, "{course:?}");
    play
}

#[tokio::test]
async fn what_comes_before_has_ended_when_services_are_touched_and_what_comes_after_is_last() {
    let mut play = play();
    commit(&play, SHOP);
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well);
    let expected = [
        "create network/shop_default create service/shop_migrate-RUN",
        "create service/shop_web",
        "create service/shop_test-RUN",
    ];
    assert_eq!(short(&course), expected);
}

#[tokio::test]
async fn each_content_is_run_once_and_a_commit_that_changes_nothing_runs_nothing() {
    let mut play = shop().await;
    commit(&play, &format!("# a comment\n{SHOP}"));
    let (course, _) = play.course().await;
    assert_eq!(course, Vec::<String>::new());
    commit(&play, &SHOP.replace("fast", "slow"));
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well);
    let expected = [
        "create service/shop_migrate-RUN",
        "update service/shop_web",
        "create service/shop_test-RUN",
    ];
    assert_eq!(short(&course), expected);
    // Going back is another content, and has a run of its own.
    commit(&play, SHOP);
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well);
    assert_eq!(short(&course)[..2], expected[..2]);
}

#[tokio::test]
async fn of_runs_of_before_the_last_two_are_kept() {
    let mut play = shop().await;
    for mode in ["a", "b", "c", "d"] {
        commit(&play, &SHOP.replace("fast", mode));
        assert_eq!(play.course().await.1, Settled::Well);
    }
    let names = play.names(Kind::Service).await;
    let of = |hook: &str| names.iter().filter(|name| name.starts_with(hook)).count();
    assert_eq!((of("shop_migrate-"), of("shop_test-"), names.len()), (3, 3, 7));
    // Without hooks none of them stays.
    commit(&play, "services: {web: {image: 'registry.test/web:1'}}\n");
    assert_eq!(play.course().await.1, Settled::Well);
    assert_eq!(play.names(Kind::Service).await, ["shop_web"]);
}

#[tokio::test]
async fn a_failed_migration_stops_the_stack_before_any_service_is_touched() {
    let mut play = shop().await;
    play.world.swarm.set_image("registry.test/migrate:2", FAILS);
    let bad = SHOP.replace("migrate:1", "migrate:2").replace("fast", "slow");
    commit(&play, &bad);
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Badly);
    assert_eq!(short(&course), ["create service/shop_migrate-RUN"]);
    let held = play.holds().await;
    assert!(
        held[0].ends_with("failed and is not tried again: tasks fail: task: non-zero exit (3)")
    );
    assert!(held[1].starts_with("shop_test-") && held[2].starts_with("shop_web: service/shop_mig"));
    // Nor by a restart, by hand, or by a commit that changes nothing.
    play.restart();
    play.world.swarm.hand().set_env("shop_web", "MODE", "x").expect("a write");
    commit(&play, &format!("# nothing\n{bad}"));
    assert_eq!(play.course().await, (Vec::new(), Settled::Badly));
    // Once it was outside, a person has it run again.
    play.world.swarm.set_image("registry.test/migrate:2", Behaviour::ExitsAfter(Duration::ZERO, 0));
    play.retry().await;
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well);
    assert_eq!(short(&course)[..2], ["update service/shop_migrate-RUN", "update service/shop_web"]);
}

#[tokio::test]
async fn another_spec_ends_the_quarantine_of_a_hook() {
    let mut play = shop().await;
    play.world.swarm.set_image("registry.test/migrate:2", FAILS);
    commit(&play, &SHOP.replace("migrate:1", "migrate:2"));
    assert_eq!(play.course().await.1, Settled::Badly);
    commit(&play, &SHOP.replace("fast", "slow"));
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well);
    assert_eq!(course.len(), 3, "{course:?}");
}

#[tokio::test]
async fn a_migration_that_takes_too_long_has_failed_also_when_it_ends_after_all() {
    let mut play = play();
    let slow = Behaviour::ExitsAfter(Duration::from_secs(300), 0);
    play.world.swarm.set_image("registry.test/migrate:1", slow);
    commit(&play, SHOP);
    let (_, settled) = play.course().await;
    assert_eq!(settled, Settled::Badly);
    let held = play.holds().await;
    assert!(held[0].ends_with("it did not end within 120 s"), "{held:?}");
    play.world.advance(Duration::from_secs(300)).await;
    assert_eq!(play.course().await, (Vec::new(), Settled::Badly));
    assert_eq!(play.names(Kind::Service).await.len(), 1);
}

#[tokio::test]
async fn a_newer_commit_waits_for_the_migration_that_runs() {
    let mut play = play();
    let slow = Behaviour::ExitsAfter(Duration::from_secs(60), 0);
    play.world.swarm.set_image("registry.test/migrate:1", slow);
    commit(&play, SHOP);
    play.pass().await;
    play.wrote();
    commit(&play, &SHOP.replace("fast", "slow"));
    let held = play.holds().await;
    assert!(held[0].contains("waiting for the end of the run before, shop_migrate-"), "{held:?}");
    let (course, settled) = play.course().await;
    assert_eq!((course.len(), settled), (3, Settled::Well));
}

#[tokio::test]
async fn a_failed_test_is_told_and_runs_no_service_back() {
    let mut play = play();
    play.world.swarm.set_image("registry.test/test:1", FAILS);
    commit(&play, SHOP);
    let (course, settled) = play.course().await;
    assert_eq!((course.len(), settled), (3, Settled::Badly));
    assert_eq!(play.tasks("shop_web").await.len(), 1);
}

#[tokio::test]
async fn a_mistake_anywhere_in_the_stack_runs_no_migration_for_a_half_of_it() {
    let mut play = play();
    commit(&play, &SHOP.replace("registry.test/web:1", "'not an image'"));
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Badly);
    assert_eq!(course, ["create network/shop_default"]);
    commit(&play, SHOP);
    assert_eq!(play.course().await.1, Settled::Well);
}

#[tokio::test]
async fn a_run_that_somebody_removed_after_it_ended_is_not_made_again() {
    let mut play = shop().await;
    for name in play.names(Kind::Service).await {
        if name != "shop_web" {
            play.world.swarm.hand().remove(Kind::Service, &name).expect("it is there");
        }
    }
    play.restart();
    assert_eq!(play.course().await, (Vec::new(), Settled::Well));
}

#[tokio::test]
async fn an_operator_that_dies_after_any_write_runs_no_hook_twice() {
    for writes in 1..=8 {
        let mut play = play();
        commit(&play, SHOP);
        play.die_after(writes).await;
        let (course, settled) = play.course().await;
        assert_eq!(settled, Settled::Well, "after {writes} writes: {course:?}");
        let log = play.world.swarm.log();
        let made =
            log.iter().filter(|write| write.outcome == Outcome::Made && write.by == By::Port);
        let jobs = made.filter(|write| write.object.name.starts_with("shop_migrate-"));
        let jobs: Vec<String> =
            jobs.map(|write| format!("{} {}", write.verb, write.object)).collect();
        assert_eq!(jobs.len(), 1, "after {writes} writes: {jobs:?}");
        let names = play.names(Kind::Service).await;
        assert_eq!(names.len(), 3, "{names:?}");
    }
}

/// The shop with everything back or nothing.
fn atomic(text: &str) -> String {
    format!("x-skep: {{rollout: {{atomic: true}}}}\n{text}")
}

async fn mode(play: &Play) -> Vec<String> {
    let observed = play.world.swarm.look().await.expect("a look");
    let container = observed.services["shop_web"].spec.task_template.container_spec.clone();
    container.expect("a container").env
}

#[tokio::test]
async fn a_failed_test_of_an_atomic_stack_takes_its_revision_back() {
    let mut play = play();
    commit(&play, &atomic(SHOP));
    assert_eq!(play.course().await.1, Settled::Well);
    play.world.swarm.set_image("registry.test/test:1", FAILS);
    commit(&play, &atomic(&SHOP.replace("fast", "slow")));
    let (course, settled) = play.course().await;
    let expected = [
        "create service/shop_migrate-RUN",
        "update service/shop_web",
        "create service/shop_test-RUN",
        "roll back service/shop_web",
    ];
    assert_eq!((short(&course), settled), (expected.map(str::to_owned).to_vec(), Settled::Badly));
    assert_eq!(mode(&play).await, ["MODE=fast"]);
    let report = play.pass().await;
    let shop = report.stacks.values().next().expect("the shop");
    let failed = shop.conditions.iter().find(|c| c.kind == ConditionKind::RolledOut);
    assert_eq!(failed.map(|condition| condition.reason.as_str()), Some("Failed"));
    // A person has it tried again: the services, and then the test.
    play.world.swarm.set_image("registry.test/test:1", Behaviour::ExitsAfter(Duration::ZERO, 0));
    play.retry().await;
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well, "{course:?}");
    assert_eq!(mode(&play).await, ["MODE=slow"]);
}

#[tokio::test]
async fn a_failed_test_leaves_no_revision_to_go_back_to() {
    let mut play = shop().await;
    play.world.swarm.set_image("registry.test/test:1", FAILS);
    commit(&play, &SHOP.replace("fast", "slow"));
    assert_eq!(play.course().await.1, Settled::Badly);
    assert_eq!(mode(&play).await, ["MODE=slow"], "it stays without atomic");
    let report = play.pass().await;
    let shop = report.stacks.values().next().expect("the shop");
    let failed = shop.conditions.iter().find(|c| c.kind == ConditionKind::RolledOut);
    assert_eq!(failed.map(|condition| condition.reason.as_str()), Some("Failed"));
    let observed = play.world.swarm.look().await.expect("a look");
    let ledgers = decode(&observed.configs, &Instance::default());
    let name = StackName::new("shop").expect("a name");
    assert_eq!(ledgers.stable_of(&name).len(), 1);
}
