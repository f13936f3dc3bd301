//! Declarations that are meant to hurt: each is told with its place, memory stays bounded, and
//! what lies beside it is read.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::{Called, directory, text};

/// Bytes of memory that the program may ask for, whatever lies in the source. The program itself,
/// its threads and stacks take about half of it before the first file is read.
const MEMORY: u64 = 512 << 20;
/// One of the files is larger than that.
const HUGE: u64 = 1 << 30;
/// A blob of a repository too; git takes its time for more.
const HUGE_BLOB: u64 = 600 << 20;

/// Runs the program with bounded memory.
fn bounded(arguments: &[&str]) -> Called {
    let limit = format!("ulimit -Sv {} && exec \"$@\"", MEMORY >> 10);
    let mut command = Command::new("sh");
    command.args(["-c", &limit, "sh", env!("CARGO_BIN_EXE_skep")]).args(arguments);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    // Threads and arenas are as many as there are processors, and would count.
    command.env("TOKIO_WORKER_THREADS", "2").env("MALLOC_ARENA_MAX", "2");
    let output = command.output().expect("a shell");
    Called {
        code: output.status.code().expect("it ends by itself"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

fn huge(path: &Path, size: u64) {
    let file = std::fs::File::create(path).expect("a file");
    file.set_len(size).expect("a sparse file");
}

/// One good stack beside one of each kind of harm.
fn zoo() -> TempDir {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(bomb, "a{level}: &a{level} [{aliases}]");
    }
    bomb.push_str("services: {a: {image: x, command: *a29}}\n");
    let deep = format!("services:\n  a: {}", "[".repeat(10_000));
    let long = format!("services: {{{}: {{image: x}}}}\n", "s".repeat(64));
    let dir = directory(&[
        ("good/compose.yml", "services: {web: {image: x}}\n"),
        ("bomb.yml", &bomb),
        ("deep.yml", &deep),
        ("long.yml", &long),
        ("nul.yml", "services:\n  a: {image: \"x\0y\"}\n"),
        ("one/twin.yml", "services: {a: {image: x}}\n"),
        ("two/twin.yml", "services: {b: {image: x}}\n"),
        (
            "uses.yml",
            "services:\n  ok: {image: x}\n  env: {image: x, env_file: huge.env}\n  out: {image: x, \
             env_file: out.env}\n  sec: {image: x, secrets: [s]}\nsecrets: {s: {file: huge.env}}\n",
        ),
    ]);
    std::fs::write(dir.path().join("latin.yml"), b"services:\n  a: {image: caf\xe9}\n")
        .expect("a file");
    huge(&dir.path().join("huge.yml"), HUGE);
    huge(&dir.path().join("huge.env"), HUGE);
    for (name, target) in [
        ("out.yml", "/etc/hostname"),
        ("out.env", "../../../../etc/hostname"),
        ("ring.yml", "ring.yml"),
    ] {
        symlink(target, dir.path().join(name)).expect("a link");
    }
    dir
}

#[test]
fn harm_is_told_with_its_place_and_what_lies_beside_it_is_read() {
    let dir = zoo();
    let called = bounded(&["validate", text(dir.path())]);
    assert_eq!(called.code, 1, "{}", called.err);
    // `good`, of `uses` the service that uses nothing harmful, and nothing of `long`.
    assert_eq!(called.err, "3 stacks, 2 services\n", "{}", called.out);
    insta::assert_snapshot!(called.out);
}

#[test]
fn a_huge_file_by_its_own_name_or_from_standard_input_is_not_read() {
    let dir = directory(&[]);
    let path = dir.path().join("huge.yml");
    huge(&path, HUGE);
    let called = bounded(&["validate", text(&path)]);
    assert_eq!(called.code, 1, "{}", called.err);
    assert!(called.out.contains("huge.yml"), "{}", called.out);
    assert!(called.out.contains("1073741824 bytes"), "{}", called.out);
    let limit = format!("ulimit -Sv {} && exec \"$0\" validate - < \"$1\"", MEMORY >> 10);
    let mut command = assert_cmd::Command::new("sh");
    command.args(["-c", &limit, env!("CARGO_BIN_EXE_skep"), text(&path)]);
    command.env("TOKIO_WORKER_THREADS", "2").env("MALLOC_ARENA_MAX", "2");
    let called = crate::call(command);
    assert_eq!(called.code, 1, "{}", called.err);
    assert!(called.err.contains("standard input is larger than 1048576 bytes"), "{}", called.err);
}

pub(super) fn git(dir: &Path, arguments: &[&str]) {
    let status = Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "core.compression=1"])
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", "/nonexistent")
        .status()
        .expect("git");
    assert!(status.success(), "git {arguments:?}");
}

#[test]
fn a_huge_blob_of_a_repository_is_told_and_not_read() {
    let dir = directory(&[("good/compose.yml", "services: {web: {image: x}}\n")]);
    huge(&dir.path().join("huge.yml"), HUGE_BLOB);
    git(dir.path(), &["init", "--quiet", "--initial-branch=main"]);
    git(dir.path(), &["add", "--all"]);
    git(dir.path(), &["commit", "--quiet", "--message", "x"]);
    let cache = tempfile::tempdir().expect("a directory");
    let called =
        bounded(&["validate", text(dir.path()), "--ref", "main", "--cache", text(cache.path())]);
    assert_eq!(called.code, 1, "{}", called.err);
    assert!(called.out.contains("--> huge.yml"), "{}", called.out);
    assert_eq!(called.err, "1 stack, 1 service\n");
}
