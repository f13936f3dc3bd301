//! Verdicts on small worlds: three nodes, a service `s`, and the tasks that a test tells.

mod deadlines;
mod jobs;
mod nodes;
mod services;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Clocks, Health, Sight, health};
use crate::model::engine::{
    ContainerSpec, ContainerStatus, Node, NodeStatus, Placement, Replicated, Service, ServiceMode,
    ServiceStatus, Task, TaskState, TaskStatus, UpdateState, UpdateStatus, Version,
};
use crate::model::{ApiVersion, Engine, ImageAnswer, Images, Observed, SeenTask, Standing};

const NOW: i64 = 1_000_000;
const IMAGE: &str = "registry.test/web:1";

fn ago(seconds: i64) -> Timestamp {
    let now = Timestamp::from_second(NOW).expect("a time");
    now.checked_sub(SignedDuration::from_secs(seconds)).expect("a time")
}

/// A world: everything is well in it, and nothing runs.
struct World {
    service: Service,
    tasks: Vec<SeenTask>,
    nodes: BTreeMap<String, Node>,
    images: Images,
    clocks: Clocks,
}

/// A task in the words of a test: seconds are before now.
#[derive(Clone)]
struct Told {
    slot: u64,
    state: TaskState,
    made: i64,
    since: i64,
    standing: Standing,
    node: &'static str,
    err: &'static str,
    code: Option<i64>,
    run: Option<u64>,
}

/// A task in slot 1 on the node `n1` that is in this state since so many seconds, and was made then.
fn task(state: TaskState, seconds: i64) -> Told {
    Told {
        slot: 1,
        state,
        made: seconds,
        since: seconds,
        standing: Standing::Current,
        node: "n1",
        err: "",
        code: None,
        run: None,
    }
}

impl Told {
    fn slot(self, slot: u64) -> Self {
        Self { slot, ..self }
    }

    fn made(self, made: i64) -> Self {
        Self { made, ..self }
    }

    fn outdated(self) -> Self {
        Self { standing: Standing::Outdated, ..self }
    }

    fn on(self, node: &'static str) -> Self {
        Self { node, ..self }
    }

    fn err(self, err: &'static str) -> Self {
        Self { err, ..self }
    }

    fn code(self, code: i64) -> Self {
        Self { code: Some(code), ..self }
    }

    fn run(self, run: u64) -> Self {
        Self { run: Some(run), ..self }
    }

    fn seen(self, template: &Service) -> SeenTask {
        let goes_on = if self.run.is_some() { TaskState::Complete } else { TaskState::Running };
        let ended = self.state > TaskState::Running && self.state != TaskState::Complete;
        let ended = ended || (self.state == TaskState::Complete && self.run.is_none());
        let container = |code| ContainerStatus { exit_code: code, ..ContainerStatus::default() };
        let status = TaskStatus {
            timestamp: Some(ago(self.since)),
            state: self.state,
            err: self.err.to_owned(),
            container_status: self.code.map(container),
            ..TaskStatus::default()
        };
        let task = Task {
            id: format!("{:?}-{}-{}", self.state, self.slot, self.made).to_lowercase(),
            slot: self.slot,
            node_id: self.node.to_owned(),
            created_at: Some(ago(self.made)),
            desired_state: if ended { TaskState::Shutdown } else { goes_on },
            spec: template.spec.task_template.clone(),
            status,
            job_iteration: self.run.map(|index| Version { index }),
            ..Task::default()
        };
        SeenTask { task: Arc::new(task), standing: self.standing }
    }
}

fn node(name: &str) -> Node {
    let mut node = Node { id: name.to_owned(), ..Node::default() };
    node.description.hostname = name.to_owned();
    node.spec.availability = "active".to_owned();
    node.status = NodeStatus { state: "ready".into(), ..NodeStatus::default() };
    node
}

impl World {
    fn of(mode: ServiceMode) -> Self {
        let mut service = Service { id: "s".into(), ..Service::default() };
        service.spec.mode = Some(mode);
        service.spec.task_template.container_spec =
            Some(ContainerSpec { image: IMAGE.to_owned(), ..ContainerSpec::default() });
        let nodes = ["n1", "n2", "n3"].map(|name| (name.to_owned(), node(name)));
        Self {
            service,
            tasks: Vec::new(),
            nodes: nodes.into(),
            images: Images::default(),
            clocks: Clocks::default(),
        }
    }

    fn replicas(number: u64) -> Self {
        Self::of(ServiceMode::Replicated(Replicated { replicas: Some(number) }))
    }

    fn with(mut self, tasks: impl IntoIterator<Item = Told>) -> Self {
        let seen = tasks.into_iter().map(|told| told.seen(&self.service));
        self.tasks.extend(seen.collect::<Vec<_>>());
        self
    }

    /// The rollout of the service, since so many seconds.
    fn rollout(mut self, state: UpdateState, seconds: i64) -> Self {
        let started_at = Some(ago(seconds));
        self.service.update_status =
            Some(UpdateStatus { state, started_at, ..UpdateStatus::default() });
        self
    }

    fn desired_tasks(mut self, desired_tasks: u64) -> Self {
        self.service.service_status = Some(ServiceStatus { desired_tasks, ..Default::default() });
        self
    }

    fn constraint(mut self, text: &str) -> Self {
        let constraints = vec![text.to_owned()];
        self.service.spec.task_template.placement =
            Some(Placement { constraints, ..Placement::default() });
        self
    }

    fn node_state(mut self, name: &str, state: &str, message: &str) -> Self {
        let status = &mut self.nodes.get_mut(name).expect("one of the nodes").status;
        (status.state, status.message) = (state.to_owned(), message.to_owned());
        self
    }

    fn answers(mut self, answer: ImageAnswer) -> Self {
        self.images.0.insert(IMAGE.parse().expect("an image"), answer);
        self
    }

    fn observed(&self) -> Observed {
        Observed {
            at: ago(0),
            engine: Engine {
                version: String::new(),
                api: ApiVersion::v1(41),
                cluster: String::new(),
                node: String::new(),
            },
            services: BTreeMap::new(),
            tasks: [("s".to_owned(), self.tasks.clone())].into(),
            networks: BTreeMap::new(),
            secrets: BTreeMap::new(),
            configs: BTreeMap::new(),
            nodes: self.nodes.clone(),
            gaps: BTreeSet::new(),
        }
    }

    fn health(&self) -> Health {
        let sight = Sight { observed: &self.observed(), images: &self.images };
        health(&self.service, sight, self.clocks)
    }

    /// Holds the verdict against `state running/wanted: why`.
    #[track_caller]
    fn check(self, expected: &str) {
        let health = self.health();
        let (running, wanted) = (health.running, health.wanted);
        let why = if health.why.is_empty() { String::new() } else { format!(": {}", health.why) };
        assert_eq!(format!("{} {running}/{wanted}{why}", health.state.as_str()), expected);
    }
}
