//! A stack on the real swarm, skep behind a door that counts, a person with docker's client, and
//! bystanders.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use skep::health::Clocks;
use skep::model::{Instance, StackName};
use skep::reconcile::Settings;
use skep::status::{Report, StackReport};

use crate::bystanders::{Bystanders, ENDS};
use crate::git_host::GitHost;
use crate::lab::{Claim, Lab, Node, within};
use crate::operator::{Operator, is_well, picture};
use crate::proxy::{Proxy, Request};
use crate::repo::Repo;

/// Longest that anything may take until it is well.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A shop of three services, a network, two configs and a secret. `IMAGE` and `IMAGE2` are put in
/// when it is committed.
pub const SHOP: &str = "\
services:
  web:
    image: IMAGE
    environment: {MODE: fast}
    networks: [front]
    configs: [{source: motd, target: /etc/motd}]
    deploy:
      replicas: 2
      labels: {tier: front}
      placement: {constraints: [node.platform.os == linux]}
      update_config: {monitor: 1s}
  api:
    image: IMAGE
    networks: [front]
    configs: [{source: rates, target: /etc/rates}]
    secrets: [password]
    deploy: {replicas: 1, update_config: {monitor: 1s}}
  worker:
    image: IMAGE
    networks: [front]
    deploy: {replicas: 1, update_config: {monitor: 1s}}
networks:
  front: {}
configs:
  motd: {file: motd.txt}
  rates: {file: rates.txt}
secrets:
  password: {file: password.txt}
";

/// One test's part of the swarm. Everything in it goes when it is dropped, skep first.
pub struct World<'a> {
    operator: Option<Operator>,
    /// What skep does not own.
    pub bystanders: Bystanders<'a>,
    /// What skep says to the engine goes through here.
    pub proxy: Proxy,
    /// What the person says.
    pub hand: Proxy,
    /// What skep reads.
    pub repo: Repo,
    /// Where skep reads it from; without one by its path.
    pub host: Option<GitHost>,
    _memory: Memory<'a>,
    /// The laboratory.
    pub lab: &'a Lab,
    /// Name of the stack and of skep's instance, and the beginning of all other names.
    pub name: String,
    claim: Claim<'a>,
}

/// What skep keeps in the swarm for itself, under names of its own. Removed when dropped.
struct Memory<'a> {
    lab: &'a Lab,
    node: &'a Node,
    instance: String,
}

impl<'a> World<'a> {
    /// An empty stack on the swarm of three; nothing runs yet.
    pub fn new(lab: &'a Lab, test: &str) -> Self {
        Self::on(lab, "three", test)
    }

    /// An empty stack on a swarm; nothing runs yet.
    pub fn on(lab: &'a Lab, swarm: &str, test: &str) -> Self {
        Self::at(lab, lab.manager(swarm), test)
    }

    /// An empty stack on the swarm of a manager; nothing runs yet.
    pub fn at(lab: &'a Lab, node: &'a Node, test: &str) -> Self {
        let claim = lab.claim_at(node, test);
        let name = claim.prefix.clone();
        Self {
            operator: None,
            bystanders: Bystanders::make(lab, node, &name),
            proxy: Proxy::open(&node.socket),
            hand: Proxy::open(&node.socket),
            repo: Repo::new(),
            host: None,
            _memory: Memory { lab, node, instance: name.clone() },
            lab,
            name,
            claim,
        }
    }

    /// The shop, converged; skep goes on running.
    pub fn shop(lab: &'a Lab, test: &str) -> Self {
        let mut world = Self::new(lab, test);
        world.commit_shop(SHOP);
        world.start();
        world.converged();
        world
    }

    /// From its next start on skep reads from a git host, which it asks each second.
    pub fn serve(&mut self) {
        self.host = Some(GitHost::of(&self.repo));
    }

    /// The git host, which was started.
    pub fn host(&self) -> &GitHost {
        self.host.as_ref().expect("it was started")
    }

    /// The manager that all speak to.
    pub fn node(&self) -> &'a Node {
        self.claim.node
    }

    /// The full name of an object of the stack.
    pub fn full(&self, name: &str) -> String {
        format!("{}_{name}", self.name)
    }

    /// Settings in which a task counts as healthy after a second.
    pub fn settings(&self) -> Settings {
        let min_healthy = Duration::from_secs(1);
        Settings {
            instance: Instance::new(self.name.clone()).expect("a name"),
            clocks: Clocks { min_healthy, ..Clocks::default() },
            ..Settings::default()
        }
    }

    /// Starts skep.
    pub fn start(&mut self) {
        let poll =
            if self.host.is_some() { Duration::from_secs(1) } else { Duration::from_secs(60) };
        self.start_with(Settings { poll, ..self.settings() });
    }

    /// Starts skep with other settings.
    pub fn start_with(&mut self, settings: Settings) {
        let path = || self.repo.path().display().to_string();
        let location = self.host.as_ref().map_or_else(path, |host| host.url().to_owned());
        let source = (location, self.repo.options());
        self.operator = Some(Operator::start(self.lab, self.proxy.path(), source, settings));
    }

    /// Stops skep, as SIGTERM does.
    pub fn stop(&mut self) {
        self.operator = None;
    }

    /// skep, which was started.
    pub fn skep(&self) -> &Operator {
        self.operator.as_ref().expect("skep was started")
    }

    /// Commits files; gives the commit's id.
    pub fn commit(&self, files: &[(&str, &str)]) -> String {
        let ((last, text), others) = files.split_last().expect("a file");
        for (path, text) in others {
            self.repo.write(path, text);
        }
        self.repo.commit(last, text)
    }

    /// Commits the shop with this stack file.
    pub fn commit_shop(&self, text: &str) -> String {
        let file = self.file();
        self.commit(&[
            ("motd.txt", "good morning\n"),
            ("rates.txt", "1 2 3\n"),
            ("password.txt", "hunter2\n"),
            (&file, &self.with_images(text)),
        ])
    }

    /// A text with the images' real names, the second first as its name is longer.
    pub fn with_images(&self, text: &str) -> String {
        let text = text.replace("IMAGE2", self.lab.image("2"));
        text.replace("IMAGE", self.lab.image("1"))
    }

    /// Waits until all is as committed and healthy.
    pub fn converged(&self) -> Arc<Report> {
        self.converged_within(PATIENCE)
    }

    /// The same with a limit.
    pub fn converged_within(&self, limit: Duration) -> Arc<Report> {
        let (mark, head) = (self.skep().mark().saturating_sub(1), self.repo.head());
        let stack = self.stack_name();
        let found = self.skep().wait(mark, limit, |report| {
            is_well(report, &head) && report.stacks.contains_key(&stack)
        });
        let found = found.unwrap_or_else(|last| {
            let last = last.map_or_else(|| "no report".to_owned(), |last| picture(&last));
            panic!("{head} did not converge:\n{last}")
        });
        found.report
    }

    /// Waits for a report of the stack that is wanted, among those after a mark; gives when it
    /// was told.
    pub fn reported(
        &self,
        mark: usize,
        what: &str,
        wanted: impl Fn(&StackReport) -> bool,
    ) -> Instant {
        let stack = self.stack_name();
        let found = self
            .skep()
            .wait(mark, PATIENCE, |report| report.stacks.get(&stack).is_some_and(&wanted));
        let told = found.unwrap_or_else(|last| {
            panic!("{what} was not reported:\n{}", last.map_or_else(String::new, |l| picture(&l)))
        });
        told.at
    }

    fn stack_name(&self) -> StackName {
        StackName::new(self.name.clone()).expect("a name")
    }

    /// What a person does with docker's client; gives what it printed.
    pub fn docker(&self, words: &[&str]) -> String {
        self.try_docker(words).unwrap_or_else(|why| panic!("docker {words:?}: {why}"))
    }

    /// What a person does with docker's client, which may fail.
    pub fn try_docker(&self, words: &[&str]) -> Result<String, String> {
        self.lab.try_docker(&self.by_hand(), words)
    }

    /// The manager, behind the door of the person.
    pub fn by_hand(&self) -> Node {
        Node { socket: self.hand.path().to_owned(), ..self.node().clone() }
    }

    /// Makes skep look once more, by something that is none of its business.
    pub fn look_again(&self, name: &str) -> Arc<Report> {
        let mark = self.skep().mark();
        let content = self.lab.registry.ca.display().to_string();
        self.docker(&["config", "create", &self.full(name), &content]);
        self.skep().wait(mark, PATIENCE, |_| true).expect("skep looked").report
    }

    /// Sets the variable MODE of a service by hand.
    pub fn set_mode(&self, service: &str, mode: &str) {
        let (variable, name) = (format!("MODE={mode}"), self.full(service));
        self.docker(&["service", "update", "--detach", "--env-add", &variable, &name]);
    }

    /// The stack file of this world.
    pub fn file(&self) -> String {
        format!("{}.yml", self.name)
    }

    /// skep's writes after a mark, but for those to its own memory and those that the engine refused
    /// because it had itself moved the object on, as it does all through a rollout.
    pub fn wrote(&self, mark: usize) -> Vec<String> {
        let writes = self.proxy.writes(mark);
        let counts = |write: &&Request| !is_own(write) && !write.outdated;
        writes.iter().filter(counts).map(|write| self.short(write)).collect()
    }

    /// A write in a short line without the stack's name: `update service web`.
    pub fn short(&self, write: &Request) -> String {
        write.line().replace(&format!("{}_", self.name), "")
    }

    /// Waits until skep has written something that is wanted, and gives it.
    pub fn write(&self, mark: usize, wanted: &str) -> Request {
        let found = || {
            let mut writes = self.proxy.writes(mark).into_iter();
            writes.find(|write| self.short(write) == wanted)
        };
        assert!(within(PATIENCE, || found().is_some()), "no {wanted}: {:?}", self.wrote(mark));
        found().expect("it was there")
    }

    /// Ids of the tasks of a service that should run.
    pub fn tasks(&self, service: &str) -> Vec<String> {
        let name = self.full(service);
        let words = ["service", "ps", "--no-trunc", "--quiet", "--filter", "desired-state=running"];
        let ids = self.lab.docker(self.node(), &[&words[..], &[&name]].concat());
        let mut ids: Vec<String> = ids.lines().map(str::to_owned).collect();
        ids.sort();
        ids
    }

    /// Names of the objects of a kind that belong to the stack, without its name in front.
    pub fn names(&self, kind: &str) -> Vec<String> {
        let all = self.lab.docker(self.node(), &[kind, "ls", "--format", "{{.Name}}"]);
        let start = format!("{}_", self.name);
        let own = all.lines().filter_map(|name| name.strip_prefix(&start));
        let bystands = |name: &&str| ENDS.iter().any(|end| end.strip_prefix('_') == Some(*name));
        let mut names: Vec<String> =
            own.filter(|name| !bystands(name)).map(str::to_owned).collect();
        names.sort();
        names
    }
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        let names = self.lab.try_docker(self.node, &["config", "ls", "--format", "{{.Name}}"]);
        for name in names.unwrap_or_default().lines() {
            let own = name == format!("skep-{}-key", self.instance)
                || name == format!("skep.lease.{}", self.instance)
                || name == format!("skep.ledger.{}", self.instance)
                || name.starts_with(&format!("skep.ledger.{}.", self.instance))
                || name.starts_with(&format!("skep.stable.{}.", self.instance));
            if own {
                let removed = self.lab.try_docker(self.node, &["config", "rm", name]);
                assert!(removed.is_ok() || std::thread::panicking(), "{name}: {removed:?}");
            }
        }
    }
}

/// Whether a write goes to skep's own memory. A label of a config is written nowhere else.
pub fn is_own(write: &Request) -> bool {
    skep::ledger::is_ledger_name(write.object())
}

/// A number of one's own, for host ports: tests run beside each other.
pub fn port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed) + std::process::id() % 10_000;
    u16::try_from(20_000 + number).expect("a port")
}
