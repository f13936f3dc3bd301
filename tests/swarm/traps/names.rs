//! F5 and F8: names that are taken, and names that are not there any more.

use std::time::{Duration, Instant};

use super::Plain;
use crate::lab::{Lab, within};
use crate::matrix::Line;
use crate::world::{PATIENCE, World};

/// `DIR` is put in.
const MOTD: &str = "\
services:
  web:
    image: IMAGE
    configs: [motd]
    secrets: [password]
    deploy: {replicas: 0}
configs:
  motd: {file: DIR/motd.txt}
secrets:
  password: {file: DIR/password.txt}
";
const FILES: [&str; 2] = ["motd.txt", "password.txt"];

#[test]
fn f5_changed_content_is_an_error_of_a_deploy_and_with_skep_a_new_version() {
    let lab = Lab::open();
    let mut world = World::on(&lab, "one", "f5");
    let text = world.with_images(MOTD);
    let plain = Plain::new(&world);
    for file in FILES {
        plain.write(file, "first\n");
    }
    let here = text.replace("DIR", &plain.dir.path().display().to_string());
    plain.deploy(&here);
    for file in FILES {
        plain.write(file, "second\n");
        let refused = plain.try_deploy(&here).expect_err("docker's client refuses");
        assert!(refused.contains("only updates to Labels are allowed"), "{refused}");
        plain.write(file, "first\n");
    }
    drop(plain);

    let ours = text.replace("DIR", ".");
    world.commit(&[(FILES[0], "first\n"), (FILES[1], "first\n"), (&world.file(), &ours)]);
    world.start();
    world.converged();
    let mark = world.proxy.mark();
    let began = Instant::now();
    world.commit(&[(FILES[0], "second\n"), (FILES[1], "second\n")]);
    world.converged();
    let took = began.elapsed();
    let mut wrote = world.wrote(mark);
    wrote.sort();
    assert_eq!(wrote.len(), 3, "{wrote:?}");
    assert!(wrote[0].starts_with("create config motd-"), "{wrote:?}");
    assert!(wrote[1].starts_with("create secret password-"), "{wrote:?}");
    assert_eq!(wrote[2], "update service web");
    let line = Line {
        scenario: "F5 changed content under the same name",
        topology: "one",
        must_hold: "a new version beside the old one, and the service uses it",
    };
    line.held(
        &lab,
        &format!("docker: refused; skep: 3 writes, converged after {} ms", took.as_millis()),
    );
}

const NET: &str = "\
services:
  web: {image: IMAGE, networks: [front]}
  api: {image: IMAGE, networks: [front]}
networks:
  front: {}
";
const IDLE: &str = "services:\n  idle: {image: IMAGE, deploy: {replicas: 0}}\n";
/// It depends on which task lets go of the network when.
const ROUNDS: u32 = 5;

/// Deploys and removes until a deploy is refused; gives how many there were, and the refusal.
fn refused(plain: &Plain<'_>, text: &str) -> Option<(u32, String)> {
    for round in 1..=ROUNDS {
        // What the round before removed may still stand in the way.
        assert!(within(PATIENCE, || plain.try_deploy(text).is_ok()), "the stack is not deployed");
        plain.service().wait_runs();
        plain.remove();
        if let Err(why) = plain.try_deploy(text) {
            return Some((round, why));
        }
    }
    None
}

#[test]
fn f8_a_deploy_right_after_a_removal_misses_the_network_and_skep_makes_it_anew() {
    let lab = Lab::open();
    let mut world = World::on(&lab, "one", "f8");
    let text = world.with_images(NET);
    let plain = Plain::new(&world);
    let (round, why) = refused(&plain, &text).expect("a deploy that is refused");
    assert!(why.contains("front not found"), "{why}");
    plain.remove();

    // A stack of its own: bystanders pretend to belong to that of the world.
    let stack = format!("{}-net", world.name);
    let (file, idle) = (format!("{stack}.yml"), world.with_images(IDLE));
    world.commit(&[(&world.file(), &idle), (&file, &text)]);
    world.start();
    world.converged();
    let mut took = Duration::ZERO;
    let mark = world.proxy.mark();
    for _ in 0..3 {
        // While it runs it would be quicker than the removal.
        world.stop();
        world.docker(&["stack", "rm", &stack]);
        let began = Instant::now();
        world.start();
        world.converged();
        took = took.max(began.elapsed());
    }
    // The network keeps its name for some seconds: it is tried again, and not ten times a second.
    let writes = world.wrote(mark).len();
    assert!(writes <= 3 * (9 + 2 * took.as_secs() as usize), "{:?}", world.wrote(mark));
    let line = Line {
        scenario: "F8 a stack is removed and deployed at once",
        topology: "one",
        must_hold: "it is there again, network and all",
    };
    let skep =
        format!("skep, 3 times: there after {} ms at most, {writes} writes", took.as_millis());
    line.held(&lab, &format!("docker: network not found, in round {round}; {skep}"));
}
