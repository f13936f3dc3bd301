//! One stack on a real engine, without an operator: the stages, one after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use skep::diff::{Claims, DiffInput, IMAGE_LABEL, StackChanges, Unequal, View, diff, references};
use skep::execute::{Bindings, Executor, Permit, execute};
use skep::ledger::{Entry, decode};
use skep::model::engine::{NetworkSpec, Replicated, ServiceMode, StringMap};
use skep::model::{
    Ancestry, DesiredService, DesiredStack, HashKey, Images, Instance, Kind, LedgerRecord, NewData,
    ObjectRef, Observed, Rank, Revision, SecretBytes, SideStore, SourceName, Step,
};
use skep::plan::{
    Basis, Custody, Declared, Lineage, Memory, Orders, PlanInput, Quota, Removals, Scope,
    StackPlan, Turns, Writes, audit, plan,
};
use skep::ports::Write;
use skep::reconcile::Doors;

use crate::doors::doors;
use crate::lab::{Lab, Node};

/// The key of all hashes of content.
pub const KEY: [u8; 32] = [7; 32];
/// What the files of the corpus are remembered as.
pub const SOURCE: &str = "corpus";
/// Where no task ever runs.
const NOWHERE: &str = "node.id == nowhere";

pub struct Stage {
    doors: Doors,
    instance: Instance,
    key: HashKey,
    image: String,
    prefix: String,
}

impl Stage {
    /// A stage for one stack, whose objects get names that begin with `prefix`.
    pub fn new(lab: &Lab, node: &Node, (instance, prefix): (&str, &str)) -> Self {
        Self {
            doors: doors(&node.socket, lab.logins()),
            instance: Instance::new(instance.to_owned()).unwrap(),
            key: HashKey::new(KEY),
            image: lab.image("1").to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    /// The stack with the demo program in all services, without tasks, and with names of this test.
    pub fn idle(&self, stack: &DesiredStack) -> DesiredStack {
        let mut stack = stack.clone();
        let services = stack.services.values().map(|service| {
            let service = self.idle_service(service);
            (service.spec.name.clone(), service.into())
        });
        stack.services = services.collect();
        stack.secrets = stack.secrets.into_iter().map(|(n, d)| (self.own(&n), d)).collect();
        stack.configs = stack.configs.into_iter().map(|(n, d)| (self.own(&n), d)).collect();
        let networks = stack.networks.into_values().map(|mut network| {
            network.spec.name = self.own(&network.spec.name);
            (network.spec.name.clone(), network)
        });
        stack.networks = networks.collect();
        stack
    }

    fn own(&self, name: &str) -> String {
        if name.starts_with(&self.prefix) || ["host", "bridge", "none"].contains(&name) {
            return name.to_owned();
        }
        format!("{}-{name}", self.prefix).chars().take(63).collect()
    }

    fn idle_service(&self, service: &DesiredService) -> DesiredService {
        let mut service = service.clone();
        service.image = self.image.parse().unwrap();
        // What runs nowhere is never as far as others wait for.
        service.depends_on.clear();
        service.rank = Rank::default();
        let spec = &mut service.spec;
        spec.labels.insert(IMAGE_LABEL.to_owned(), self.image.clone());
        match &mut spec.mode {
            Some(ServiceMode::Replicated(Replicated { replicas })) => *replicas = Some(0),
            _ => {
                let placement = spec.task_template.placement.get_or_insert_default();
                placement.constraints.push(NOWHERE.to_owned());
            }
        }
        for network in &mut spec.task_template.networks {
            network.target = self.own(&network.target);
        }
        let container = spec.task_template.container_spec.as_mut().unwrap();
        container.image.clone_from(&self.image);
        for secret in &mut container.secrets {
            secret.secret_name = self.own(&secret.secret_name);
        }
        for config in &mut container.configs {
            config.config_name = self.own(&config.config_name);
        }
        service
    }

    /// Makes what the stack expects to be there already.
    pub async fn make_foreign(&self, stack: &DesiredStack) {
        let specs = stack.services.values().map(|service| &service.spec);
        let wanted: std::collections::BTreeSet<ObjectRef> = specs.flat_map(references).collect();
        for object in wanted {
            let own = match object.kind {
                Kind::Network => stack.networks.contains_key(&object.name),
                Kind::Secret => stack.secrets.contains_key(&object.name),
                _ => stack.configs.contains_key(&object.name),
            };
            if !own {
                self.doors.swarm.write(&foreign(&object)).await.unwrap();
            }
        }
    }

    /// Makes a plan and carries it out; gives the steps that were not done.
    pub async fn apply(&self, stack: &DesiredStack, data: &SideStore) -> Vec<String> {
        let observed = self.look().await;
        let plan = self.plan(stack, &observed);
        let slots = tokio::sync::Semaphore::new(8);
        let permit = Permit::always();
        let (swarm, instance) = (&*self.doors.swarm, &self.instance);
        let executor = Executor { swarm, instance, data, slots: &slots, permit: &permit };
        let outcomes = execute(&plan.steps, Bindings::seen(&observed), executor).await;
        let bad = outcomes.iter().filter(|outcome| !outcome.outcome.is_done());
        bad.map(|outcome| format!("{outcome:?}")).collect()
    }

    /// What differs, once the engine has allocated the networks: that sends no event.
    pub async fn changes_once_allocated(&self, stack: &DesiredStack) -> StackChanges {
        for _ in 0..100 {
            let observed = self.look().await;
            let own = stack.networks.keys().filter_map(|name| observed.networks.get(name));
            if own.into_iter().all(|network| !network.driver.is_empty()) {
                return self.changes(stack, &observed);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the networks of {} are not allocated", stack.name)
    }

    /// Steps of a second plan, but for what is remembered of the first.
    pub async fn steps_left(&self, stack: &DesiredStack) -> Vec<String> {
        let plan = self.plan(stack, &self.look().await);
        let steps = plan.steps.iter().map(|planned| &planned.step);
        let remembers =
            |step: &&Step| matches!(step, Step::WriteLedger { .. } | Step::KeepStable(_));
        let left = steps.filter(|step| !remembers(step));
        let held = plan.held.iter().map(|held| format!("{} {}", held.object, held.reason));
        left.map(|step| format!("{} {:?}", step.kind(), step.object())).chain(held).collect()
    }

    async fn look(&self) -> Observed {
        self.doors.swarm.look().await.unwrap()
    }

    fn changes(&self, stack: &DesiredStack, observed: &Observed) -> StackChanges {
        self.compare(stack, &View::new(observed), &LedgerRecord::default())
    }

    fn compare(
        &self,
        stack: &DesiredStack,
        view: &View<'_>,
        record: &LedgerRecord,
    ) -> StackChanges {
        let (instance, key) = (&self.instance, Some(&self.key));
        let (images, unequal) = (&Images::default(), &Unequal::new());
        let claims = &Claims::default();
        diff(stack, record, DiffInput { instance, view, images, key, unequal, claims })
    }

    fn plan(&self, stack: &DesiredStack, observed: &Observed) -> StackPlan {
        let view = View::new(observed);
        let ledgers = decode(&observed.configs, &self.instance);
        let ledger: Option<&Entry> = ledgers.stacks.get(&stack.name);
        let nothing = LedgerRecord::default();
        let record = ledger.map_or(&nothing, |entry| &entry.record);
        let changes = self.compare(stack, &view, record);
        let lineage = Lineage {
            source: SourceName::new(SOURCE).unwrap(),
            root: None,
            custody: Custody::Own,
            revision: Revision::Commit("c".repeat(40)),
            ancestry: Ancestry::Same,
            declared: Declared::Here,
            policy: stack.policy.clone(),
            basis: Basis::Declared,
        };
        let orders = Orders {
            writes: Writes::Allowed,
            removals: Removals::Guarded,
            suspension: None,
            quota: Quota::Within,
            guards: skep::plan::guard::Verdicts::default(),
            scope: Scope::Everything,
            rebalance: None,
        };
        let (health, memory) = (BTreeMap::new(), Memory::default());
        let input = PlanInput {
            changes: &changes,
            declared: None,
            view: &view,
            ledger,
            stable: ledgers.stable_of(&stack.name),
            health: &health,
            lineage: &lineage,
            orders: &orders,
            memory: &memory,
            turns: &Turns::default(),
            now: observed.at,
        };
        let plan = plan(&input, &self.instance);
        let desired = skep::model::Desired {
            stacks: [(stack.name.clone(), std::sync::Arc::new(stack.clone()))].into(),
        };
        assert_eq!(audit(&plan, &desired, observed), []);
        plan
    }
}

fn foreign(object: &ObjectRef) -> Write {
    let name = object.name.clone();
    let new = NewData {
        name: name.clone(),
        labels: StringMap::new(),
        data: None,
        hash: None,
        driver: None,
        templating: None,
    };
    let bytes = SecretBytes::new(b"somebody else's".to_vec());
    match object.kind {
        Kind::Secret => Write::CreateSecret { new, bytes },
        Kind::Config => Write::CreateConfig { new, bytes },
        _ => {
            let driver = "overlay".to_owned();
            Write::CreateNetwork(NetworkSpec { name, driver, ..NetworkSpec::default() })
        }
    }
}
