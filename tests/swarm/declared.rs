//! A repository that another repository declares as a source.

use crate::lab::Lab;
use crate::process::{Process, call, command};
use crate::repo::Repo;
use crate::world::World;

const ONE: &str = "\
services:
  web:
    image: IMAGE
    environment: {MODE: fast}
    deploy: {replicas: 0}
";

/// A root repository that declares the world's.
fn root(world: &World<'_>) -> Repo {
    let root = Repo::new();
    let team = world.repo.path();
    let source = format!(
        "apiVersion: skep/v1\nkind: Source\nmetadata: {{name: team}}\nspec: {{url: '{}', branch: main}}\n",
        team.display()
    );
    root.commit("team.yml", &source);
    root
}

#[test]
fn commands_and_operator_go_by_the_repository_that_a_repository_declares() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "declared");
    let root = root(&world);
    let root = root.path();
    let root = root.to_str().expect("text");
    world.commit(&[(&world.file(), &world.with_images(ONE))]);
    let diff = call(&world, &["diff", root]);
    assert_eq!(diff.code, 1, "{diff:?}");
    assert!(diff.out.contains(&world.full("web")), "{diff:?}");
    let applied = call(&world, &["apply", root]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let object = format!("service/{}", world.full("web"));
    let explained = call(&world, &["explain", &object, root]);
    assert!(explained.out.contains("source team at "), "{explained:?}");
    let skep = Process::start(command(&world, world.proxy.path(), &["run", root]));
    let mark = world.proxy.mark();
    let head = world.commit(&[(&world.file(), &world.with_images(&ONE.replace("fast", "slow")))]);
    world.write(mark, "update service web");
    let report = skep.reports(|report| report["sources"][1]["revision"] == *head);
    assert_eq!(report["sources"][1]["name"], "team");
}

#[test]
fn a_declared_repository_that_is_not_there_is_named_and_the_rest_goes_on() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "undeclared");
    let gone = "apiVersion: skep/v1\nkind: Source\nmetadata: {name: gone}\nspec: {url: 'file:///nowhere/at/all.git'}\n";
    world.commit(&[(&world.file(), &world.with_images(ONE)), ("gone.yml", gone)]);
    let root = world.repo.path();
    let applied = call(&world, &["apply", root.to_str().expect("text")]);
    assert_eq!(applied.code, 2, "{applied:?}");
    assert!(applied.out.contains("/nowhere/at/all.git"), "{applied:?}");
    assert_eq!(world.names("service"), ["web"]);
}

#[test]
fn what_was_made_before_a_declared_repository_was_read_was_not_shown() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "shown");
    let root = root(&world);
    world.commit(&[(&world.file(), &world.with_images(ONE))]);
    let first = format!("{}-first", world.name);
    let text = format!("name: {first}\n{}", world.with_images(ONE));
    root.commit("first.yml", &text);
    let applied = call(&world, &["apply", root.path().to_str().expect("text")]);
    world.docker(&["stack", "rm", &first]);
    assert_eq!(applied.code, 0, "{applied:?}");
    for service in [format!("{first}_web"), world.full("web")] {
        assert!(applied.err.contains(&format!("create service/{service}")), "{applied:?}");
    }
}
