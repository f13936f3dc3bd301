//! Declarations that can't work, and changes that come while another is on its way.

#![expect(clippy::disallowed_methods, reason = "a test measures real time")]

use std::time::Instant;

use skep::health::HealthState;
use skep::status::StackReport;

use crate::lab::Lab;
use crate::matrix::Line;
use crate::world::{SHOP, World};

const THREE: &str = "three (1 manager)";

/// The clocks of a rollout, short enough for a test.
const QUICKLY: &str = "    x-skep: {rollout: {min_healthy: 1s, healthy_deadline: 4s}}\n";

fn is_held(stack: &StackReport, name: &str) -> bool {
    let mut held = stack.plan.held.iter();
    held.any(|held| held.object.name == name && held.reason.name() == "Quarantined")
}

/// What skep says of why a service is held.
fn why(stack: &StackReport) -> String {
    stack.plan.held.iter().map(|held| held.reason.to_string()).collect()
}

/// A shop whose web service is judged quickly.
fn quick<'a>(lab: &'a Lab, test: &str) -> (World<'a>, String) {
    let shop =
        SHOP.replacen("    networks: [front]\n", &format!("    networks: [front]\n{QUICKLY}"), 1);
    let mut world = World::new(lab, test);
    world.commit_shop(&shop);
    world.start();
    world.converged();
    (world, shop)
}

/// A commit that can't work ends with the tasks of before, healthy, and with the words of why.
fn put_back(world: &World<'_>, bad: &str, words: &str) -> (Instant, usize) {
    let (web, seen, mark) = (world.full("web"), world.skep().mark(), world.proxy.mark());
    let began = Instant::now();
    world.commit_shop(bad);
    world.reported(seen, words, |stack| is_held(stack, &web) && why(stack).contains(words));
    world.reported(seen, "the old tasks, healthy", |stack| {
        let healthy = stack.health.get(&web).is_some_and(|web| web.state == HealthState::Healthy);
        is_held(stack, &web) && stack.plan.is_empty() && healthy
    });
    world.look_again("look");
    let wrote = world.wrote(mark);
    assert!(wrote.iter().all(|line| line == "update service web"), "{wrote:?}");
    (began, wrote.len())
}

#[test]
fn an_image_that_the_registry_does_not_have_is_held_and_what_runs_goes_on() {
    let lab = Lab::open();
    let (world, shop) = quick(&lab, "noimage");
    let tasks = world.tasks("web");
    let missing = format!("{}/program:none", lab.registry.address);
    let (began, writes) =
        put_back(&world, &shop.replacen("IMAGE", &missing, 1), "manifest unknown");
    assert_eq!((writes, world.tasks("web")), (0, tasks));
    let line = Line {
        scenario: "bad image: the registry does not have it",
        topology: THREE,
        must_hold: "held as Quarantined in the registry's words, nothing is written, what runs goes on",
    };
    line.held(&lab, &format!("0 writes, told after {:.1} s", began.elapsed().as_secs_f64()));
}

#[test]
fn what_never_becomes_healthy_is_put_back_and_held() {
    let lab = Lab::open();
    let (world, shop) = quick(&lab, "sickly");
    let (began, writes) = put_back(&world, &shop.replacen("IMAGE", lab.image("sick"), 1), "");
    let line = Line {
        scenario: "never healthy",
        topology: THREE,
        must_hold: "rolled back to the last healthy spec, once, and held",
    };
    line.held(
        &lab,
        &format!("{writes} writes, healthy again after {:.1} s", began.elapsed().as_secs_f64()),
    );
}

#[test]
fn what_no_node_can_run_is_put_back_and_held_in_the_schedulers_words() {
    let lab = Lab::open();
    let (world, shop) = quick(&lab, "nowhere");
    let bad = shop.replace("node.platform.os == linux", "node.labels.zone == mars");
    let (began, writes) = put_back(&world, &bad, "no suitable node");
    let line = Line {
        scenario: "unschedulable: no node meets the constraint",
        topology: THREE,
        must_hold: "rolled back to the last healthy spec, once, and held in the scheduler's words",
    };
    line.held(
        &lab,
        &format!("{writes} writes, healthy again after {:.1} s", began.elapsed().as_secs_f64()),
    );
}

#[test]
fn a_secret_that_changes_during_a_rollout_supersedes_it_and_all_tasks_have_the_new_one() {
    let lab = Lab::open();
    let world = World::shop(&lab, "secrets");
    let mark = world.proxy.mark();
    // Five seconds until the task is healthy.
    let api = format!("  api:\n    image: {}", lab.image("slow"));
    world.commit_shop(&SHOP.replace("  api:\n    image: IMAGE", &api));
    world.write(mark, "update service api");
    let changed = Instant::now();
    let next = world.proxy.mark();
    world.commit(&[("password.txt", "hunter3\n")]);
    world.write(next, "update service api");
    let took = changed.elapsed();
    world.converged();
    let wrote = world.wrote(next);
    assert_eq!(wrote.len(), 2, "{wrote:?}");
    assert!(wrote[0].starts_with("create secret password-"), "{wrote:?}");
    let format = "{{range .Spec.TaskTemplate.ContainerSpec.Secrets}}{{.SecretName}}{{end}}";
    let used = world.docker(&["service", "inspect", "--format", format, &world.full("api")]);
    assert_eq!(used, world.full(wrote[0].trim_start_matches("create secret ")));
    let line = Line {
        scenario: "secret changed during a rollout",
        topology: THREE,
        must_hold: "the rollout is superseded by one with the new secret, written once",
    };
    line.held(&lab, &format!("written {} ms after the commit", took.as_millis()));
}
