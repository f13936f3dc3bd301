//! `skep apply` on a real engine: it waits for the outcome and tells it truthfully.

use crate::lab::Lab;
use crate::process::{Called, call};
use crate::world::World;

/// A service whose failed rollout is rolled back by the engine.
const ONE: &str = "\
services:
  web:
    image: IMAGE
    environment: {MODE: fast}
    deploy:
      replicas: 1
      update_config: {monitor: 3s, failure_action: rollback}
";

/// Commits the service with an image and applies it.
fn apply(world: &World<'_>, text: &str, image: &str) -> Called {
    world.commit(&[(&world.file(), &text.replace("IMAGE", world.lab.image(image)))]);
    applied(world)
}

fn applied(world: &World<'_>) -> Called {
    let repo = world.repo.path();
    let repo = repo.to_str().expect("text");
    call(world, &["apply", repo, "--min-healthy", "1s", "--timeout", "90s"])
}

fn image(world: &World<'_>) -> String {
    let format = "{{.Spec.TaskTemplate.ContainerSpec.Image}}";
    world.docker(&["service", "inspect", "--format", format, &world.full("web")])
}

/// Applies an image that fails in a stack that is well, and again.
fn check(test: &str, bad: &str) {
    let lab = Lab::open();
    let world = World::on(&lab, "one", test);
    let good = apply(&world, ONE, "1");
    assert_eq!(good.code, 0, "{good:?}");
    let failed = apply(&world, ONE, bad);
    assert_eq!(failed.code, 1, "{failed:?}");
    // In the engine's words: of its beginning, or of its end where no pass saw it on the way.
    let told = ["rolled back due to failure", "rollback completed"];
    assert!(told.iter().any(|words| failed.out.contains(words)), "{failed:?}");
    assert_eq!(image(&world), lab.image("1"));
    // What failed by its own fault is not tried again, and that is told too.
    let mark = world.proxy.mark();
    let again = applied(&world);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.out.contains("not tried again"), "{again:?}");
    assert_eq!(world.wrote(mark), Vec::<String>::new());
    // A commit that is well ends it.
    let good = apply(&world, &ONE.replace("fast", "slow"), "1");
    assert_eq!(good.code, 0, "{good:?}");
}

#[test]
fn a_rollout_that_crashes_fails_the_call_tells_of_the_rollback_and_is_not_tried_again() {
    check("crashes", "crash");
}

#[test]
fn a_rollout_that_never_becomes_healthy_fails_the_call_and_tells_of_the_rollback() {
    check("sick", "sick");
}

#[test]
fn a_service_that_crashes_from_its_first_task_on_fails_the_call() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "first");
    let failed = apply(&world, ONE, "crash");
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.out.contains("web"), "{failed:?}");
    // The exit code, and where the log is: output that is no terminal shows it where it is revealed.
    for words in ["non-zero exit (1)", "| (its log is shown on a terminal, by docker service logs "]
    {
        assert!(failed.out.contains(words), "{words}: {failed:?}");
    }
    assert!(!failed.out.contains("ends with status"), "{failed:?}");
    let revealed = apply(&world, &format!("x-skep: {{reveal: [log]}}\n{ONE}"), "crash");
    assert_eq!(revealed.code, 1, "{revealed:?}");
    assert!(revealed.out.contains("| program: ends with status 1 after 0 ms"), "{revealed:?}");
    let repo = world.repo.path();
    let service = format!("service/{}", world.full("web"));
    let told = call(&world, &["explain", &service, repo.to_str().expect("text"), "-o", "json"]);
    let told: serde_json::Value = serde_json::from_str(&told.out).expect("JSON");
    let lines = told["health"]["log"]["lines"].to_string();
    assert!(lines.contains("ends with status 1"), "{told}");
    // The swarm alone knows as much, but what the stack reveals.
    let told = call(&world, &["explain", &service, "-o", "json"]);
    let told: serde_json::Value = serde_json::from_str(&told.out).expect("JSON");
    assert_eq!(told["held"][0]["reason"], "Quarantined", "{told}");
    assert_eq!(told["memory"]["service"]["observed"], told["memory"]["service"]["attempted"]);
    assert_eq!(told["health"]["log"]["lines"][0], "(hidden)", "{told}");
}

#[test]
fn a_suspended_stack_is_held_and_the_call_says_so() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "held");
    let text = ONE.replace("replicas: 1", "replicas: 0");
    assert_eq!(apply(&world, &text, "1").code, 0);
    let suspended = call(&world, &["suspend", &world.name, "--for", "2h", "--reason", "lunch"]);
    assert_eq!(suspended.code, 0, "{suspended:?}");
    let mark = world.proxy.mark();
    let held = apply(&world, &text.replace("fast", "slow"), "1");
    assert_eq!(held.code, 1, "{held:?}");
    assert!(held.out.contains("lunch"), "{held:?}");
    assert_eq!(world.proxy.lines(mark), Vec::<String>::new());
    assert_eq!(call(&world, &["resume", &world.name]).code, 0);
    assert_eq!(applied(&world).code, 0);
}

#[test]
fn what_left_git_is_listed_by_a_dry_run_and_pruned_and_nothing_else_is_written() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "prune");
    let text = ONE.replace("replicas: 1", "replicas: 0");
    let more =
        format!("{text}  old:\n    image: IMAGE\n    networks: [side]\nnetworks: {{side: {{}}}}\n");
    assert_eq!(apply(&world, &more, "1").code, 0);
    // Without --prune it stays, and the call says so.
    let applied = apply(&world, &text, "1");
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(applied.out.contains("--prune"), "{applied:?}");
    let repo = world.repo.path();
    let prune = ["prune", repo.to_str().expect("text")];
    let mark = world.proxy.mark();
    let listed = call(&world, &[&prune[..], &["--dry-run"]].concat());
    assert_eq!((listed.code, world.wrote(mark)), (1, Vec::new()), "{listed:?}");
    for object in
        [format!("service/{}", world.full("old")), format!("network/{}", world.full("side"))]
    {
        assert!(listed.out.contains(&object), "{listed:?}");
    }
    let pruned = call(&world, &prune);
    assert_eq!(pruned.code, 0, "{pruned:?}");
    let wrote = world.wrote(mark);
    let kinds: Vec<&str> =
        wrote.iter().filter_map(|line| line.rsplit_once(' ')).map(|l| l.0).collect();
    assert_eq!(kinds, ["remove service", "remove network"]);
    assert_eq!(world.names("service"), ["web"]);
    let again = call(&world, &prune);
    assert_eq!((again.code, again.out.as_str()), (0, "Nothing is left over.\n"));
}
