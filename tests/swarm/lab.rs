//! The laboratory as tests see it: real swarms, described by the file that `SKEP_LAB` names.
//!
//! `tests/run` starts one and sets the variable; by hand: `SKEP_LAB=$(tests/lab/up)`.

#![expect(
    clippy::disallowed_methods,
    reason = "a test stands outside: it reads its own environment, runs docker and waits"
)]
#![expect(clippy::expect_used, clippy::panic, reason = "a test may fail")]
#![allow(dead_code, reason = "a mirror of the description, whole; tests take what they need")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use skep::model::RegistryLogins;

/// All that `tests/lab/up` tells of a laboratory.
#[derive(Debug, Deserialize)]
pub struct Lab {
    /// Names its network interfaces; `tests/lab/change` wants it.
    pub prefix: String,
    /// Where it keeps its files.
    pub dir: PathBuf,
    /// A docker client configuration that is logged in to the registry.
    pub docker_config: PathBuf,
    /// The nodes of each swarm by its name (`one`, `three`, `managers`), the first manager first.
    pub swarms: BTreeMap<String, Vec<Node>>,
    /// The registry that all nodes trust.
    pub registry: Registry,
    /// Images of the demo program by tag, each with its digest.
    pub images: BTreeMap<String, String>,
    #[serde(skip)]
    turn: Option<File>,
    /// Held by whoever breaks the swarm of three managers.
    #[serde(skip)]
    managers: Option<File>,
    /// What is mended after a test that failed: swarms by name, all of them where none is named.
    #[serde(skip)]
    breaks: Option<Vec<&'static str>>,
}

/// A docker engine with a host name and an address of its own.
#[derive(Debug, Clone, Deserialize)]
pub struct Node {
    /// Its host name.
    pub name: String,
    /// Where its host-mode ports are reached from here.
    pub address: String,
    /// The engine's socket.
    pub socket: PathBuf,
    /// The first process of the node: all of the node ends when it is killed.
    pub pid: u32,
}

/// A distribution registry with password and TLS.
#[derive(Debug, Deserialize)]
pub struct Registry {
    /// `ADDRESS:PORT`
    pub address: String,
    /// Who may read and write.
    pub user: String,
    /// In the clear.
    pub password: String,
    /// The certificate of the authority behind its own, PEM.
    pub ca: PathBuf,
    /// Holds a line for each request.
    pub log: PathBuf,
}

impl Lab {
    /// The laboratory, beside other tests.
    pub fn open() -> Self {
        Self::take_turn(File::lock_shared)
    }

    /// The laboratory while no other test uses it: for tests that kill engines, cut cables or
    /// stop the registry. They leave it as it was; when one failed, it is mended for the next.
    pub fn alone() -> Self {
        let mut lab = Self::take_turn(File::lock);
        lab.breaks = Some(Vec::new());
        lab
    }

    /// The laboratory beside other tests, and the swarm of three managers alone: for tests that
    /// kill its engines or cut its cables. They call [`Lab::mend`] at the end.
    pub fn managers() -> Self {
        let mut lab = Self::open();
        let turn = File::create(lab.dir.join("managers.turn")).expect("a file");
        turn.lock().expect("the swarm's turn can be locked");
        lab.managers = Some(turn);
        lab.breaks = Some(vec!["managers"]);
        lab
    }

    fn take_turn(lock: fn(&File) -> std::io::Result<()>) -> Self {
        let path = std::env::var("SKEP_LAB")
            .expect("SKEP_LAB names no laboratory: use tests/run, or SKEP_LAB=$(tests/lab/up)");
        // Locked by file, not in memory: some test runners give each test a process of its own.
        let file = File::open(&path).expect("the laboratory's description is there");
        lock(&file).expect("the laboratory's description can be locked");
        let mut lab: Self =
            serde_json::from_reader(&file).expect("the laboratory's description is whole");
        lab.turn = Some(file);
        lab
    }

    /// The first manager of a swarm.
    pub fn manager(&self, swarm: &str) -> &Node {
        &self.swarms[swarm][0]
    }

    /// The manager that leads a swarm, as the first one that answers tells.
    pub fn leader(&self, swarm: &str) -> &Node {
        let format = ["node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}"];
        let leads = |line: &str| line.strip_suffix(" Leader").map(str::to_owned);
        let told = |node| self.try_docker(node, &format).ok();
        let nodes = &self.swarms[swarm];
        let name = nodes.iter().find_map(told).and_then(|told| told.lines().find_map(leads));
        nodes.iter().find(|node| Some(&node.name) == name.as_ref()).expect("a leader")
    }

    /// An image of the demo program with its digest.
    pub fn image(&self, tag: &str) -> &str {
        &self.images[tag]
    }

    /// The logins of that docker client, as skep takes them.
    pub fn logins(&self) -> RegistryLogins {
        let config = self.docker_config.join("config.json");
        let config = std::fs::read(config).expect("the laboratory's logins are in a file");
        RegistryLogins::from_docker_config(&config).expect("docker's own format")
    }

    /// The docker client against a node, logged in to the registry, with no other variables.
    pub fn client(&self, node: &Node) -> Command {
        let mut docker = Command::new("docker");
        docker.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        docker.env("DOCKER_CONFIG", &self.docker_config);
        docker.arg("--host").arg(format!("unix://{}", node.socket.display()));
        docker
    }

    /// Runs the docker client against a node and gives what it printed, or why it failed.
    pub fn try_docker(&self, node: &Node, arguments: &[&str]) -> Result<String, String> {
        output(self.client(node).args(arguments))
    }

    /// Runs the docker client against a node and gives what it printed.
    pub fn docker(&self, node: &Node, arguments: &[&str]) -> String {
        self.try_docker(node, arguments).unwrap_or_else(|why| panic!("docker {arguments:?}: {why}"))
    }

    /// Runs `tests/lab/change`, as in `["engine", "three-2", "kill"]`.
    pub fn change(&self, words: &[&str]) -> String {
        self.script("change", words).unwrap_or_else(|why| panic!("change {words:?}: {why}"))
    }

    /// Runs `tests/lab/mend`: whatever was changed, and is not changed back, is as in the
    /// beginning.
    pub fn mend(&self) {
        let swarms = self.breaks.as_deref().unwrap_or_default();
        let Err(why) = self.script("mend", swarms) else { return };
        // A second panic would hide the first.
        assert!(std::thread::panicking(), "the laboratory stays broken: {why}");
    }

    /// After a test failed half-way.
    fn mend_after_failure(&self) {
        if self.breaks.is_some() && std::thread::panicking() {
            self.mend();
        }
    }

    /// Runs `tests/lab/base-image`: the image that the Dockerfile begins with, on a node.
    pub fn base_image(&self, node: &Node) {
        self.script("base-image", &[&node.name]).unwrap_or_else(|why| panic!("{why}"));
    }

    /// The address at which nodes and containers reach this machine.
    pub fn here(&self) -> &str {
        self.registry.address.split(':').next().expect("an address")
    }

    fn script(&self, name: &str, words: &[&str]) -> Result<String, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab").join(name);
        output(Command::new(script).args(["--prefix", &self.prefix]).args(words))
    }

    /// A name of one's own in a swarm; what is called so is removed when the test ends.
    pub fn claim(&self, swarm: &str, test: &str) -> Claim<'_> {
        self.claim_at(self.manager(swarm), test)
    }

    /// The same in the swarm of a manager, which is asked.
    pub fn claim_at<'a>(&'a self, node: &'a Node, test: &str) -> Claim<'a> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // As long as any other, so that none begins like another: `web-1` would take `web-10-db`
        // away with it.
        let prefix = format!("{test}-{}-{number:03}", std::process::id());
        Claim { lab: self, node, prefix }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.mend_after_failure();
    }
}

impl Node {
    /// What the demo program answers at a host-mode port, body only; `None` if nothing does.
    pub fn get(&self, port: u16, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect((self.address.as_str(), port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer.split_once("\r\n\r\n")?.1.to_owned())
    }
}

/// All objects of a swarm whose names begin with `prefix`. They are removed when this value goes
/// out of scope, also when the test failed.
pub struct Claim<'a> {
    lab: &'a Lab,
    /// The manager that is asked.
    pub node: &'a Node,
    /// Different in each test and each run.
    pub prefix: String,
}

impl Claim<'_> {
    fn names(&self, kind: &str) -> Result<Vec<String>, String> {
        let names = self.lab.try_docker(self.node, &[kind, "ls", "--format", "{{.Name}}"])?;
        Ok(names.lines().filter(|name| self.is_claimed(name)).map(str::to_owned).collect())
    }

    /// True also for what an operator of that name remembers.
    fn is_claimed(&self, name: &str) -> bool {
        let own = ["skep.ledger.", "skep.lease.", "skep.stable.", "skep-"];
        let memory = own.iter().find_map(|prefix| name.strip_prefix(prefix));
        memory.unwrap_or(name).starts_with(&self.prefix)
    }

    /// One round; an error while anything is left. Services go first: the others are in use until
    /// the tasks have ended, and a removed network is listed until the last of them let go.
    fn remove_all(&self) -> Result<(), String> {
        for kind in ["service", "network", "secret", "config"] {
            let names = self.names(kind)?;
            if !names.is_empty() {
                let names = names.iter().map(String::as_str);
                let words: Vec<&str> = [kind, "rm"].into_iter().chain(names).collect();
                self.lab.try_docker(self.node, &words)?;
            }
            if let Some(name) = self.names(kind)?.first() {
                return Err(format!("{kind} {name} is still there"));
            }
        }
        Ok(())
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.lab.mend_after_failure();
        let mut last = Ok(());
        let done = within(Duration::from_secs(60), || {
            last = self.remove_all();
            last.is_ok()
        });
        // A second panic would hide the first.
        if !done && !std::thread::panicking() {
            panic!("objects of {} are left behind: {last:?}", self.prefix);
        }
    }
}

/// Whether a condition comes true in time. For what sends no events: tasks, and processes.
pub fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
    }
}
