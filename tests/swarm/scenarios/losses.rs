//! Links and nodes that are lost for a while.

#![expect(
    clippy::disallowed_methods,
    reason = "a test measures real time, and a link is cut for 30 s"
)]

use std::time::{Duration, Instant};

use skep::health::HealthState;

use crate::lab::{Lab, within};
use crate::leads::{Restored, Two, led};
use crate::matrix::Line;
use crate::process::is_done;
use crate::running::IDLE;
use crate::world::World;

/// A service on each node, and one on two of three.
const SPREAD: &str = "\
services:
  each: {image: IMAGE, deploy: {mode: global, update_config: {monitor: 1s}}}
  some: {image: IMAGE, deploy: {replicas: 2, update_config: {monitor: 1s}}}
";

/// How long the link stays cut.
const CUT: Duration = Duration::from_secs(30);
/// How long an engine that was cut off may take until it is one of the managers again.
const REJOINED: Duration = Duration::from_secs(150);

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

#[test]
fn a_link_that_is_cut_for_thirty_seconds_under_the_one_that_acts_makes_another_go_on() {
    let lab = Lab::managers();
    let first = lab.leader("managers");
    let other = lab.swarms["managers"].iter().find(|node| node.name != first.name);
    let other = other.expect("another manager");
    let mut world = World::at(&lab, first, "link");
    world.bystanders.may_lose_tasks();
    let restored = Restored(&lab);
    let two = Two::on(world, &other.socket);
    let cut = Instant::now();
    lab.change(&["cable", &first.name, "cut"]);
    let head = two.world.commit_shop(&IDLE.replace("fast", "slow"));
    let two = Two { head, ..two };
    let elected = led(&lab, other, &first.name);
    let took = two.took(elected);
    std::thread::sleep(CUT.saturating_sub(cut.elapsed()));
    // What the first one tried to write while nobody heard it came to nothing, and is not tried again.
    let mark = two.world.proxy.mark();
    lab.change(&["cable", &first.name, "mend"]);
    // An engine that was cut off tries its peers at longer and longer intervals; skep can be no quicker.
    let answers = || lab.try_docker(first, &["node", "ls"]).is_ok();
    assert!(within(REJOINED, answers), "{} knows of no leader", first.name);
    two.first.answers("/readyz", |_, body| body.starts_with("ready: follows "));
    two.first.reports(|report| is_done(report, &two.head));
    assert_eq!(two.world.proxy.lines(mark), Vec::<String>::new(), "{}", two.first.log());
    // The same written twice would be its own spec before. (Its version is no measure: a new leader
    // of the swarm writes services too.)
    assert_eq!(two.modes(), "[MODE=slow] after [MODE=fast]");
    let line = Line {
        scenario: "link cut for 30 s, of the leader with the operator that acts",
        topology: "three managers",
        must_hold: "another goes on within 15 s of the swarm's taking writes again, nothing is done twice",
    };
    let unled = (elected - cut).as_secs_f64();
    line.held(
        &lab,
        &format!("the swarm itself {unled:.1} s, fail-over {:.1} s, 1 write", took.as_secs_f64()),
    );
    drop(two);
    drop(restored);
}
