//! The laboratory itself: a failure here explains those of all other tests.

use std::time::Duration;

use crate::lab::{Lab, within};

#[test]
fn a_service_answers_on_each_node_with_its_secret_and_goes_without_a_trace() {
    let lab = Lab::open();
    let claim = lab.claim("three", "laboratory");
    let (node, name) = (claim.node, claim.prefix.as_str());
    let password = lab.dir.join("docker/config.json").display().to_string();
    lab.docker(node, &["secret", "create", name, &password]);
    lab.docker(node, &["network", "create", "--driver", "overlay", name]);
    let publish = "mode=host,target=8080,published=18080";
    let create = ["service", "create", "--detach", "--mode", "global", "--with-registry-auth"];
    let rest = ["--publish", publish, "--network", name, "--secret", name, "--name", name];
    lab.docker(node, &[&create[..], &rest, &[lab.image("1")]].concat());

    let answers = || lab.swarms["three"].iter().filter_map(|node| node.get(18080, "/")).count();
    assert!(within(Duration::from_secs(30), || answers() == 3), "{} of 3 answer", answers());
    assert_eq!(node.get(18080, "/").as_deref(), Some("1\n"));
    let secrets = node.get(18080, "/secrets").unwrap_or_default();
    assert!(secrets.starts_with(&format!("{name}={{")), "{secrets}");

    drop(claim);
    for kind in ["service", "network", "secret"] {
        let names = lab.docker(lab.manager("three"), &[kind, "ls", "--format", "{{.Name}}"]);
        assert!(!names.contains("laboratory-"), "{kind}: {names}");
    }
}

#[test]
fn an_engine_that_was_killed_comes_back() {
    let lab = Lab::alone();
    lab.change(&["engine", "one", "kill"]);
    assert!(lab.try_docker(lab.manager("one"), &["node", "ls"]).is_err());
    lab.change(&["engine", "one", "start"]);
    let ready = || {
        lab.try_docker(lab.manager("one"), &["node", "ls"])
            .is_ok_and(|nodes| nodes.contains("Ready"))
    };
    assert!(within(Duration::from_secs(30), ready));
}
