//! The same file in the hands of `docker stack deploy` and of skep, one after the other.

use std::collections::BTreeMap;

use skep::model::HeldReason;
use skep::plan::Action;
use skep::status::Report;

use crate::lab::{Lab, within};
use crate::process::call;
use crate::world::{PATIENCE, SHOP, World};

const SERVICES: [&str; 3] = ["api", "web", "worker"];

/// `docker stack deploy` with the file as it stands in the repository. Clients before 23 want a
/// version in it.
fn deploy(world: &World<'_>) {
    let file = world.repo.path().join(world.file()).display().to_string();
    world.docker(&[
        "stack",
        "deploy",
        "--with-registry-auth",
        "--compose-file",
        &file,
        &world.name,
    ]);
}

fn versioned(text: &str) -> String {
    format!("version: '3.8'\n{text}")
}

fn tasks(world: &World<'_>) -> BTreeMap<&'static str, Vec<String>> {
    SERVICES.map(|service| (service, world.tasks(service))).into()
}

/// The tasks, once all of them run.
fn running(world: &World<'_>) -> BTreeMap<&'static str, Vec<String>> {
    let stack = ["stack", "services", "--format", "{{.Replicas}}", &world.name];
    let all_run = || {
        let lines = world.docker(&stack);
        // The bystanders carry the stack's label too, and want no tasks.
        let mut replicas: Vec<&str> = lines.lines().filter(|line| *line != "0/0").collect();
        replicas.sort_unstable();
        replicas == ["1/1", "1/1", "2/2"]
    };
    assert!(within(PATIENCE, all_run), "{}", world.docker(&stack));
    tasks(world)
}

fn adopted(report: &Report) -> Vec<String> {
    let drift = report.stacks.values().flat_map(|stack| &stack.plan.drift);
    let adopted = drift.filter(|drift| drift.action == Action::Adopt);
    adopted.map(|drift| drift.object.to_string()).collect()
}

#[test]
fn a_stack_that_docker_deployed_is_taken_over_and_no_task_restarts() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "adopt");
    world.commit_shop(&versioned(SHOP));
    deploy(&world);
    let before = running(&world);
    world.start();
    let first = world.skep().wait(0, PATIENCE, |report| !report.stacks.is_empty());
    let name = |kind: &str, key: &str| format!("{kind}/{}", world.full(key));
    let mut wanted = vec![
        name("network", "front"),
        name("secret", "password"),
        name("config", "motd"),
        name("config", "rates"),
    ];
    wanted.extend(SERVICES.map(|service| name("service", service)));
    assert_eq!(adopted(&first.expect("a pass").report), wanted);
    world.converged();
    assert_eq!(world.wrote(0), ["update secret password"], "its content is proven by that");
    assert_eq!(tasks(&world), before);

    // From now on it is skep's: what is changed in git is changed.
    world.commit_shop(&versioned(&SHOP.replace("MODE: fast", "MODE: slow")));
    world.converged();
    let after = tasks(&world);
    assert_eq!((&after["api"], &after["worker"]), (&before["api"], &before["worker"]));
    assert_ne!(after["web"], before["web"]);
}

#[test]
fn docker_deploys_what_skep_deployed_and_no_task_restarts() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "reverse");
    world.commit_shop(&versioned(SHOP));
    world.start();
    world.converged();
    let before = running(&world);
    world.stop();
    deploy(&world);
    assert_eq!(running(&world), before);
    let services = world.docker(&["stack", "services", "--format", "{{.Name}}", &world.name]);
    for service in SERVICES {
        assert!(services.lines().any(|name| name == world.full(service)), "{services}");
    }

    // docker took skep's labels away; skep puts the hash of the secret back, and nothing else.
    let mark = world.proxy.mark();
    world.start();
    world.converged();
    assert_eq!(world.wrote(mark), ["update secret password"]);
    assert_eq!(tasks(&world), before);
}

#[test]
fn a_file_that_differs_from_what_docker_deployed_waits_and_shows_the_difference() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "differs");
    world.commit_shop(&versioned(SHOP));
    deploy(&world);
    let before = running(&world);
    world.commit_shop(&versioned(&SHOP.replace("MODE: fast", "MODE: slow")));
    world.start();
    world.reported(0, "the difference", |stack| {
        let held = |reason: &str| stack.plan.held.iter().any(|held| held.reason.name() == reason);
        let mut fields = stack.plan.drift.iter().flat_map(|drift| drift.fields().into_owned());
        held("NeedsApproval") && fields.any(|field| field.change.path == "environment.MODE")
    });
    let again = world.look_again("look");
    assert!(again.stacks.values().all(|stack| stack.outcomes.iter().all(|o| o.outcome.is_done())));
    assert_eq!(tasks(&world), before);
    // A person says yes, from outside, to exactly that.
    let held = again.stacks.values().flat_map(|stack| &stack.plan.held);
    let approval = held.into_iter().find_map(|held| match &held.reason {
        HeldReason::NeedsApproval { approval, .. } => Some(approval.to_string()),
        _ => None,
    });
    let approval = approval.expect("something waits for a yes");
    let approved = call(&world, &["approve", &world.name, &approval]);
    assert_eq!(approved.code, 0, "{approved:?}");
    world.converged();
}
