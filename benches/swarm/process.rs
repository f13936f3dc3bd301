//! What only the program itself can show, as a process of its own: the time from its start to the
//! end of its first pass, and its largest memory.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::bench::Bench;
use crate::converge::now;

/// Passes after the first, before the memory is read.
const PASSES: u64 = 5;
/// Time between questions.
const LOOK: Duration = Duration::from_millis(1);
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a process was like.
pub struct Alone {
    /// From its start to the end of its first pass.
    pub first_pass: Duration,
    /// Largest resident set, in bytes.
    pub memory: u64,
}

/// `skep run`. Killed when dropped.
struct Program {
    child: Child,
    address: SocketAddr,
    _home: TempDir,
}

/// Runs the program on a repository for some passes.
pub fn measure(bench: &Bench, repository: &Path) -> Alone {
    let start = now();
    let program = Program::start(bench, repository);
    let first = program.wait(|passes| passes > 0);
    let first_pass = start.elapsed();
    for done in first..first + PASSES {
        program.ask("POST", "/nudge");
        program.wait(|passes| passes > done);
    }
    Alone { first_pass, memory: program.largest_memory() }
}

impl Program {
    fn start(bench: &Bench, repository: &Path) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let child = Command::new(env!("CARGO_BIN_EXE_skep"))
            .arg("run")
            .arg(repository)
            .args(["--host", &format!("unix://{}", bench.socket.display())])
            .args(["--listen", &address.to_string()])
            // As the operator is called that made what is there.
            .args(["--source-name", "root"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home.path())
            .env("DOCKER_CONFIG", &bench.lab.docker_config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        Self { child, address, _home: home }
    }

    /// Waits for a number of passes, and says how many there were.
    fn wait(&self, wanted: impl Fn(u64) -> bool) -> u64 {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let passes = self.passes();
            if wanted(passes) {
                return passes;
            }
            std::thread::sleep(LOOK);
        }
        panic!("no pass within {PATIENCE:?}: {:?}", self.ask("GET", "/readyz"));
    }

    fn passes(&self) -> u64 {
        let metrics = self.ask("GET", "/metrics").unwrap_or_default();
        let line = metrics.lines().find_map(|line| line.strip_prefix("skep_passes_total "));
        line.map_or(0, |number| number.parse().expect("a number"))
    }

    /// The answer at a path; `None` while nobody listens.
    fn ask(&self, method: &str, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: skep\r\nConnection: close\r\n\r\n")
            .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    fn largest_memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
