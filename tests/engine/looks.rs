//! What a look sees, and that a spec which was read goes back as it was.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use skep::model::ApiVersion;
use skep::model::engine::{Healthcheck, StringMap};
use skep::ports::Swarm;
use skep::swarm::{Host, Options};

use crate::lab::Lab;
use crate::{connect, create, options, service, update};

#[tokio::test]
async fn a_look_names_the_engine_its_swarm_and_its_nodes() {
    let lab = Lab::open();
    let node = lab.manager("one");
    let seen = connect(node).look().await.unwrap();
    let ask = |format: &str| lab.docker(node, &["info", "--format", format]);
    assert_eq!(seen.engine.cluster, ask("{{.Swarm.Cluster.ID}}"));
    assert_eq!(seen.engine.node, ask("{{.Swarm.NodeID}}"));
    assert_eq!(seen.engine.version, ask("{{.ServerVersion}}"));
    assert!(seen.engine.api >= ApiVersion::v1(40), "{}", seen.engine.api);
    assert_eq!(seen.nodes[&seen.engine.node].description.hostname, node.name);
    assert!(seen.networks["ingress"].ingress);
    assert!(seen.gaps.is_empty(), "{:?}", seen.gaps);
}

#[tokio::test]
async fn health_checks_and_fields_that_we_do_not_know_survive_read_and_write() {
    let lab = Lab::open();
    let claim = lab.claim("one", "survive");
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    let mut spec = service(&lab, name, 0);
    let container = spec.task_template.container_spec.get_or_insert_default();
    let check = Box::new(Healthcheck {
        test: vec!["CMD".to_owned(), "true".to_owned()],
        interval: 5_000_000_000,
        retries: 3,
        ..Healthcheck::default()
    });
    container.healthcheck = Some(check.clone());
    // Known to the engine, and no field of ours.
    let options = json!({ "Propagation": "rshared", "NonRecursive": true });
    let mount = json!({ "Type": "bind", "Source": "/tmp", "Target": "/x", "BindOptions": options });
    container.mounts = vec![serde_json::from_value(mount).unwrap()];
    create(&swarm, spec).await.unwrap();

    let before = swarm.look().await.unwrap();
    let label = StringMap::from([("a".to_owned(), "b".to_owned())]);
    update(&swarm, &before, name, |spec| spec.labels = label.clone()).await.unwrap();
    let after = swarm.look().await.unwrap();
    let (before, after) = (&before.services[name].spec, &after.services[name].spec);
    assert_eq!(after.task_template, before.task_template);
    let container = after.task_template.container_spec.as_ref().unwrap();
    assert_eq!(container.healthcheck, Some(check));
    assert_eq!(container.mounts[0].bind_options.as_ref().unwrap().extra["NonRecursive"], true);
    assert_eq!(after.labels, label);
}

#[tokio::test]
async fn looks_one_after_another_see_each_change() {
    let lab = Lab::open();
    let claim = lab.claim("one", "again");
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    create(&swarm, service(&lab, name, 0)).await.unwrap();
    for round in ["1", "2", "3"] {
        let seen = swarm.look().await.unwrap();
        let label = StringMap::from([("round".to_owned(), round.to_owned())]);
        update(&swarm, &seen, name, |spec| spec.labels = label.clone()).await.unwrap();
        let again = swarm.look().await.unwrap();
        assert_eq!(again.services[name].spec.labels, label);
        assert_eq!(swarm.look().await.unwrap().services[name], again.services[name]);
        let fresh = connect(claim.node).look().await.unwrap();
        assert_eq!(fresh.services[name], again.services[name]);
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a program that stands in for ssh")]
async fn dockers_own_dial_stdio_carries_looks_and_writes() {
    let lab = Lab::open();
    let claim = lab.claim("one", "ssh");
    let dir = tempfile::tempdir().unwrap();
    let ssh = dir.path().join("ssh");
    let socket = claim.node.socket.display();
    let text = format!("#!/bin/sh\nexec docker --host unix://{socket} system dial-stdio\n");
    std::fs::write(&ssh, text).unwrap();
    std::fs::set_permissions(&ssh, PermissionsExt::from_mode(0o755)).unwrap();
    let host: Host = "ssh://manager".parse().unwrap();
    let swarm = skep::swarm::connect(&host, Options { ssh, ..options() }).unwrap();
    create(&swarm, service(&lab, &claim.prefix, 0)).await.unwrap();
    assert!(swarm.look().await.unwrap().services.contains_key(&claim.prefix));
}
