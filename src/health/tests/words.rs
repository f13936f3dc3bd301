//! The engine's words, as engine 20.10 said them on a real swarm of three nodes, and whose fault
//! each of them is.

use super::{IMAGE, Told, World, task};
use crate::health::doubts;
use crate::model::engine::{ResourceRequirements, Resources, TaskState, UpdateState};
use crate::model::{ImageAnswer, PinnedImage};
use TaskState::{Failed, Pending, Preparing, Ready, Rejected};

/// Each of these was seen three times at one place: the spec's own fault.
const REFUSALS: [(TaskState, &str); 6] = [
    (Failed, "task: non-zero exit (1)"),
    (Failed, "task: non-zero exit (143): dockerexec: unhealthy container"),
    (
        Failed,
        "starting container failed: failed to create shim task: OCI runtime create failed: runc \
         create failed: unable to start container process: exec: \"/nosuch\": stat /nosuch: no such \
         file or directory: unknown",
    ),
    (
        Failed,
        "starting container failed: unable to find user nosuch: no matching entries in passwd file",
    ),
    (
        Rejected,
        "invalid mount config for type \"bind\": bind source path does not exist: /does/not/exist",
    ),
    (
        Failed,
        "starting container failed: failed to create shim task: OCI runtime create failed: runc \
         create failed: unable to start container process: error during container init: mkdir \
         /proc/x: no such file or directory: unknown",
    ),
];

#[test]
fn what_a_node_says_of_a_task_is_told_as_it_is() {
    for (state, words) in REFUSALS {
        let tasks = [7, 13, 19].map(|at| task(state, at).err(words));
        let world = World::replicas(1).with([task(Ready, 1)]).with(tasks);
        world.check(&format!("failed 0/1: tasks fail: {words}"));
    }
}

/// What the scheduler says when all nodes are there: it will not become better by itself.
const NO_NODE: [&str; 6] = [
    "no suitable node (scheduling constraints not satisfied on 3 nodes)",
    "no suitable node (insufficient resources on 3 nodes)",
    "no suitable node (host-mode port already in use on 3 nodes)",
    "no suitable node (max replicas per node limit exceed)",
    "no suitable node (missing plugin on 3 nodes)",
    "no suitable node (unsupported platform on 3 nodes)",
];

fn unplaced(words: &'static str, seconds: i64) -> Told {
    task(Pending, 1).made(seconds).on("").err(words)
}

#[test]
fn what_no_node_can_take_failed_after_its_deadline_in_the_schedulers_words() {
    for words in NO_NODE {
        World::replicas(1)
            .with([unplaced(words, 300)])
            .check(&format!("progressing 0/1: pending: {words}"));
        World::replicas(1)
            .with([unplaced(words, 301)])
            .check(&format!("failed 0/1: pending: {words}"));
    }
}

const AWAY: &str = "no suitable node (2 nodes not available for new tasks; scheduling constraints \
                    not satisfied on 1 node)";

#[test]
fn a_node_that_would_do_and_is_away_is_waited_for_however_long() {
    let on = |host: &str| {
        let world = World::replicas(1).constraint(&format!("node.hostname == {host}"));
        world.with([unplaced(AWAY, 90_000)])
    };
    let down = on("n3").node_state("n3", "down", "heartbeat failure");
    down.check(&format!("waiting 0/1: pending: {AWAY}; n3 is down (heartbeat failure)"));
    let mut drained = on("n2");
    drained.nodes.get_mut("n2").expect("a node").spec.availability = "drain".into();
    drained.check(&format!("waiting 0/1: pending: {AWAY}; n2 is drained"));
    // The scheduler has not looked since the node is back.
    let mut back = on("n3");
    back.nodes.get_mut("n2").expect("a node").spec.availability = "drain".into();
    back.check(&format!("waiting 0/1: pending: {AWAY}"));
    // Others that are away would not do either.
    let other = on("n9").node_state("n3", "down", "").node_state("n2", "down", "");
    other.check(&format!("failed 0/1: pending: {AWAY}"));
}

#[test]
fn a_node_that_is_away_and_too_small_is_not_waited_for() {
    let wants = |bytes: i64| {
        let mut world = World::replicas(1).node_state("n3", "down", "");
        let has = serde_json::json!({ "NanoCPUs": 2_000_000_000_i64, "MemoryBytes": 1000 });
        let node = world.nodes.get_mut("n3").expect("a node");
        node.description.extra.insert("Resources".into(), has);
        let reserved = Resources { memory_bytes: bytes, ..Resources::default() };
        world.service.spec.task_template.resources = Some(ResourceRequirements {
            reservations: Some(Box::new(reserved)),
            ..ResourceRequirements::default()
        });
        world.with([unplaced("no suitable node", 301)])
    };
    wants(1000).check("waiting 0/1: pending: no suitable node; n3 is down");
    wants(1001).check("failed 0/1: pending: no suitable node");
}

/// All of these were the same six words to the node that pulled: a tag, a repository or a digest
/// that is not there, a login that is missing, an unknown host, a refused connection, no route, a
/// certificate that is not trusted, a server that speaks no TLS, a stopped registry. Only the log
/// of the node's engine says which.
const NO_IMAGE: &str = "No such image: registry.test/web:1";

fn no_image(seconds: i64) -> World {
    let refused = |at| task(Rejected, at).err(NO_IMAGE);
    let tasks = [task(Ready, 1), refused(7), refused(13), refused(19), refused(seconds)];
    World::replicas(1).with(tasks)
}

#[test]
fn the_registry_says_whose_fault_a_missing_image_is() {
    let refused = ImageAnswer::Refused("manifest unknown".into());
    no_image(25).answers(refused).check(&format!("failed 0/1: {NO_IMAGE} (manifest unknown)"));
    let silent = || ImageAnswer::Unreachable("connection refused".into());
    no_image(90_000).answers(silent()).check(&format!(
        "waiting 0/1: {NO_IMAGE}; the registry does not answer: connection refused"
    ));
    let image = IMAGE.parse().expect("an image");
    let there = ImageAnswer::Pinned(PinnedImage { image, platforms: Vec::new() });
    no_image(90_000).answers(there).check(&format!(
        "waiting 0/1: {NO_IMAGE}, which the registry has: a node can't reach it, or has no login \
         for it"
    ));
}

#[test]
fn a_rollout_that_paused_for_a_registry_waits_also_once_the_image_came() {
    let silent = ImageAnswer::Unreachable("connection refused".into());
    no_image(25).rollout(UpdateState::Paused, 30).answers(silent).check(&format!(
        "waiting 0/1: rollout paused: {NO_IMAGE}; the registry does not answer: connection refused"
    ));
    let healed = || [task(TaskState::Running, 99), task(Rejected, 120).err(NO_IMAGE)];
    let world = World::replicas(1).with(healed()).rollout(UpdateState::Paused, 300);
    world.check("waiting 1/1: rollout paused");
    let crash = task(Failed, 150).err("task: non-zero exit (1)");
    let world = World::replicas(1).with(healed()).with([crash]);
    world.rollout(UpdateState::Paused, 300).check("failed 1/1: rollout paused");
    let refused = ImageAnswer::Refused("manifest unknown".into());
    let world = no_image(25).rollout(UpdateState::Paused, 30).answers(refused);
    world.check(&format!("failed 0/1: rollout paused: {NO_IMAGE} (manifest unknown)"));
}

#[test]
fn a_missing_image_that_nobody_asked_about_fails_by_its_deadline() {
    no_image(299).check(&format!("progressing 0/1: {NO_IMAGE}"));
    no_image(301).check(&format!("failed 0/1: {NO_IMAGE}"));
}

#[test]
fn a_pull_that_takes_too_long_is_asked_about_too() {
    let pulls = |seconds| World::replicas(1).with([task(Preparing, seconds)]);
    let silent = || ImageAnswer::Unreachable("no answer in 10 s".into());
    pulls(200).answers(silent()).check("progressing 0/1: preparing: ");
    pulls(301).answers(silent()).check(
        "waiting 0/1: preparing: registry.test/web:1 is not there yet; the registry does not \
         answer: no answer in 10 s",
    );
}

fn asked(world: &World) -> Vec<String> {
    let observed = world.observed();
    let images = doubts(&world.service, &observed, world.clocks);
    images.iter().map(ToString::to_string).collect()
}

#[test]
fn a_registry_is_asked_only_about_images_that_are_missing_now() {
    assert_eq!(asked(&no_image(25)), [IMAGE]);
    assert!(asked(&World::replicas(1).with([task(TaskState::Running, 99)])).is_empty());
    let healed = [task(TaskState::Running, 99), task(Rejected, 120).err(NO_IMAGE)];
    assert!(asked(&World::replicas(1).with(healed)).is_empty());
    let crash = task(Failed, 7).err("task: non-zero exit (1)");
    let other = [task(Ready, 1), crash, task(Rejected, 120).err(NO_IMAGE)];
    assert!(asked(&World::replicas(1).with(other)).is_empty(), "a node got it since");
}

#[test]
fn an_image_that_came_after_long_counted_as_tasks_that_crash() {
    let refused = |at| task(Rejected, at).err(NO_IMAGE);
    let world = |newest| {
        World::replicas(1).with([newest, refused(7), refused(13), refused(19), refused(900)])
    };
    world(task(TaskState::Starting, 2)).check("progressing 0/1: starting: ");
    world(task(TaskState::Running, 2)).check("progressing 0/1");
    // What crashes then is its own fault.
    let crash = |at| task(Failed, at).code(1);
    let crashes = [task(Ready, 1), crash(2), crash(4), crash(6), refused(900)];
    World::replicas(1).with(crashes).check("failed 0/1: tasks exit with code 1");
}
