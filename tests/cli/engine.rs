//! Commands against an engine that is not there.

use crate::{call, directory, skep, text};

const FILE: &str = "services:\n  web:\n    image: shop/web:1\n";

#[test]
fn an_engine_that_is_not_there_is_an_error_told_once() {
    let dir = directory(&[("shop/compose.yml", FILE)]);
    let socket = dir.path().join("no.sock");
    let host = format!("unix://{}", text(&socket));
    let source = text(dir.path());
    for arguments in [
        &["diff", source][..],
        &["plan", source],
        &["apply", source],
        &["status"],
        &["explain", "service/shop_web", source],
        &["suspend", "--all"],
        &["resume", "shop"],
        &["approve", "shop", "0123456789"],
        &["retry", "shop"],
        &["wait", "shop"],
        &["sync"],
        &["import"],
    ] {
        let called = call(skep(&[arguments, &["--host", &host]].concat()));
        assert_eq!(called.code, 2, "{arguments:?}: {}", called.err);
        assert!(called.err.starts_with("error: "), "{arguments:?}: {}", called.err);
        assert!(called.err.contains("no.sock"), "{arguments:?}: {}", called.err);
        let causes = called.err.matches("No such file").count();
        assert!(causes <= 1, "{arguments:?} tells a cause twice: {}", called.err);
    }
}

#[test]
fn a_file_that_is_no_plan_is_told_before_anything_is_asked() {
    let basis = r#"{"format":2,"instance":"skep","swarm":"c","source":{"address":"x","source_name":"x"},"prune":false,"keyed":true,"revisions":{},"stacks":{}}"#;
    let dir = directory(&[("report.json", "{}"), ("new.json", &format!("{{\"basis\":{basis}}}"))]);
    for (file, words) in [
        ("nowhere.json", "No such file"),
        ("report.json", "`skep plan -o json` did not write it"),
        ("new.json", "it has format 2, this skep knows 1"),
    ] {
        let called = call(skep(&["apply", "--plan", text(&dir.path().join(file))]));
        assert_eq!(called.code, 2, "{file}: {}", called.err);
        assert!(called.err.contains(words), "{file}: {}", called.err);
    }
    let called = call(skep(&["apply"]));
    assert!(called.err.contains("<SOURCE>"), "{}", called.err);
    let called = call(skep(&["apply", "--plan", "x", "--prune"]));
    assert!(called.err.contains("cannot be used with"), "{}", called.err);
}

#[test]
fn docker_host_says_where_the_engine_is() {
    let mut command = skep(&["status"]);
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    assert!(call(command).err.contains("/nowhere/docker.sock"));
}

#[test]
fn health_ends_with_1_when_nobody_answers() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").to_string()
    };
    let called = call(skep(&["health", "--listen", &port]));
    assert_eq!(called.code, 1, "{}", called.err);
}

#[test]
fn run_says_what_it_is_missing_and_ends_at_a_signal() {
    let dir = directory(&[("shop/compose.yml", FILE)]);
    let host = format!("unix://{}", text(&dir.path().join("no.sock")));
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_skep"))
        .args(["run", text(dir.path()), "--host", &host, "--log-format", "json"])
        .env_clear()
        .env("RUST_LOG", "trace")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program runs");
    let lines = std::io::BufReader::new(child.stderr.take().expect("a pipe"));
    let mut seen = Vec::new();
    for line in std::io::BufRead::lines(lines) {
        let line = line.expect("a line");
        let json: serde_json::Value = serde_json::from_str(&line).expect("JSON lines");
        if json["level"] == "ERROR" && json["message"].to_string().contains("engine") {
            let id = child.id().to_string();
            let killed = std::process::Command::new("kill").arg(id).status().expect("kill");
            assert!(killed.success());
        }
        seen.push(line);
    }
    assert!(child.wait().expect("it ends").success(), "{seen:?}");
    assert!(seen.iter().any(|line| line.contains("skep ends")), "{seen:?}");
}
