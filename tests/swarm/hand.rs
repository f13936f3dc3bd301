//! Done by hand with docker's client: found, reported with the field's path, and repaired within a
//! second.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use skep::plan::{Action, Cause};
use skep::status::StackReport;

use crate::lab::{Lab, within};
use crate::proxy::Request;
use crate::world::{PATIENCE, SHOP, World, port};

/// From the event at skep's socket to the repair at the same socket, and to the report.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The paths that differ, with the service, and who moved them.
fn fields(report: &StackReport) -> Vec<(&str, String, Cause)> {
    let fields = report.plan.drift.iter().flat_map(|drift| {
        let object = drift.object.name.as_str();
        let fields = drift.fields().into_owned().into_iter();
        fields.map(move |field| (object, field.change.path.clone(), field.cause))
    });
    fields.collect()
}

/// What a person did to an object, and where everything stood before.
struct Deed<'a> {
    world: &'a World<'a>,
    /// Full name of the object.
    name: String,
    /// The person's last request.
    hand: Request,
}

impl Deed<'_> {
    /// The repair came at once after the event.
    fn repaired(&self, repair: &Request) {
        let (event, line) = (self.event(), self.world.short(repair));
        let took = repair.at.saturating_duration_since(event);
        println!("{}: {line} after {} ms", self.name, took.as_millis());
        assert!(took < AT_ONCE, "{line} after {took:?}");
    }

    /// So did the report.
    fn reported(&self, at: Instant, what: &str) {
        let took = at.saturating_duration_since(self.event());
        println!("{}: {what} reported after {} ms", self.name, took.as_millis());
        assert!(took < AT_ONCE, "{what} was reported after {took:?}");
    }

    /// When skep could hear of it.
    fn event(&self) -> Instant {
        let heard = || self.world.proxy.heard(self.hand.at, &self.name);
        assert!(within(PATIENCE, || heard().is_some()), "no event of {}", self.name);
        heard().expect("it was there")
    }
}

/// One thing about a service is changed by hand; it is found under this path and put back.
fn check(test: &str, service: &str, path: &str, words: &[&str]) {
    let lab = Lab::open();
    check_in(&World::shop(&lab, test), service, path, words);
}

fn check_in(world: &World<'_>, service: &str, path: &str, words: &[&str]) {
    let name = world.full(service);
    let spec = || world.docker(&["service", "inspect", "--format", "{{json .Spec}}", &name]);
    let others: Vec<&str> =
        ["web", "api", "worker"].into_iter().filter(|other| *other != service).collect();
    let tasks = || others.iter().map(|other| world.tasks(other)).collect::<Vec<_>>();
    let (before, others_before) = (spec(), tasks());
    let marks = (world.skep().mark(), world.proxy.mark(), world.hand.mark());

    let update = [&["service", "update", "--detach"], words, &[&name]].concat();
    world.docker(&update);
    let repair = world.write(marks.1, &format!("update service {service}"));
    let hand = world.hand.writes(marks.2).pop().expect("the person's write");
    let deed = Deed { world, name: name.clone(), hand };
    deed.repaired(&repair);
    let told = world.reported(marks.0, path, |stack| {
        fields(stack) == [(name.as_str(), path.to_owned(), Cause::ChangedByHand)]
    });
    deed.reported(told, path);
    world.converged();
    assert_eq!(spec(), before);
    assert_eq!(world.wrote(marks.1), [format!("update service {service}")]);
    assert_eq!(tasks(), others_before);
}

#[test]
fn an_image_is_put_back() {
    let lab = Lab::open();
    let world = World::shop(&lab, "image");
    check_in(&world, "web", "image", &["--image", lab.image("2")]);
}

#[test]
fn a_variable_is_put_back() {
    check("variable", "web", "environment.MODE", &["--env-add", "MODE=odd"]);
}

#[test]
fn a_replica_count_is_put_back() {
    check("replicas", "web", "deploy.replicas", &["--replicas", "3"]);
}

#[test]
fn a_label_is_taken_away_again() {
    check("label", "web", "deploy.labels.colour", &["--label-add", "colour=red"]);
}

#[test]
fn a_constraint_is_taken_away_again() {
    let path = "deploy.placement.constraints[node.role == manager]";
    check("constraint", "web", path, &["--constraint-add", "node.role == manager"]);
}

#[test]
fn a_secret_that_a_service_lost_is_given_back() {
    let lab = Lab::open();
    let world = World::shop(&lab, "reference");
    let name = world.full("password");
    check_in(&world, "api", "secrets.password.source", &["--secret-rm", &name]);
}

#[test]
fn a_published_port_is_closed_again() {
    let lab = Lab::open();
    let world = World::shop(&lab, "port");
    let port = port();
    let publish = format!("mode=host,target=8080,published={port}");
    let path = format!("ports[{port}:8080/tcp]");
    check_in(&world, "worker", &path, &["--publish-add", &publish]);
}

#[test]
fn a_field_that_is_left_to_others_stays_as_they_have_it_also_in_a_repair_of_another() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "others");
    let web = "  web:\n    x-skep: {ignore: [deploy.replicas]}\n";
    world.commit_shop(&SHOP.replace("  web:\n", web));
    world.start();
    world.converged();
    let mark = world.proxy.mark();
    let name = world.full("web");
    world.docker(&["service", "update", "--detach", "--replicas", "1", &name]);
    world.look_again("others");
    assert_eq!(world.wrote(mark), Vec::<String>::new());

    world.set_mode("web", "odd");
    world.write(mark, "update service web");
    world.converged();
    let format = "{{.Spec.Mode.Replicated.Replicas}} {{.Spec.TaskTemplate.ContainerSpec.Env}}";
    let inspect = ["service", "inspect", "--format", format, &name];
    assert_eq!(world.docker(&inspect).trim(), "1 [MODE=fast]");
    assert_eq!(world.wrote(mark), ["update service web"]);
}

#[test]
fn a_removed_service_comes_back() {
    let lab = Lab::open();
    let world = World::shop(&lab, "removed");
    let marks = (world.skep().mark(), world.proxy.mark(), world.hand.mark());
    world.docker(&["service", "rm", &world.full("web")]);
    let repair = world.write(marks.1, "create service web");
    let hand = world.hand.writes(marks.2).pop().expect("the person's write");
    let deed = Deed { world: &world, name: world.full("web"), hand };
    deed.repaired(&repair);
    came_back(&deed, marks, &["service/web"]);
}

#[test]
fn a_network_removed_with_its_services_comes_back() {
    let lab = Lab::open();
    let world = World::shop(&lab, "network");
    let marks = (world.skep().mark(), world.proxy.mark(), world.hand.mark());
    let hand =
        removed(&world, &["services/web", "services/api", "services/worker"], "networks/front");
    let create = "create network front";
    let repair = world.write(marks.1, create);
    let deed = Deed { world: &world, name: world.full("front"), hand };
    deed.repaired(&repair);
    came_back(&deed, marks, &["network/front", "service/api", "service/web", "service/worker"]);
}

#[test]
fn a_secret_removed_with_its_service_comes_back() {
    let lab = Lab::open();
    let world = World::shop(&lab, "secret");
    let marks = (world.skep().mark(), world.proxy.mark(), world.hand.mark());
    let hand = removed(&world, &["services/api"], "secrets/password");
    let repair = world.write(marks.1, "create secret password");
    let deed = Deed { world: &world, name: world.full("password"), hand };
    deed.repaired(&repair);
    came_back(&deed, marks, &["secret/password", "service/api"]);
}

/// All is well again, and what came back was reported as removed by hand.
fn came_back(deed: &Deed<'_>, marks: (usize, usize, usize), objects: &[&str]) {
    let world = deed.world;
    for object in objects {
        let (kind, name) = object.split_once('/').expect("kind and name");
        let full = format!("{kind}/{}", world.full(name));
        let told = world.reported(marks.0, object, |stack| {
            stack.plan.drift.iter().any(|drift| {
                drift.object.to_string() == full
                    && (drift.action, drift.cause) == (Action::Create, Cause::ChangedByHand)
            })
        });
        deed.reported(told, object);
    }
    world.converged();
    assert_eq!(world.names("service"), ["api", "web", "worker"]);
    assert_eq!(world.names("network"), ["front"]);
    assert_eq!(world.names("secret"), ["password"]);
    assert_eq!(world.names("config"), ["motd", "rates"]);
    let mark = world.proxy.mark();
    world.commit(&[("README", "nothing for the swarm\n")]);
    world.converged();
    assert_eq!(world.wrote(mark), Vec::<String>::new());
}

/// Removes an object right after the services that use it, and gives the last request. The
/// services are back within a moment, so this takes a quick hand: no client program is started,
/// and it is tried until the object goes.
fn removed(world: &World<'_>, services: &[&str], last: &str) -> Request {
    let mark = world.hand.mark();
    let gone = within(PATIENCE, || {
        for service in services {
            delete(world, service);
        }
        delete(world, last)
    });
    assert!(gone, "{last} did not go");
    world.hand.writes(mark).pop().expect("the person's write")
}

/// `DELETE /KIND/STACK_NAME`, as docker's client sends it; true when it was done.
fn delete(world: &World<'_>, what: &str) -> bool {
    let (kind, name) = what.split_once('/').expect("kind and name");
    let mut socket = UnixStream::connect(world.hand.path()).expect("the engine");
    let path = format!("/{kind}/{}", world.full(name));
    write!(socket, "DELETE {path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")
        .expect("a request");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    answer.starts_with("HTTP/1.1 2")
}
