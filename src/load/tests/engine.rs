//! What goes to the engine, in full.

use super::{file_set, loaded, spec_of};
use crate::model::StackName;

/// The service `a` of a file `s.yml`, as JSON.
fn check(service: &str, rest: &str) -> serde_json::Value {
    let text = format!("services:\n  a: {service}\n{rest}");
    let files = file_set(&[("s.yml", &text), ("f", "x"), ("a.env", "B=file\nC=file\nD\n")]);
    let loaded = loaded(&files, &[]);
    assert!(loaded.problems.iter().all(|problem| !problem.is_error()), "{:?}", loaded.problems);
    let stack = &loaded.desired.stacks[&StackName::new("s").unwrap()];
    serde_json::to_value(&stack.services["s_a"].spec).unwrap()
}

#[test]
fn the_four_empty_objects_are_there() {
    insta::assert_json_snapshot!(check("{image: nginx}", ""), @r#"
    {
      "EndpointSpec": {},
      "Labels": {
        "com.docker.stack.image": "nginx",
        "com.docker.stack.namespace": "s"
      },
      "Mode": {
        "Replicated": {}
      },
      "Name": "s_a",
      "TaskTemplate": {
        "ContainerSpec": {
          "Image": "nginx:latest",
          "Labels": {
            "com.docker.stack.namespace": "s"
          },
          "Privileges": {
            "CredentialSpec": null,
            "SELinuxContext": null
          }
        },
        "ForceUpdate": 0,
        "Networks": [
          {
            "Aliases": [
              "a"
            ],
            "Target": "s_default"
          }
        ],
        "Placement": {},
        "Resources": {}
      }
    }
    "#);
}

#[test]
fn a_service_with_everything() {
    let service = r#"
    image: registry.example:5000/shop/web:1.4
    entrypoint: /bin/run --fast
    command: [serve, --port, "80"]
    environment: {B: own, N: 1_000, F: 1.50, E: }
    env_file: a.env
    labels: [x=1, y]
    hostname: '{{.Task.Slot}}'
    user: "1000"
    working_dir: /w
    init: true
    read_only: true
    tty: true
    stdin_open: true
    stop_signal: SIGINT
    stop_grace_period: 1m30s
    sysctls: {net.core.somaxconn: 1024}
    cap_add: [net_admin]
    cap_drop: [ALL]
    ulimits: {nofile: {soft: 1, hard: 2}, core: 0}
    dns: [1.1.1.1]
    dns_search: a.b
    extra_hosts: ["db:10.0.0.1"]
    logging: {driver: json-file, options: {max-size: 10m}}
    oom_score_adj: -5
    healthcheck: {test: curl -f localhost, interval: 10s, retries: 3, start_period: 1m}
    ports: ["8080:80", {target: 443, published: 443, mode: host}]
    networks: {back: {aliases: [www]}, outer: }
    volumes: ["data:/data:ro", "/srv:/srv", {type: tmpfs, target: /t, tmpfs: {size: 1000, mode: 0o1777}}]
    tmpfs: /run:size=64m,mode=755
    secrets: [{source: s, target: pw, uid: "1", mode: 0400}]
    configs: [c]
    deploy:
      replicas: 3
      labels: {team: shop}
      endpoint_mode: dnsrr
      update_config: {order: start-first, failure_action: rollback, delay: 5s, max_failure_ratio: 0.5}
      rollback_config: {parallelism: 0}
      restart_policy: {condition: on-failure, delay: 1s, max_attempts: 3, window: 2m}
      placement:
        constraints: [node.role == worker]
        preferences: [{spread: node.labels.zone}]
        max_replicas_per_node: 1
      resources:
        limits: {cpus: "0.5", memory: 128M, pids: 100}
        reservations: {memory: 64M, generic_resources: [{discrete_resource_spec: {kind: gpu, value: 1}}]}
"#;
    let rest = "networks: {back: {}, outer: {external: true}}\nvolumes: {data: {driver: nfs, driver_opts: {o: rw}}}\nsecrets: {s: {file: f}}\nconfigs: {c: {content: hi}}\n";
    insta::assert_json_snapshot!(check(service, rest));
}

/// Two files with nearly every key that both can have. What came of them was held against what
/// docker sends for `-c base.yml -c over.yml`.
#[test]
fn two_files_make_what_docker_makes_of_them() {
    let base = r#"
services:
  a:
    image: x
    command: [a]
    networks: {n: {aliases: [p, q], driver_opts: {a: b}}}
    labels: [x=1, y]
    environment: [X, Y=1, Z=]
    configs: [{source: c, target: /1}]
    secrets: [s]
    ports: ["8080-8082:80-82", "9000:90/udp", {target: 1, published: 2}]
    deploy: {labels: [a=b], update_config: {parallelism: 0, order: start-first}, resources: {limits: {cpus: "1", memory: 1g}, reservations: {cpus: "0.1"}}, restart_policy: {condition: any, max_attempts: 3}, placement: {}}
    healthcheck: {test: [NONE]}
    cap_add: [A]
    dns_search: [d]
    stop_grace_period: 1m
    extra_hosts: [a:1.1.1.1]
    volumes: [{type: tmpfs, target: /t, tmpfs: {size: 100}}, {type: bind, source: /x, target: /y, bind: {propagation: rslave}}, vol:/v]
    logging: {options: {a: b}}
    isolation: hyperv
    x-foo: {a: b}
networks: {n: {driver_opts: {a: b}, ipam: {config: [{subnet: 10.0.0.0/24}]}}}
configs: {c: {external: true}}
secrets: {s: {file: a.txt}}
volumes: {vol: {labels: {a: b}}}
"#;
    let over = r#"
services:
  a:
    command: "b c"
    networks: {n: {aliases: [z]}, default: }
    labels: {x: 2, z: }
    environment: {X: 1, Y: , W: }
    configs: [{source: c, mode: 0400}]
    secrets: [{source: s, uid: "3"}]
    ports: ["8081:99", {target: 5, published: 2, mode: host}]
    deploy: {labels: {c: d}, update_config: {parallelism: 2}, resources: {limits: {memory: 2g}, reservations: {memory: 3m}}, restart_policy: {delay: 3s}, mode: global}
    healthcheck: {interval: 3s}
    stop_grace_period: 2m
    volumes: [{type: tmpfs, target: /t, tmpfs: {size: 300}}, {type: bind, source: /z, target: /y}, {type: volume, target: /v, source: vol, volume: {nocopy: true}}]
    logging: {driver: syslog, options: {c: d}}
    credential_spec: {registry: x}
networks: {n: {ipam: {config: [{subnet: 10.1.0.0/24}]}}}
secrets: {s: {file: b.txt, labels: {a: b}}}
volumes: {vol: {driver: x}}
"#;
    let stack = "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: s}\nspec: {files: [base.yml, over.yml]}\n";
    let files =
        [("base.yml", base), ("over.yml", over), ("m.yml", stack), ("a.txt", "a"), ("b.txt", "b")];
    let (spec, problems) = super::spec_of(&files, "s_a");
    assert_eq!(problems, [] as [String; 0]);
    insta::assert_json_snapshot!(spec);
}

#[test]
fn a_whole_number_may_be_written_with_a_point() {
    let text = "services: {a: {image: 'x:1', deploy: {replicas: 2.0}, ulimits: {nofile: 1e3}}}\n";
    let (spec, problems) = spec_of(&[("s.yml", text)], "s_a");
    assert_eq!(problems, [""; 0]);
    assert_eq!(spec["Mode"]["Replicated"]["Replicas"], 2);
    assert_eq!(spec["TaskTemplate"]["ContainerSpec"]["Ulimits"][0]["Hard"], 1000);
}

#[test]
fn a_credential_spec_that_names_nothing_is_none() {
    let text = "services: {a: {image: 'x:1', credential_spec: {}}}\n";
    let (spec, problems) = spec_of(&[("s.yml", text)], "s_a");
    assert!(problems.len() == 1 && problems[0].contains("names nothing"), "{problems:?}");
    let privileges = &spec["TaskTemplate"]["ContainerSpec"]["Privileges"];
    assert!(privileges["CredentialSpec"].is_null(), "{privileges}");
}

/// It stood there as 0.0010000000474974513.
#[test]
fn a_ratio_goes_to_the_engine_with_the_digits_that_it_was_written_with() {
    let text =
        "services: {a: {image: 'x:1', deploy: {update_config: {max_failure_ratio: 1e-3}}}}\n";
    let (spec, _) = spec_of(&[("s.yml", text)], "s_a");
    assert_eq!(spec["UpdateConfig"]["MaxFailureRatio"], serde_json::json!(0.001));
}
