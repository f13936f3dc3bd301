//! What can go wrong with a repository is told, and never a reason to remove anything.

use skep::status::Report;

use crate::lab::Lab;
use crate::operator::picture;
use crate::world::{PATIENCE, World};

/// Two services that want no tasks.
const TWO: &str = "\
services:
  one: {image: IMAGE, environment: {MODE: fast}, deploy: {replicas: 0}}
  two: {image: IMAGE, deploy: {replicas: 0}}
";
const BOTH: [&str; 2] = ["one", "two"];

fn commit(world: &World<'_>, text: &str) -> String {
    world.commit(&[(&world.file(), &world.with_images(text))])
}

/// Two services, converged at a second commit.
fn two<'a>(lab: &'a Lab, test: &str) -> World<'a> {
    let mut world = World::on(lab, "one", test);
    world.commit(&[("README", "two services\n")]);
    commit(&world, TWO);
    world.start();
    world.converged();
    world
}

/// Waits for a report after a mark.
fn told(world: &World<'_>, mark: usize, what: &str, wanted: impl Fn(&Report) -> bool) {
    let told = world.skep().wait(mark, PATIENCE, wanted);
    let last = told.err().map(|last| last.map_or_else(String::new, |last| picture(&last)));
    assert!(last.is_none(), "{what}: {}", last.unwrap_or_default());
}

/// A hand is repaired, and everything is there.
fn still_kept(world: &World<'_>, mark: usize) {
    world.set_mode("one", "odd");
    world.write(mark, "update service one");
    assert_eq!(world.names("service"), BOTH);
}

/// Nothing but what one service needed was written after a mark.
fn nothing_removed(world: &World<'_>, mark: usize) {
    let writes = world.wrote(mark);
    assert!(writes.iter().all(|write| write == "update service one"), "{writes:?}");
    assert_eq!(world.names("service"), BOTH);
}

/// Whether the removal of the second service is held for this reason.
fn is_held(report: &Report, name: &str, reason: &str) -> bool {
    let mut held = report.stacks.values().flat_map(|stack| &stack.plan.held);
    held.any(|held| held.object.name == name && held.reason.name() == reason)
}

#[test]
fn a_force_push_that_lost_a_service_changes_the_rest_and_removes_nothing() {
    let lab = Lab::open();
    let world = two(&lab, "forced");
    let (seen, mark) = (world.skep().mark(), world.proxy.mark());
    let name = world.full("two");
    world.repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    let one = TWO.lines().filter(|line| !line.contains("two:")).collect::<Vec<_>>().join("\n");
    commit(&world, &one.replace("fast", "slow"));
    told(&world, seen, "the rewritten history", |report| {
        is_held(report, &name, "HistoryRewritten")
    });
    world.write(mark, "update service one");
    world.look_again("look");
    nothing_removed(&world, mark);
    commit(&world, TWO);
    world.converged();
}

#[test]
fn a_vanished_branch_is_told_and_what_was_applied_stays_enforced() {
    let lab = Lab::open();
    let world = two(&lab, "branch");
    let head = world.repo.head();
    let (seen, mark) = (world.skep().mark(), world.proxy.mark());
    world.repo.git(&["update-ref", "-d", "refs/heads/main"]);
    told(&world, seen, "the missing branch", |report| {
        let source = &report.sources[0];
        let kept = source.revision.as_ref().is_some_and(|kept| kept.to_string() == head);
        kept && source.error.as_ref().is_some_and(|error| error.contains("default branch"))
    });
    still_kept(&world, mark);
    nothing_removed(&world, mark);
    world.repo.git(&["update-ref", "refs/heads/main", &head]);
    commit(&world, &TWO.replace("fast", "slow"));
    world.converged();
}

#[test]
fn an_emptied_directory_is_told_and_removes_nothing() {
    let lab = Lab::open();
    let world = two(&lab, "emptied");
    let (seen, mark) = (world.skep().mark(), world.proxy.mark());
    world.repo.git(&["rm", "--quiet", "-r", "."]);
    world.repo.git(&["commit", "--quiet", "--message", "nothing is left"]);
    let names = BOTH.map(|name| world.full(name));
    told(&world, seen, "the empty directory", |report| {
        names.iter().all(|name| is_held(report, name, "ViewIncomplete"))
    });
    world.look_again("look");
    assert_eq!(world.wrote(mark), Vec::<String>::new());
    nothing_removed(&world, mark);
    world.repo.git(&["revert", "--no-edit", "HEAD"]);
    world.converged();
}

#[test]
fn with_the_git_host_down_hands_are_repaired_also_after_a_restart() {
    let lab = Lab::open();
    let mut world = World::on(&lab, "one", "host");
    world.serve();
    commit(&world, TWO);
    world.start();
    world.converged();
    let (seen, mark) = (world.skep().mark(), world.proxy.mark());
    world.host().down();
    told(&world, seen, "the host", |report| report.sources[0].error.is_some());
    still_kept(&world, mark);
    world.stop();
    world.set_mode("one", "odd");
    let again = world.proxy.mark();
    world.start();
    world.write(again, "update service one");
    nothing_removed(&world, mark);
    told(&world, 0, "the host", |report| report.sources[0].error.is_some());
    world.host().up();
    commit(&world, &TWO.replace("fast", "slow"));
    world.converged();
}
