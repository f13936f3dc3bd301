//! The program itself, as a process of its own, behind the door that counts.

#![expect(
    clippy::disallowed_methods,
    reason = "a test stands outside: it starts programs, asks them over the network and ends them"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::lab::within;
use crate::world::{PATIENCE, World};

/// What a call came to.
#[derive(Debug)]
pub struct Called {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// `skep run`. Killed when dropped.
pub struct Process {
    child: Child,
    address: SocketAddr,
    dir: tempfile::TempDir,
}

/// The program with nothing of this process's environment but the search path, as the instance of
/// a world, with the lab's logins.
pub fn command(world: &World<'_>, socket: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skep"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", world.repo.beside("home"))
        .env("DOCKER_CONFIG", &world.lab.docker_config)
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .env("SKEP_INSTANCE", &world.name)
        .args(words);
    command
}

/// Calls the program and waits for its end.
pub fn call(world: &World<'_>, words: &[&str]) -> Called {
    ended(&mut command(world, world.proxy.path(), words))
}

/// The same with another environment.
pub fn ended(command: &mut Command) -> Called {
    let output = command.output().expect("the program runs");
    Called {
        code: output.status.code().expect("it ends by itself"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Process {
    /// `skep run` on the world's repository, with further words.
    pub fn run(world: &World<'_>, words: &[&str]) -> Self {
        let repo = world.repo.path();
        let words = [&["run", repo.to_str().expect("text")], words].concat();
        Self::start(command(world, world.proxy.path(), &words))
    }

    /// Starts a command that listens.
    pub fn start(mut command: Command) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let log = File::create(dir.path().join("log")).expect("a file");
        let out = log.try_clone().expect("a file");
        let address = {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().expect("an address")
        };
        command.arg("--listen").arg(address.to_string());
        command.stdin(Stdio::null()).stdout(out).stderr(log);
        let child = command.spawn().expect("the program runs");
        Self { child, address, dir }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills it, as the kernel does when memory is short.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Stops it where it is.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn wake(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Waits until it ends by itself.
    pub fn end(&mut self, limit: Duration) -> ExitStatus {
        let ended = within(limit, || matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)));
        assert!(ended, "it did not end:\n{}", self.log());
        self.child.wait().expect("it ended")
    }

    /// All that it wrote.
    pub fn log(&self) -> String {
        let log = std::fs::read(self.dir.path().join("log")).expect("a file");
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Status and body at a path; `None` while nobody listens.
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: skep\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    /// Waits for an answer that is wanted, and gives its body.
    pub fn answers(&self, path: &str, wanted: impl Fn(u16, &str) -> bool) -> String {
        let mut last = None;
        let found = within(PATIENCE, || {
            last = self.get(path);
            last.as_ref().is_some_and(|(status, body)| wanted(*status, body))
        });
        assert!(found, "{path}: {last:?}\n{}", self.log());
        last.expect("it was there").1
    }

    /// Waits for a report that is wanted, and gives it.
    pub fn reports(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let read = |body: &str| serde_json::from_str(body).unwrap_or(Value::Null);
        read(&self.answers("/api/v1/report", |status, body| status == 200 && wanted(&read(body))))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether a report says that all is as this commit declares it, and nothing is on its way.
pub fn is_done(report: &Value, commit: &str) -> bool {
    let read = |source: &Value| source["revision"] == commit;
    let empty = |list: &Value| list.as_array().is_some_and(Vec::is_empty);
    let done = |stack: &Value| {
        ["drift", "steps", "held", "outcomes"].iter().all(|list| empty(&stack[*list]))
            && stack["settled"] == "well"
    };
    let all = |list: &Value, good: &dyn Fn(&Value) -> bool| {
        list.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(good))
    };
    empty(&report["trouble"]) && all(&report["sources"], &read) && all(&report["stacks"], &done)
}
