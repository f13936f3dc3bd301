//! A broken file beside good ones harms only itself.

use crate::lab::Lab;
use crate::world::{PATIENCE, SHOP, World};

#[test]
fn the_good_ones_converge_the_broken_one_is_reported_and_nothing_is_removed() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "broken");
    let second = format!("{}-b.yml", world.name);
    let two = world.with_images("services:\n  one: {image: IMAGE}\n  two: {image: IMAGE}\n");
    world.repo.write(&second, &two);
    world.commit_shop(SHOP);
    world.start();
    world.converged();
    let seen = world.skep().mark();
    let mark = world.proxy.mark();
    // One file loses a service and gets a mistake; another changes.
    let broken = world.with_images("services:\n  one: {image: IMAGE, replica: 3}\n");
    world.repo.write(&second, &broken);
    let head = world.commit_shop(&SHOP.replace("fast", "slow"));
    world.write(mark, "update service web");
    let report = world.skep().wait(seen, PATIENCE, |report| {
        let read = report.sources[0].revision.as_ref().is_some_and(|r| r.to_string() == head);
        read && report.stacks.values().all(|stack| stack.outcomes.is_empty())
            && report.stacks.values().all(|stack| stack.plan.is_empty())
    });
    let report = report.unwrap_or_else(|last| panic!("{last:?}")).report;
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert!(problems.iter().any(|text| text.contains(&second)), "{problems:?}");
    assert_eq!(world.wrote(mark), ["update service web"]);
    let services = world.lab.docker(world.node(), &["service", "ls", "--format", "{{.Name}}"]);
    for name in ["one", "two"] {
        assert!(services.contains(&format!("{}-b_{name}", world.name)), "{services}");
    }
}
