//! `skep plan -o json` and `skep apply --plan`, as a merge request and its merge use them.

#![expect(clippy::disallowed_methods, reason = "a test stands outside: it writes files")]

use std::path::PathBuf;

use crate::lab::Lab;
use crate::process::call;
use crate::world::{SHOP, World};

/// The shop without tasks, and with something secret in its environment.
fn idle() -> String {
    let text = SHOP.replace("replicas: 1", "replicas: 0").replace("replicas: 2", "replicas: 0");
    text.replace("{MODE: fast}", "{MODE: fast, TOKEN: hunter2-and-more}")
}

/// Writes a plan of the repository's newest commit into a file; gives its path.
fn plan(world: &World<'_>) -> String {
    let repo = world.repo.path();
    let words = ["plan", repo.to_str().expect("text"), "--ref", "main", "-o", "json"];
    let planned = call(world, &words);
    assert_eq!(planned.code, 0, "{planned:?}");
    for secret in ["hunter2", "good morning"] {
        assert!(!planned.out.contains(secret), "{secret} is in the plan: {}", planned.out);
    }
    let path: PathBuf = world.repo.beside("plan.json");
    std::fs::write(&path, planned.out).expect("a file");
    path.to_str().expect("text").to_owned()
}

#[test]
fn a_plan_is_carried_out_as_it_was_although_the_branch_moved_on() {
    let lab = Lab::open();
    let world = World::new(&lab, "planned");
    world.commit_shop(&idle());
    let first = plan(&world);
    world.commit_shop(&idle().replace("fast", "slow"));
    let applied = call(&world, &["apply", "--plan", &first, "--min-healthy", "1s"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let format = "{{.Spec.TaskTemplate.ContainerSpec.Env}}";
    let mode = || world.docker(&["service", "inspect", "--format", format, &world.full("web")]);
    assert!(mode().contains("MODE=fast"), "{}", mode());
    let again = call(&world, &["apply", "--plan", &first]);
    assert_eq!(again.code, 2, "it is done already: {again:?}");
    // The next one, with a key in the swarm by now.
    let second = plan(&world);
    let applied = call(&world, &["apply", "--plan", &second, "--min-healthy", "1s"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(mode().contains("MODE=slow"), "{}", mode());
}

#[test]
fn a_plan_is_refused_with_all_that_moved_on_after_a_change_by_hand() {
    let lab = Lab::open();
    let world = World::new(&lab, "moved");
    world.commit_shop(&idle());
    let made = plan(&world);
    assert_eq!(call(&world, &["apply", "--plan", &made]).code, 0);
    world.commit_shop(&idle().replace("fast", "slow"));
    let made = plan(&world);
    world.set_mode("web", "odd");
    world.docker(&["service", "rm", &world.full("worker")]);
    let mark = world.proxy.mark();
    let refused = call(&world, &["apply", "--plan", &made]);
    assert_eq!(refused.code, 2, "{refused:?}");
    for line in [
        format!("update service/{}_web: somebody wrote it meanwhile: version ", world.name),
        format!("create service/{}_worker: it would be written now, and was not", world.name),
    ] {
        assert!(refused.err.contains(&line), "{line}: {refused:?}");
    }
    assert_eq!(world.proxy.lines(mark), Vec::<String>::new());
    let other = call(&world, &["apply", "--plan", &made, "--instance", "other"]);
    assert!(other.err.contains(&format!("the plan is of instance {}", world.name)), "{other:?}");
}
