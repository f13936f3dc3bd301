//! From a commit to a converged swarm, and nothing after that.

use std::collections::BTreeMap;

use crate::lab::Lab;
use crate::world::{SHOP, World, port};

const SERVICES: [&str; 3] = ["api", "web", "worker"];

fn all_tasks(world: &World<'_>) -> BTreeMap<&'static str, Vec<String>> {
    SERVICES.map(|service| (service, world.tasks(service))).into()
}

#[test]
fn a_commit_converges_and_a_second_pass_sends_no_write_at_all() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "commit");
    world.start();
    let port = port();
    let publish =
        format!("  worker:\n    ports: [{{mode: host, target: 8080, published: {port}}}]\n");
    world.commit_shop(&SHOP.replace("  worker:\n", &publish));
    world.converged();
    let made = [
        "create config motd",
        "create config rates",
        "create network front",
        "create secret password",
        "create service api",
        "create service web",
        "create service worker",
    ];
    let mut wrote = world.wrote(0);
    wrote.sort();
    assert_eq!(wrote, made);
    let answers = || lab.swarms["three"].iter().filter_map(|node| node.get(port, "/")).count();
    assert_eq!(answers(), 1, "the worker's port");

    // Another process, which remembers nothing, makes the second pass; then this one a third.
    world.stop();
    let mark = world.proxy.mark();
    world.start();
    world.converged();
    let third = world.skep().mark();
    // Anything that changes makes skep look again: here it is somebody else's.
    world.docker(&[
        "config",
        "create",
        &world.full("other"),
        &lab.registry.ca.display().to_string(),
    ]);
    assert!(world.skep().wait(third, crate::world::PATIENCE, |_| true).is_ok());
    assert!(world.proxy.mark() > mark, "skep looked");
    assert_eq!(world.proxy.lines(mark), Vec::<String>::new());
    let tasks = all_tasks(&world);
    assert_eq!(tasks.values().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
}

#[test]
fn a_changed_config_rolls_only_the_services_that_use_it() {
    let lab = Lab::open();
    let world = World::shop(&lab, "config");
    let before = all_tasks(&world);
    let mark = world.proxy.mark();
    world.commit(&[("motd.txt", "good evening\n")]);
    world.converged();
    let wrote = world.wrote(mark);
    assert_eq!(wrote.len(), 2, "{wrote:?}");
    assert!(wrote[0].starts_with("create config motd-"), "{wrote:?}");
    assert_eq!(wrote[1], "update service web");
    let after = all_tasks(&world);
    assert_eq!((&after["api"], &after["worker"]), (&before["api"], &before["worker"]));
    assert!(!after["web"].iter().any(|task| before["web"].contains(task)), "{after:?}");
    assert_eq!(after["web"].len(), 2);
}

#[test]
fn unchanged_services_keep_their_tasks_while_others_come_change_and_go() {
    let lab = Lab::open();
    let mut world = World::shop(&lab, "unchanged");
    let before = world.tasks("worker");
    let with_extra = SHOP.replace("  worker:\n", "  extra:\n    image: IMAGE\n  worker:\n");
    world.commit_shop(&with_extra);
    world.converged();
    world.commit_shop(&with_extra.replace("MODE: fast", "MODE: slow"));
    world.converged();
    world.stop();
    world.start();
    world.commit_shop(SHOP);
    world.converged();
    assert_eq!(world.names("service"), SERVICES);
    assert_eq!(world.tasks("worker"), before);
}
