//! A person at 3 a.m. wins: `skep suspend` works from any manager, with operator and git down.

#![expect(clippy::disallowed_methods, reason = "a test stands outside: it measures real time")]

use std::path::Path;
use std::time::{Duration, Instant};

use skep::plan::Cause;
use skep::status::{Report, StackReport};

use crate::lab::{Lab, within};
use crate::process::{Called, command, ended};
use crate::world::{PATIENCE, SHOP, World};

/// Calls the program on another manager.
fn elsewhere(world: &World<'_>, socket: &Path, words: &[&str]) -> Called {
    let called = ended(&mut command(world, socket, words));
    assert_eq!(called.code, 0, "{words:?}: {called:?}");
    called
}

/// Whether the stack tells that it is suspended, for this reason, and that MODE was changed.
fn tells(stack: &StackReport, reason: &str) -> bool {
    let held =
        stack.plan.held.iter().any(|held| {
            held.reason.name() == "Suspended" && held.reason.to_string().contains(reason)
        });
    let mut fields = stack.plan.drift.iter().flat_map(|drift| drift.fields().into_owned());
    let by_hand = fields.any(|field| {
        field.change.path == "environment.MODE" && field.cause == Cause::ChangedByHand
    });
    held && by_hand
}

fn mode(world: &World<'_>) -> String {
    let format = "{{.Spec.TaskTemplate.ContainerSpec.Env}}";
    world.docker(&["service", "inspect", "--format", format, &world.full("web")])
}

#[test]
fn suspended_from_another_manager_a_change_by_hand_is_told_and_stays_until_resumed() {
    let lab = Lab::managers();
    let mut world = World::at(&lab, lab.manager("managers"), "suspend");
    world.commit_shop(SHOP);
    world.start();
    world.converged();
    let other = &lab.swarms["managers"][1].socket;
    let (seen, mark) = (world.skep().mark(), world.proxy.mark());
    let words = ["suspend", &world.name, "--for", "2h", "--reason", "looking into it"];
    let said = elsewhere(&world, other, &words);
    assert!(said.out.contains("is suspended until"), "{said:?}");
    world.set_mode("web", "odd");
    world.reported(seen, "the suspension", |stack| tells(stack, "looking into it"));
    let head = world.commit_shop(&SHOP.replace("replicas: 1", "replicas: 2"));
    let read = |report: &Report| {
        report.sources[0].revision.as_ref().is_some_and(|seen| seen.to_string() == head)
    };
    assert!(world.skep().wait(seen, PATIENCE, read).is_ok(), "the commit was read");
    world.look_again("look");
    assert_eq!(world.proxy.lines(mark), Vec::<String>::new());
    let status = elsewhere(&world, other, &["status"]);
    assert!(status.out.contains("looking into it"), "{status:?}");

    let before = Instant::now();
    elsewhere(&world, other, &["resume", &world.name]);
    let repair = world.write(mark, "update service web");
    let ledger = format!("skep.ledger.{0}.{0}", world.name);
    let heard = world.proxy.heard(before, &ledger).expect("the event");
    let took = repair.at.saturating_duration_since(heard);
    assert!(took < Duration::from_secs(1), "resumed, and repaired after {took:?}");
    world.converged();
    assert!(mode(&world).contains("MODE=fast"), "{}", mode(&world));
}

#[test]
fn suspend_and_resume_need_neither_operator_nor_git() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "asleep");
    world.serve();
    world.commit_shop(SHOP);
    world.start();
    world.converged();
    world.stop();
    world.host().down();
    let socket = world.node().socket.clone();
    elsewhere(&world, &socket, &["suspend", &world.name, "--reason", "git is gone too"]);
    world.set_mode("web", "odd");
    let mark = world.proxy.mark();
    world.start();
    world.reported(0, "the suspension", |stack| tells(stack, "git is gone too"));
    let report = world.look_again("look");
    assert!(report.sources[0].error.is_some(), "{:?}", report.sources);
    assert_eq!(world.proxy.lines(mark), Vec::<String>::new());
    elsewhere(&world, &socket, &["resume", &world.name]);
    world.write(mark, "update service web");
    assert!(within(PATIENCE, || mode(&world).contains("MODE=fast")), "{}", mode(&world));
}
