//! F1 and F2: writes that change nothing.

use super::{Plain, Service};
use crate::lab::Lab;
use crate::matrix::Line;
use crate::process::call;
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

/// Services and images of the stack whose questions are counted at the registry.
const SERVICES: usize = 12;
const IMAGES: usize = 3;

/// Images of one repository that nobody else asks for. They are taken off the node when dropped; the
/// registry goes with the laboratory.
struct Shelf<'a, 'b> {
    world: &'a World<'b>,
    repository: String,
}

impl<'a, 'b> Shelf<'a, 'b> {
    fn fill(world: &'a World<'b>) -> Self {
        let repository = format!("{}/{}/web", world.lab.registry.address, world.name);
        let shelf = Self { world, repository };
        for image in shelf.images() {
            world.docker(&["tag", world.lab.image("1"), &image]);
            world.docker(&["push", &image]);
        }
        shelf
    }

    fn images(&self) -> Vec<String> {
        (0..IMAGES).map(|number| format!("{}{number}:1", self.repository)).collect()
    }

    fn stack(&self) -> String {
        let images = self.images();
        let service = |number: usize| {
            let image = &images[number % IMAGES];
            format!("  s{number}: {{image: \"{image}\", deploy: {{replicas: 0}}}}\n")
        };
        format!("services:\n{}", (0..SERVICES).map(service).collect::<String>())
    }

    /// Requests about these images in the registry's own log so far: `GET /v2/…/manifests/1`.
    fn asked(&self) -> Vec<String> {
        let log = std::fs::read(&self.world.lab.registry.log).expect("the registry's log");
        let path = format!(" /v2/{}/", self.world.name);
        let log = String::from_utf8_lossy(&log).into_owned();
        let requests = log.lines().filter_map(|line| line.split('"').nth(1));
        requests.filter(|request| request.contains(&path)).map(str::to_owned).collect()
    }
}

impl Drop for Shelf<'_, '_> {
    fn drop(&mut self) {
        for image in self.images() {
            let _ = self.world.lab.try_docker(&self.world.by_hand(), &["image", "rm", &image]);
        }
    }
}

#[test]
fn f1_docker_asks_the_registry_for_each_service_and_skep_for_each_image() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "f1-asked");
    let shelf = Shelf::fill(&world);
    let text = shelf.stack();
    let plain = Plain::new(&world);
    plain.deploy_logged_in(&text);
    let before = shelf.asked().len();
    plain.deploy_logged_in(&text);
    let docker = shelf.asked().len() - before;
    assert!(docker >= 2 * SERVICES, "docker's client: {docker}");
    drop(plain);

    world.commit(&[(&world.file(), &text)]);
    let (repo, ca) = (world.repo.path(), lab.registry.ca.display().to_string());
    let repo = repo.to_str().expect("text");
    let words = ["apply", repo, "--no-wait", "--registry-ca", &ca];
    let mut each = Vec::new();
    for _ in 0..2 {
        let before = shelf.asked().len();
        let called = call(&world, &words);
        assert_eq!(called.code, 0, "{called:?}");
        each.push(shelf.asked().split_off(before));
    }
    let manifests = each[0].iter().filter(|line| line.contains("/manifests/")).count();
    // These are images for one platform, which stands in their configuration. They are one image by
    // three names: whoever knows its digest does not ask for that again.
    let configurations = each[0].len() - manifests;
    assert_eq!(manifests, IMAGES, "{each:?}");
    assert!((1..=IMAGES).contains(&configurations), "{each:?}");
    assert_eq!(each[1], [""; 0]);
    let line = Line {
        scenario: "F1 requests at the registry for 12 services over 3 images",
        topology: "one",
        must_hold: "one question for each image, and none when nothing changed",
    };
    let first = each[0].len();
    line.held(
        &lab,
        &format!(
            "docker: {docker}, each time; skep: {manifests} ({first} with configurations), then 0"
        ),
    );
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
