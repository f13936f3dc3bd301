//! The engine restarted under skep, the event stream cut, the registry stopped: it recovers by
//! itself.

#![expect(clippy::disallowed_methods, reason = "a test measures real time")]

use std::time::{Duration, Instant};

use skep::reconcile::Settings;

use crate::lab::Lab;
use crate::matrix::Line;
use crate::world::{PATIENCE, SHOP, World};

#[test]
fn after_the_event_stream_was_cut_what_was_missed_is_found() {
    let lab = Lab::open();
    let world = World::shop(&lab, "cut");
    let mark = world.proxy.mark();
    assert_eq!(world.proxy.cut_events(), 1);
    world.set_mode("web", "missed");
    world.proxy.mend_events();
    world.write(mark, "update service web");
    world.converged();
    let mark = world.proxy.mark();
    world.set_mode("web", "heard");
    world.write(mark, "update service web");
    world.converged();
}

#[test]
fn after_the_engine_was_killed_and_started_git_and_hands_are_followed_again() {
    let lab = Lab::alone();
    let mut world = World::on(&lab, "one", "engine");
    // All tasks of an engine end with it.
    world.bystanders.may_lose_tasks();
    world.commit_shop(SHOP);
    world.start();
    world.converged();
    let mark = world.proxy.mark();
    let seen = world.skep().mark();
    lab.change(&["engine", "one", "kill"]);
    let trouble = world.skep().wait(seen, PATIENCE, |r| !r.trouble.is_empty());
    assert!(trouble.is_ok(), "the engine's absence is reported");
    world.commit_shop(&SHOP.replace("fast", "slow"));
    lab.change(&["engine", "one", "start"]);
    let back = Instant::now();
    world.write(mark, "update service web");
    world.converged();
    let line = Line {
        scenario: "manager killed: the only one, and back",
        topology: "one",
        must_hold: "its absence is told, then what was committed meanwhile is there",
    };
    line.held(
        &lab,
        &format!("converged {:.1} s after the engine answered", back.elapsed().as_secs_f64()),
    );
    let mark = world.proxy.mark();
    world.set_mode("web", "odd");
    world.write(mark, "update service web");
    world.converged();
}

#[test]
fn without_the_registry_hands_are_still_repaired_and_with_it_the_new_image_comes() {
    let lab = Lab::alone();
    let mut world = World::new(&lab, "registry");
    world.commit_shop(SHOP);
    let poll = Duration::from_secs(2);
    world.start_with(Settings { poll, ..world.settings() });
    world.converged();
    lab.change(&["registry", "stop"]);
    let started = Started(&lab);
    let mark = world.proxy.mark();
    // By its tag, on no node yet, behind a login.
    let private = format!("{}/private/program:1", lab.registry.address);
    world.commit_shop(
        &SHOP.replace("  worker:\n    image: IMAGE", &format!("  worker:\n    image: {private}")),
    );
    let waits = world.skep().mark();
    world.reported(waits, "waiting for the registry", |stack| {
        stack.plan.held.iter().any(|held| held.reason.name() == "Waiting")
    });
    world.set_mode("web", "odd");
    world.write(mark, "update service web");
    drop(started);
    let back = Instant::now();
    world.write(mark, "update service worker");
    world.converged();
    let line = Line {
        scenario: "registry gone, and back",
        topology: "three (1 manager)",
        must_hold: "the new image waits, hands are repaired, no rollback; then the image comes",
    };
    line.held(
        &lab,
        &format!("converged {:.1} s after the registry answered", back.elapsed().as_secs_f64()),
    );
}

/// Starts the registry again, also when the test failed.
struct Started<'a>(&'a Lab);

impl Drop for Started<'_> {
    fn drop(&mut self) {
        self.0.change(&["registry", "start"]);
    }
}
