//! A world with an operator in it.

use std::sync::Arc;
use std::time::Duration;

use skep::execute::ledger_write;
use skep::ledger::decode;
use skep::model::{
    Gate, HeldReason, ImageRef, Instance, Kind, LedgerRecord, SourceName, StackName,
};
use skep::plan::{Removals, Scope};
use skep::ports::{Clock as _, SourceOpener, Swarm as _};
use skep::reconcile::{Doors, NamedSource, Operator, Settings};
use skep::sim::{By, LoggedWrite, Outcome, World};
use skep::status::{Report, Settled, settled};

/// Longest that a story waits for things to settle, in virtual time.
const PATIENCE: Duration = Duration::from_secs(1200);

/// A stack of two services, a network, a secret and a config.
pub(crate) const SHOP: &str = "\
services:
  web:
    image: registry.test/web:1
    environment:
      MODE: fast
    deploy:
      replicas: 2
    networks: [front]
    configs:
      - source: motd
        target: /etc/motd
  api:
    image: registry.test/api:1
    deploy:
      replicas: 1
    networks: [front]
    secrets: [password]
networks:
  front: {}
configs:
  motd:
    file: motd.txt
secrets:
  password:
    file: password.txt
";

/// A world, and the one who plays in it.
pub(crate) struct Play {
    pub(crate) world: World,
    pub(crate) operator: Operator,
    settings: Settings,
    seen: usize,
}

impl Play {
    /// A swarm of three nodes, a registry with the shop's images, an empty repository.
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let world = World::new(1);
        for image in ["registry.test/web:1", "registry.test/web:2", "registry.test/api:1"] {
            world.registry.push(&reference(image), image);
        }
        let operator = operator(&world, settings.clone());
        Self { world, operator, settings, seen: 0 }
    }

    /// The same, going by the sources that its source declares.
    pub(crate) fn following(self, opener: Arc<dyn SourceOpener>) -> Self {
        Self { operator: self.operator.following(opener), ..self }
    }

    /// The shop, converged; what was written so far is not counted any more.
    pub(crate) async fn shop() -> Self {
        let mut play = Self::new();
        play.commit_shop(SHOP);
        assert_eq!(play.converge().await, Settled::Well);
        play.wrote();
        play
    }

    /// Another process takes the place of this one: nothing is remembered but what is in the swarm.
    pub(crate) fn restart(&mut self) {
        self.operator = operator(&self.world, self.settings.clone());
    }

    /// The same, but as `skep prune` does it: it asks for removals, and does nothing else.
    pub(crate) fn only_remove(&mut self) {
        let settings =
            Settings { removals: Removals::Asked, scope: Scope::Removals, ..self.settings.clone() };
        self.operator = operator(&self.world, settings);
    }

    /// The operator makes passes, a second apart, and dies after so many writes; another one takes
    /// its place.
    pub(crate) async fn die_after(&mut self, writes: usize) {
        self.world.swarm.fail_after(writes);
        let swarm = self.world.swarm.clone();
        let Self { world, operator, .. } = self;
        let turns = async {
            loop {
                operator.read_sources().await;
                operator.pass().await;
                world.clock.sleep(Duration::from_secs(1)).await;
            }
        };
        let stopped = async {
            tokio::select! { () = swarm.stopped() => {}, () = turns => {} }
        };
        // Not kept with those who call: it is large.
        let stopped = Box::pin(world.run(Duration::from_secs(120), stopped));
        stopped.await.expect("it stops");
        self.world.swarm.heal();
        self.restart();
    }

    /// Commits the shop with this stack file.
    pub(crate) fn commit_shop(&self, text: &str) {
        let files = [
            ("shop/compose.yml", text),
            ("shop/motd.txt", "hello\n"),
            ("shop/password.txt", "hunter2\n"),
        ];
        self.commit(&files);
    }

    /// Commits files.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) {
        self.world.source.commit("a change", files).expect("paths inside the repository");
    }

    /// Reads the sources and makes one pass.
    pub(crate) async fn pass(&mut self) -> Report {
        let Self { world, operator, .. } = self;
        let turn = async {
            operator.read_sources().await;
            operator.pass().await
        };
        world.run(PATIENCE, turn).await.expect("a pass ends")
    }

    /// Makes passes, a second apart, until every stack has settled; the worst of them.
    pub(crate) async fn converge(&mut self) -> Settled {
        let end = self
            .world
            .clock
            .now()
            .checked_add(jiff::SignedDuration::try_from(PATIENCE).expect("short"))
            .expect("a time");
        loop {
            let report = self.pass().await;
            assert_eq!(report.trouble, Vec::<String>::new());
            let worst = report.stacks.values().map(settled).max().unwrap_or(Settled::Well);
            // What ended badly for one stack must not hide that another is on its way.
            let moving = report.stacks.values().any(|stack| settled(stack) == Settled::OnTheWay);
            if !moving || self.world.clock.now() > end {
                return worst;
            }
            self.world.advance(Duration::from_secs(1)).await;
        }
    }

    /// Passes a second apart until nothing moves: what each pass wrote, passes that wrote nothing
    /// left out, and how it ended.
    pub(crate) async fn course(&mut self) -> (Vec<String>, Settled) {
        let mut course = Vec::new();
        let patience = jiff::SignedDuration::try_from(PATIENCE).expect("short");
        let end = self.world.clock.now().checked_add(patience).expect("a time");
        loop {
            let report = self.pass().await;
            assert_eq!(report.trouble, Vec::<String>::new());
            let wrote = self.wrote().join(", ");
            let quiet = wrote.is_empty();
            course.extend((!quiet).then_some(wrote));
            let stacks = || report.stacks.values().map(settled);
            let moving = stacks().any(|settled| settled == Settled::OnTheWay);
            if quiet && !moving {
                return (course, stacks().max().unwrap_or(Settled::Well));
            }
            assert!(self.world.clock.now() < end, "it never settles: {course:?}");
            self.world.advance(Duration::from_secs(1)).await;
        }
    }

    /// What is held, with why.
    pub(crate) async fn holds(&mut self) -> Vec<String> {
        let report = self.pass().await;
        let held = report.stacks.values().flat_map(|stack| &stack.plan.held);
        held.map(|held| format!("{}: {}", held.object.name, held.reason)).collect()
    }

    /// Names of the reasons for which something is held, with the object.
    pub(crate) fn held(report: &Report) -> Vec<String> {
        let held = report.stacks.values().flat_map(|stack| &stack.plan.held);
        held.map(|held| format!("{} {}", held.object.name, held.reason.name())).collect()
    }

    /// Says yes to everything that waits for it, as `skep approve` does.
    pub(crate) async fn approve(&mut self, report: &Report) {
        for (stack, report) in &report.stacks {
            let given = report.plan.held.iter().filter_map(|held| match &held.reason {
                HeldReason::NeedsApproval { approval, .. }
                | HeldReason::Canary { gate: Gate::Approval(approval), .. } => {
                    Some(approval.clone())
                }
                _ => None,
            });
            self.decide(stack, |record| record.approvals.extend(given)).await;
        }
    }

    /// Lets what failed in the shop be tried once more, as `skep retry` does.
    pub(crate) async fn retry(&mut self) {
        let again = |record: &mut LedgerRecord| {
            for service in record.services.values_mut() {
                let failed = service.attempted.clone();
                service.retry = failed.filter(|spec| service.quarantine.contains(spec));
            }
        };
        self.decide(&StackName::new("shop").expect("a name"), again).await;
    }

    /// Writes a person's decision into the ledger.
    pub(crate) async fn decide(
        &mut self,
        stack: &StackName,
        decision: impl FnOnce(&mut LedgerRecord),
    ) {
        let observed = self.world.swarm.look().await.expect("a look");
        let instance = Instance::default();
        let entry = decode(&observed.configs, &instance).stacks.remove(stack);
        let (record, target) = entry.map(|entry| (entry.record, entry.target)).unzip();
        let mut record = record.map_or_else(LedgerRecord::default, Arc::unwrap_or_clone);
        decision(&mut record);
        record.held = None;
        let write = ledger_write(&instance, Some(stack), &record, target.as_ref());
        let write = write.expect("the record fits");
        self.world.swarm.hand().write(&write).expect("a write");
    }

    /// Approvals that the ledger still holds.
    pub(crate) async fn approvals(&self) -> usize {
        let observed = self.world.swarm.look().await.expect("a look");
        let ledgers = decode(&observed.configs, &Instance::default());
        ledgers.stacks.values().map(|entry| entry.record.approvals.len()).sum()
    }

    /// What skep wrote since the last call, but for its ledger.
    pub(crate) fn wrote(&mut self) -> Vec<String> {
        let log = self.world.swarm.log();
        let new = log[self.seen..].iter().filter(|write| write.by == By::Port && !is_own(write));
        let lines = new.map(|write| match &write.outcome {
            Outcome::Made => format!("{} {}", write.verb, write.object),
            Outcome::NotMade(why) => format!("{} {}: {why}", write.verb, write.object),
        });
        let mut lines: Vec<String> = lines.collect();
        lines.sort();
        self.seen = log.len();
        lines
    }

    /// Ids of all tasks that run, by service.
    pub(crate) async fn tasks(&self, service: &str) -> Vec<String> {
        let observed = self.world.swarm.look().await.expect("a look");
        let Some(service) = observed.services.get(service) else { return Vec::new() };
        let tasks = observed.tasks.get(&service.id).into_iter().flatten();
        let running =
            tasks.filter(|seen| seen.task.status.state == skep::model::engine::TaskState::Running);
        let mut ids: Vec<String> = running.map(|seen| seen.task.id.clone()).collect();
        ids.sort();
        ids
    }

    /// Names of all objects of a kind, but for skep's own.
    pub(crate) async fn names(&self, kind: Kind) -> Vec<String> {
        let observed = self.world.swarm.look().await.expect("a look");
        let names: Vec<String> = match kind {
            Kind::Service => observed.services.keys().cloned().collect(),
            Kind::Network => {
                observed.networks.keys().filter(|n| *n != "ingress").cloned().collect()
            }
            Kind::Secret => observed.secrets.keys().cloned().collect(),
            Kind::Config => observed.configs.keys().cloned().collect(),
            Kind::Node => observed.nodes.keys().cloned().collect(),
        };
        names.into_iter().filter(|name| !skep::ledger::is_ledger_name(name)).collect()
    }
}

/// A reference that is one.
pub(crate) fn reference(text: &str) -> ImageRef {
    text.parse().expect("an image reference")
}

fn is_own(write: &LoggedWrite) -> bool {
    skep::ledger::is_ledger_name(&write.object.name)
}

fn operator(world: &World, settings: Settings) -> Operator {
    let doors = Doors {
        swarm: Arc::new(world.swarm.clone()),
        registry: Arc::new(world.registry.clone()),
        clock: Arc::new(world.clock.clone()),
    };
    let name = SourceName::new("root").expect("a name");
    let source = NamedSource { name, source: Arc::new(world.source.clone()) };
    Operator::new(doors, vec![source], settings)
}
