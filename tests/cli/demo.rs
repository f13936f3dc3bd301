//! `skep demo`, as somebody sees it who has nothing but this program and `git`.

#![expect(clippy::panic, reason = "a test may fail")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::{call, skep, text};

/// The demo, with a directory for temporary files of its own.
fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["demo"], more].concat()
}

fn is_empty(directory: &TempDir) -> bool {
    std::fs::read_dir(directory.path()).expect("a directory").next().is_none()
}

/// Fails unless these lines (or parts of lines) are there, in this order.
#[track_caller]
fn in_order(output: &str, wanted: &[&str]) {
    let mut rest = output;
    for part in wanted {
        let found = rest.find(part);
        let at = found.unwrap_or_else(|| panic!("no {part:?} (in this place) in:\n{output}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn the_demo_shows_plan_convergence_drift_and_a_rollout_and_leaves_nothing() {
    let temporary = tempfile::tempdir().expect("a directory");
    let mut command = skep(&arguments(&["--once"]));
    command.env("TMPDIR", temporary.path());
    let called = call(command);
    assert_eq!(called.code, 0, "{}{}", called.out, called.err);
    let shown = [
        "held\n    service/monitoring_metrics\n      Waiting: ",
        "create network/shop_back",
        "create service/shop_api",
        "to do, 1 held.",
        "everything is healthy after",
        "Nothing differs (2 stacks, 4 services).",
        "by hand",
        "skep finds it after",
        "~ service/shop_api  (changed by hand)",
        "deploy.replicas: 1 → 3\n",
        "environment.SHOP_CURRENCY: (hidden) → (hidden)\n",
        "1 to update (2 fields differ)",
        "repaired: everything is healthy",
        "Nothing differs (2 stacks, 4 services).",
        "] The new api, and longer pages\n",
        "+ config/shop_api-",
        "~ service/shop_api  (git moved)",
        "image: busybox:1.36@sha256:",
        " → busybox:1.37@sha256:",
        "rolled out: everything is healthy",
        "Nothing differs (2 stacks, 4 services).",
    ];
    in_order(&called.out, &shown);
    let replicas = ["update service/shop_api done", "0/3", "1/3", "2/3", "3/3  healthy"];
    in_order(&called.err, &replicas);
    assert!(is_empty(&temporary), "something is left in {}", temporary.path().display());
}

/// A demo that runs. Killed when dropped, where it did not end by itself.
struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    seen: Vec<String>,
}

impl Running {
    fn start(temporary: &TempDir, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_skep"))
            .args(arguments(more))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, lines, seen: Vec::new() }
    }

    /// Reads on until a line holds this.
    #[track_caller]
    fn read_to(&mut self, part: &str) -> String {
        for line in self.lines.by_ref() {
            let line = line.expect("text");
            self.seen.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
        panic!("it ended before {part:?}:\n{}", self.seen.join("\n"));
    }

    fn terminate(&mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().expect("kill").success());
    }

    /// Its exit code, once it ended.
    fn end(mut self) -> Option<i32> {
        self.lines.by_ref().for_each(drop);
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail for a process that ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn commit(repository: &Path, old: &str, new: &str) {
    let file = repository.join("shop.yml");
    let stack = std::fs::read_to_string(&file).expect("the stack file");
    assert!(stack.contains(old), "{stack}");
    std::fs::write(&file, stack.replace(old, new)).expect("a file");
    let mut git = Command::new("git");
    git.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    git.arg("-C").arg(repository).args(["commit", "--quiet", "--all", "--message", "a change"]);
    assert!(git.status().expect("git").success());
}

#[test]
fn commits_of_the_reader_are_rolled_out_until_a_signal_comes() {
    let temporary = tempfile::tempdir().expect("a directory");
    let kept = temporary.path().join("kept");
    let mut demo = Running::start(&temporary, &["--dir", text(&kept)]);
    demo.read_to("Your turn");
    commit(&kept, "alpine:3.20", "alpine:3.21");
    demo.read_to("a change");
    demo.read_to("~ service/shop_worker  (git moved)");
    demo.read_to("image: alpine:3.20@sha256:");
    demo.read_to("done: everything is healthy after");
    commit(&kept, "image: alpine", "imge: alpine");
    demo.read_to("a change");
    demo.terminate();
    demo.read_to("the repository is kept in");
    assert_eq!(demo.end(), Some(0));
    let left: Vec<_> = std::fs::read_dir(temporary.path()).expect("a directory").collect();
    assert_eq!(left.len(), 1, "more than the repository is left: {left:?}");
}

#[test]
fn a_demo_that_is_stopped_before_its_end_says_so_and_leaves_nothing() {
    let temporary = tempfile::tempdir().expect("a directory");
    let mut demo = Running::start(&temporary, &["--once"]);
    demo.read_to("everything is healthy");
    demo.terminate();
    assert_eq!(demo.end(), Some(1));
    assert!(is_empty(&temporary), "something is left in {}", temporary.path().display());
}

#[test]
fn a_directory_with_something_in_it_is_left_alone() {
    let directory = crate::directory(&[("mine.txt", "mine")]);
    let called = call(skep(&arguments(&["--once", "--dir", text(directory.path())])));
    assert_eq!(called.code, 2, "{}", called.err);
    assert!(called.err.contains("the directory is not empty"), "{}", called.err);
    assert_eq!(std::fs::read_dir(directory.path()).expect("a directory").count(), 1);
}

#[test]
fn an_engine_that_is_no_manager_is_told_with_what_to_do() {
    let mut command = skep(&arguments(&["--docker", "--once"]));
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let called = call(command);
    assert_eq!(called.code, 2, "{}", called.err);
    assert!(called.err.contains("/nowhere/docker.sock"), "{}", called.err);
    assert!(called.err.contains("docker swarm init"), "{}", called.err);
}
