//! Warnings of declarations that do something else than one thinks.

use super::{file_set, loaded};
use crate::model::Severity;

const REST: &str = "volumes: {v: , nfs: {driver_opts: {type: nfs}}, ext: {external: true}}\n";

/// Keys of what is warned of in a service.
fn check(service: &str) -> Vec<String> {
    let files = file_set(&[("s.yml", &format!("services: {{a: {service}}}\n{REST}"))]);
    let loaded = loaded(&files, &[]);
    assert_eq!(loaded.problems, []);
    assert!(loaded.advice.iter().all(|trap| trap.severity == Severity::Warning));
    let key = |key: &str| key.strip_prefix("services.a.").unwrap_or(key).to_owned();
    loaded.advice.iter().map(|trap| key(&trap.key)).collect()
}

const NONE: [&str; 0] = [];
const ORDER: &str = "deploy.update_config.order";

#[test]
fn start_first_with_a_port_of_the_node() {
    let service = |order: &str, mode: &str| {
        format!(
            "{{image: 'x:1', ports: [{{target: 80, published: 80, mode: {mode}}}], deploy: {{update_config: {{order: {order}}}}}}}"
        )
    };
    assert_eq!(check(&service("start-first", "host")), [ORDER]);
    assert_eq!(check(&service("stop-first", "host")), NONE);
    assert_eq!(check(&service("start-first", "ingress")), NONE);
}

#[test]
fn start_first_with_a_volume_that_is_written_to() {
    let service = |mount: &str| {
        format!(
            "{{image: 'x:1', volumes: ['{mount}'], deploy: {{update_config: {{order: start-first}}, placement: {{constraints: [node.hostname == n]}}}}}}"
        )
    };
    assert_eq!(check(&service("v:/v")), [ORDER]);
    for sane in ["v:/v:ro", "nfs:/v", "ext:/v", "/anonymous"] {
        assert_eq!(check(&service(sane)), NONE, "{sane}");
    }
}

#[test]
fn what_lies_on_one_node_in_a_service_that_may_move() {
    let service = |mount: &str, deploy: &str| {
        format!("{{image: 'x:1', volumes: ['{mount}'], deploy: {{{deploy}}}}}")
    };
    for trap in ["v:/v", "/srv/data:/v"] {
        assert_eq!(check(&service(trap, "")), ["volumes[0]"], "{trap}");
        for deploy in
            ["mode: global", "replicas: 0", "placement: {constraints: [node.labels.a == b]}"]
        {
            assert_eq!(check(&service(trap, deploy)), NONE, "{trap} {deploy}");
        }
    }
    for sane in
        ["nfs:/v", "ext:/v", "/v", "/var/run/docker.sock:/s", "/:/host:ro", "/mnt/share/x:/v"]
    {
        assert_eq!(check(&service(sane, "")), NONE, "{sane}");
    }
}

#[test]
fn a_tag_that_moves() {
    let digest = format!("x@sha256:{}", "0".repeat(64));
    for (image, more, told) in [
        ("x", "", &["image"][..]),
        ("host:5000/x", "", &["image"]),
        ("x:latest", "", &["image"]),
        ("x:latest", ", pull_policy: always", &[]),
        ("x", ", pull_policy: missing", &[]),
        ("x:1", "", &[]),
        (&digest, "", &[]),
    ] {
        assert_eq!(check(&format!("{{image: '{image}'{more}}}")), told, "{image}{more}");
    }
}

#[test]
fn a_health_check_that_cannot_work() {
    for (image, test, traps) in [
        ("x:1", "[curl, -f, localhost]", 1),
        ("x:1", "[CMD, 'curl -f localhost']", 1),
        ("x:1", "[CMD, curl, localhost, '||', exit, '1']", 1),
        ("x:1", "[CMD-SHELL, curl, localhost]", 1),
        ("gcr.io/distroless/static:1", "curl localhost", 1),
        ("x:1-distroless", "[CMD-SHELL, curl localhost]", 1),
        ("traefik/whoami:v1.10", "curl localhost", 1),
        ("traefik/whoami:v1.10", "[CMD, /whoami]", 0),
        ("portainer/portainer-ce:2.20-alpine", "curl localhost", 0),
        ("x:1", "curl localhost || exit 1", 0),
        ("x:1", "[CMD, sh, -c, 'a || b']", 0),
        ("x:1", "[CMD-SHELL, a || b]", 0),
        ("x:1", "[NONE]", 0),
        ("x:1", "[]", 0),
        ("x:1", "NONE", 1),
        ("x:1", "CMD curl localhost", 1),
        ("x:1", "'[\"CMD\", \"curl\"]'", 1),
        ("x:1", "'[ -f /ready ]'", 0),
        ("nats:2.10", "[CMD, sh, -c, x]", 1),
        ("nats:2.10-alpine", "[CMD, sh, -c, x]", 0),
        ("gcr.io/distroless/base:debug", "curl localhost", 0),
    ] {
        let told = check(&format!("{{image: '{image}', healthcheck: {{test: {test}}}}}"));
        assert_eq!(told, vec!["healthcheck.test"; traps], "{image} {test}");
    }
}

/// Waiting for the end of a service that Swarm starts again and again.
#[test]
fn a_service_that_never_completes_is_waited_for() {
    let service = |deploy: &str| {
        format!(
            "services: {{a: {{image: 'x:1', depends_on: {{b: {{condition: service_completed_successfully}}}}}}, b: {{image: 'x:1', deploy: {{{deploy}}}}}}}"
        )
    };
    let check = |deploy: &str| -> Vec<String> {
        let loaded = loaded(&file_set(&[("s.yml", &service(deploy))]), &[]);
        assert_eq!(loaded.problems, []);
        loaded.advice.iter().map(|trap| trap.key.clone()).collect()
    };
    for endless in ["", "replicas: 2", "restart_policy: {condition: any}", "mode: global"] {
        assert_eq!(check(endless), ["services.a.depends_on.b"], "{endless}");
    }
    for sane in [
        "mode: replicated-job",
        "mode: global-job",
        "restart_policy: {condition: none}",
        "restart_policy: {condition: on-failure}",
    ] {
        assert_eq!(check(sane), NONE, "{sane}");
    }
}

#[test]
fn a_health_check_that_begins_with_what_the_image_lacks() {
    for (image, more, traps) in [
        ("alpine:3.20", "healthcheck: {test: curl -f localhost || exit 1}", 1),
        ("alpine:3.20", "healthcheck: {test: wget -q localhost}", 0),
        ("alpine:3.20", "healthcheck: {test: 'curl a || wget a'}", 0),
        ("alpine:3.20", "command: sh -c 'apk add curl; x', healthcheck: {test: curl localhost}", 0),
        ("python:3.12-slim-bookworm", "healthcheck: {test: [CMD, wget, a]}", 1),
        ("python:3.12", "healthcheck: {test: [CMD, curl, a]}", 0),
        ("node:22-alpine3.20", "healthcheck: {test: [CMD-SHELL, curl a]}", 1),
        ("traefik:v3.1", "healthcheck: {test: [CMD, curl, a]}", 1),
        ("traefik/whoami:v1.10", "healthcheck: {test: [CMD, wget, a]}", 1),
        ("nginx:1.27-alpine", "healthcheck: {test: [CMD, curl, a]}", 0),
        ("registry.example/shop/alpine:1", "healthcheck: {test: [CMD, curl, a]}", 0),
    ] {
        let told = check(&format!("{{image: '{image}', {more}}}"));
        assert_eq!(told, vec!["healthcheck.test"; traps], "{image} {more}");
    }
}
