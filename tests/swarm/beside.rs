//! Two installations of skep in one swarm: each touches only its own.

use crate::lab::Lab;
use crate::world::{PATIENCE, SHOP, World};

/// Every write that went through a world's door is about that world.
fn keeps_to_itself(world: &World<'_>) {
    let named = |line: &&String| !line.starts_with("remove ");
    let lines = world.proxy.lines(0);
    let strange: Vec<&String> =
        lines.iter().filter(named).filter(|line| !line.contains(&world.name)).collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert!(lines.iter().any(|line| line.contains(&world.name)), "{lines:?}");
}

#[test]
fn two_installations_side_by_side_each_repair_and_roll_only_their_own() {
    let lab = Lab::open();
    let (one, two) = (World::shop(&lab, "left"), World::shop(&lab, "right"));
    let (mark_one, mark_two) = (one.proxy.mark(), two.proxy.mark());
    let tasks = ["api", "web", "worker"].map(|service| two.tasks(service));
    one.set_mode("web", "odd");
    one.write(mark_one, "update service web");
    one.commit(&[("motd.txt", "good evening\n")]);
    one.converged();
    assert_eq!(two.look_again("look").trouble, Vec::<String>::new());
    assert_eq!(two.proxy.lines(mark_two), Vec::<String>::new());
    assert_eq!(["api", "web", "worker"].map(|service| two.tasks(service)), tasks);
    two.commit_shop(&SHOP.replace("fast", "slow"));
    two.converged();
    assert_eq!(two.wrote(mark_two), ["update service web"]);
    let mark_one = one.proxy.mark();
    one.look_again("look");
    assert_eq!(one.proxy.lines(mark_one), Vec::<String>::new());
    keeps_to_itself(&one);
    keeps_to_itself(&two);
}

#[test]
fn a_stack_that_another_installation_owns_is_not_ours_and_is_not_written() {
    let lab = Lab::open();
    let owner = World::shop(&lab, "owner");
    let mut thief = World::new(&lab, "thief");
    let text = owner.with_images(&SHOP.replace("fast", "stolen"));
    let files = ["motd.txt", "rates.txt", "password.txt"].map(|file| (file, "stolen\n"));
    thief.commit(&[&files[..], &[(&owner.file(), &text)]].concat());
    let mark = owner.proxy.mark();
    thief.start();
    let not_ours = thief.skep().wait(0, PATIENCE, |report| {
        let held = || report.stacks.values().flat_map(|stack| &stack.plan.held);
        let names: Vec<_> = held().map(|held| held.reason.name()).collect();
        names.len() >= 3 && names.iter().all(|name| *name == "NotOurs")
    });
    assert!(not_ours.is_ok(), "{not_ours:?}");
    thief.look_again("look");
    assert_eq!(thief.wrote(0), Vec::<String>::new());
    owner.look_again("look");
    assert_eq!(owner.wrote(mark), Vec::<String>::new());
    owner.converged();
}
