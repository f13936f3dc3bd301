//! Posted and read-back forms of one spec have the same fields.

use serde_json::json;

use super::{NamesById, duration_text, fields};
use crate::model::engine::ServiceSpec;

fn spec(value: serde_json::Value) -> ServiceSpec {
    serde_json::from_value(value).expect("a service spec")
}

/// Two spellings that the engine takes for the same.
fn check_same(posted: serde_json::Value, read: serde_json::Value) {
    let names = NamesById::from([
        ("n1".to_owned(), "shop_default".to_owned()),
        ("s1".to_owned(), "shop_pw".to_owned()),
    ]);
    assert_eq!(fields(&spec(posted), &names), fields(&spec(read), &names));
}

/// Two specs that differ in exactly one path.
fn check_differs(one: serde_json::Value, other: serde_json::Value, path: &str) {
    let (one, other) =
        (fields(&spec(one), &NamesById::new()), fields(&spec(other), &NamesById::new()));
    let paths: std::collections::BTreeSet<&String> =
        one.iter().chain(other.iter()).map(|(path, _)| path).collect();
    let differing: Vec<&String> =
        paths.into_iter().filter(|path| one.get(path) != other.get(path)).collect();
    assert_eq!(differing, vec![path]);
}

fn container(value: serde_json::Value) -> serde_json::Value {
    json!({"TaskTemplate": {"ContainerSpec": value}})
}

#[test]
fn what_the_engine_fills_in_is_no_difference() {
    check_same(
        json!({
            "Name": "shop_web",
            "TaskTemplate": {
                "ContainerSpec": {"Image": "x:1", "Privileges": {}, "Mounts": [{"Type": "bind", "Source": "/a", "Target": "/b", "Consistency": "cached", "BindOptions": {}}]},
                "Resources": {}, "Placement": {},
                "Networks": [{"Target": "shop_default", "Aliases": ["web"]}],
                "RestartPolicy": {"Condition": ""}
            },
            "EndpointSpec": {"Ports": [{"TargetPort": 80, "PublishedPort": 8080}]},
            "UpdateConfig": {"Parallelism": 1}
        }),
        json!({
            "Name": "shop_web", "Labels": {},
            "TaskTemplate": {
                "ContainerSpec": {"Image": "x:1", "Isolation": "default", "Labels": null,
                    "Privileges": {"CredentialSpec": null, "SELinuxContext": null, "NoNewPrivileges": false},
                    "Mounts": [{"Type": "bind", "Source": "/a", "Target": "/b"}]},
                "Resources": {"Limits": {}}, "Placement": {"Platforms": [{"Architecture": "amd64", "OS": "linux"}]},
                "Networks": [{"Target": "n1", "Aliases": ["web"]}],
                "RestartPolicy": {"Condition": "any", "MaxAttempts": 0, "Delay": 5_000_000_000_i64},
                "ForceUpdate": 3, "Runtime": "container"
            },
            "Mode": {"Replicated": {"Replicas": 1}},
            "EndpointSpec": {"Mode": "vip", "Ports": [{"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080, "PublishMode": "ingress"}]},
            "UpdateConfig": {"Parallelism": 1, "FailureAction": "pause", "Monitor": 5_000_000_000_i64, "MaxFailureRatio": 0, "Order": "stop-first"}
        }),
    );
}

#[test]
fn order_is_no_difference_where_the_engine_only_restarts_for_it() {
    check_same(
        container(json!({"Env": ["B=2", "A=1"], "Hosts": ["1.1.1.1 a", "2.2.2.2 b"]})),
        container(json!({"Env": ["A=1", "B=2"], "Hosts": ["2.2.2.2 b", "1.1.1.1 a"]})),
    );
    check_same(
        container(json!({"Secrets": [
            {"File": {"Name": "a", "UID": "0", "GID": "0", "Mode": 292}, "SecretID": "", "SecretName": "shop_pw"}]})),
        container(json!({"Secrets": [
            {"File": {"Name": "a", "UID": "0", "GID": "0", "Mode": 292}, "SecretID": "s1", "SecretName": "shop_pw"}]})),
    );
}

#[test]
fn a_changed_field_is_named_by_its_path() {
    check_differs(
        container(json!({"Image": "x:1", "Env": ["A=1"]})),
        container(json!({"Image": "x:1", "Env": ["A=2"]})),
        "environment.A",
    );
    check_differs(container(json!({"Image": "x:1"})), container(json!({"Image": "x:2"})), "image");
    check_differs(
        json!({"Mode": {"Replicated": {"Replicas": 1}}}),
        json!({"Mode": {"Replicated": {"Replicas": 2}}}),
        "deploy.replicas",
    );
    check_differs(json!({"Labels": {"a": "1"}}), json!({}), "deploy.labels.a");
    check_differs(
        json!({"TaskTemplate": {"Placement": {"Constraints": ["node.role==manager"]}}}),
        json!({}),
        "deploy.placement.constraints[node.role==manager]",
    );
    check_differs(
        json!({"EndpointSpec": {"Ports": [{"TargetPort": 80, "PublishedPort": 1}]}}),
        json!({}),
        "ports[1:80/tcp]",
    );
    check_differs(
        json!({"TaskTemplate": {"Resources": {"Limits": {"NanoCPUs": 250_000_000}}}}),
        json!({}),
        "deploy.resources.limits.cpus",
    );
}

#[test]
fn replicas_and_service_labels_leave_the_hash_alone_and_nothing_else_does() {
    let hash = |value| fields(&spec(value), &NamesById::new()).hash();
    let base = hash(json!({"Name": "a"}));
    assert_eq!(base, hash(json!({"Labels": {"x": "1"}, "Mode": {"Replicated": {"Replicas": 5}}})));
    assert_ne!(base, hash(container(json!({"Labels": {"x": "1"}}))));
    assert_ne!(base, hash(json!({"Mode": {"Global": {}}})));
    assert_ne!(
        hash(container(json!({"Env": ["AB=C"]}))),
        hash(container(json!({"Env": ["A=BC"]})))
    );
}

#[test]
fn durations_read_like_in_a_compose_file() {
    assert_eq!(duration_text(90_000_000_000), "1m30s");
    assert_eq!(duration_text(500_000_000), "500ms");
    assert_eq!(duration_text(0), "0s");
}
