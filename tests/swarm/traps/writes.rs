//! F1 and F2: writes that change nothing.

use super::{Plain, Service};
use crate::lab::Lab;
use crate::matrix::Line;
use crate::proxy::{Proxy, Request};
use crate::world::World;

/// Ten services by tag: docker's client asks the registry for each of them.
fn ten(image: &str) -> String {
    let one = |n| format!("  s{n}: {{image: \"{image}\", deploy: {{replicas: 0}}}}\n");
    format!("services:\n{}", (0..10).map(one).collect::<String>())
}

/// Services that were written, and questions about images, after a mark.
fn counted(door: &Proxy, mark: usize) -> (usize, usize) {
    let requests = door.requests(mark);
    let written = requests.iter().filter(|one| one.line().starts_with("update service"));
    let asks = |one: &&Request| one.target.starts_with("/distribution/");
    (written.count(), requests.iter().filter(asks).count())
}

#[test]
fn f1_a_deploy_that_changes_nothing_writes_all_services_and_skep_none() {
    let lab = Lab::open();
    let mut world = World::on(&lab, "one", "f1");
    let text = ten(&format!("{}/program:1", lab.registry.address));
    let plain = Plain::new(&world);
    plain.deploy(&text);
    let mark = world.hand.mark();
    plain.deploy(&text);
    let (written, asked) = counted(&world.hand, mark);
    assert_eq!((written, asked), (10, 10), "docker's client");
    drop(plain);

    world.commit(&[(&world.file(), &text)]);
    world.start();
    world.converged();
    world.stop();
    let mark = world.proxy.mark();
    world.start();
    world.converged();
    world.look_again("look");
    let requests = world.proxy.requests(mark).len();
    assert_eq!(world.proxy.lines(mark), Vec::<String>::new());
    assert_eq!(counted(&world.proxy, mark), (0, 0));
    let line = Line {
        scenario: "F1 a deploy that changes nothing, of 10 services",
        topology: "one",
        must_hold: "no write, no question to the registry",
    };
    line.held(&lab, &format!("docker: {written} writes, {asked} questions; skep, started anew: 0 and 0 ({requests} requests in all)"));
}

const ONE: &str = "\
services:
  web:
    image: IMAGE
    environment: {MODE: first}
    deploy: {replicas: 0}
";

#[test]
fn f2_after_a_deploy_that_changes_nothing_a_rollback_leads_nowhere_and_with_skep_it_leads_back() {
    let lab = Lab::open();
    let mut world = World::on(&lab, "one", "f2");
    let (first, second) =
        (world.with_images(ONE), world.with_images(&ONE.replace("first", "second")));
    let plain = Plain::new(&world);
    for text in [&first, &second, &second] {
        plain.deploy(text);
    }
    let service = plain.service();
    assert_eq!(service.variables("PreviousSpec")[0], "MODE=second", "docker's client");
    world.docker(&["service", "rollback", "--detach", &service.name]);
    assert_eq!(service.variables("Spec")[0], "MODE=second", "a rollback to nothing");
    drop(plain);

    world.start();
    for text in [&first, &second] {
        world.commit(&[(&world.file(), text)]);
        world.converged();
    }
    world.commit(&[("README", "nothing for the swarm\n")]);
    world.converged();
    world.stop();
    world.start();
    world.converged();
    let (ours, seen) = (Service::ours(&world), world.skep().mark());
    assert_eq!(ours.variables("PreviousSpec")[0], "MODE=first");
    world.docker(&["service", "rollback", "--detach", &ours.name]);
    world.reported(seen, "a rollback by hand", |stack| {
        stack.plan.held.iter().any(|held| held.reason.name() == "Quarantined")
    });
    assert_eq!(ours.variables("Spec")[0], "MODE=first");
    let line = Line {
        scenario: "F2 a rollback by hand after a deploy that changed nothing",
        topology: "one",
        must_hold: "it leads back to the spec before, and stays",
    };
    line.held(
        &lab,
        "docker: back to the same spec; skep: back to the spec before, held as Quarantined",
    );
}
