//! `skep wait` and `skep sync` beside an operator, as CI calls them after a push.

#![expect(clippy::disallowed_methods, reason = "a test stands outside: it measures real time")]

use std::time::{Duration, Instant};

use skep::reconcile::Settings;

use crate::lab::{Lab, within};
use crate::process::{Called, Process, call};
use crate::world::{PATIENCE, World};

/// A service that starts and fails quickly.
const ONE: &str = "\
services:
  web:
    image: IMAGE
    environment: {MODE: fast}
    x-skep: {rollout: {min_healthy: 1s}}
    deploy:
      replicas: 1
      update_config: {monitor: 1s, failure_action: rollback}
";

fn commit(world: &World<'_>, text: &str, image: &str) -> String {
    world.commit(&[(&world.file(), &text.replace("IMAGE", world.lab.image(image)))])
}

/// Waits for a revision, by the swarm alone or with the repository.
fn wait(world: &World<'_>, revision: &str, more: &[&str]) -> Called {
    let words = ["wait", &world.name, "--revision", revision, "--min-healthy", "1s"];
    call(world, &[&words[..], &["--timeout", "60s"], more].concat())
}

#[test]
fn ci_waits_until_its_commit_is_healthy_has_failed_or_was_superseded() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "wait");
    let first = commit(&world, ONE, "1");
    let early = wait(&world, &first, &["--timeout", "1s"]);
    assert_eq!(early.code, 2, "nobody applies it: {early:?}");
    world.start();
    let healthy = wait(&world, &first, &[]);
    assert_eq!(healthy.code, 0, "{healthy:?}");
    assert!(healthy.out.contains(&first) && healthy.err.contains("web"), "{healthy:?}");

    let bad = commit(&world, ONE, "crash");
    let failed = wait(&world, &bad, &["-o", "json"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.out.contains("\"outcome\": \"ended\""), "{failed:?}");
    assert!(failed.out.contains("web failed"), "{failed:?}");

    let next = commit(&world, &ONE.replace("fast", "slow"), "1");
    assert_eq!(wait(&world, &next, &[]).code, 0);
    let path = world.repo.path();
    let source = [path.to_str().expect("text")];
    let contained = wait(&world, &first, &source);
    assert_eq!(contained.code, 0, "{next} contains it: {contained:?}");
    let alone = wait(&world, &first, &["--timeout", "1s"]);
    assert_eq!(alone.code, 2, "only git knows that: {alone:?}");

    world.repo.git(&["reset", "--quiet", "--hard", &first]);
    let other = commit(&world, &ONE.replace("fast", "other"), "1");
    assert_eq!(wait(&world, &other, &source).code, 0);
    let superseded = wait(&world, &next, &source);
    assert_eq!(superseded.code, 1, "{superseded:?}");
    assert!(superseded.out.contains("superseded"), "{superseded:?}");

    let manual = format!("x-skep: {{approval: manual}}\n{ONE}");
    let asks = commit(&world, &manual, "1");
    let held = wait(&world, &asks, &[]);
    assert_eq!(held.code, 1, "{held:?}");
    assert!(held.out.contains("needs approval"), "{held:?}");
}

#[test]
fn sync_has_a_commit_applied_at_once_that_the_operator_would_have_read_in_an_hour() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "sync");
    let idle = ONE.replace("replicas: 1", "replicas: 0");
    commit(&world, &idle, "1");
    let none = call(&world, &["sync"]);
    assert_eq!(none.code, 2, "{none:?}");
    assert!(none.err.contains("no operator acts"), "{none:?}");
    world.serve();
    let poll = Duration::from_secs(3600);
    world.start_with(Settings { poll, ..world.settings() });
    world.converged();
    let mark = world.proxy.mark();
    commit(&world, &idle.replace("fast", "slow"), "1");
    let before = Instant::now();
    // The operator inside this test takes no part in the lease, and hears of it all the same.
    let asked = call(&world, &["sync", &world.name]);
    let update = world.write(mark, "update service web");
    // Nothing else would have had it read: how long it takes hangs on what else the machine does.
    println!("written {} ms after sync", update.at.saturating_duration_since(before).as_millis());
    assert_eq!(asked.code, 2, "{asked:?}");
    let unknown = call(&world, &["sync", "nowhere"]);
    assert!(unknown.err.contains("no stack nowhere is known"), "{unknown:?}");
}

#[test]
fn sync_reaches_an_operator_that_is_a_process_of_its_own_and_waits_for_the_commit() {
    let lab = Lab::open();
    let world = World::new(&lab, "synced");
    let idle = ONE.replace("replicas: 1", "replicas: 0");
    commit(&world, &idle, "1");
    let skep = Process::run(&world, &[]);
    skep.answers("/readyz", |_, body| body == "ready: acts\n");
    let head = commit(&world, &idle.replace("fast", "slow"), "1");
    let words = ["sync", &world.name, "--wait", "--revision", &head, "--timeout", "60s"];
    let called = call(&world, &words);
    assert_eq!(called.code, 0, "{called:?}\n{}", skep.log());
    let address = format!("http://{}", skep.address());
    let told = call(&world, &["sync", "--address", &address]);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.out.contains(&address), "{told:?}");
    // An operator that sees something fail says in its own log what that wrote, where that is revealed.
    // A service without tasks would be scaled back to none, and its tasks with it.
    let more = format!(
        "  bad:\n    image: {}\n    deploy: {{restart_policy: {{delay: 500ms}}}}\n",
        world.lab.image("crash")
    );
    let bad = commit(&world, &format!("x-skep: {{reveal: [log]}}\n{idle}{more}"), "1");
    assert_eq!(wait(&world, &bad, &[]).code, 1);
    let told = within(PATIENCE, || skep.log().contains("ends with status 1"));
    assert!(told, "{}", skep.log());
}
