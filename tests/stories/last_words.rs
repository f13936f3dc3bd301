//! What a task wrote before it failed is told with the failure, and without what may be secret.

use std::time::Duration;

use skep::model::{FieldRules, Kind, ObjectRef};
use skep::ports::TaskLogs as _;
use skep::sim::Behaviour;
use skep::status::{Culprits, Report, Settled, settled};
use skep::view::{LogView, Reveal};

use crate::play::{Play, SHOP, reference};

const LINES: [&str; 3] = ["starting", "bad token hunter2-and-more", "exit"];

/// A shop whose next web image crashes and says why, with a secret of its environment in it. `more`
/// stands below the service.
async fn crashing(more: &str) -> Play {
    let play = Play::shop().await;
    let image = "registry.test/web:2";
    play.world.swarm.set_image(image, Behaviour::ExitsAfter(Duration::ZERO, 3));
    play.world.swarm.set_output(image, &LINES);
    let text = SHOP.replace("MODE: fast", "TOKEN: hunter2-and-more");
    let image = format!("registry.test/web:2\n{more}");
    play.commit_shop(&text.replace("registry.test/web:1\n", &image));
    play
}

/// Passes for this many seconds; gives what was told as new, and the last report.
async fn told(
    play: &mut Play,
    culprits: &mut Culprits,
    seconds: u32,
) -> (Vec<(String, String)>, Report) {
    let mut new = Vec::new();
    for _ in 0..seconds {
        new.extend(culprits.note(&play.pass().await));
        play.world.advance(Duration::from_secs(1)).await;
    }
    let report = play.pass().await;
    new.extend(culprits.note(&report));
    (new, report)
}

fn revealed(report: &Report, service: &str) -> FieldRules {
    let stack = report.stacks.values().next().expect("a stack");
    stack.plan.revealed(Some(&ObjectRef::new(Kind::Service, service)))
}

/// What everybody sees of a task's log, and what a terminal does.
async fn log(play: &Play, task: &str, rules: &FieldRules) -> (Vec<String>, Vec<String>) {
    let words = play.world.swarm.last_words(task).await.expect("a log");
    let log = LogView::of(task, Ok(words), rules);
    let lines = |reveal| log.lines.iter().map(|line| line.to(reveal).to_owned()).collect();
    (lines(Reveal::Nothing), lines(Reveal::Values))
}

#[tokio::test]
async fn a_failure_is_new_once_and_its_task_is_named_also_after_the_rollback() {
    let mut play = crashing("").await;
    let mut culprits = Culprits::default();
    let (new, report) = told(&mut play, &mut culprits, 120).await;
    assert!(report.stacks.values().all(|stack| settled(stack) == Settled::Badly));
    let [(service, task)] = &new[..] else { panic!("{new:?}") };
    assert_eq!((service.as_str(), culprits.of("shop_web").is_some()), ("shop_web", true));
    let (open, terminal) = log(&play, task, &revealed(&report, service)).await;
    assert_eq!(open, ["(hidden)"; 3], "a log may hold anything");
    assert_eq!(terminal, LINES);
}

#[tokio::test]
async fn a_log_that_is_revealed_is_shown_without_the_values_of_its_own_service() {
    let mut play = crashing("    x-skep: {reveal: [log]}\n").await;
    let mut culprits = Culprits::default();
    let (new, report) = told(&mut play, &mut culprits, 20).await;
    let [(service, task)] = &new[..] else { panic!("{new:?}") };
    let rules = revealed(&report, service);
    let (open, _) = log(&play, task, &rules).await;
    assert_eq!(open, ["starting", "bad token (hidden)", "exit"]);
}

#[tokio::test]
async fn that_all_values_are_no_secrets_says_nothing_of_what_programs_write() {
    let mut play = crashing("    x-skep: {reveal: true}\n").await;
    let mut culprits = Culprits::default();
    let (new, report) = told(&mut play, &mut culprits, 20).await;
    let [(service, task)] = &new[..] else { panic!("{new:?}") };
    let rules = revealed(&report, service);
    assert!(rules.cover("environment.TOKEN"));
    assert_eq!(log(&play, task, &rules).await.0, ["(hidden)"; 3]);
}

#[tokio::test]
async fn a_failed_hook_is_told_with_the_task_that_has_its_log() {
    let mut play = Play::new();
    play.world.registry.push(&reference("registry.test/migrate:1"), "migrate");
    let fails = Behaviour::ExitsAfter(Duration::from_secs(1), 3);
    play.world.swarm.set_image("registry.test/migrate:1", fails);
    play.world.swarm.set_output("registry.test/migrate:1", &["no such column"]);
    play.commit(&[(
        "shop.yml",
        "x-skep: {reveal: [log]}\nservices:\n  web: {image: 'registry.test/web:1'}\n  \
         migrate: {image: 'registry.test/migrate:1', x-skep: {hook: pre}}\n",
    )]);
    let mut culprits = Culprits::default();
    let (new, report) = told(&mut play, &mut culprits, 30).await;
    let [(service, task)] = &new[..] else { panic!("{new:?}") };
    assert!(service.starts_with("shop_migrate-"), "{service}");
    let (open, _) = log(&play, task, &revealed(&report, service)).await;
    assert_eq!(open, ["no such column"]);
}

#[tokio::test]
async fn what_failed_once_and_is_well_again_names_nobody() {
    let mut play = crashing("").await;
    let mut culprits = Culprits::default();
    told(&mut play, &mut culprits, 30).await;
    assert!(culprits.of("shop_web").is_some());
    play.commit_shop(SHOP);
    assert_eq!(play.converge().await, Settled::Well);
    culprits.note(&play.pass().await);
    assert_eq!(culprits.of("shop_web"), None);
}
