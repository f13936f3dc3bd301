//! What the engine can't change in place, on a real engine.

use skep::status::StackReport;

use crate::lab::Lab;
use crate::process::call;
use crate::world::{PATIENCE, SHOP, World};

/// The approval that something of the stack waits for.
fn approval(stack: &StackReport) -> Option<String> {
    stack.plan.held.iter().find_map(|held| match &held.reason {
        skep::model::HeldReason::NeedsApproval { approval, .. } => Some(approval.to_string()),
        _ => None,
    })
}

/// Waits until the running operator asks for something, and says yes to it.
pub fn approve(world: &World<'_>, mark: usize) {
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
