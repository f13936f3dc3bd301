//! Values that may be secret, through the whole program: they reach the engine, and no output, no
//! error and no log line, also with everything logged.

mod server;

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::json;
use tempfile::TempDir;

use crate::{Called, directory, text};
use server::Server;

/// Values of variables, arguments and health checks, in git and in the swarm.
const SPEC: &str = "canary-spec+5f1c/9e?b7";
const LIVE: &str = "canary-live+0d4a/31?c2";
/// Contents of a secret and of a config.
const DATA: &str = "canary-data+77aa/20?f9";

/// Declarations with a canary in every slot, and a second stack whose mistakes are about them.
fn source() -> TempDir {
    let shop = format!(
        "services:\n  web: &web\n    image: shop/web:1\n    command: [serve, '{SPEC}']\n    \
         environment: {{PW: '{SPEC}'}}\n    healthcheck: {{test: [CMD, '{SPEC}']}}\n    \
         logging: {{driver: splunk, options: {{splunk-token: '{SPEC}'}}}}\n    secrets: [pw]\n    \
         configs: [site]\n  api: *web\nsecrets: {{pw: {{file: pw}}}}\nconfigs: {{site: {{content: \
         '{DATA}'}}}}\n"
    );
    let wrong = format!(
        "services:\n  a:\n    image: '{SPEC} x'\n    environment: {{PW: ['{SPEC}']}}\n    \
         command: {{x: '{SPEC}'}}\n    env_file: wrong.env\nconfigs: {{c: {{content: ['{DATA}']}}}}\n"
    )
    .replace(&format!("image: '{SPEC} x'"), "image: $PW");
    let env = format!("PW={SPEC}\n");
    let bad = format!("A B={SPEC}\n");
    directory(&[
        ("shop/compose.yml", &shop),
        ("shop/pw", DATA),
        ("wrong/compose.yml", &wrong),
        ("wrong/.env", &env),
        ("wrong/wrong.env", &bad),
    ])
}

/// The swarm: a service of the stack with other values, and a task that repeats them.
fn swarm() -> Server {
    let spec = |value: &str| {
        json!({
            "Name": "shop_web",
            "Labels": {"com.docker.stack.namespace": "shop"},
            "TaskTemplate": {"ContainerSpec": {"Image": "shop/web:0", "Env": [format!("PW={value}")],
                "Args": ["serve", value], "Healthcheck": {"Test": ["CMD", value]}}},
            "Mode": {"Replicated": {"Replicas": 1}},
        })
    };
    let service = json!([{"ID": "s1", "Version": {"Index": 7}, "Spec": spec(LIVE),
        "PreviousSpec": spec(SPEC)}]);
    let message = format!("starting container failed: exec: \"{LIVE}\": not found");
    let task = json!([{"ID": "t1", "Version": {"Index": 7}, "ServiceID": "s1", "Slot": 1, "NodeID": "n",
        "Spec": spec(LIVE)["TaskTemplate"], "DesiredState": "running",
        "Status": {"State": "rejected", "Err": message, "Message": "preparing"}}]);
    let node = json!([{"ID": "n", "Description": {"Hostname": "one"}, "Status": {"State": "ready"},
        "Spec": {"Role": "manager", "Availability": "active"}}]);
    let failed = json!({"ID": "t2", "Version": {"Index": 8}, "ServiceID": "s1", "Slot": 1, "NodeID": "n",
        "Spec": spec(LIVE)["TaskTemplate"], "DesiredState": "shutdown",
        "Status": {"State": "failed", "Err": "task: non-zero exit (1)",
            "ContainerStatus": {"ContainerID": "c2", "ExitCode": 1}}});
    let mut task = task;
    task.as_array_mut().expect("a list").push(failed.clone());
    // What is framed as a log: stream, zeros, length.
    let line = format!("password {DATA}, token {LIVE}\n");
    let length = char::from(u8::try_from(line.len()).expect("short"));
    Server::start(vec![
        ("/tasks/t2/logs", format!("\u{1}\0\0\0\0\0\0{length}{line}")),
        ("/tasks/t2", failed.to_string()),
        ("/services", service.to_string()),
        ("/tasks", task.to_string()),
        ("/nodes", node.to_string()),
    ])
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skep"));
    command.args(arguments).env_clear().env("RUST_LOG", "trace");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

fn called(arguments: &[&str]) -> Called {
    let output = command(arguments).output().expect("the program runs");
    Called {
        code: output.status.code().expect("it ends by itself"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

/// Fails when a text holds a canary, as it is or in a form in which programs pass such things on.
fn check(what: &str, output: &str) {
    for canary in [SPEC, LIVE, DATA] {
        let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
        let url: String = url::form_urlencoded::byte_serialize(canary.as_bytes()).collect();
        let mut needles = vec![canary.to_owned(), canary.replace('/', "\\/"), hex, url];
        for shift in 0..3 {
            // As it stands inside of a longer text.
            let padded = [vec![0; shift], canary.as_bytes().to_vec()].concat();
            let text = STANDARD_NO_PAD.encode(&padded);
            needles.push(text[shift + 1..text.len() - 2].to_owned());
        }
        // As a list of numbers, which is what `Debug` makes of bytes.
        let bytes = format!("{:?}", &canary.as_bytes()[..8]);
        needles.push(bytes.trim_matches(['[', ']']).to_owned());
        for needle in needles {
            assert!(!output.contains(&needle), "{what} holds {needle}:\n{output}");
        }
    }
}

#[test]
fn no_output_of_a_command_holds_a_value_that_may_be_secret() {
    let (dir, swarm) = (source(), swarm());
    let source = text(dir.path());
    let host = ["--host", &swarm.host];
    let forms = [&["-o", "text"][..], &["-o", "json"], &["-o", "markdown"], &["-o", "html"]];
    let with_source = |verb: &[&'static str]| [verb, &[source][..]].concat();
    let looks = [
        with_source(&["diff"]),
        with_source(&["plan"]),
        with_source(&["explain", "service/shop_web"]),
        with_source(&["explain", "secret/shop_pw"]),
        with_source(&["status"]),
        vec!["explain", "service/shop_web"],
        vec!["status"],
    ];
    let mut all = String::new();
    for verb in looks {
        for form in forms {
            let called = called(&[&verb[..], form, &host].concat());
            let output = called.out + &called.err;
            check(&format!("{verb:?} {form:?}"), &output);
            all.push_str(&output);
        }
    }
    for verb in ["validate", "render"] {
        for form in forms {
            let called = called(&[&[verb, source], form].concat());
            check(&format!("{verb} {form:?}"), &(called.out + &called.err));
        }
    }
    // They were about the right things.
    let log = "(its log is shown on a terminal";
    for part in ["environment.PW", "(hidden)", "service/shop_api", "secret/shop_pw", log] {
        assert!(all.contains(part), "nothing says {part}:\n{all}");
    }
}

/// Runs the program until the engine was asked to create a service, and gives all that it printed.
fn until_created(arguments: &[&str], swarm: &Server) -> String {
    let dir = directory(&[("key", "an example of a key of 32 bytes.")]);
    let key = dir.path().join("key");
    let mut child = command(arguments)
        .args(["--host", &swarm.host, "--key-file", text(&key)])
        .env("RUST_LOG", "trace,bollard=trace,bollard::docker=trace,hyper=trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let out = read(child.stdout.take().expect("a pipe"));
    let err = read(child.stderr.take().expect("a pipe"));
    let body = swarm.body_of("/services/create");
    let killed = Command::new("kill").arg(child.id().to_string()).status().expect("kill");
    child.wait().expect("it ends");
    let printed = out.join().expect("a reader") + &err.join().expect("a reader");
    assert!(killed.success(), "it went on until it was stopped:\n{printed}");
    assert!(body.is_some_and(|body| body.contains(SPEC)), "the engine got it:\n{printed}");
    printed
}

/// Reads to the end, beside the test.
fn read(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).expect("text");
        text
    })
}

#[test]
fn applying_sends_values_to_the_engine_and_nowhere_else() {
    let (dir, swarm) = (source(), swarm());
    let printed = until_created(&["apply", text(dir.path())], &swarm);
    check("apply", &printed);
    let body = swarm.body_of("/secrets/create").unwrap_or_default();
    let data = base64::engine::general_purpose::STANDARD.encode(DATA);
    assert!(body.contains(&data), "the engine got it: {body}");
}

#[test]
fn the_operator_logs_no_payload_whatever_is_to_be_logged() {
    for format in ["text", "json"] {
        let (dir, swarm) = (source(), swarm());
        let log = until_created(&["run", text(dir.path()), "--log-format", format], &swarm);
        check("the log", &log);
        assert!(log.contains("TRACE") && log.contains("skep runs"), "everything is logged:\n{log}");
    }
}
