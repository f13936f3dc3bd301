//! Rules of merging, by what they make of a service.

use super::*;
use crate::load::yaml::{FileId, parse};

/// The service `a` of two trees merged, as a text.
fn check(base: &str, over: &str) -> String {
    let tree = |text: &str| {
        let text = format!("services: {{a: {{{text}}}}}");
        parse(text.as_bytes(), FileId::default()).documents.remove(0)
    };
    let mut merged = merge(tree(base), tree(over));
    settle(&mut merged);
    merged.get("services").and_then(|s| s.get("a")).map(show).unwrap_or_default()
}

fn show(node: &Node) -> String {
    match &node.value {
        Value::List(items) => {
            format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) => {
            let entry = |(key, entry): (&String, &Entry)| format!("{key}: {}", show(&entry.node));
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::Null => "~".to_owned(),
        _ => node.scalar_text().unwrap_or_default(),
    }
}

#[test]
fn scalars_are_replaced_also_by_false() {
    assert_eq!(check("tty: true, user: a", "tty: false, user: "), "{tty: false, user: a}");
}

#[test]
fn mappings_and_their_list_forms_run_together() {
    assert_eq!(
        check("environment: [A=1, B=2], labels: {x: 1}", "environment: {B: 3, C: }, labels: [y=2]"),
        "{environment: {A: 1, B: 3, C: ~}, labels: {x: 1, y: 2}}"
    );
}

#[test]
fn what_a_container_runs_is_replaced_as_a_whole() {
    assert_eq!(
        check(
            "command: [a], healthcheck: {test: [CMD, a], retries: 3}",
            "command: b c, healthcheck: {test: x}"
        ),
        "{command: b c, healthcheck: {retries: 3, test: x}}"
    );
}

#[test]
fn ports_run_together_by_what_they_publish() {
    assert_eq!(
        check("ports: ['80:80', '53:53/udp', 9000]", "ports: ['80:8080', '53:53', '9001']"),
        "{ports: [{mode: ingress, protocol: tcp, published: 53, target: 53}, \
         {mode: ingress, protocol: udp, published: 53, target: 53}, \
         {mode: ingress, protocol: tcp, published: 80, target: 8080}, \
         {mode: ingress, protocol: tcp, published: 0, target: 9000}, \
         {mode: ingress, protocol: tcp, published: 0, target: 9001}]}"
    );
}

#[test]
fn mounts_run_together_by_target_and_secrets_by_source() {
    assert_eq!(
        check(
            "volumes: ['/b:/b', '/a:/a'], secrets: [x, y]",
            "volumes: ['/c:/a:ro'], secrets: [{source: x, target: z}]"
        ),
        "{secrets: [{source: x, target: z}, y], volumes: [/c:/a:ro, /b:/b]}"
    );
}

#[test]
fn other_lists_are_appended_and_log_options_follow_their_driver() {
    assert_eq!(
        check(
            "dns: 1.1.1.1, logging: {driver: a, options: {x: 1}}",
            "dns: [8.8.8.8], logging: {options: {y: 2}}"
        ),
        "{dns: [1.1.1.1, 8.8.8.8], logging: {driver: a, options: {x: 1, y: 2}}}"
    );
    assert_eq!(
        check("logging: {driver: a, options: {x: 1}}", "logging: {driver: b}"),
        "{logging: {driver: b}}"
    );
}

#[test]
fn networks_in_both_forms_run_together() {
    assert_eq!(
        check("networks: [n]", "networks: {n: {aliases: [x]}, m: }"),
        "{networks: {m: ~, n: {aliases: [x]}}}"
    );
}

#[test]
fn one_word_is_a_list_of_one() {
    assert_eq!(
        check(
            "dns: a, dns_search: [a], env_file: a.env, tmpfs: '/run:size=1m'",
            "dns: b, dns_search: b, env_file: [b.env], tmpfs: [/tmp, /run]"
        ),
        "{dns: [a, b], dns_search: [a, b], env_file: [a.env, b.env], tmpfs: [/run, /tmp]}"
    );
}

#[test]
fn hosts_of_both_forms_follow_each_other() {
    assert_eq!(
        check("extra_hosts: {b: 1.1.1.1, a: 2.2.2.2}", "extra_hosts: ['b:3.3.3.3']"),
        "{extra_hosts: [a=2.2.2.2, b=1.1.1.1, b:3.3.3.3]}"
    );
}

#[test]
fn a_secret_that_is_mounted_twice_stays_so_beside_another_one() {
    assert_eq!(
        check("secrets: [{source: x, target: a}, {source: x, target: b}, z]", "secrets: [y, z]"),
        "{secrets: [{source: x, target: a}, {source: x, target: b}, y, z]}"
    );
}

#[test]
fn mounts_of_a_merged_service_are_sorted_whoever_has_them() {
    assert_eq!(
        check("volumes: ['/b:/b', '/a:/a']", "tty: true"),
        "{tty: true, volumes: [/a:/a, /b:/b]}"
    );
}

#[test]
fn what_a_service_waits_for_runs_together() {
    assert_eq!(
        check("depends_on: {a: {condition: x}, b: {condition: x}}", "depends_on: [a, c]"),
        "{depends_on: {a: {condition: x}, b: {condition: x}, c: ~}}"
    );
}

#[test]
fn tags_reset_and_override_at_any_depth() {
    assert_eq!(
        check(
            "deploy: {labels: {a: 1, b: 2}, placement: {constraints: [x]}}, cap_add: [A]",
            "deploy: {labels: {a: !reset 0}, placement: !override {max: 1}}, cap_add: !reset []"
        ),
        "{deploy: {labels: {b: 2}, placement: {max: 1}}}"
    );
}
