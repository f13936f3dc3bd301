//! Jobs that are run by a schedule.

use std::sync::Arc;
use std::time::Duration;

use skep::model::{Kind, Suspension};
use skep::plan::JobPlan;
use skep::ports::{Clock as _, SourceError};
use skep::reconcile::Settings;
use skep::sim::Behaviour;
use skep::status::{Report, Settled, settled};

use crate::play::{Play, reference};

/// A service, and a job at each full hour.
const SHOP: &str = "\
apiVersion: skep/v1
kind: Stack
metadata: {name: shop}
spec:
  services:
    web: {image: 'registry.test/web:1'}
---
apiVersion: skep/v1
kind: Job
metadata: {name: tidy}
spec:
  schedule: '0 * * * *'
  service: {image: 'registry.test/tidy:1'}
";
/// What is run ends well after this.
const QUICK: Behaviour = Behaviour::ExitsAfter(Duration::from_secs(20), 0);
const FAILS: Behaviour = Behaviour::ExitsAfter(Duration::from_secs(20), 3);

/// What the job's spec says as well.
fn with(lines: &str) -> String {
    SHOP.replace("  service: {image", &format!("{lines}\n  service: {{image"))
}

/// The shop at midnight, converged.
async fn shop(text: &str, tidy: Behaviour) -> Play {
    let mut play = Play::new();
    for image in ["registry.test/tidy:1", "registry.test/tidy:2"] {
        play.world.registry.push(&reference(image), image);
        play.world.swarm.set_image(image, tidy.clone());
    }
    play.commit(&[("shop.yml", text)]);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play
}

/// Passes ten seconds apart until so many minutes of the day have passed: what was written, each
/// line with its time.
async fn until(play: &mut Play, minutes: i64) -> Vec<String> {
    let day: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
    let end = day.checked_add(jiff::SignedDuration::from_mins(minutes)).expect("a time");
    let mut lines = Vec::new();
    while play.world.clock.now() < end {
        let report = play.pass().await;
        assert_eq!(report.trouble, Vec::<String>::new());
        let time = play.world.clock.now().strftime("%H:%M").to_string();
        lines.extend(play.wrote().into_iter().map(|line| format!("{time} {}", short(&line))));
        play.world.advance(Duration::from_secs(10)).await;
    }
    lines
}

/// `create 0100`: what was done to the run of which time.
fn short(line: &str) -> String {
    line.replace("service/shop_tidy-20260101T", "").replace("00Z", "h")
}

fn down() -> SourceError {
    SourceError::Unreachable { attempted: "asking git".to_owned(), message: "down".to_owned() }
}

async fn runs(play: &Play) -> Vec<String> {
    let names = play.names(Kind::Service).await;
    let runs = names.iter().filter(|name| name.starts_with("shop_tidy-"));
    runs.map(|name| short(&format!("service/{name}"))).collect()
}

fn job(report: &Report) -> &JobPlan {
    &report.stacks.values().next().expect("the shop").plan.jobs[0]
}

fn last(report: &Report) -> String {
    let last = job(report).last.clone().expect("a run");
    format!("{} {:?}", last.slot, last.state)
}

#[tokio::test]
async fn a_job_is_run_at_each_of_its_times_and_its_last_runs_are_kept() {
    let mut play = shop(SHOP, QUICK).await;
    let lines = until(&mut play, 6 * 60).await;
    let expected = [
        "01:00 create 01h",
        "02:00 create 02h",
        "03:00 create 03h",
        "04:00 create 04h",
        "04:00 remove 01h",
        "05:00 create 05h",
        "05:00 remove 02h",
    ];
    assert_eq!(lines, expected);
    assert_eq!(runs(&play).await, ["03h", "04h", "05h"]);
    let report = play.pass().await;
    assert_eq!(last(&report), "2026-01-01T05:00:00Z Succeeded");
    assert_eq!(job(&report).next.expect("a time").to_string(), "2026-01-01T07:00:00Z");
}

#[tokio::test]
async fn what_is_declared_now_is_not_run_for_a_time_before() {
    let mut play = shop(SHOP, QUICK).await;
    play.world.advance(Duration::from_secs(65 * 60)).await;
    // Five minutes ago another schedule had its time.
    play.commit(&[("shop.yml", &SHOP.replace("'0 * * * *'", "'3 * * * *'"))]);
    play.restart();
    assert_eq!(until(&mut play, 3 * 60).await, ["02:03 create 0203Z"]);
}

#[tokio::test]
async fn a_run_that_was_missed_is_made_up_for_once_and_not_too_late() {
    let mut play = shop(SHOP, QUICK).await;
    // Nobody is there until 04:05, and then until 06:30.
    play.world.advance(Duration::from_secs((4 * 60 + 5) * 60)).await;
    play.restart();
    let report = play.pass().await;
    assert_eq!(play.wrote().iter().map(|line| short(line)).collect::<Vec<_>>(), ["create 04h"]);
    assert_eq!(job(&report).missed, 3);
    play.world.advance(Duration::from_secs((2 * 60 + 25) * 60)).await;
    play.restart();
    let report = play.pass().await;
    assert_eq!(job(&report).missed, 2);
    assert_eq!(until(&mut play, 7 * 60 + 5).await, ["07:00 create 07h"]);
}

#[tokio::test]
async fn a_run_is_neither_lost_nor_doubled_by_those_who_die() {
    for writes in 0..6 {
        let mut play = shop(SHOP, QUICK).await;
        until(&mut play, 60).await;
        if writes < 5 {
            play.die_after(writes).await;
        }
        until(&mut play, 66).await;
        let log = play.world.swarm.log();
        let made = log.iter().filter(|write| {
            write.verb.to_string() == "create" && write.object.name.starts_with("shop_tidy-")
        });
        let made: Vec<_> = made.map(|write| format!("{:?}", write.outcome)).collect();
        assert_eq!(made, ["Made"], "died after {writes} writes");
        assert_eq!(runs(&play).await, ["01h"], "died after {writes} writes");
        assert!(last(&play.pass().await).ends_with("Succeeded"), "{writes}");
    }
}

#[tokio::test]
async fn the_next_run_waits_for_the_one_before_and_is_left_out_when_that_takes_too_long() {
    let mut play = shop(SHOP, Behaviour::ExitsAfter(Duration::from_secs(65 * 60), 0)).await;
    // The first one is over at 02:05.
    assert_eq!(until(&mut play, 121).await, ["01:00 create 01h"]);
    let report = play.pass().await;
    let held = job(&report).held.clone().expect("a reason");
    assert_eq!(held.to_string(), "the run shop_tidy-20260101T0100Z is not over");
    // It holds nothing else.
    assert!(report.stacks.values().all(|stack| settled(stack) == Settled::Well));
    let slow = Behaviour::ExitsAfter(Duration::from_secs(90 * 60), 0);
    play.world.swarm.set_image("registry.test/tidy:1", slow);
    // The second one is over at 03:35, when it is too late for the third.
    let lines = until(&mut play, 4 * 60 + 1).await;
    assert!(lines[0].starts_with("02:0") && lines[0].ends_with("create 02h"), "{lines:?}");
    assert_eq!(lines[1..], ["04:00 create 04h"]);
    assert_eq!(job(&play.pass().await).missed, 1);
}

#[tokio::test]
async fn runs_may_run_beside_each_other_or_replace_each_other() {
    let slow = Behaviour::ExitsAfter(Duration::from_secs(90 * 60), 0);
    let mut play = shop(&with("  overlap: allow"), slow.clone()).await;
    assert_eq!(until(&mut play, 125).await, ["01:00 create 01h", "02:00 create 02h"]);
    assert_eq!(job(&play.pass().await).running, 2);
    let mut play = shop(&with("  overlap: replace"), slow).await;
    let expected = ["01:00 create 01h", "02:00 remove 01h", "02:00 create 02h"];
    assert_eq!(until(&mut play, 125).await, expected);
}

#[tokio::test]
async fn a_run_that_failed_is_told_and_concerns_nothing_else() {
    let mut play = shop(SHOP, FAILS).await;
    assert_eq!(until(&mut play, 65).await, ["01:00 create 01h"]);
    let report = play.pass().await;
    let why = r#"Failed { why: "tasks fail: task: non-zero exit (3)" }"#;
    assert_eq!(last(&report), format!("2026-01-01T01:00:00Z {why}"));
    assert_eq!(play.course().await, (Vec::new(), Settled::Well));
    // Of failed runs one is kept.
    let expected = ["02:00 create 02h", "02:00 remove 01h"];
    assert_eq!(until(&mut play, 125).await, expected);
}

#[tokio::test]
async fn what_failed_is_tried_again_as_often_as_is_said() {
    let mut play = shop(&with("  retries: 2"), FAILS).await;
    until(&mut play, 61).await;
    assert_eq!(job(&play.pass().await).running, 1);
    until(&mut play, 65).await;
    assert!(last(&play.pass().await).contains("non-zero exit"), "{}", last(&play.pass().await));
    let observed = skep::ports::Swarm::look(&play.world.swarm).await.expect("a look");
    let run = &observed.services["shop_tidy-20260101T0100Z"];
    assert_eq!(observed.tasks[&run.id].len(), 3);
}

#[tokio::test]
async fn a_run_that_takes_too_long_is_removed_and_has_failed() {
    let slow = Behaviour::ExitsAfter(Duration::from_secs(3600), 0);
    let mut play = shop(&with("  timeout: 10m"), slow).await;
    assert_eq!(until(&mut play, 75).await, ["01:00 create 01h", "01:10 remove 01h"]);
    assert!(last(&play.pass().await).contains("it did not end within 600 s"));
    play.restart();
    assert_eq!(until(&mut play, 121).await, ["02:00 create 02h"]);
}

#[tokio::test]
async fn a_suspended_job_is_not_run_and_nothing_is_written_for_it() {
    let mut play = shop(&with("  suspend: the disk is full"), QUICK).await;
    let before = play.world.swarm.log().len();
    assert_eq!(until(&mut play, 181).await, Vec::<String>::new());
    let report = play.pass().await;
    let held = job(&report).held.clone().expect("a reason");
    assert_eq!(held.to_string(), "suspended by the declaration: the disk is full");
    assert_eq!(play.world.swarm.log().len(), before);
    // The last one is made up for, as it is not too late.
    play.commit(&[("shop.yml", SHOP)]);
    assert_eq!(until(&mut play, 185).await, ["03:01 create 03h"]);
    assert_eq!(job(&play.pass().await).missed, 2);
}

#[tokio::test]
async fn a_run_ends_before_it_goes_with_its_job() {
    let mut play = shop(SHOP, Behaviour::ExitsAfter(Duration::from_secs(600), 0)).await;
    assert_eq!(until(&mut play, 62).await, ["01:00 create 01h"]);
    let without = SHOP.split("---").next().expect("the stack");
    play.commit(&[("shop.yml", without)]);
    let held = play.holds().await;
    let waits = "the end of the run shop_tidy-20260101T0100Z";
    assert_eq!(held, [format!("shop_tidy-20260101T0100Z: waiting for {waits}")]);
    assert_eq!(until(&mut play, 75).await, ["01:10 remove 01h"]);
    assert_eq!(play.course().await, (Vec::new(), Settled::Well));
}

#[tokio::test]
async fn runs_do_not_count_when_a_stack_is_removed() {
    let more = with("  history: {succeeded: 20}");
    let mut play = shop(&more, QUICK).await;
    until(&mut play, 6 * 60).await;
    assert_eq!(runs(&play).await.len(), 5);
    play.commit(&[
        ("shop.yml", ""),
        ("other.yml", "services: {a: {image: 'registry.test/web:1'}}"),
    ]);
    let (course, settled) = play.course().await;
    assert_eq!(settled, Settled::Well, "{course:?}");
    assert_eq!(play.names(Kind::Service).await, ["other_a"]);
}

#[tokio::test]
async fn a_job_is_approved_as_a_service_is_and_its_runs_are_not() {
    let text = SHOP.replace("spec:\n  services", "spec:\n  approval: manual\n  services");
    let mut play = Play::new();
    for image in ["registry.test/tidy:1", "registry.test/tidy:2"] {
        play.world.registry.push(&reference(image), image);
        play.world.swarm.set_image(image, QUICK);
    }
    play.commit(&[("shop.yml", &text)]);
    let report = play.pass().await;
    assert_eq!(Play::held(&report).len(), 3, "{:?}", Play::held(&report));
    play.approve(&report).await;
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    assert_eq!(until(&mut play, 65).await, ["01:00 create 01h"]);
    play.commit(&[("shop.yml", &text.replace("tidy:1", "tidy:2"))]);
    assert_eq!(until(&mut play, 125).await, Vec::<String>::new());
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_tidy NeedsApproval"]);
    play.approve(&report).await;
    assert_eq!(until(&mut play, 130).await, ["02:05 create 02h"]);
    assert_eq!(until(&mut play, 185).await, ["03:00 create 03h"]);
}

#[tokio::test]
async fn no_job_is_run_before_what_comes_before_the_services() {
    let hook = "    web: {image: 'registry.test/web:1'}\n    migrate:\n      image: registry.test/api:1\n      x-skep: {hook: pre}\n";
    let text = SHOP.replace("    web: {image: 'registry.test/web:1'}\n", hook);
    let slow = Behaviour::ExitsAfter(Duration::from_secs(62 * 60), 0);
    let mut play = Play::new();
    play.world.registry.push(&reference("registry.test/tidy:1"), "tidy");
    play.world.swarm.set_image("registry.test/tidy:1", QUICK);
    play.world.swarm.set_image("registry.test/api:1", slow);
    let text = text.replace("{hook: pre}", "{hook: pre, timeout: 2h}");
    play.commit(&[("shop.yml", &text)]);
    let lines = until(&mut play, 61).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    let lines = until(&mut play, 70).await;
    assert!(lines.iter().any(|line| line.ends_with("create 01h")), "{lines:?}");
}

#[tokio::test]
async fn nobody_has_to_wake_the_operator_when_a_time_comes() {
    use skep::reconcile::{Doors, NamedSource, Nudge, Operator, run};
    use tokio::sync::watch;

    let play = shop(SHOP, QUICK).await;
    let world = play.world.clone();
    let hour = Duration::from_secs(24 * 3600);
    let settings = Settings { poll: hour, resync: hour, ..Settings::default() };
    let doors = Doors {
        swarm: Arc::new(world.swarm.clone()),
        registry: Arc::new(world.registry.clone()),
        clock: Arc::new(world.clock.clone()),
    };
    let name = skep::model::SourceName::new("root").expect("a name");
    let sources = vec![NamedSource { name, source: Arc::new(world.source.clone()) }];
    let (stop, stopped) = watch::channel(false);
    let (publish, _published) = watch::channel::<Option<Arc<Report>>>(None);
    let operator = Operator::new(doors, sources, settings);
    let passes = run(operator, Nudge::default(), stopped, publish);
    let script = async {
        world.clock.sleep(Duration::from_secs(2 * 3600 + 60)).await;
        stop.send_replace(true);
    };
    let both = world.run(Duration::from_secs(3 * 3600), async { tokio::join!(passes, script) });
    assert!(Box::pin(both).await.is_some());
    let observed = skep::ports::Swarm::look(&world.swarm).await.expect("a look");
    let made = |name: &str| observed.services[name].created_at.expect("a time");
    let late =
        |name: &str, slot: &str| made(name).duration_since(slot.parse().expect("a time")).as_secs();
    assert!(late("shop_tidy-20260101T0100Z", "2026-01-01T01:00:00Z") < 2);
    assert!(late("shop_tidy-20260101T0200Z", "2026-01-01T02:00:00Z") < 2);
}

#[tokio::test]
async fn with_git_down_jobs_go_on_also_when_another_operator_is_started() {
    let mut play = shop(SHOP, QUICK).await;
    until(&mut play, 61).await;
    play.world.source.fail(down());
    play.restart();
    assert_eq!(until(&mut play, 125).await, ["02:00 create 02h"]);
    play.restart();
    assert_eq!(until(&mut play, 185).await, ["03:00 create 03h"]);
    assert_eq!(runs(&play).await, ["01h", "02h", "03h"]);
}

#[tokio::test]
async fn a_suspended_job_stays_so_with_git_down() {
    let mut play = shop(SHOP, QUICK).await;
    until(&mut play, 61).await;
    play.commit(&[("shop.yml", &with("  suspend: the disk is full"))]);
    until(&mut play, 62).await;
    play.world.source.fail(down());
    play.restart();
    assert_eq!(until(&mut play, 125).await, Vec::<String>::new());
}

#[tokio::test]
async fn in_a_stack_that_is_stopped_a_run_is_held_for_its_job_and_nothing_is_written() {
    let mut play = shop(SHOP, QUICK).await;
    assert_eq!(until(&mut play, 61).await.len(), 1);
    let stack = skep::model::StackName::new("shop").expect("a name");
    let suspension = Suspension { reason: "at work".to_owned(), until: None };
    play.decide(&stack, |record| record.suspension = Some(suspension)).await;
    let before = play.world.swarm.log().len();
    assert_eq!(until(&mut play, 121).await, Vec::<String>::new());
    let report = play.pass().await;
    let held = job(&report).held.clone().expect("a reason");
    assert_eq!(held.to_string(), "suspended by `skep suspend`: at work");
    assert_eq!(Play::held(&report), Vec::<String>::new());
    assert_eq!(play.world.swarm.log().len(), before);
    play.decide(&stack, |record| record.suspension = None).await;
    assert_eq!(until(&mut play, 125).await, ["02:01 create 02h"]);
}
