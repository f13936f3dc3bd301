//! `skep run` as a process: what it answers, what it says of what is missing, how it ends.

use std::os::unix::fs::symlink;
use std::time::Duration;

use serde_json::Value;

use crate::git_host::GitHost;
use crate::lab::{Lab, within};
use crate::process::{Process, command, is_done};
use crate::proxy::Proxy;
use crate::world::{PATIENCE, SHOP, World};

/// A service that wants no tasks, with all that a service can use.
pub const IDLE: &str = "\
services:
  web:
    image: IMAGE
    environment: {MODE: fast}
    networks: [front]
    configs: [motd]
    secrets: [password]
    deploy: {replicas: 0}
networks:
  front: {}
configs:
  motd: {file: motd.txt}
secrets:
  password: {file: password.txt}
";

/// Longest that a program may take to end after SIGTERM: docker kills it after ten seconds.
const GRACE: Duration = Duration::from_secs(9);

/// Whether everything is as this commit declares it, whatever the tasks do.
fn is_written(report: &Value, commit: &str) -> bool {
    let stacks = report["stacks"].as_array();
    let equal = |stack: &Value| stack["drift"] == Value::Array(Vec::new());
    report["sources"][0]["revision"] == commit
        && stacks.is_some_and(|stacks| !stacks.is_empty() && stacks.iter().all(equal))
}

/// A field of the update that the engine makes of a service.
fn update(world: &World<'_>, service: &str) -> String {
    let format = "{{with .UpdateStatus}}{{.State}}{{end}}";
    world.docker(&["service", "inspect", "--format", format, &world.full(service)])
}

#[test]
fn sigterm_within_a_rollout_ends_the_program_well_and_the_rollout_goes_on() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "sigterm");
    let head = world.commit_shop(SHOP);
    let mut skep = Process::run(&world, &[]);
    skep.reports(|report| is_written(report, &head));
    let mark = world.proxy.mark();
    let head = world.commit_shop(&SHOP.replacen("IMAGE", lab.image("slow"), 1));
    world.write(mark, "update service web");
    assert!(within(PATIENCE, || update(&world, "web") == "updating"));
    skep.terminate();
    let status = skep.end(GRACE);
    assert_eq!(status.code(), Some(0), "{}", skep.log());
    assert!(skep.log().contains("skep ends"), "{}", skep.log());
    assert_eq!(update(&world, "web"), "updating", "the rollout was waited for");
    let mark = world.proxy.mark();
    assert!(within(PATIENCE, || update(&world, "web") == "completed"));
    assert_eq!(world.proxy.lines(mark), Vec::<String>::new());
    let again = Process::run(&world, &[]);
    again.reports(|report| is_written(report, &head));
    assert_eq!(world.wrote(mark), Vec::<String>::new());
}

#[test]
fn readyz_names_the_engine_and_the_git_host_that_are_missing_until_they_are_there() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "ready");
    world.commit(&[("motd.txt", "hello\n"), ("password.txt", "hunter2\n")]);
    let head = world.commit(&[(&world.file(), &world.with_images(IDLE))]);
    let host = GitHost::of(&world.repo);
    host.down();
    let dir = tempfile::tempdir().expect("a directory");
    let engine = dir.path().join("engine.sock");
    let door = Proxy::open(&engine);
    let words = ["run", host.url(), "--interval", "1s"];
    let skep = Process::start(command(&world, door.path(), &words));

    let both = |body: &str| body.contains("the engine does not answer") && body.contains("source ");
    skep.answers("/readyz", |status, body| status == 503 && both(body) && body.contains("503"));
    assert_eq!(skep.get("/healthz"), Some((200, "alive\n".to_owned())));
    symlink(&world.node().socket, &engine).expect("a link");
    let source = |body: &str| body.starts_with("source ") && !body.contains("engine");
    skep.answers("/readyz", |status, body| status == 503 && source(body));
    host.up();
    assert_eq!(skep.answers("/readyz", |status, _| status == 200), "ready: acts\n");
    skep.reports(|report| is_done(report, &head));
    let metrics = skep.answers("/metrics", |status, _| status == 200);
    for line in ["skep_engine_up 1\n", "skep_troubles 0\n"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    assert_eq!(metrics.lines().last(), Some("# EOF"));
    drop(door);
    skep.answers("/readyz", |status, body| status == 503 && body.contains("engine"));
    assert_eq!(skep.get("/healthz"), Some((200, "alive\n".to_owned())));
}

#[test]
fn a_source_that_is_nowhere_is_told_everywhere_and_nothing_is_written() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "nowhere");
    // A port that nobody listens at: it was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/shop.git", listener.local_addr().expect("an address"));
    drop(listener);
    let words = ["run", &url, "--interval", "1s"];
    let mut skep = Process::start(command(&world, world.proxy.path(), &words));
    let told = skep.answers("/readyz", |status, body| status == 503 && body.contains(&url));
    assert!(told.starts_with("source 127.0.0.1"), "{told}");
    let report = skep.reports(|report| report["sources"][0]["error"].is_string());
    assert!(report["sources"][0]["error"].to_string().contains(&url), "{report}");
    let metrics = skep.answers("/metrics", |_, body| body.contains("skep_source_up{"));
    assert!(metrics.lines().any(|l| l.starts_with("skep_source_up{") && l.ends_with("} 0")));
    assert!(skep.log().contains("the source can't be read"), "{}", skep.log());
    assert_eq!(world.proxy.lines(0), Vec::<String>::new());
    skep.terminate();
    assert_eq!(skep.end(GRACE).code(), Some(0));
}

/// Runs `--observe` until a report is wanted, and gives it with the metrics.
fn observed(world: &World<'_>, skep: &Process, wanted: impl Fn(&Value) -> bool) -> (Value, String) {
    let report = skep.reports(wanted);
    // The numbers follow the report by a moment.
    let name = format!("skep_drift_objects{{stack=\"{}\"", world.name);
    let metrics = skep.answers("/metrics", |_, body| body.contains(&name));
    (report, metrics)
}

/// `kind/name action` of everything that differs.
fn drift(report: &Value) -> Vec<String> {
    let list = report["stacks"][0]["drift"].as_array().cloned().unwrap_or_default();
    let line = |one: &Value| format!("{} {}", one["object"]["kind"], one["action"]);
    let mut lines: Vec<String> = list.iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn observe_tells_what_is_missing_and_what_was_changed_and_writes_nothing() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "observe");
    world.commit(&[("motd.txt", "hello\n"), ("password.txt", "hunter2\n")]);
    let head = world.commit(&[(&world.file(), &world.with_images(IDLE))]);
    let observer = Process::run(&world, &["--observe"]);
    let (report, metrics) = observed(&world, &observer, |report| drift(report).len() == 4);
    assert!(drift(&report).iter().all(|line| line.ends_with("\"create\"")), "{report}");
    assert!(metrics.contains("kind=\"service\"} 1"), "{metrics}");
    drop(observer);
    assert_eq!(world.proxy.lines(0), Vec::<String>::new());

    let writer = Process::run(&world, &[]);
    writer.reports(|report| is_done(report, &head));
    drop(writer);
    let mark = world.proxy.mark();
    let observer = Process::run(&world, &["--observe"]);
    observer.reports(|report| is_written(report, &head));
    world.set_mode("web", "odd");
    let changed = |report: &Value| {
        let one = &report["stacks"][0]["drift"][0];
        one["cause"] == "changed-by-hand" && one["fields"][0]["path"] == "environment.MODE"
    };
    let (report, metrics) = observed(&world, &observer, changed);
    assert_eq!(drift(&report), ["\"service\" \"update\""], "{report}");
    assert!(metrics.contains("kind=\"service\"} 1"), "{metrics}");
    let head = world.commit(&[("motd.txt", "good evening\n")]);
    let read = |report: &Value| report["sources"][0]["revision"] == head.as_str();
    observed(&world, &observer, |report| read(report) && drift(report).len() == 2);
    assert_eq!(world.proxy.lines(mark), Vec::<String>::new());
    assert_left_alone(&world);
}

/// What the person did still stands.
fn assert_left_alone(world: &World<'_>) {
    let format = "{{.Spec.TaskTemplate.ContainerSpec.Env}}";
    let words = ["service", "inspect", "--format", format, &world.full("web")];
    assert!(world.docker(&words).contains("MODE=odd"));
}
