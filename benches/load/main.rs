//! Loading a large repository, beside `docker stack config`: `cargo bench --bench load [FILES …]`.
//! Each file is a stack of five services. Needs nothing but the docker client, and does without it.

#![expect(clippy::disallowed_methods, reason = "a benchmark stands outside, with clock and files")]
#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark that can't go on ends")]
#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use skep::load::{LoadOptions, load};
use skep::model::{Entry, FileSet, RepoPath, SourceName};

/// Files in a repository.
const SIZES: [usize; 3] = [100, 500, 2000];
/// Services in a file.
const SERVICES: usize = 5;
/// Files that docker is asked for; it takes one call for each.
const CALLS: usize = 20;
/// First argument of the process that loads once and says how it was.
const CHILD: &str = "--child";

/// How one load was.
struct Loaded {
    time: Duration,
    /// Largest resident set of a process that does nothing else, in bytes.
    memory: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [first, directory] = arguments.as_slice()
        && first == CHILD
    {
        return child(Path::new(directory));
    }
    let sizes: Vec<usize> = arguments.iter().map(|text| text.parse().expect("a number")).collect();
    println!(
        "{:>7} {:>9} {:>10} {:>10} {:>22}",
        "files", "services", "load, ms", "peak, MiB", "stack config, ms"
    );
    for files in if sizes.is_empty() { SIZES.to_vec() } else { sizes } {
        let directory = tempfile::tempdir().expect("a directory");
        write(directory.path(), files);
        let Loaded { time, memory } = measure(directory.path());
        let docker = docker(directory.path(), files);
        let docker =
            docker.map_or_else(|| "no docker".to_owned(), |time| time.as_millis().to_string());
        let services = files * SERVICES;
        let (ms, mib) = (time.as_millis(), memory.div_ceil(1 << 20));
        println!("{files:>7} {services:>9} {ms:>10} {mib:>10} {docker:>22}");
    }
    println!("aim: 2000 files in 1000 ms and 200 MiB; docker: {CALLS} calls measured, times files");
}

/// Writes stacks of five services with what such files have: variables, labels, ports, mounts,
/// networks, health checks, a config.
fn write(directory: &Path, files: usize) {
    for file in 0..files {
        let mut text = String::from(
            "version: '3.8'\nx-common: &common\n  logging: {driver: json-file, options: {max-size: 10m}}\nservices:\n",
        );
        for service in 0..SERVICES {
            let port = 10_000 + (file * SERVICES + service) % 50_000;
            let _ = write!(
                text,
                "  s{service}:\n    <<: *common\n    image: registry.test/team/app{service}:${{TAG:-1.{file}}}\n    \
                 command: [serve, --port, '8080']\n    environment:\n      MODE: production\n      \
                 DATABASE: postgres://db:5432/app{file}\n      WORKERS: 4\n    ports: ['{port}:8080']\n    \
                 volumes: ['data:/var/lib/app', '/etc/localtime:/etc/localtime:ro']\n    \
                 networks: [front, back]\n    configs: [{{source: settings, target: /etc/app.conf}}]\n    \
                 healthcheck: {{test: [CMD, /app, check], interval: 10s, timeout: 3s, retries: 3}}\n    \
                 deploy:\n      replicas: 2\n      labels:\n        traefik.enable: 'true'\n        \
                 traefik.http.routers.app{file}-{service}.rule: Host(`app{file}-{service}.example.test`)\n      \
                 placement: {{constraints: [node.labels.disk == ssd]}}\n      \
                 resources: {{limits: {{cpus: '0.5', memory: 256M}}}}\n      \
                 update_config: {{parallelism: 1, delay: 5s, failure_action: rollback}}\n"
            );
        }
        text.push_str("networks: {front: {}, back: {internal: true}}\nvolumes: {data: {}}\nconfigs: {settings: {file: settings.conf}}\n");
        let stack = directory.join(format!("stack{file:04}"));
        std::fs::create_dir(&stack).expect("a directory");
        std::fs::write(stack.join("compose.yml"), text).expect("a file");
        std::fs::write(stack.join("settings.conf"), format!("stack = {file}\n")).expect("a file");
    }
}

fn measure(directory: &Path) -> Loaded {
    let own = std::env::current_exe().expect("this program");
    let output = Command::new(own).arg(CHILD).arg(directory).output().expect("this program runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let mut numbers =
        text.split_whitespace().map(|number| number.parse::<u64>().expect("a number"));
    let mut next = || numbers.next().unwrap_or_else(|| panic!("{text} {:?}", output.stderr));
    Loaded { time: Duration::from_micros(next()), memory: next() }
}

/// Loads once, and prints the microseconds and the largest resident set.
fn child(directory: &Path) {
    let start = Instant::now();
    let mut files = FileSet::default();
    read(directory, "", &mut files);
    let (source, variables) = (SourceName::new("bench").expect("a name"), BTreeMap::new());
    let options = LoadOptions {
        source: &source,
        key: None,
        name: None,
        variables: &variables,
        globs: &[],
        identities: skep::load::Identities::NONE,
    };
    let loaded = load(&files, &options);
    let took = start.elapsed();
    let stacks = std::fs::read_dir(directory).expect("a directory").count();
    assert_eq!(loaded.desired.stacks.len(), stacks, "{:?}", loaded.problems.first());
    println!("{} {}", took.as_micros(), largest_memory());
}

fn read(directory: &Path, below: &str, files: &mut FileSet) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry");
        let name = format!("{below}{}", entry.file_name().to_str().expect("a plain name"));
        if entry.file_type().expect("a kind").is_dir() {
            read(&entry.path(), &format!("{name}/"), files);
        } else {
            let bytes = std::fs::read(entry.path()).expect("a file");
            files.insert(RepoPath::new(&name).expect("a path"), Entry::File(Arc::from(bytes)));
        }
    }
}

fn largest_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// What docker would take for all files; `None` without a client that can.
fn docker(directory: &Path, files: usize) -> Option<Duration> {
    let calls = CALLS.min(files);
    let start = Instant::now();
    for file in 0..calls {
        let path: PathBuf = directory.join(format!("stack{file:04}/compose.yml"));
        let words = ["stack", "config", "--compose-file"];
        let output = Command::new("docker").args(words).arg(path).output().ok()?;
        if !output.status.success() {
            return None;
        }
    }
    let files = u32::try_from(files).expect("few");
    Some(start.elapsed() * files / u32::try_from(calls).expect("few"))
}
