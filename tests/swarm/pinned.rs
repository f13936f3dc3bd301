//! What is kept in the swarm is enforced: after `skep rollback`, and where an operator is started
//! that can't read git and has nothing of what another one read.

use skep::status::StackReport;

use crate::lab::{Lab, within};
use crate::process::call;
use crate::world::{PATIENCE, SHOP, World};

fn mode(world: &World<'_>) -> String {
    let format = "{{.Spec.TaskTemplate.ContainerSpec.Env}}";
    world.docker(&["service", "inspect", "--format", format, &world.full("web")])
}

fn has_mode(world: &World<'_>, wanted: &str) {
    let wanted = format!("MODE={wanted}");
    assert!(within(PATIENCE, || mode(world).contains(&wanted)), "{}", mode(world));
}

/// The program says this to these words, and does it.
fn says(world: &World<'_>, words: &[&str], wanted: &[&str]) {
    let said = call(world, words);
    assert_eq!(said.code, 0, "{words:?}: {said:?}");
    assert!(wanted.iter().all(|text| said.out.contains(text)), "{words:?}: {said:?}");
}

fn is_held(stack: &StackReport, reason: &str) -> bool {
    stack.plan.held.iter().any(|held| held.reason.name() == reason)
}

#[test]
fn a_stack_is_pinned_with_a_command_and_stays_so_elsewhere_with_git_down() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "pinned");
    world.serve();
    world.commit_shop(SHOP);
    world.start();
    world.converged();
    world.commit_shop(&SHOP.replace("fast", "slow"));
    world.converged();
    let name = world.name.clone();
    let two = || call(&world, &["history", &name]).out.matches("stable").count() == 2;
    assert!(within(PATIENCE, two), "{:?}", call(&world, &["history", &name]));
    let (mark, seen) = (world.proxy.mark(), world.skep().mark());
    let pinned = format!("stack {name} is pinned to ");
    says(&world, &["rollback", &name, "--reason", "checkout is broken"], &[&pinned]);
    world.write(mark, "update service web");
    has_mode(&world, "fast");
    world.reported(seen, "the pin", |stack| is_held(stack, "Pinned"));
    says(&world, &["status"], &["pinned to ", "checkout is broken"]);

    world.stop();
    world.host().down();
    std::fs::remove_dir_all(world.repo.beside("mirrors")).expect("the mirror was there");
    world.set_mode("web", "odd");
    world.docker(&["service", "rm", &world.full("worker")]);
    let mark = world.proxy.mark();
    world.start();
    world.write(mark, "update service web");
    world.write(mark, "create service worker");
    has_mode(&world, "fast");

    let seen = world.skep().mark();
    world.host().up();
    says(&world, &["resume", &name], &["goes on"]);
    world.converged();
    has_mode(&world, "slow");
    world.reported(seen.saturating_sub(1), "no pin", |stack| !is_held(stack, "Pinned"));
    world.stop();

    // Without a pin, the last that was healthy is what is enforced.
    world.host().down();
    std::fs::remove_dir_all(world.repo.beside("mirrors")).expect("the mirror was there");
    world.set_mode("web", "odd");
    let mark = world.proxy.mark();
    world.start();
    world.write(mark, "update service web");
    has_mode(&world, "slow");
    let report = world.look_again("look");
    assert!(report.sources[0].error.is_some() && report.sources[0].revision.is_none());
    assert_eq!(world.wrote(mark), ["update service web"]);
}
