//! Nodes that are lost for a while.

#![expect(clippy::disallowed_methods, reason = "a test measures real time")]

use std::time::Instant;

use skep::health::HealthState;

use crate::lab::Lab;
use crate::matrix::Line;
use crate::world::World;

/// A service on each node, and one on two of three.
const SPREAD: &str = "\
services:
  each: {image: IMAGE, deploy: {mode: global, update_config: {monitor: 1s}}}
  some: {image: IMAGE, deploy: {replicas: 2, update_config: {monitor: 1s}}}
";

#[test]
fn a_worker_that_is_lost_and_comes_back_is_waited_for_and_nothing_is_written() {
    let lab = Lab::alone();
    let mut world = World::new(&lab, "worker");
    world.bystanders.may_lose_tasks();
    world.commit(&[(&world.file(), &world.with_images(SPREAD))]);
    world.start();
    world.converged();
    let (mark, seen, each) = (world.proxy.mark(), world.skep().mark(), world.full("each"));
    let lost = Instant::now();
    lab.change(&["engine", "three-3", "kill"]);
    world.reported(seen, "a node that is down", |stack| {
        stack.health.get(&each).is_some_and(|each| each.wanted == 2)
            && stack.health.values().all(|health| health.state == HealthState::Healthy)
    });
    let without = lost.elapsed();
    let back = Instant::now();
    lab.change(&["engine", "three-3", "start"]);
    let seen = world.skep().mark();
    world.reported(seen, "all nodes again", |stack| {
        stack.health.get(&each).is_some_and(|each| each.wanted == 3)
            && stack.health.values().all(|health| health.state == HealthState::Healthy)
    });
    let with = back.elapsed();
    assert_eq!(world.wrote(mark), Vec::<String>::new());
    let line = Line {
        scenario: "worker lost and back",
        topology: "three (1 manager)",
        must_hold: "no write, no rollback; healthy without it and with it",
    };
    let (without, with) = (without.as_secs_f64(), with.as_secs_f64());
    line.held(
        &lab,
        &format!("0 writes; healthy without it after {without:.1} s, with it after {with:.1} s"),
    );
}
