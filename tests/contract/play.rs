//! Plays a script on a stage and writes the protocol: what each write was answered, which states a
//! rollout went through, what the service is and was, what runs.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use skep::model::engine::{
    NetworkSpec, Service, ServiceSpec, StringMap, TaskState, UpdateState, Version,
};
use skep::model::{
    ApiVersion, Kind, NewData, ObjectRef, Observed, SecretBytes, SeenTask, Standing, Target,
};
use skep::ports::{SwarmError, Write};

use crate::change::{Cast, Change, bare};
use crate::script::{Act, Goal, Script};
use crate::stage::{Deed, Program, Stage};

/// How long a goal is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// Plays a script and compares its protocol.
pub async fn check(stage: &dyn Stage, prefix: &str, script: &Script) {
    let protocol = play(stage, prefix, &script.acts).await;
    let expected = expected(script.protocol, look(stage).await.engine.api);
    assert!(
        protocol == expected,
        "this came:\n  {}\n\nthis was expected:\n  {}\n",
        protocol.join("\n  "),
        expected.join("\n  ")
    );
}

/// Lines of a protocol for an engine: `from 1.45: …` stands in the place of the line before it where the
/// engine speaks this version of its API, or a later one.
fn expected(protocol: &str, api: ApiVersion) -> Vec<&str> {
    let mut lines = Vec::new();
    for line in protocol.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix("from ").and_then(|rest| rest.split_once(": ")) {
            Some((from, newer)) => {
                let from: ApiVersion = from.parse().expect("an API version");
                if from <= api {
                    lines.pop();
                    lines.push(newer);
                }
            }
            None => lines.push(line),
        }
    }
    lines
}

async fn play(stage: &dyn Stage, prefix: &str, acts: &[Act]) -> Vec<String> {
    let seen = look(stage).await;
    let mut play = Play {
        stage,
        prefix,
        before: seen.clone(),
        seen,
        states: Vec::new(),
        marked: BTreeMap::new(),
        protocol: Vec::new(),
    };
    for act in acts {
        play.act(*act).await;
    }
    play.protocol
}

async fn look(stage: &dyn Stage) -> Observed {
    stage.swarm().look().await.expect("the swarm can be seen")
}

struct Play<'a> {
    stage: &'a dyn Stage,
    prefix: &'a str,
    seen: Observed,
    /// The look before the last write.
    before: Observed,
    /// Distinct states of rollouts since the last protocol line, per service.
    states: Vec<String>,
    marked: BTreeMap<&'static str, BTreeSet<String>>,
    protocol: Vec<String>,
}

impl Play<'_> {
    async fn act(&mut self, act: Act) {
        match act {
            Act::Until(name, goal) => self.wait_for(name, goal).await,
            Act::Wait(time) => self.wait(time).await,
            Act::Mark(name) => {
                self.marked.insert(name, self.running(name));
            }
            Act::Compare(name) => self.compare(name),
            Act::Where(name) => self.tell_where(name),
            Act::Spec(name) => self.tell_spec(name),
            Act::Rollback(name) => self.by_hand(act, &Deed::Rollback(self.name(name))).await,
            Act::Node(number, word) => {
                self.by_hand(act, &Deed::Availability(number, word)).await;
            }
            Act::NetworkSpec(name) => self.tell_network(name).await,
            Act::Engine(number, word) => self.by_hand(act, &Deed::Engine(number, word)).await,
            Act::NodeLabel(number, value) => self.by_hand(act, &Deed::Label(number, value)).await,
            write => self.write(write).await,
        }
    }

    fn name(&self, short: &str) -> String {
        format!("{}-{short}", self.prefix)
    }

    fn service(&self, short: &str) -> Option<&Service> {
        self.seen.services.get(&self.name(short)).map(AsRef::as_ref)
    }

    async fn by_hand(&mut self, act: Act, deed: &Deed) {
        let answer = match self.stage.by_hand(deed) {
            Ok(()) => "done".to_owned(),
            Err(why) if why.contains("does not have a previous spec") => "refused".to_owned(),
            Err(why) => why,
        };
        self.look_again().await;
        self.protocol.push(format!("{}: {answer}", title(act)));
    }

    async fn write(&mut self, act: Act) {
        let write = self.bind(act);
        let answer = match self.stage.swarm().write(&write).await {
            Ok(_) => "made",
            Err(SwarmError::Conflict { .. }) => "conflict",
            Err(SwarmError::Refused { .. }) => "refused",
            Err(SwarmError::InUse { .. }) => "in use",
            Err(SwarmError::Unavailable { .. }) => "unavailable",
        };
        self.look_again().await;
        self.protocol.push(format!("{}: {answer}", title(act)));
    }

    fn bind(&self, act: Act) -> Write {
        match act {
            Act::Create(name, changes) => {
                let mut spec = bare(self.name(name));
                self.change(&mut spec, changes);
                Write::CreateService { spec: Box::new(spec) }
            }
            Act::Update(name, changes) => self.update(&self.seen, name, changes),
            Act::UpdateLate(name, changes) => self.update(&self.before, name, changes),
            Act::Network(name) => Write::CreateNetwork(NetworkSpec {
                name: self.name(name),
                driver: "overlay".to_owned(),
                ..NetworkSpec::default()
            }),
            Act::Secret(name, text) => {
                Write::CreateSecret { new: self.data(name), bytes: bytes(text) }
            }
            Act::Config(name, text) => {
                Write::CreateConfig { new: self.data(name), bytes: bytes(text) }
            }
            Act::Label(name, value) => self.label(&self.seen, name, value),
            Act::LabelLate(name, value) => self.label(&self.before, name, value),
            Act::Adopt(name, text) => {
                let target = target_of(&self.seen, Kind::Secret, &self.name(name));
                let labels = StringMap::from([("by".to_owned(), "adoption".to_owned())]);
                Write::AdoptSecret { target: target.expect("seen"), labels, bytes: bytes(text) }
            }
            Act::Remove(kind, name) => {
                let name = self.name(name);
                let target = target_of(&self.seen, kind, &name);
                let target = target.or_else(|| target_of(&self.before, kind, &name));
                Write::Remove { object: ObjectRef::new(kind, name), target: target.expect("seen") }
            }
            other => panic!("{other:?} is no write"),
        }
    }

    fn update(&self, seen: &Observed, name: &str, changes: &[Change]) -> Write {
        let name = self.name(name);
        let service = seen.services.get(&name);
        let service = service.unwrap_or_else(|| panic!("no {name} after {:#?}", self.protocol));
        let mut spec = service.spec.clone();
        self.change(&mut spec, changes);
        let target = target_of(seen, Kind::Service, &name).expect("the service was seen");
        Write::UpdateService { target, spec: Box::new(spec) }
    }

    fn change(&self, spec: &mut ServiceSpec, changes: &[Change]) {
        let cast = Cast { stage: self.stage, prefix: self.prefix, seen: &self.seen };
        for change in changes {
            change.make(&cast, spec);
        }
    }

    fn label(&self, seen: &Observed, name: &str, value: &str) -> Write {
        let target = target_of(seen, Kind::Config, &self.name(name)).expect("the config was seen");
        let labels = StringMap::from([("by".to_owned(), value.to_owned())]);
        Write::Label { kind: Kind::Config, target, labels }
    }

    fn data(&self, name: &str) -> NewData {
        NewData {
            name: self.name(name),
            labels: StringMap::new(),
            data: None,
            hash: None,
            driver: None,
            templating: None,
        }
    }

    /// Looks after a write. The look before it stays, for late writes.
    async fn look_again(&mut self) {
        let seen = look(self.stage).await;
        self.before = std::mem::replace(&mut self.seen, seen);
        self.states.clear();
    }

    async fn wait(&mut self, time: Duration) {
        let mut left = time;
        while !left.is_zero() {
            left = left.saturating_sub(self.stage.nap().await);
        }
        self.seen = look(self.stage).await;
    }

    async fn wait_for(&mut self, name: &'static str, goal: Goal) {
        let mut left = PATIENCE;
        loop {
            self.seen = look(self.stage).await;
            self.note_state(name);
            if self.reached(name, goal) {
                break;
            }
            if left.is_zero() {
                let line = format!("{name}: {goal:?} not reached; {}", self.tasks_text(name));
                self.protocol.push(line);
                return;
            }
            left = left.saturating_sub(self.stage.nap().await);
        }
        let line = self.summary(name, goal);
        self.protocol.push(line);
        self.states.clear();
    }

    fn note_state(&mut self, name: &str) {
        let status = self.service(name).and_then(|service| service.update_status.as_ref());
        let Some(word) = status.map(|status| word(&status.state)) else { return };
        if self.states.last() != Some(&word) {
            self.states.push(word);
        }
    }

    fn reached(&self, name: &str, goal: Goal) -> bool {
        let Some(service) = self.service(name) else {
            return goal == Goal::Gone && self.gone();
        };
        let tasks = self.tasks(name);
        let status = service.update_status.as_ref();
        match goal {
            Goal::Runs(number) => {
                let up = tasks.iter().filter(|seen| runs(seen)).count();
                let good = tasks.iter().filter(|seen| runs(seen) && is_current(seen)).count();
                let waits = tasks.iter().any(|seen| wanted(seen) && !runs(seen));
                up == number && good == number && !waits
            }
            Goal::State(state) | Goal::Ends(state) => {
                status.is_some_and(|status| word(&status.state) == state)
            }
            Goal::WentBack => status.is_some_and(|status| {
                matches!(status.state, UpdateState::RollbackCompleted | UpdateState::RollbackPaused)
            }),
            Goal::Says(text) => tasks.iter().any(|seen| seen.task.status.err.contains(text)),
            Goal::Completed(number) => {
                service.service_status.is_some_and(|status| status.completed_tasks == number)
            }
            Goal::Rests => !tasks.iter().any(|seen| wanted(seen) || up(seen)),
            Goal::Gone => false,
        }
    }

    /// True when no task of the script's services is left.
    fn gone(&self) -> bool {
        let mut known = self.before.services.iter().filter(|(n, _)| n.starts_with(self.prefix));
        known.all(|(_, service)| {
            self.seen.services.contains_key(&service.spec.name)
                || self.seen.tasks.get(&service.id).is_none_or(Vec::is_empty)
        })
    }

    /// `web: [updating completed] 2 V=2, before 1 V=1; 2 run`
    fn summary(&self, name: &str, goal: Goal) -> String {
        let mut line = format!("{name}:");
        if let Goal::Ends(state) = goal {
            let _ = write!(line, " [.. {state}]");
        } else if goal == Goal::WentBack {
            line.push_str(" [went back]");
        } else if !self.states.is_empty() {
            let _ = write!(line, " [{}]", self.states.join(" "));
        }
        let Some(service) = self.service(name) else { return line + " gone" };
        let _ = write!(line, " {}", self.portrait(&service.spec));
        if let Some(previous) = &service.previous_spec {
            let _ = write!(line, ", before {}", self.portrait(previous));
        }
        let _ = match goal {
            Goal::Runs(number) => write!(line, "; {number} run"),
            Goal::Says(text) => write!(line, "; {text}"),
            Goal::Completed(number) => write!(line, "; {number} completed"),
            Goal::Rests => write!(line, "; rests after {} tasks", self.tasks(name).len()),
            Goal::State(_) | Goal::Ends(_) | Goal::WentBack | Goal::Gone => Ok(()),
        };
        line
    }

    /// What tells specs of a script apart: program, environment, number, labels.
    fn portrait(&self, spec: &ServiceSpec) -> String {
        let container = spec.task_template.container_spec.as_ref().expect("a container");
        let program =
            Program::ALL.iter().find(|program| self.stage.image(**program) == container.image);
        let mut text = program.map_or(container.image.as_str(), |program| program.tag()).to_owned();
        for line in &container.env {
            let _ = write!(text, " {line}");
        }
        for (name, value) in &spec.labels {
            let _ = write!(text, " {name}:{value}");
        }
        text
    }

    fn tasks(&self, name: &str) -> &[SeenTask] {
        let id = self.service(name).map_or("", |service| service.id.as_str());
        self.seen.tasks.get(id).map_or(&[], Vec::as_slice)
    }

    fn tasks_text(&self, name: &str) -> String {
        let text = |seen: &SeenTask| {
            let task = &seen.task;
            format!(
                "{}:{:?}/{:?}/{:?}({})",
                task.slot, task.status.state, task.desired_state, seen.standing, task.status.err
            )
        };
        let tasks: Vec<String> = self.tasks(name).iter().map(text).collect();
        format!("states {:?}, tasks {tasks:?}", self.states)
    }

    fn running(&self, name: &str) -> BTreeSet<String> {
        let running = self.tasks(name).iter().filter(|seen| runs(seen));
        running.map(|seen| seen.task.id.clone()).collect()
    }

    fn compare(&mut self, name: &'static str) {
        let now = self.running(name);
        let same = now.intersection(&self.marked[name]).count();
        let outdated =
            self.tasks(name).iter().filter(|seen| runs(seen) && !is_current(seen)).count();
        let new = now.len() - same;
        self.protocol.push(format!("{name}: {same} same, {new} new, {outdated} outdated"));
    }

    fn tell_where(&mut self, name: &'static str) {
        let mut nodes: Vec<String> = self
            .tasks(name)
            .iter()
            .filter(|seen| runs(seen))
            .map(|seen| self.node_word(&seen.task.node_id))
            .collect();
        nodes.sort();
        self.protocol.push(format!("{name}: on {}", nodes.join(" ")));
    }

    fn node_word(&self, id: &str) -> String {
        let host = self.seen.nodes.get(id).map_or("", |node| &node.description.hostname);
        let number = (1..=9).find(|number| self.stage.host(*number) == host);
        number.map_or_else(|| host.to_owned(), |number| format!("node{number}"))
    }

    /// The spec as JSON, names and ids of this run replaced.
    fn tell_spec(&mut self, name: &'static str) {
        let service = self.service(name).expect("the service was seen");
        let mut text = serde_json::to_string(&service.spec).expect("a spec is JSON");
        for program in Program::ALL {
            text = text.replace(&self.stage.image(program), &format!("IMAGE-{}", program.tag()));
        }
        for (name, id) in self.ids() {
            text = text.replace(&id, &format!("ID-OF-{name}"));
        }
        self.protocol.push(text.replace(&format!("{}-", self.prefix), ""));
    }

    /// What a network is, without the numbers that differ from run to run. An engine allocates it a
    /// moment after it was made.
    async fn tell_network(&mut self, name: &'static str) {
        let full = self.name(name);
        let mut left = PATIENCE;
        while self.seen.networks.get(&full).is_none_or(|n| n.driver.is_empty()) && !left.is_zero() {
            left = left.saturating_sub(self.stage.nap().await);
            self.seen = look(self.stage).await;
        }
        let network = self.seen.networks.get(&full).expect("the network was seen");
        let options: Vec<&str> = network.options.keys().map(String::as_str).collect();
        let ipam = network.ipam.as_ref().expect("the network has addresses");
        let pools: Vec<String> = ipam
            .config
            .iter()
            .map(|pool| {
                let size = pool.subnet.split('/').nth(1).unwrap_or_default();
                let gateway = pool.gateway.rsplit('.').next().unwrap_or_default();
                format!("/{size} from .{gateway}")
            })
            .collect();
        let line = format!(
            "{name}: {} {}, internal {}, attachable {}, options {options:?}, {} {pools:?}",
            network.scope, network.driver, network.internal, network.attachable, ipam.driver
        );
        self.protocol.push(line);
    }

    fn ids(&self) -> Vec<(String, String)> {
        let networks = self.seen.networks.values().map(|n| (n.name.clone(), n.id.clone()));
        let secrets = self.seen.secrets.values().map(|s| (s.spec.name.clone(), s.id.clone()));
        let configs = self.seen.configs.values().map(|c| (c.spec.name.clone(), c.id.clone()));
        networks.chain(secrets).chain(configs).collect()
    }
}

fn title(act: Act) -> String {
    match act {
        Act::Create(name, _) => format!("create {name}"),
        Act::Update(name, _) => format!("update {name}"),
        Act::UpdateLate(name, _) => format!("update {name} late"),
        Act::Network(name) => format!("network {name}"),
        Act::Secret(name, _) => format!("secret {name}"),
        Act::Config(name, _) => format!("config {name}"),
        Act::Label(name, _) => format!("label {name}"),
        Act::LabelLate(name, _) => format!("label {name} late"),
        Act::Adopt(name, text) => format!("adopt {name} as {text}"),
        Act::Remove(kind, name) => format!("remove {kind} {name}"),
        Act::Rollback(name) => format!("roll back {name}"),
        Act::Node(number, word) => format!("node{number} {word}"),
        Act::NodeLabel(number, value) => format!("node{number} labelled {value}"),
        Act::Engine(number, word) => format!("{word} node{number}"),
        other => format!("{other:?}"),
    }
}

fn target_of(seen: &Observed, kind: Kind, name: &str) -> Option<Target> {
    let (id, version) = match kind {
        Kind::Service => seen.services.get(name).map(|s| (s.id.clone(), s.version))?,
        Kind::Network => seen.networks.get(name).map(|n| (n.id.clone(), Version::default()))?,
        Kind::Secret => seen.secrets.get(name).map(|s| (s.id.clone(), s.version))?,
        Kind::Config => seen.configs.get(name).map(|c| (c.id.clone(), c.version))?,
        Kind::Node => return None,
    };
    Some(Target { name: name.to_owned(), id, version })
}

fn bytes(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

fn word(state: &UpdateState) -> String {
    let json = serde_json::to_value(state).expect("a state is JSON");
    json.as_str().unwrap_or_default().to_owned()
}

fn wanted(seen: &SeenTask) -> bool {
    seen.task.desired_state <= TaskState::Running
}

fn up(seen: &SeenTask) -> bool {
    let state = seen.task.status.state;
    (TaskState::Starting..=TaskState::Running).contains(&state)
}

fn runs(seen: &SeenTask) -> bool {
    seen.task.status.state == TaskState::Running && seen.task.desired_state == TaskState::Running
}

fn is_current(seen: &SeenTask) -> bool {
    seen.standing == Standing::Current
}
