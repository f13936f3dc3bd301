//! What only a process of its own can show: the time from its start to the end of its first pass,
//! and its largest memory. The program is this one again, with `--alone`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::bench::Bench;
use crate::converge::{now, settle};
use crate::skep::Start;

/// Passes of the process whose memory is measured.
const PASSES: usize = 10;

/// What a process was like.
pub struct Alone {
    /// From its start to the end of its first pass.
    pub first_pass: Duration,
    /// Largest resident set, in bytes.
    pub memory: u64,
}

/// Starts a process and waits for its end.
pub async fn measure(bench: &Bench, repository: &Path) -> Alone {
    let program = std::env::current_exe().expect("a program");
    let start = now();
    let mut child = Command::new(program)
        .arg("--alone")
        .args([repository, &bench.socket, &bench.lab.docker_config])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("a process");
    let output = child.stdout.take().expect("its output");
    let mut lines = BufReader::new(output).lines();
    let mut first_pass = None;
    let mut memory = 0;
    while let Some(line) = lines.next_line().await.expect("a line") {
        first_pass.get_or_insert_with(|| start.elapsed());
        memory = line.parse().unwrap_or(memory);
    }
    assert!(child.wait().await.expect("its end").success());
    Alone { first_pass: first_pass.expect("a pass"), memory }
}

/// The process: reads, passes, says so, goes on passing, and prints its largest memory.
#[expect(clippy::print_stdout, reason = "its parent reads this")]
pub async fn alone(arguments: &[String]) {
    let paths: Vec<PathBuf> = arguments.iter().map(PathBuf::from).collect();
    let Ok([repository, socket, docker_config]) = <[PathBuf; 3]>::try_from(paths) else {
        panic!("{arguments:?}")
    };
    let mut operator = Start { repository, socket, docker_config }.operator();
    operator.read_sources().await;
    operator.pass().await;
    println!("passed");
    settle(&mut operator).await;
    for _ in 0..PASSES {
        operator.pass().await;
    }
    println!("{}", largest_memory());
}

fn largest_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}
