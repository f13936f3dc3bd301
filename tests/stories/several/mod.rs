//! Several operators of one instance: one acts, another goes on when it ends.

mod process;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use skep::ledger::lease_name;
use skep::model::engine::StringMap;
use skep::model::{Instance, Kind, Target};
use skep::ports::{Clock as _, OneConfig as _, Write};
use skep::reconcile::{Alive, LeaseDoors, Part, alive};
use skep::sim::World;
use tokio::task::LocalSet;

use self::process::Process;
use crate::play::{Play, SHOP};

const SECOND: Duration = Duration::from_secs(1);
/// What fail-over may take at most.
const FAIL_OVER: Duration = Duration::from_secs(15);

/// The converged shop with two operators, of which the first acts.
async fn two() -> (Play, Process, Process) {
    let play = Box::pin(Play::shop()).await;
    let first = Process::start(&play.world, "first");
    play.world.advance(SECOND * 3).await;
    let second = Process::start(&play.world, "second");
    play.world.advance(SECOND * 27).await;
    assert!(first.acts(), "{:?}", first.part.borrow());
    assert_eq!(*second.part.borrow(), Part::Follows(Some("first".to_owned())));
    (play, first, second)
}

/// Tells a story: processes live as tasks of its thread.
async fn told(story: impl Future<Output = ()>) {
    LocalSet::new().run_until(story).await;
}

/// Lets time pass until something is so; how long it took.
async fn until(world: &World, limit: Duration, wanted: impl Fn() -> bool) -> Duration {
    let start = world.clock.now();
    let took = || world.clock.now().duration_since(start).unsigned_abs();
    while !wanted() && took() < limit {
        world.advance(Duration::from_millis(100)).await;
    }
    assert!(wanted(), "not within {limit:?}");
    took()
}

fn lease() -> String {
    lease_name(&Instance::default())
}

fn drift(play: &Play, value: &str) {
    play.world.swarm.hand().set_env("shop_web", "MODE", value).expect("a write");
}

#[tokio::test]
async fn one_acts_the_other_only_looks_and_goes_on_within_15_seconds_when_the_first_is_killed() {
    told(Box::pin(async {
        let (play, first, second) = two().await;
        let before = first.wrote().len();
        drift(&play, "odd");
        play.world.advance(SECOND * 5).await;
        assert_eq!(first.wrote()[before..], ["update shop_web"]);
        assert_eq!(second.wrote(), [""; 0]);

        first.kill();
        drift(&play, "odder");
        play.world.advance(SECOND).await;
        let report = second.report.borrow().clone().expect("a report");
        assert_eq!(Play::held(&report), ["shop_web Following"], "it looks, and says why it waits");
        let took = until(&play.world, FAIL_OVER, || !second.wrote().is_empty()).await;
        assert!(took > SECOND * 5, "it waits for the lease: {took:?}");
        play.world.advance(SECOND * 30).await;
        assert_eq!(second.wrote(), ["update shop_web"]);
        assert!(second.acts());
    }))
    .await;
}

#[tokio::test]
async fn one_that_was_stopped_in_the_middle_of_a_plan_writes_nothing_more_when_it_wakes() {
    told(Box::pin(async {
        let (play, first, second) = two().await;
        *first.eye.pause_after.lock().expect("a lock") = Some(1);
        let before = first.wrote().len();
        play.commit_shop(&SHOP.replace("web:1", "web:2").replace("api:1", "web:2"));
        first.nudge.give();
        second.nudge.give();
        play.world.advance(SECOND).await;
        let ledger = "label skep.ledger.skep.shop";
        assert_eq!(first.wrote()[before..], [ledger], "it was stopped after this one");

        until(&play.world, FAIL_OVER, || second.wrote().len() >= 2).await;
        play.world.advance(SECOND * 60).await;
        let wrote = second.wrote();
        for service in ["update shop_web", "update shop_api"] {
            assert_eq!(wrote.iter().filter(|line| *line == service).count(), 1, "{wrote:?}");
        }
        first.wake();
        play.world.advance(SECOND * 60).await;
        assert_eq!(first.wrote()[before..], [ledger], "and it woke up");
        assert_eq!(*first.part.borrow(), Part::Follows(Some("second".to_owned())));
        assert_eq!(second.wrote(), wrote);
    }))
    .await;
}

#[tokio::test]
async fn one_that_was_stopped_for_a_moment_goes_on() {
    told(Box::pin(async {
        let (play, first, second) = two().await;
        first.pause();
        play.world.advance(SECOND * 6).await;
        first.wake();
        let before = first.wrote().len();
        drift(&play, "odd");
        play.world.advance(SECOND * 20).await;
        assert!(first.acts() && !second.acts());
        assert_eq!(first.wrote()[before..], ["update shop_web"]);
        assert_eq!(second.wrote(), [""; 0]);
    }))
    .await;
}

#[tokio::test]
async fn one_that_loses_its_engine_stops_by_itself_before_another_takes_over() {
    told(Box::pin(async {
        let (play, first, second) = two().await;
        first.cut();
        let stopped = until(&play.world, FAIL_OVER, || !first.acts()).await;
        assert!(stopped <= SECOND * 10 && !second.acts(), "{stopped:?}");
        drift(&play, "odd");
        let took = until(&play.world, FAIL_OVER, || !second.wrote().is_empty()).await;
        assert!(stopped + took <= FAIL_OVER, "{stopped:?} and {took:?}");
        first.mend();
        play.world.advance(SECOND * 60).await;
        assert!(!first.acts() && second.acts());
        assert_eq!(second.wrote(), ["update shop_web"]);
    }))
    .await;
}

#[tokio::test]
async fn one_that_ends_by_itself_hands_over_in_about_a_second() {
    told(Box::pin(async {
        let (play, first, second) = two().await;
        first.terminate();
        drift(&play, "odd");
        let took = until(&play.world, FAIL_OVER, || !second.wrote().is_empty()).await;
        assert!(took < SECOND * 2, "{took:?}");
        play.world.advance(SECOND * 30).await;
        let wrote = play.world.swarm.log();
        let repairs = wrote.iter().filter(|write| write.object.name == "shop_web");
        assert_eq!(
            repairs.filter(|write| write.by == skep::sim::By::Port).count(),
            2,
            "made, repaired"
        );
    }))
    .await;
}

#[tokio::test]
async fn a_lease_that_was_deleted_or_spoiled_by_hand_is_mended_and_nothing_moves() {
    told(Box::pin(async {
        let (play, first, second) = two().await;
        let world = &play.world;
        world.swarm.hand().remove(Kind::Config, &lease()).expect("a removal");
        for turn in 0..200 {
            world.advance(Duration::from_millis(100)).await;
            assert!(first.acts() && !second.acts(), "after {turn} tenths of a second");
        }
        let config = world.swarm.config(&lease()).await.expect("an answer").expect("a lease");
        let target = Target { name: lease(), id: config.id, version: config.version };
        let labels = StringMap::from([("skep.record".to_owned(), "garbage".to_owned())]);
        let spoil = Write::Label { kind: Kind::Config, target, labels };
        world.swarm.hand().write(&spoil).expect("a write");
        for turn in 0..200 {
            world.advance(Duration::from_millis(100)).await;
            assert!(first.acts() && !second.acts(), "after {turn} tenths of a second");
        }
        assert_eq!(second.wrote(), [""; 0]);
    }))
    .await;
}

#[tokio::test]
async fn a_date_that_jumps_changes_nothing() {
    told(Box::pin(async {
        let (play, first, second) = two().await;
        for hours in [30, -30, 0] {
            for process in [&first, &second] {
                *process.date.lock().expect("a lock") = SignedDuration::from_hours(hours);
                play.world.advance(SECOND * 20).await;
                assert!(first.acts() && !second.acts(), "{hours} hours");
            }
        }
        assert_eq!(second.wrote(), [""; 0]);
    }))
    .await;
}

#[tokio::test]
async fn renewals_make_nobody_look() {
    told(Box::pin(async {
        let (play, first, second) = two().await;
        let before = [first.looks(), second.looks()];
        let renewals = || {
            let log = play.world.swarm.log();
            log.iter().filter(|write| write.object.name == lease()).count()
        };
        let renewed = renewals();
        play.world.advance(SECOND * 300).await;
        // Each looks about once in a minute, without being told of anything.
        for (process, before) in [&first, &second].into_iter().zip(before) {
            assert!((4..=7).contains(&(process.looks() - before)), "{}", process.looks() - before);
        }
        assert!((60..=75).contains(&(renewals() - renewed)), "{}", renewals() - renewed);
    }))
    .await;
}

#[tokio::test]
async fn whether_an_operator_is_alive_is_known_by_its_renewals() {
    told(Box::pin(async {
        let (play, first, second) = two().await;
        second.kill();
        let world = &play.world;
        let doors = LeaseDoors {
            configs: Arc::new(world.swarm.clone()),
            swarm: Arc::new(world.swarm.clone()),
            clock: Arc::new(world.clock.clone()),
        };
        let told = Mutex::new(Vec::new());
        let ask = async || {
            let start = world.clock.now();
            let note = |holder: &str, _| told.lock().expect("a lock").push(holder.to_owned());
            let instance = Instance::default();
            let asked = Box::pin(alive(&doors, &instance, note));
            let answer = world.run(SECOND * 60, asked).await.expect("an answer").expect("no error");
            (answer, world.clock.now().duration_since(start).as_secs())
        };
        let (answer, took) = ask().await;
        assert_eq!(answer, Alive::Yes("first".to_owned()));
        assert!(took <= 5, "{took} s");
        first.kill();
        assert_eq!(ask().await, (Alive::No, 11), "a dead one blocks nobody for ever");
        assert_eq!(*told.lock().expect("a lock"), ["first", "first"]);
        world.swarm.hand().remove(Kind::Config, &lease()).expect("a removal");
        assert_eq!(ask().await, (Alive::No, 0));
    }))
    .await;
}
