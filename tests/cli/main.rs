//! The program as it is called: arguments, exit codes, what goes to standard output and what to
//! standard error. Nothing here needs an engine.

#![expect(clippy::disallowed_methods, reason = "tests make the files that they read")]
#![expect(clippy::expect_used, reason = "a test may fail")]

mod arguments;
mod convert;
mod declarations;
mod demo;
mod engine;
mod hostile;
mod mistakes;
mod plugin;
mod sealed;
mod secrets;

use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

/// The program with nothing of this process's environment but the search path.
fn skep(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skep"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).args(arguments);
    command
}

/// What a call comes to: exit code, standard output, standard error.
struct Called {
    code: i32,
    out: String,
    err: String,
}

fn call(mut command: Command) -> Called {
    let output = command.output().expect("the program runs");
    Called {
        code: output.status.code().expect("it ends by itself"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
    dir
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}
