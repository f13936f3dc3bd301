//! Files that were drawn make what they were drawn from, to the byte: drawn again from what they
//! make in an empty swarm, they are the same.

#![expect(clippy::disallowed_methods, reason = "the examples are files of this project")]

use std::path::Path;

use skep::model::ApiVersion;

use crate::round::again;
use crate::{check, rich};

async fn stable(what: &str, files: &[(&str, &[u8])]) {
    let round = check(files, 51).await;
    let first = round.drawings;
    let second = again(&first, &round.observed, ApiVersion::v1(51)).await;
    assert_eq!(second, first, "{what}");
}

/// All files of a directory of this project.
fn read(directory: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut files = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).expect("below").display().to_string();
            files.push((name, std::fs::read(&path).expect("a file")));
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn the_examples_come_back_to_the_byte() {
    for example in std::fs::read_dir("examples").expect("examples") {
        let example = example.expect("an entry").path().display().to_string();
        let files = read(&example);
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        stable(&example, &files).await;
    }
}

#[tokio::test]
async fn a_stack_with_nearly_every_key_comes_back_to_the_byte() {
    stable("rich", &rich()).await;
}

/// Services, each of which has one thing that is easily lost.
const EDGES: [&str; 24] = [
    "x-skep: {default_network: false}",
    "ports: [{target: 80, name: web}, {target: 81, published: 81, name: other, protocol: udp}]",
    "ports: ['8000-8002:8000-8002/tcp', '9000/sctp']",
    "environment: {A: '', B: ' ', C: '$$x', D: '#', E: \"a\\nb\", F: 'null', G: '~', H: '0x1'}",
    "environment: ['A=b=c', 'B=', C]",
    "labels: {'a.b/c': \"x: y\", e: ''}",
    "command: ['']",
    "entrypoint: ['sh', '-c', 'echo \"$$HOME\" && :']",
    "command: []",
    "healthcheck: {test: ['NONE']}",
    "healthcheck: {test: ['CMD', 'a', ''], retries: 0, interval: 0s, start_interval: 1ms}",
    "healthcheck: {interval: 1h0m0.5s}",
    "extra_hosts: {a: '::1', b: 10.0.0.1}",
    "dns: []",
    "init: false",
    "stop_grace_period: 0s",
    "tmpfs: ['/run:size=64m,mode=1777', /tmp]",
    "volumes: [{type: volume, source: v, target: /v, read_only: true, volume: {nocopy: true}}]",
    "volumes: ['v:/v', '/a b:/c d', {type: bind, source: /x, target: /y, bind: {propagation: z}}]",
    "deploy: {replicas: 0, update_config: {}, rollback_config: {max_failure_ratio: 0.3}}",
    "deploy: {mode: global-job, restart_policy: {condition: none}}",
    "deploy: {mode: replicated-job, replicas: 4}",
    "deploy: {restart_policy: {}, placement: {}, resources: {limits: {cpus: '0.001', memory: 5000001b}}}",
    "ulimits: {nofile: -1, core: {soft: 0, hard: -1}}",
];

#[tokio::test]
async fn what_is_easily_lost_comes_back_to_the_byte() {
    for edge in EDGES {
        let edge = edge.replace("propagation: z", "propagation: shared");
        let volumes =
            if edge.contains("'v:") || edge.contains("source: v") { "{v: }" } else { "{}" };
        let text = format!(
            "services:\n  a:\n    image: registry.test/a:1\n    {edge}\nvolumes: {volumes}\n"
        );
        stable(&edge, &[("edge.yml", text.as_bytes())]).await;
    }
}
