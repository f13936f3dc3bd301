//! `skep demo --docker` on a real engine: the same as on the simulated swarm, and nothing is left.
#![expect(clippy::disallowed_methods, reason = "a test runs the program and reads its directory")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::lab::{Lab, within};

/// The demo on the swarm of one node, as somebody runs it whose docker client is set up for that.
fn demo(lab: &Lab, temporary: &Path, more: &[&str]) -> Output {
    let socket = lab.manager("one").socket.display().to_string();
    Command::new(env!("CARGO_BIN_EXE_skep"))
        .args(["demo", "--docker", "--once"])
        .args(more)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("DOCKER_HOST", format!("unix://{socket}"))
        .env("DOCKER_CONFIG", &lab.docker_config)
        .env("TMPDIR", temporary)
        .output()
        .expect("the program runs")
}

/// Names of all objects of the swarm of one node.
fn names(lab: &Lab) -> Vec<String> {
    let node = lab.manager("one");
    let kinds = ["service", "network", "secret", "config", "volume"];
    let lists = kinds.map(|kind| lab.docker(node, &[kind, "ls", "--format", "{{.Name}}"]));
    let mut names: Vec<_> = lists.iter().flat_map(|l| l.lines().map(str::to_owned)).collect();
    names.sort();
    names
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_demo_on_an_engine_repairs_and_rolls_out_and_removes_what_it_made_and_nothing_else() {
    let lab = Lab::alone();
    let claim = lab.claim("one", "demo");
    let (theirs, copied) = (format!("{}-theirs", claim.prefix), format!("{}-copied", claim.prefix));
    let label = "skep.owner=skep-demo/secret/shop_database-password";
    for (name, label) in [(&theirs, "a=b"), (&copied, label)] {
        lab.docker(claim.node, &["config", "create", "--label", label, name, "/etc/hostname"]);
    }
    let before = names(&lab);
    let temporary = tempfile::tempdir().expect("a directory");
    let output = demo(&lab, temporary.path(), &["--image", lab.image("1")]);
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    for part in [
        "Nothing differs (1 stacks, 3 services).",
        "~ service/shop_api  (changed by hand)\n      deploy.replicas: 1 → 3\n",
        "repaired: everything is healthy",
        "+ config/shop_api-",
        "rolled out: everything is healthy",
        "removed from the swarm: ",
    ] {
        assert!(out.contains(part), "no {part:?} in:\n{out}\n{err}");
    }
    // The engine lists a network until the last node has let go of it.
    assert!(within(Duration::from_secs(30), || names(&lab) == before), "{:?}", names(&lab));
    assert_eq!(std::fs::read_dir(temporary.path()).expect("a directory").count(), 0);
}

#[test]
fn the_demo_touches_no_stack_that_has_its_name() {
    let lab = Lab::alone();
    let node = lab.manager("one");
    lab.docker(node, &["config", "create", "shop_theirs", "/etc/hostname"]);
    let before = names(&lab);
    let temporary = tempfile::tempdir().expect("a directory");
    let output = demo(&lab, temporary.path(), &["--image", lab.image("1")]);
    let after = names(&lab);
    lab.docker(node, &["config", "rm", "shop_theirs"]);
    let (_, err) = texts(&output);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("something called shop_theirs"), "{err}");
    assert_eq!(after, before);
}
