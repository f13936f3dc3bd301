//! A stack that docker deployed, drawn as files, read again: nothing differs and no task restarts.

#![expect(clippy::disallowed_methods, reason = "a test looks at the files that were written")]

use std::path::Path;

use serde_json::Value;

use crate::lab::{Lab, within};
use crate::process::{Called, call};
use crate::world::{PATIENCE, World, port};

/// Nearly every key that a docker client of the engine's age takes, and nothing that it sends in
/// another order each time, such as one secret that is mounted twice.
const RICH: &str = r#"version: "3.8"
services:
  web:
    image: IMAGE
    hostname: "{{.Service.Name}}-$$x"
    environment: {PLAIN: value, DOLLAR: a$$b, EMPTY: "", LINES: "one\ntwo\n", NUMBER: "010"}
    labels: {team: shop}
    extra_hosts: ["db:10.0.0.9", "v6:fd00::1"]
    dns: [1.1.1.1]
    dns_search: [example.org]
    sysctls: {net.core.somaxconn: "1024"}
    cap_add: [NET_ADMIN]
    ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 512}
    init: true
    stop_grace_period: 3s
    stop_signal: SIGTERM
    ports:
      - {target: 8080, published: PORT, mode: host, protocol: tcp}
    networks: {front: {aliases: [www]}, back: , outside: }
    volumes:
      - data:/data
      - /etc/hostname:/host:ro
      - {type: tmpfs, target: /scratch, tmpfs: {size: 1048576}}
      - {type: volume, source: data, target: /again, volume: {nocopy: true}}
    configs:
      - motd
      - {source: blob, target: /blob, uid: "12", mode: 0440}
      - {source: named, target: /named}
      - {source: foreign, target: /foreign}
    secrets: [password, {source: spare, target: other, mode: 0400}]
    logging: {driver: json-file, options: {max-size: 10m}}
    deploy:
      replicas: 1
      labels: {rule: "Host(`a.example`)"}
      update_config: {parallelism: 2, delay: 1s, order: start-first, failure_action: rollback, max_failure_ratio: 0.1}
      rollback_config: {parallelism: 0}
      restart_policy: {condition: on-failure, delay: 3s, max_attempts: 5, window: 2m}
      placement: {constraints: [node.platform.os == linux], preferences: [{spread: node.labels.zone}]}
      resources: {limits: {cpus: "0.50", memory: 128M}, reservations: {memory: 8M}}
  everywhere:
    image: IMAGE
    healthcheck: {disable: true}
    deploy: {mode: global, endpoint_mode: dnsrr}
  on-host:
    image: IMAGE
    networks: [nodes]
    healthcheck: {test: ["CMD-SHELL", "true"], interval: 10s, timeout: 1s500ms, retries: 4, start_period: 1m}
    deploy: {replicas: 0}
networks:
  front: {driver_opts: {encrypted: ""}, attachable: true, labels: {tier: front}}
  back: {internal: true, ipam: {config: [{subnet: 172.31.77.0/24}]}}
  outside: {external: true, name: STACK-outside}
  nodes: {external: true, name: host}
volumes:
  data: {labels: {a: b}}
configs:
  motd: {file: motd.txt, labels: {kind: text}}
  blob: {file: blob.bin}
  named: {file: motd.txt, name: STACK-named}
  unused: {file: motd.txt}
  foreign: {external: true, name: STACK-foreign}
secrets:
  password: {file: password.txt}
  spare: {file: password.txt}
"#;

/// The stack, deployed by docker; its name.
fn deployed(world: &World<'_>) -> String {
    let stack = format!("{}-rich", world.name);
    let text = world.with_images(RICH).replace("STACK", &stack);
    let dir = world.repo.path();
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.join(name), bytes).expect("a file");
    write("rich.yml", text.replace("PORT", &port().to_string()).as_bytes());
    write("motd.txt", b"pay $5\n  and wait\n");
    write("blob.bin", &[0, 159, 146, 150]);
    write("password.txt", b"hunter2\n");
    let path = |name: &str| dir.join(name).display().to_string();
    let outside = format!("{stack}-outside");
    world.docker(&["network", "create", "--driver", "overlay", "--attachable", &outside]);
    world.docker(&["config", "create", &format!("{stack}-foreign"), &path("motd.txt")]);
    let deploy = ["stack", "deploy", "--with-registry-auth", "--compose-file", &path("rich.yml")];
    world.docker(&[&deploy[..], &[&stack]].concat());
    stack
}

/// Ids of all tasks of a stack that should run, once there are so many.
fn tasks(world: &World<'_>, stack: &str) -> Vec<String> {
    let words =
        ["stack", "ps", "--no-trunc", "--quiet", "--filter", "desired-state=running", stack];
    let ids = || {
        let mut ids: Vec<String> = world.docker(&words).lines().map(str::to_owned).collect();
        ids.sort();
        ids
    };
    assert!(within(PATIENCE, || ids().len() == 2), "{:?}", ids());
    ids()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// Everything in which a source differs from what runs: action, object, fields.
fn differing(called: &Called) -> Vec<(String, String, usize)> {
    let report: Value = serde_json::from_str(&called.out).expect("JSON");
    assert_eq!(report["problems"], serde_json::json!([]), "{called:?}");
    let stacks = report["stacks"].as_array().expect("stacks");
    let drift = stacks.iter().flat_map(|stack| stack["drift"].as_array().expect("drift"));
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let object = |drift: &Value| word(&drift["object"]["name"]);
    drift
        .map(|drift| {
            let fields = drift["fields"].as_array().map_or(0, Vec::len);
            (word(&drift["action"]), object(drift), fields)
        })
        .collect()
}

#[test]
fn what_docker_deployed_is_drawn_taken_over_and_differs_in_nothing() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "import");
    let stack = deployed(&world);
    let before = tasks(&world, &stack);
    let out = world.repo.beside("drawn");
    let import = ["import", &stack, "--output", text(&out)];
    let called = call(&world, &import);
    assert_eq!((called.code, called.err.lines().count()), (0, 1), "{called:?}");
    let file = std::fs::read_to_string(out.join(&stack).join("compose.yml")).expect("a file");
    let blob = std::fs::read(out.join(&stack).join("configs/blob")).expect("a file");
    assert_eq!(blob, [0, 159, 146, 150]);

    // docker takes the file, too, and finds nothing to do.
    let drawn = out.join(&stack).join("compose.yml");
    let deploy = ["stack", "deploy", "--with-registry-auth", "--compose-file", text(&drawn)];
    world.docker(&[&deploy[..], &[&stack]].concat());
    assert_eq!(tasks(&world, &stack), before);

    // Nobody owns it yet: all there is to do is to take it over.
    let first = differing(&call(&world, &["diff", text(&out), "-o", "json"]));
    let other: Vec<_> = first.iter().filter(|(action, _, n)| action != "adopt" || *n > 0).collect();
    assert!(other.is_empty() && !first.is_empty(), "{other:?}");
    let applied = call(&world, &["apply", text(&out), "--min-healthy", "1s", "--timeout", "60s"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(tasks(&world, &stack), before);
    let nothing = call(&world, &["diff", text(&out)]);
    assert_eq!(nothing.code, 0, "{nothing:?}");

    // It is drawn from now on as it was before, and never over what is there.
    let again = call(&world, &import);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.err.contains("--force"), "{again:?}");
    let again = call(&world, &[&import[..], &["--force"]].concat());
    assert_eq!(again.code, 0, "{again:?}");
    let now = std::fs::read_to_string(out.join(&stack).join("compose.yml")).expect("a file");
    assert_eq!(now, file);
    let unknown = call(&world, &["import", "nobody"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
}

const KEYS: [&str; 2] = ["worker", "queue"];

/// Services that `docker service create` made, with a label to find them by; one joins a network of
/// nobody's, the other none.
fn created(world: &World<'_>) -> [String; 2] {
    let network = format!("{}-hand", world.name);
    world.docker(&["network", "create", "--driver", "overlay", &network]);
    let label = format!("by=hand-{}", world.name);
    let names = KEYS.map(|key| world.full(key));
    let image = world.lab.image("1");
    for (name, network) in [(&names[0], None), (&names[1], Some(network.as_str()))] {
        let mut words = vec!["service", "create", "--with-registry-auth", "--label", &label];
        words.extend(["--env", "MODE=fast", "--constraint", "node.platform.os == linux"]);
        words.extend(["--update-monitor", "1s"]);
        words.extend(["--mount", "type=volume,source=hand,target=/data", "--name", name]);
        words.extend(network.into_iter().flat_map(|network| ["--network", network]));
        words.push(image);
        world.docker(&words);
    }
    names
}

#[test]
fn services_of_no_stack_become_part_of_one_by_the_command_that_the_file_tells() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "rest");
    let names = created(&world);
    let out = world.repo.beside("drawn");
    let label = format!("by=hand-{}", world.name);
    let import =
        ["import", "--label", &label, "--rest", &world.name, "--output", text(&out), "--force"];
    let called = call(&world, &import);
    assert_eq!(called.code, 0, "{called:?}");

    // They are nobody's yet: what is declared is held.
    let held = call(&world, &["diff", text(&out), "-o", "json"]);
    let report: Value = serde_json::from_str(&held.out).expect("JSON");
    let reasons = report["stacks"][0]["held"].as_array().expect("held");
    let reasons: Vec<&str> = reasons.iter().filter_map(|held| held["reason"].as_str()).collect();
    assert_eq!(reasons, ["NotOurs"; 2], "{report}");

    for name in &names {
        let told = called.err.lines().find(|line| line.contains(name)).expect("a note");
        let (_, command) = told.split_once("once: docker ").expect("a command");
        world.docker(&command.split(' ').collect::<Vec<_>>());
    }
    let before = KEYS.map(|key| world.tasks(key));
    let called = call(&world, &import);
    assert_eq!((called.code, called.err.lines().count()), (0, 1), "{called:?}");
    let first = differing(&call(&world, &["diff", text(&out), "-o", "json"]));
    let other: Vec<_> = first.iter().filter(|(action, _, n)| action != "adopt" || *n > 0).collect();
    assert!(other.is_empty() && first.len() == names.len(), "{first:?}");
    let applied = call(&world, &["apply", text(&out), "--min-healthy", "1s", "--timeout", "60s"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(KEYS.map(|key| world.tasks(key)), before);
    let nothing = call(&world, &["diff", text(&out)]);
    assert_eq!(nothing.code, 0, "{nothing:?}");
}
