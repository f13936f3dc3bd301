//! Mistakes of people, and what they are told.

use std::collections::BTreeMap;

use super::{check, check_with, file_set};
use crate::load::{LoadOptions, load};
use crate::model::SourceName;

#[test]
fn every_mistake_of_a_file_is_told_at_once() {
    insta::assert_snapshot!(check(&[(
        "shop.yml",
        r#"services:
  web:
    imgae: web:1
    replicas: 3
    ports: ["80:80/foo", {target: "80"}]
    environment: {DEBUG: true, PASSWORD: hunter2}
    user: 1000
    healthcheck: {interval: 5, tst: x}
    deploy:
      replicas: "3"
      resources: {limits: {cpus: 0.5, memory: 10x}}
      update_config: {order: start-frist}
    command: 'unclosed "quote'
  api:
    image: UPPER/api
    networks: [zz]
    secrets: [nope]
    volumes: [data:/data, ./conf:/conf]
    depends_on: {web: {condition: service_healthy}}
    extends: {service: web}
    mem_limit: 1g
    privileged: true
    cpus:
  1: {image: x}
"#,
    )]));
}

#[test]
fn values_of_variables_and_secrets_are_never_told() {
    let files = [(
        "s.yml",
        "services:\n  a:\n    image: $SECRET\n    user: ${SECRET}\n    stop_grace_period: $SECRET\n    networks: [$SECRET]\n    deploy: {replicas: $SECRET, mode: $SECRET}\n    environment: {A: {B: hunter2}}\n    ports: [$SECRET]\n    restart: $SECRET\n    volumes: ['$SECRET:/x']\n    configs: [$SECRET]\n    depends_on: [$SECRET, $SECRET]\n",
    )];
    let told = check_with(&files, &[("SECRET", "Hunter2 hunter2")]);
    insta::assert_snapshot!(told, @"
    stack s Partial from s.yml
    error: s.yml:3:12: this is no image: the repository has lowercase letters, digits and separators, its parts are split by '/' (write it like nginx:1.27)
            image: $SECRET
    error: s.yml:5:24: this is not a duration such as 30s, 1m30s or 1.5h (write it in this form)
            stop_grace_period: $SECRET
    error: s.yml:6:16: the network is not declared (declare it under the top-level networks (external: true if it exists))
            networks: [$SECRET]
    error: s.yml:7:24: with its variables filled in, this is not a whole number (check the variable's value)
            deploy: {replicas: $SECRET, mode: $SECRET}
    error: s.yml:7:39: this is no mode of a service (the modes are replicated, global, replicated-job and global-job)
            deploy: {replicas: $SECRET, mode: $SECRET}
    error: s.yml:8:22: has to be text, a number or true or false, not a mapping (write one text)
            environment: {A: {B: …}}
    error: s.yml:9:13: this is not a port: the port inside the container has to be 0 to 65535, or a range (write it like 8080:80)
            ports: [$SECRET]
    error: s.yml:10:14: this is no restart policy (write no, always, unless-stopped, on-failure or on-failure:3)
            restart: $SECRET
    error: s.yml:11:15: the volume is not declared (declare it under the top-level volumes)
            volumes: ['$SECRET:/x']
    error: s.yml:12:15: the config is not declared (declare it under the top-level configs)
            configs: [$SECRET]
    warning: s.yml:13:18: there is no service to wait for (remove it, or declare the service)
            depends_on: [$SECRET, $SECRET]
    error: s.yml:13:27: the entry stands here twice, first as entry 1 (remove one)
            depends_on: [$SECRET, $SECRET]
    warning: s.yml:13:27: there is no service to wait for (remove it, or declare the service)
            depends_on: [$SECRET, $SECRET]
    ");
    assert!(!told.to_lowercase().contains("hunter2"));
}

#[test]
fn a_mistake_written_once_and_used_twice_is_told_once() {
    insta::assert_snapshot!(check(&[(
        "s.yml",
        "x-c: &c {image: x, user: 1}\nservices:\n  a: *c\n  b: {<<: *c, user: '1'}\n  c: *c\n",
    )]), @"
    stack s Partial from s.yml
      service s_b x:latest
      network s_default
    error: s.yml:1:26: has to be text, not a number (put it in quotes)
        x-c: &c {image: x, user: 1}
    ");
}

#[test]
fn rules_across_keys_are_told() {
    insta::assert_snapshot!(check(&[
        (
            "s.yml",
            r#"services:
  a:
    image: x
    healthcheck: {test: x, disable: true}
    deploy: {mode: global, replicas: 2}
    secrets: [{source: s, target: t}, {source: s2, target: t}]
    volumes: [{type: volume, source: v, target: /a, bind: {propagation: shared}}, {type: tmpfs, source: x, target: /b}, {type: bind, target: /c}, {type: image, source: i, target: /d}, {type: volume, target: /e}, {type: volume, target: /e}]
    credential_spec: {file: a, registry: b}
    restart: sometimes
    tmpfs: /run:sise=1
    env_file: [bad.env, none.env]
  no-image: {build: .}
  job: {image: x, deploy: {mode: daily}}
secrets: {s: {file: f}, s2: {file: empty}, s3: {}, s4: {file: f, driver: d}, s5: {file: ../f}, s6: {file: f, name: stk_s}, s7: {content: x}}
configs: {c: {file: f, content: x}, d: {file: /etc/passwd}}
volumes: {v: }
"#,
        ),
        ("f", "x"),
        ("empty", ""),
        ("bad.env", "A B=1\n")
    ]));
}

#[test]
fn traps_that_docker_steps_into_silently_are_warned_of() {
    insta::assert_snapshot!(check(&[(
        "s.yml",
        "services:\n  a:\n    image: x\n    ports: ['127.0.0.1:80:80']\n    volumes: ['v:/v:z,ro']\n    networks: {n: {ipv4_address: 1.2.3.4}}\n    restart: always\n    container_name: x\n    deploy: {restart_policy: {}}\nvolumes: {v: }\nnetworks: {n: }\n---\nservices: {b: {image: x}}\n",
    )]), @"
    stack s Whole from s.yml
      service s_a x:latest
      network s_n
    warning: s.yml:4:13: the address has no effect: Swarm publishes on all addresses (remove it)
            ports: ['127.0.0.1:80:80']
    warning: s.yml:5:15: the option 'z' has no effect in a swarm (remove it)
            volumes: ['v:/v:z,ro']
    warning: s.yml:6:20: 'ipv4_address' has no effect: Swarm chooses the addresses of tasks (remove it)
            networks: {n: {ipv4_address: 1.2.3.4}}
    warning: s.yml:7:14: 'restart' has no effect beside deploy.restart_policy (remove it)
            restart: always
    warning: s.yml:8:5: 'container_name' has no effect: Swarm names the containers of a service itself (remove it)
            container_name: x
    warning: s.yml:13:1: only the first compose document of a file counts, for docker too (put it into a file of its own)
        services: {b: {image: x}}
    ");
}

/// Errors of a file that is asked for by its name.
fn asked_for(text: &str) -> (Vec<String>, usize) {
    let (source, variables) = (SourceName::new("repo").unwrap(), BTreeMap::new());
    let globs = ["a.yml".to_owned()];
    let options = LoadOptions {
        source: &source,
        key: None,
        name: None,
        variables: &variables,
        globs: &globs,
        identities: crate::load::Identities::NONE,
    };
    let loaded = load(&file_set(&[("a.yml", text), ("f", "x")]), &options);
    let secrets = loaded.desired.stacks.values().map(|stack| stack.secrets.len()).sum();
    (loaded.problems.iter().map(ToString::to_string).collect(), secrets)
}

/// Such a file was passed over in silence.
#[test]
fn a_file_that_is_asked_for_and_declares_nothing_is_told() {
    for (text, told) in [
        ("", "a.yml:1:1: nothing is declared here"),
        ("# only a comment\n", "nothing is declared here"),
        ("[]\n", "nothing is declared here"),
        (
            "Services: {a: {image: x}}\n",
            "a.yml:1:1: unknown key 'Services' (did you mean 'services'?)",
        ),
    ] {
        let (problems, _) = asked_for(text);
        assert!(problems.len() == 1 && problems[0].contains(told), "{text}: {problems:?}");
    }
    assert_eq!(asked_for("secrets: {s: {file: f}}\n"), (Vec::new(), 1));
}

#[test]
fn what_exists_already_is_not_described_a_second_time() {
    let text = "\
services: {a: {image: 'x:1'}}
networks: {n: {name: b, external: {name: c}}}
secrets: {s: {name: b, external: {name: c}}}
configs: {c: {name: b, external: true}}
volumes:
  v: {external: true, driver: nfs, labels: {a: b}}
  w: {external: {name: c}, driver_opts: {}}
";
    insta::assert_snapshot!(check(&[("s.yml", text)]), @"
    stack s Partial from s.yml
      service s_a x:1
      network s_default
    error: s.yml:2:22: the name stands here and in external (write external: true and the right name here)
        networks: {n: {name: b, external: {name: c}}}
    error: s.yml:3:21: the name stands here and in external (write external: true and the right name here)
        secrets: {s: {name: b, external: {name: c}}}
    error: s.yml:6:31: 'driver' means nothing for a volume that exists already (remove it, or remove external)
          v: {external: true, driver: nfs, labels: {a: b}}
    error: s.yml:6:36: 'labels' means nothing for a volume that exists already (remove it, or remove external)
          v: {external: true, driver: nfs, labels: {a: b}}
    ");
}

/// docker drops it, and a service starts without the host.
#[test]
fn a_host_without_an_address_is_told() {
    let text = "services: {a: {image: 'x:1', extra_hosts: ['a:1.1.1.1', b]}}\n";
    insta::assert_snapshot!(check(&[("s.yml", text)]), @"
    stack s Partial from s.yml
    error: s.yml:1:57: this host has no address (write NAME:ADDRESS)
        services: {a: {image: 'x:1', extra_hosts: ['a:1.1.1.1', b]}}
    ");
}

#[test]
fn numbers_that_no_engine_can_mean_are_told_without_the_words_of_a_library() {
    let text = "\
services:
  a: {image: 'x:1', healthcheck: {test: x, retries: 9223372036854775808}}
  b: {image: 'x:1', labels: {a: .inf}}
  c: {image: 'x:1', deploy: {replicas: 1.5}}
";
    insta::assert_snapshot!(check(&[("s.yml", text)]), @"
    stack s Partial from s.yml
    error: s.yml:2:53: this number is too large (write another number, or put it in quotes where text is meant)
          a: {image: 'x:1', healthcheck: {test: …, retries: 9223372036854775808}}
    error: s.yml:3:33: this is no number that can be used (write another number, or put it in quotes where text is meant)
          b: {image: 'x:1', labels: {a: .inf}}
    error: s.yml:4:40: has to be a whole number (write it without a fraction)
          c: {image: 'x:1', deploy: {replicas: 1.5}}
    ");
}

/// The secret was missing, and nothing said so.
#[test]
fn an_empty_driver_is_no_origin_of_a_secret() {
    let text =
        "services: {a: {image: 'x:1'}}\nsecrets: {s: {driver: ''}, t: {driver: '', file: f}}\n";
    insta::assert_snapshot!(check(&[("s.yml", text), ("f", "x")]), @"
    stack s Partial from s.yml
      service s_a x:1
      network s_default
      secret s_t
    error: s.yml:2:11: it is not said where the content comes from (write file: PATH, or external: true if it exists already)
        secrets: {s: {driver: ''}, t: {driver: '', file: f}}
    ");
}
