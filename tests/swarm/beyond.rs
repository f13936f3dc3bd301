//! What compose can't say, and files of the repository, on a real engine.

use crate::lab::Lab;
use crate::process::{Called, call};
use crate::world::World;

/// Nothing in it needs an engine newer than that of the laboratory.
const TEXT: &str = "\
services:
  web:
    image: WELL
    dns_opt: [\"ndots:1\"]
    group_add: [12]
    security_opt: [\"label:disable\"]
    networks: [ranged]
    volumes: [\"./site:/site\", \"./one.conf:/etc/one.conf:ro\"]
    deploy: {replicas: 1}
  job:
    image: DONE
    deploy: {mode: replicated-job, replicas: 2, restart_policy: {condition: on-failure}}
    x-skep: {max_concurrent: 1}
networks:
  ranged:
    ipam:
      config:
        - {subnet: 10.203.0.0/24, ip_range: 10.203.0.128/25, gateway: 10.203.0.5}
x-skep: {logging: {driver: json-file, options: {max-size: 1m}}}
";

fn apply(world: &World<'_>, content: &str) -> Called {
    let image = |name| world.lab.image(name);
    let text = TEXT.replace("WELL", image("1")).replace("DONE", image("done"));
    world.commit(&[("site/a.txt", "a\n"), ("one.conf", content), (&world.file(), &text)]);
    applied(world)
}

fn applied(world: &World<'_>) -> Called {
    told(world, &["apply"], &["--min-healthy", "1s", "--timeout", "90s"])
}

fn told(world: &World<'_>, verb: &[&str], rest: &[&str]) -> Called {
    let repo = world.repo.path();
    call(world, &[verb, &[repo.to_str().expect("text")], rest].concat())
}

/// Names of the configs that a service mounts, with where.
fn mounted(world: &World<'_>) -> String {
    let format =
        "{{range .Spec.TaskTemplate.ContainerSpec.Configs}}{{.ConfigName}}={{.File.Name}} {{end}}";
    let configs = world.docker(&["service", "inspect", "--format", format, &world.full("web")]);
    configs.replace(&format!("{}_", world.name), "").trim().to_owned()
}

#[test]
fn what_compose_cannot_say_is_read_back_as_it_was_and_files_of_the_repository_roll_services() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "beyond");
    let first = apply(&world, "1\n");
    assert_eq!(first.code, 0, "{first:?}");
    assert_eq!(mounted(&world), "web-one.conf=/etc/one.conf web-site-a.txt=/site/a.txt");
    let tasks = world.tasks("web");
    let differing = told(&world, &["diff"], &[]);
    assert_eq!(differing.code, 0, "{differing:?}");
    let mark = world.proxy.mark();
    assert_eq!(applied(&world).code, 0);
    assert_eq!(world.wrote(mark), Vec::<String>::new());
    assert_eq!(world.tasks("web"), tasks);
    let changed = apply(&world, "2\n");
    assert_eq!(changed.code, 0, "{changed:?}");
    let now = mounted(&world);
    assert!(now.starts_with("web-one.conf-"), "{now}");
    assert!(now.ends_with("=/etc/one.conf web-site-a.txt=/site/a.txt"), "{now}");
    assert_ne!(world.tasks("web"), tasks);
    assert_eq!(told(&world, &["diff"], &[]).code, 0);
}
