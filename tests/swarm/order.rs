//! `depends_on` on a real engine.

use crate::lab::Lab;
use crate::process::call;
use crate::world::World;

/// A database that is healthy after five seconds, a job, and what needs both.
const CHAIN: &str = "\
services:
  web:
    image: FAST
    depends_on:
      db: {condition: service_healthy}
      migrate: {condition: service_completed_successfully}
    deploy: {replicas: 0}
  migrate:
    image: DONE
    depends_on: {db: {condition: service_healthy}}
    deploy: {mode: replicated-job}
  db:
    image: SLOW
";

fn text(lab: &Lab) -> String {
    let images = [("FAST", "1"), ("DONE", "done"), ("SLOW", "slow")];
    images.iter().fold(CHAIN.to_owned(), |text, (word, tag)| text.replace(word, lab.image(tag)))
}

#[test]
fn each_service_is_written_when_what_it_depends_on_is_far_enough() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "order");
    world.commit(&[(&world.file(), &text(&lab))]);
    let repo = world.repo.path();
    let repo = repo.to_str().expect("text");
    let mark = world.proxy.mark();
    // Writes are what this call waits for, and for their sake for the others.
    let applied = call(&world, &["apply", repo, "--no-wait", "--min-healthy", "1s"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let services = |line: &String| line.contains("service");
    let wrote: Vec<String> = world.wrote(mark).into_iter().filter(services).collect();
    let expected = ["create service db", "create service migrate", "create service web"];
    assert_eq!(wrote, expected);
    // Nobody runs the job again for those that wait for it.
    let mark = world.proxy.mark();
    world.commit(&[(
        &world.file(),
        &text(&lab).replace("replicas: 0", "replicas: 0, labels: [a=b]"),
    )]);
    let applied = call(&world, &["apply", repo, "--min-healthy", "1s", "--timeout", "90s"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(world.wrote(mark), ["update service web"]);
}

#[test]
fn what_waits_for_a_service_that_fails_is_not_begun_and_the_call_ends() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "halt");
    let text = text(&lab).replace(lab.image("slow"), lab.image("crash"));
    world.commit(&[(&world.file(), &text)]);
    let repo = world.repo.path();
    let repo = repo.to_str().expect("text");
    let failed = call(&world, &["apply", repo, "--min-healthy", "1s", "--timeout", "120s"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.out.contains("has to be healthy first"), "{failed:?}");
    let there = world.docker(&["service", "ls", "--format", "{{.Name}}"]);
    assert!(there.contains(&world.full("db")), "{there}");
    assert!(!there.contains(&world.full("web")), "{there}");
}

/// What was written of services, without what tells one run of a hook from another.
fn services(world: &World<'_>, mark: usize) -> Vec<String> {
    let wrote = world.wrote(mark).into_iter().filter(|line| line.contains(" service "));
    let short = |line: String| match line.rsplit_once('-') {
        Some((hook, run)) if run.len() == 10 => hook.to_owned(),
        _ => line,
    };
    wrote.map(short).collect()
}

#[test]
fn a_failed_migration_leaves_the_services_untouched_and_one_that_ends_lets_them_pass() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "hook");
    let of = |image: &str| {
        format!(
            "services:\n  web: {{image: '{}', deploy: {{replicas: 0}}}}\n  migrate: {{image: '{}', x-skep: {{hook: pre}}}}\n",
            lab.image("1"),
            lab.image(image)
        )
    };
    let repo = world.repo.path();
    let repo = repo.to_str().expect("text");
    let apply = || call(&world, &["apply", repo, "--min-healthy", "1s", "--timeout", "60s"]);
    world.commit(&[(&world.file(), &of("crash"))]);
    let mark = world.proxy.mark();
    let failed = apply();
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.out.contains("non-zero exit"), "{failed:?}");
    // It is not run again, nor by a commit that changes nothing.
    world.commit(&[(&world.file(), &format!("# nothing\n{}", of("crash")))]);
    assert_eq!(apply().code, 1);
    assert_eq!(services(&world, mark), ["create service migrate"]);
    let mark = world.proxy.mark();
    world.commit(&[(&world.file(), &of("done"))]);
    let applied = apply();
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(services(&world, mark), ["create service migrate", "create service web"]);
}

#[test]
fn two_stacks_come_in_the_order_of_their_waves() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "waves");
    let of = |image: &str, wave: i32| {
        let image = lab.image(image);
        format!("services: {{a: {{image: '{image}'}}}}\nx-skep: {{wave: {wave}}}\n")
    };
    let late = world.file().replace(".yml", "z.yml");
    world.commit(&[(&world.file(), &of("slow", 0)), (&late, &of("1", 1))]);
    let repo = world.repo.path();
    let repo = repo.to_str().expect("text");
    let mark = world.proxy.mark();
    let applied = call(&world, &["apply", repo, "--min-healthy", "1s", "--timeout", "90s"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let wrote: Vec<String> = services(&world, mark);
    let first = wrote.iter().position(|line| line == "create service a");
    let second = wrote.iter().position(|line| line.ends_with("z_a"));
    assert!(first < second && first.is_some(), "{wrote:?}");
}
