//! What the engine can't change in place, on a real engine.

use skep::model::{Gate, HeldReason};
use skep::status::StackReport;

use crate::lab::Lab;
use crate::process::call;
use crate::world::{PATIENCE, SHOP, World, port};

/// The approval that something of the stack waits for.
fn approval(stack: &StackReport) -> Option<String> {
    stack.plan.held.iter().find_map(|held| match &held.reason {
        HeldReason::NeedsApproval { approval, .. }
        | HeldReason::Canary { gate: Gate::Approval(approval), .. } => Some(approval.to_string()),
        _ => None,
    })
}

/// Waits until the running operator asks for something, and says yes to it.
fn approve(world: &World<'_>, mark: usize) {
    let asks = |stack: &StackReport| approval(stack).is_some();
    world.reported(mark, "a question", asks);
    let found = world.skep().wait(mark, PATIENCE, |report| report.stacks.values().any(asks));
    let report = found.expect("it was reported").report;
    let given = report.stacks.values().find_map(approval).expect("an approval");
    let called = call(world, &["approve", &world.name, &given]);
    assert_eq!(called.code, 0, "{called:?}");
}

#[test]
fn a_network_is_made_anew_with_its_users_once_a_person_said_yes() {
    let lab = Lab::open();
    let world = World::shop(&lab, "anew");
    world.docker(&["service", "scale", "--detach", &format!("{}=1", world.full("worker"))]);
    let (mark, writes) = (world.skep().mark(), world.proxy.mark());
    world.commit_shop(&SHOP.replace("front: {}", "front: {internal: true}"));
    approve(&world, mark);
    world.converged();
    let wrote = world.wrote(writes);
    let network = wrote.iter().filter(|line| line.contains(" network "));
    let verbs: Vec<&str> = network.filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(verbs, ["remove", "create"], "{wrote:?}");
    assert_eq!(wrote.len(), 8, "each of three services once away and back: {wrote:?}");
    let format = "{{.Internal}} {{.Name}}";
    let seen = world.docker(&["network", "inspect", "--format", format, &world.full("front")]);
    assert_eq!(seen.trim(), format!("true {}", world.full("front")));
    assert_eq!(world.tasks("web").len(), 2);
}

/// Two services that publish a port each.
const PAIR: &str = "\
services:
  a: {image: IMAGE, ports: ['ONE:8080'], deploy: {update_config: {monitor: 1s}}}
  b: {image: IMAGE, ports: ['TWO:8080'], deploy: {update_config: {monitor: 1s}}}
";

#[test]
fn two_services_swap_their_ports_in_one_commit() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "swap");
    let (one, two) = (port().to_string(), port().to_string());
    let text = |one: &str, two: &str| PAIR.replace("ONE", one).replace("TWO", two);
    world.commit_shop(&text(&one, &two));
    world.start();
    world.converged();
    let writes = world.proxy.mark();
    world.commit_shop(&text(&two, &one));
    world.converged();
    let wrote = ["update service a", "update service b", "update service a"];
    assert_eq!(world.wrote(writes), wrote, "none was refused and tried again");
    let format = "{{range .Endpoint.Ports}}{{.PublishedPort}}{{end}}";
    let seen = |name: &str| world.docker(&["service", "inspect", "--format", format, name]);
    assert_eq!(seen(&world.full("a")).trim(), two);
    assert_eq!(seen(&world.full("b")).trim(), one);
}

/// Three tasks, of which one is the first.
const THREE: &str = "\
services:
  web:
    image: IMAGE
    deploy: {replicas: 3, update_config: {monitor: 1s, order: start-first}}
    x-skep: {rollout: {canary: 1}}
";

#[test]
fn a_canary_is_promoted_by_a_person_and_stays() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "canary");
    world.commit_shop(THREE);
    world.start();
    world.converged();
    let before = world.tasks("web");
    let (mark, writes) = (world.skep().mark(), world.proxy.mark());
    world.commit_shop(&THREE.replace("IMAGE", "IMAGE2"));
    let waits = |stack: &StackReport| approval(stack).is_some();
    world.reported(mark, "the canary", waits);
    let canaries: Vec<String> =
        world.tasks("web").into_iter().filter(|task| !before.contains(task)).collect();
    assert_eq!(canaries.len(), 1);
    approve(&world, mark);
    world.converged();
    assert_eq!(world.wrote(writes), ["update service web"; 2]);
    let after = world.tasks("web");
    assert!(after.contains(&canaries[0]) && after.iter().all(|task| !before.contains(task)));
}
