//! F3, F4 and F9: rollouts that end badly.

use std::collections::BTreeSet;
use std::time::Instant;

use super::{Plain, Service};
use crate::lab::{Lab, within};
use crate::matrix::Line;
use crate::process::call;
use crate::world::{PATIENCE, World};

/// Ends by itself after the time that is put in, or never where it is empty.
const ONE: &str = "\
services:
  web:
    image: IMAGE
    environment: {PROGRAM_EXIT: \"LIFE\"}
    deploy:
      replicas: 1
      restart_policy: {delay: 500ms}
      update_config: {monitor: MONITOR, failure_action: rollback, order: stop-first}
";
const GOOD: &str = "900s";
/// Long enough for another deploy while the first task of the update still runs.
const LATER: &str = "4s";
/// Almost at once.
const SOON: &str = "500ms";

/// A stack file with a life, and for how long the engine watches what it updates.
fn text(world: &World<'_>, life: &str, monitor: &str) -> String {
    world.with_images(ONE).replace("LIFE", life).replace("MONITOR", monitor)
}

fn commit(world: &World<'_>, life: &str, monitor: &str) -> String {
    world.commit(&[(&world.file(), &text(world, life, monitor))])
}

fn is(life: &str) -> String {
    format!("PROGRAM_EXIT={life}")
}

#[test]
fn f3_a_deploy_during_a_rollout_disarms_its_rollback_and_skep_leaves_it_alone() {
    let lab = Lab::open();
    let mut world = World::on(&lab, "one", "f3");
    let plain = Plain::new(&world);
    let service = plain.service();
    plain.deploy(&text(&world, GOOD, "6s"));
    service.wait_runs();
    plain.deploy(&text(&world, LATER, "6s"));
    service.wait_update("updating");
    plain.deploy(&text(&world, LATER, "6s"));
    assert_eq!(service.update(), "", "docker's client: the rollout is forgotten");
    assert_eq!(service.variables("PreviousSpec")[0], is(LATER), "and where it would go back to");
    commit(&world, GOOD, "6s");
    world.start();
    world.converged();
    // Meanwhile, for as long as any rollback would take, it crashes and crashes.
    let (began, mark, seen) = (Instant::now(), world.proxy.mark(), world.skep().mark());
    commit(&world, LATER, "6s");
    world.write(mark, "update service web");
    let ours = Service::ours(&world);
    ours.wait_update("updating");
    world.commit(&[("README", "nothing for the swarm\n")]);
    world.look_again("look");
    world.reported(seen, "the rollback", |stack| {
        stack.plan.held.iter().any(|held| held.reason.name() == "Quarantined")
    });
    ours.wait_update("rollback_completed");
    let took = began.elapsed();
    assert_eq!(ours.variables("Spec")[0], is(GOOD));
    assert_eq!(world.wrote(mark), ["update service web"]);
    assert!(within(PATIENCE, || service.failed().len() >= 3), "docker's client: it crashes on");
    assert_eq!(
        (service.variables("Spec")[0].clone(), service.update()),
        (is(LATER).into(), String::new())
    );
    let line = Line {
        scenario: "F3 the same spec comes again during a rollout that fails",
        topology: "one",
        must_hold: "the engine's rollback stays armed and brings the old spec back",
    };
    line.held(
        &lab,
        &format!(
            "docker: crashes on, no rollback; skep: rolled back after {:.1} s",
            took.as_secs_f64()
        ),
    );
}

#[test]
fn f4_a_deploy_that_was_rolled_back_ends_well_for_docker_and_not_for_skep() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "f4");
    let plain = Plain::new(&world);
    let service = plain.service();
    plain.deploy(&text(&world, GOOD, "5s"));
    service.wait_runs();
    // A client that knows how to wait is asked to.
    let waits = world.docker(&["stack", "deploy", "--help"]).contains("--detach");
    let file = plain.write("bad.yml", &format!("version: \"3.8\"\n{}", text(&world, SOON, "5s")));
    let words = ["stack", "deploy", "--compose-file", &file, "--detach=false", &plain.name];
    let words: Vec<&str> =
        words.into_iter().filter(|word| waits || *word != "--detach=false").collect();
    world.docker(&words);
    service.wait_update("rollback_completed");
    assert_eq!(service.variables("Spec")[0], is(GOOD));

    commit(&world, GOOD, "5s");
    let repo = world.repo.path();
    let apply = ["apply", repo.to_str().expect("text"), "--min-healthy", "1s", "--timeout", "90s"];
    assert_eq!(call(&world, &apply).code, 0);
    commit(&world, SOON, "5s");
    let called = call(&world, &apply);
    assert_eq!(called.code, 1, "{called:?}");
    assert_eq!(Service::ours(&world).variables("Spec")[0], is(GOOD));
    let line = Line {
        scenario: "F4 a deploy that the engine rolled back",
        topology: "one",
        must_hold: "the exit code tells",
    };
    let how = if waits { "with --detach=false" } else { "which can't wait" };
    line.held(&lab, &format!("docker's client, {how}: 0; skep apply: 1"));
}

#[test]
fn f9_an_updater_without_memory_tries_what_failed_again_and_skep_does_not() {
    let lab = Lab::open();
    let mut world = World::on(&lab, "one", "f9");
    let plain = Plain::new(&world);
    let service = plain.service();
    plain.deploy(&text(&world, GOOD, "5s"));
    service.wait_runs();
    // What updaters of images do in each of their rounds: update, and look what became of it.
    let mut failed = BTreeSet::new();
    for _ in 0..2 {
        let variable = is(SOON);
        let update = ["service", "update", "--detach", "--env-add", &variable, &service.name];
        world.docker(&update);
        service.wait_update("rollback_completed");
        let now = service.failed();
        assert!(!now.is_subset(&failed), "docker's client: a task more that fails: {now:?}");
        failed.extend(now);
    }
    drop(plain);

    commit(&world, GOOD, "5s");
    world.start();
    world.converged();
    let (mark, seen) = (world.proxy.mark(), world.skep().mark());
    commit(&world, SOON, "5s");
    let held = |world: &World<'_>, seen: usize| {
        world.reported(seen, "the quarantine", |stack| {
            stack.plan.held.iter().any(|held| held.reason.name() == "Quarantined")
        });
    };
    held(&world, seen);
    let ours = Service::ours(&world);
    ours.wait_update("rollback_completed");
    for round in 0..3 {
        world.stop();
        world.commit(&[("README", &format!("round {round}\n"))]);
        world.start();
        held(&world, 0);
    }
    assert_eq!(ours.failed().len(), 1);
    assert_eq!(world.wrote(mark), ["update service web"]);
    let line = Line {
        scenario: "F9 what failed, asked for again and again",
        topology: "one",
        must_hold: "tried once, also after restarts and other commits",
    };
    line.held(&lab, "an updater without memory: 2 rounds, 2 attempts; skep, 3 restarts: 1 attempt");
}
