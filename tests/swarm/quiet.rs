//! No value of a secret, a config or a variable leaves the program by any way but to the engine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::lab::{Lab, within};
use crate::process::{Process, call, command, is_done};
use crate::running::IDLE;
use crate::world::{PATIENCE, World};

/// Values that are looked for, and the forms that they take.
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn new(values: [&'static str; 5]) -> Self {
        let forms = values.iter().flat_map(|value| {
            // Base64 of a text within another depends on where it begins there.
            let shifted = (0..3).map(move |shift| {
                let text = format!("{}{value}", "x".repeat(shift));
                let coded = STANDARD.encode(text);
                let inner = &coded[4 * shift.min(1)..coded.len() - 4];
                (*value, inner.to_owned())
            });
            let bytes = value.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
            let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
            shifted.chain([(*value, (*value).to_owned()), (*value, bytes), (*value, hex)])
        });
        Self(forms.collect())
    }

    /// Panics where a value is found, without telling all of the text.
    fn absent(&self, place: &str, text: &str) {
        for (value, form) in &self.0 {
            let line = text.lines().find(|line| line.contains(form.as_str()));
            assert!(line.is_none(), "{place} tells {value} as {form}: {line:?}");
        }
    }
}

const VALUES: [&str; 5] = [
    "canary-first-secret-Zq7",
    "canary-later-secret-Kx4",
    "canary-first-config-Wd2",
    "canary-later-config-Hb9",
    "canary-environment-Pv6",
];

/// The stack with these values in secret and config.
fn commit(world: &World<'_>, secret: &str, config: &str) -> String {
    let text = world.with_images(IDLE).replace("MODE: fast", &format!("MODE: {}", VALUES[4]));
    world.commit(&[
        ("motd.txt", &format!("{config}\n")),
        ("password.txt", &format!("{secret}\n")),
        (&world.file(), &text),
    ])
}

#[test]
fn no_value_is_in_logs_answers_or_output_whatever_is_logged_and_asked_for() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "quiet");
    let canaries = Canaries::new(VALUES);
    let repo = world.repo.path();
    let repo = repo.to_str().expect("text");
    let mut head = commit(&world, VALUES[0], VALUES[2]);
    for form in ["text", "json"] {
        let mut traced = command(&world, world.proxy.path(), &["run", repo, "--log-format", form]);
        traced.env("RUST_LOG", "trace");
        let skep = Process::start(traced);
        skep.reports(|report| is_done(report, &head));
        head = commit(&world, VALUES[1], VALUES[3]);
        skep.reports(|report| is_done(report, &head));
        world.set_mode("web", "odd");
        assert!(within(PATIENCE, || skep.log().contains("changed by hand")), "{}", skep.log());
        skep.reports(|report| is_done(report, &head));
        for path in ["/api/v1/report", "/metrics", "/readyz", "/healthz"] {
            canaries.absent(path, &skep.get(path).expect("an answer").1);
        }
        canaries.absent(&format!("the log as {form}"), &skep.log());
        drop(skep);
        // The first values come back, which the next turn puts on.
        head = commit(&world, VALUES[0], VALUES[2]);
    }
    commands(&world, &canaries);
}

/// What commands say while everything differs.
fn commands(world: &World<'_>, canaries: &Canaries) {
    let repo = world.repo.path();
    let repo = repo.to_str().expect("text");
    world.set_mode("web", "odd");
    let service = format!("service/{}", world.full("web"));
    let mut calls: Vec<Vec<&str>> = Vec::new();
    for form in ["text", "json", "markdown", "html"] {
        calls.push(vec!["diff", repo, "-o", form]);
        calls.push(vec!["plan", repo, "-o", form]);
        calls.push(vec!["status", repo, "-o", form]);
    }
    calls.push(vec!["status"]);
    calls.push(vec!["explain", &service, repo]);
    calls.push(vec!["explain", &service]);
    calls.push(vec!["render", repo, "--engine"]);
    calls.push(vec!["validate", repo]);
    calls.push(vec!["apply", repo, "--min-healthy", "0s"]);
    for words in calls {
        let mut traced = command(world, world.proxy.path(), &words);
        traced.env("RUST_LOG", "trace");
        let called = crate::process::ended(&mut traced);
        assert!(called.out.len() + called.err.len() > 0, "{words:?}: {called:?}");
        // `render` prints what it is asked to print, but for secrets.
        let out = if words[0] == "render" { String::new() } else { called.out };
        canaries.absent(&format!("{words:?}"), &out);
        canaries.absent(&format!("{words:?} (errors)"), &called.err);
    }
    let clean = call(world, &["diff", repo]);
    assert_eq!(clean.code, 0, "{clean:?}");
}
