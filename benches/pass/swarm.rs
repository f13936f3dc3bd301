//! A large swarm in memory in which everything is as declared.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use skep::ledger::{KEPT_SETS, STABLE_LABEL};
use skep::model::engine::LiveConfig;
use skep::model::{HashKey, NewData, SecretBytes, SourceName};
use skep::ports::Write;
use skep::reconcile::{Doors, NamedSource, Operator, Settings};
use skep::sim::{SwarmShape, World};
use skep::status::{Report, Settled, settled};

/// Services in a stack.
const STACK: usize = 50;
/// Tasks of a service.
const REPLICAS: usize = 5;
/// Services for each node.
const SHARE: usize = 10;
/// Label with the number of a kept set.
const NUMBER_LABEL: &str = "skep.number";
/// Time between the passes that make everything, and their largest number.
const PACE: (Duration, usize) = (Duration::from_secs(10), 60);

/// A large swarm.
pub struct Large {
    pub world: World,
    stacks: usize,
}

impl Large {
    /// A swarm with so many services that run as declared.
    pub async fn converged(services: usize) -> Self {
        let workers = (services / SHARE).saturating_sub(3);
        let shape = SwarmShape { managers: 3, workers, ..SwarmShape::default() };
        let stacks = services.div_ceil(STACK);
        let large = Self { world: World::with_shape(1, &shape), stacks };
        let files: Vec<(String, String)> = (0..stacks)
            .flat_map(|stack| {
                let count = STACK.min(services - stack * STACK);
                let motd = (format!("s{stack}/motd.txt"), format!("stack {stack}\n"));
                [(format!("s{stack}/compose.yml"), text(count)), motd]
            })
            .collect();
        let texts: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        large.world.source.commit("everything", &texts).expect("paths inside the repository");
        let mut operator = large.operator();
        for _ in 0..PACE.1 {
            if is_well(&pass(&mut operator).await) {
                return large;
            }
            large.world.clock.leap(PACE.0);
        }
        large
    }

    /// An operator that was just started.
    pub fn operator(&self) -> Operator {
        let doors = Doors {
            swarm: Arc::new(self.world.swarm.clone()),
            registry: Arc::new(self.world.registry.clone()),
            clock: Arc::new(self.world.clock.clone()),
        };
        let name = SourceName::new("root").expect("a name");
        let source = NamedSource { name, source: Arc::new(self.world.source.clone()) };
        let settings = Settings { key: Some(HashKey::new([7; 32])), ..Settings::default() };
        Operator::new(doors, vec![source], settings)
    }

    /// A pass that finds nothing to do.
    pub async fn quiet_pass(&self, operator: &mut Operator) {
        let writes = self.world.swarm.writes();
        let report = pass(operator).await;
        assert!(is_well(&report), "everything is as declared");
        assert_eq!(self.world.swarm.writes(), writes);
    }

    /// Keeps as many sets of each stack as are ever kept: copies of the one that is there.
    pub fn keep_more(&self) {
        let observed = self.world.swarm.picture();
        let kept = |config: &&Arc<LiveConfig>| config.spec.labels.contains_key(STABLE_LABEL);
        for config in observed.configs.values().filter(kept) {
            let labels = &config.spec.labels;
            let number: usize =
                labels.get(NUMBER_LABEL).expect("a label").parse().expect("a number");
            for number in number + 1..number + KEPT_SETS {
                let name = format!("kept.{}.{number}", config.id);
                let mut new = NewData::labelled(name, labels.clone());
                new.labels.insert(NUMBER_LABEL.to_owned(), number.to_string());
                let data = STANDARD.decode(&config.spec.data).expect("base64");
                let write = Write::CreateConfig { new, bytes: SecretBytes::new(data) };
                self.world.swarm.hand().write(&write).expect("a write");
            }
        }
    }

    /// Somebody changes one service.
    pub fn change_by_hand(&self, turn: usize) {
        // Another one each time: a field that is changed again and again would be contested.
        let name = format!("s{}_web{}", turn % self.stacks, turn / self.stacks);
        self.world.swarm.hand().set_label(&name, "colour", "red").expect("a write");
    }

    /// A pass that puts one service back.
    pub async fn repair(&self, operator: &mut Operator) {
        let writes = self.world.swarm.writes();
        pass(operator).await;
        assert_eq!(self.world.swarm.writes(), writes + 1);
    }

    /// Nodes and tasks that are there.
    pub fn size(&self) -> (usize, usize) {
        let observed = self.world.swarm.picture();
        (observed.nodes.len(), observed.tasks.values().map(Vec::len).sum())
    }
}

async fn pass(operator: &mut Operator) -> Report {
    operator.read_sources().await;
    operator.pass().await
}

fn is_well(report: &Report) -> bool {
    report.trouble.is_empty()
        && !report.stacks.is_empty()
        && report.stacks.values().all(|stack| settled(stack) == Settled::Well)
}

/// What a stack file has: variables, labels, a network, a config, an update policy.
fn text(services: usize) -> String {
    let mut text = "services:\n".to_owned();
    for service in 0..services {
        let _ = write!(
            text,
            "  web{service}:\n    image: registry.test/web:1\n    environment:\n      MODE: production\n      \
             WORKERS: '4'\n    networks: [front]\n    configs: [motd]\n    deploy:\n      replicas: {REPLICAS}\n      \
             labels:\n        traefik.enable: 'true'\n      update_config: {{parallelism: 2}}\n"
        );
    }
    text + "networks: {front: {}}\nconfigs: {motd: {file: ./motd.txt}}\n"
}
