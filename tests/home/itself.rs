//! A repository that holds skep's own stack, and asks for another image of it: one that is well, one whose
//! program ends at once, and none at all.

#![expect(clippy::disallowed_methods, reason = "a test measures real time and reads the chart")]

use std::time::Instant;

use crate::image;
use crate::install::{Install, PATIENCE};
use crate::lab::{Claim, Lab, within};
use crate::matrix::Line;
use crate::repo::Repo;
use crate::server::Server;

/// Where the second image differs from the first.
const VERSION: &str = "/etc/skep-version";

/// The chart has 30 seconds, for programs that are slow to fail.
const MONITOR: &str = "\
version: '3.8'
services:
  skep: {deploy: {update_config: {monitor: 10s}}}
";

/// What skep itself runs with, in git and by hand.
type Variables<'a> = [(&'a str, String); 4];

/// skep's own stack and another one in a repository.
struct Home<'a> {
    lab: &'a Lab,
    claim: Claim<'a>,
    repo: Repo,
    /// Name of skep's image, without a tag.
    image: String,
    server: Server,
}

impl Home<'_> {
    fn variables(&self, tag: &str) -> Variables<'_> {
        [
            ("SKEP_SOURCE", self.server.url.clone()),
            ("SKEP_OBSERVE", String::new()),
            ("SKEP_INTERVAL", "1s".to_owned()),
            ("SKEP_IMAGE", format!("{}:{tag}", self.image)),
        ]
    }

    /// Commits which image skep has, and what the other stack says. skep has its turn last.
    fn commit(&self, tag: &str, greeting: &str) -> String {
        let lines = self.variables(tag).map(|(name, value)| format!("    {name}: \"{value}\"\n"));
        let skep = "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: skep}\nspec:\n  \
                    files: [stack.yml, with-registry.yml, monitor.yml]\n  wave: 1\n  variables:\n";
        for file in ["stack.yml", "with-registry.yml"] {
            let chart = format!("{}/charts/skep/{file}", env!("CARGO_MANIFEST_DIR"));
            let chart = std::fs::read_to_string(chart).expect("the chart");
            self.repo.write(&format!("skep/{file}"), &chart);
        }
        self.repo.write("skep/monitor.yml", MONITOR);
        self.repo.write("skep/skep.yml", &format!("{skep}{}", lines.concat()));
        self.commit_shop(greeting)
    }

    /// Commits what the other stack says.
    fn commit_shop(&self, greeting: &str) -> String {
        let shop = format!(
            "services:\n  web:\n    image: {0}\n    environment: {{GREETING: {greeting}}}\n    \
             deploy: {{update_config: {{monitor: 1s}}}}\n  api:\n    image: {0}\n",
            self.lab.image("1")
        );
        self.repo.commit(&format!("{}/compose.yml", self.claim.prefix), &shop)
    }

    fn web(&self) -> String {
        format!("{}_web", self.claim.prefix)
    }

    fn inspect(&self, service: &str, format: &str) -> String {
        let words = ["service", "inspect", "--format", format, service];
        self.lab.docker(self.claim.node, &words)
    }

    /// The version that each write to a service changes, and its tasks that should run.
    fn state(&self, service: &str) -> (String, String) {
        let tasks = ["service", "ps", "--quiet", "--no-trunc", "--filter", "desired-state=running"];
        let tasks = self.lab.docker(self.claim.node, &[&tasks[..], &[service]].concat());
        (self.inspect(service, "{{.Version.Index}}"), tasks)
    }

    /// Waits until the other stack is as committed.
    fn greets(&self, install: &Install<'_>, greeting: &str) {
        let format = "{{range .Spec.TaskTemplate.ContainerSpec.Env}}{{.}}{{end}}";
        let greets = || self.inspect(&self.web(), format) == format!("GREETING={greeting}");
        assert!(within(PATIENCE, greets), "no {greeting}: {}", install.logs());
    }

    /// Image of skep's service, and how its last rollout stands.
    fn own(&self) -> (String, String) {
        let format =
            "{{.Spec.TaskTemplate.ContainerSpec.Image}} {{with .UpdateStatus}}{{.State}}{{end}}";
        let told = self.inspect("skep_skep", format);
        let (image, state) = told.split_once(' ').expect("two words");
        (image.to_owned(), state.to_owned())
    }

    fn rolled(&self, install: &Install<'_>, (tag, digest): (&str, &str), state: &str) {
        let wanted = (format!("{}:{tag}@{digest}", self.image), state.to_owned());
        let rolled = within(PATIENCE, || self.own() == wanted);
        assert!(rolled, "{:?} and not {wanted:?}: {}", self.own(), install.logs());
    }

    /// Networks, secrets and configs, but for what skep remembers.
    fn things(&self) -> Vec<String> {
        let list =
            |kind| self.lab.docker(self.claim.node, &[kind, "ls", "--format", "{{.ID}} {{.Name}}"]);
        let all = ["network", "secret", "config"].map(list).join("\n");
        all.lines().filter(|line| !line.contains(" skep.")).map(str::to_owned).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn skep_rolls_out_its_own_new_image_last_and_holds_a_broken_one_and_does_not_remove_itself() {
    let lab = Lab::alone();
    let claim = lab.claim("three", "home");
    let node = claim.node;
    let repo = Repo::new();
    let server = Server::http_at(lab.here(), &repo.beside("")).await;
    let image = format!("{}/skep/itself", lab.registry.address);
    let home = Home { lab: &lab, claim, repo, image, server };
    let tagged = |tag: &str| format!("{}:{tag}", home.image);
    let install = Install::with_image(&lab, &tagged("1"));
    image::derive(&lab, node, (&tagged("2"), &tagged("1")), (VERSION, b"2\n"));
    let broken = ("/usr/local/bin/skep", &b"#!/bin/sh\necho 'can not start' >&2\nexit 3\n"[..]);
    image::derive(&lab, node, (&tagged("broken"), &tagged("1")), broken);
    let first = image::push(&lab, node, &tagged("1"));
    let second = image::push(&lab, node, &tagged("2"));
    let broken = image::push(&lab, node, &tagged("broken"));
    assert!(first != second && second != broken, "{first} {second} {broken}");
    let logins = std::fs::read(lab.docker_config.join("config.json")).expect("logins");
    install.secret("skep-registry-login", &logins);

    home.commit("1", "hello");
    let variables = home.variables("1");
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let monitor = home.repo.path().join("skep/monitor.yml");
    let monitor = monitor.to_str().expect("text");
    install.deploy(&["stack.yml", "with-registry.yml", monitor], &variables);
    // Taken over as it runs.
    let container = install.container();
    install.says(&["stack=\"skep\"", "settled=\"well\""]);
    assert_eq!(install.container(), container);
    rolls_itself_out(&home, &install, &second);
    holds_what_is_broken(&home, &install, (&second, &broken));
    // Not even when git does not hold it any more does it remove itself.
    home.repo.git(&["rm", "--quiet", "-r", "skep"]);
    home.commit_shop("four");
    install.says(&["held", "object=service/skep_skep", "NeedsApproval", "skep.keep"]);
}

/// Another image and a change of another stack come with one commit.
fn rolls_itself_out(home: &Home<'_>, install: &Install<'_>, second: &str) {
    let api = format!("{}_api", home.claim.prefix);
    let (before, things, container) = (home.state(&api), home.things(), install.container());
    let began = Instant::now();
    let revision = home.commit("2", "good evening");
    install.replaced(container.as_deref());
    let version = install.exec(&["cat", VERSION]);
    assert_eq!(version.as_deref(), Ok("2"), "{}", install.logs());
    home.greets(install, "good evening");
    install.says(&["revision", &revision]);
    install.says(&["stack=\"skep\"", "settled=\"well\""]);
    let took = began.elapsed();
    home.rolled(install, ("2", second), "completed");
    install.healthy();
    let web = home.inspect(&home.web(), "{{.UpdateStatus.CompletedAt.UnixNano}}");
    let own = home.inspect("skep_skep", "{{.UpdateStatus.StartedAt.UnixNano}}");
    assert!(web < own, "its own turn is the last: {web} {own}");
    assert_eq!(home.state(&api), before);
    assert_eq!(home.things(), things);
    let line = Line {
        scenario: "skep's own service gets a new image from git",
        topology: "three (1 manager)",
        must_hold: "the new one goes on and says that all is well, nothing else is touched",
    };
    line.held(home.lab, &format!("well {:.1} s after the commit", took.as_secs_f64()));
}

/// An image whose program ends at once, and three commits after it.
fn holds_what_is_broken(home: &Home<'_>, install: &Install<'_>, (good, broken): (&str, &str)) {
    let began = Instant::now();
    home.commit("broken", "good evening");
    home.rolled(install, ("2", good), "rollback_completed");
    install.says(&["held", "object=service/skep_skep", "Quarantined"]);
    let took = began.elapsed();
    assert_eq!(install.exec(&["cat", VERSION]).as_deref(), Ok("2"));
    let held = home.state("skep_skep");
    for greeting in ["one", "two", "three"] {
        home.commit("broken", greeting);
        home.greets(install, greeting);
    }
    assert_eq!(home.state("skep_skep"), held, "{}", install.logs());
    let status = install.exec(&["skep", "status"]).unwrap_or_else(|told| told);
    // In the engine's words: of the beginning, or of the end where no pass saw it on the way.
    let told = ["rolled back due to failure", "rollback completed"];
    let told = told.iter().any(|words| status.contains(words));
    assert!(told && status.contains("failed skep_skep"), "{status}");
    let failed = ["service", "ps", "--no-trunc", "--format", "{{.Image}} {{.Error}}", "skep_skep"];
    let tasks = home.lab.docker(home.claim.node, &failed);
    let tried = tasks.lines().filter(|task| task.contains(broken)).count();
    let line = Line {
        scenario: "skep's own service gets an image that ends at once",
        topology: "three (1 manager)",
        must_hold: "the engine goes back, skep holds that image and goes on with all else",
    };
    let measured = format!(
        "held {:.1} s after the commit, {tried} tasks of it, 0 writes over 3 commits more",
        took.as_secs_f64()
    );
    line.held(home.lab, &measured);
}
