//! What scripts change in a service spec.

#![expect(clippy::expect_used, reason = "a test may fail")]

use serde_json::Value;
use skep::model::Observed;
use skep::model::engine::{
    ConfigReference, ContainerSpec, DataFile, EndpointSpec, JobMode, Mount, NetworkAttachment,
    Placement, PortConfig, Replicated, ResourceRequirements, Resources, RestartPolicy,
    SecretReference, ServiceMode, ServiceSpec, TaskSpec, UpdateConfig,
};

use crate::stage::{Program, Stage};

/// One change. Objects of the script are named without the prefix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    Image(Program),
    /// Any text in the place of the image.
    ImageText(&'static str),
    Replicas(u64),
    /// The whole environment.
    Env(&'static [&'static str]),
    Label(&'static str, &'static str),
    Constraints(&'static [&'static str]),
    /// A constraint on the host name of a node.
    OnNode(usize),
    MaxReplicas(u64),
    /// Failure action of updates, with the short times that scripts use.
    OnFailure(&'static str),
    /// Failure action of rollbacks.
    OnFailedRollback(&'static str),
    Order(&'static str),
    Parallelism(u64),
    Ratio(f32),
    /// Restart condition, delay in milliseconds, attempts.
    Restart(&'static str, i64, u64),
    Global,
    Job,
    GlobalJob,
    Memory(i64),
    Secret(&'static str),
    Config(&'static str),
    Network(&'static str),
    /// A network that every node has.
    Everywhere(&'static str),
    /// Published port and mode.
    Port(u32, &'static str),
    /// `vip` or `dnsrr`.
    Endpoint(&'static str),
    Mounts(&'static [&'static str]),
    /// Empty messages where nothing was.
    EmptyMessages,
    ForceUpdate,
    Rename(&'static str),
    /// Puts these fields of the engine's JSON over the spec's.
    Json(&'static str),
}

/// Where names, ids and images come from.
pub struct Cast<'a> {
    pub stage: &'a dyn Stage,
    pub prefix: &'a str,
    /// The newest look, for ids.
    pub seen: &'a Observed,
}

impl Cast<'_> {
    /// A name with the prefix of the script.
    pub fn name(&self, short: &str) -> String {
        format!("{}-{short}", self.prefix)
    }
}

/// A service without anything but its name.
pub fn bare(name: String) -> ServiceSpec {
    let container_spec = Some(ContainerSpec::default());
    ServiceSpec {
        name,
        task_template: TaskSpec { container_spec, ..TaskSpec::default() },
        ..ServiceSpec::default()
    }
}

impl Change {
    /// Makes the change.
    pub fn make(self, cast: &Cast<'_>, spec: &mut ServiceSpec) {
        match self {
            Self::Rename(name) => spec.name = cast.name(name),
            Self::Json(text) => put_over(spec, text),
            Self::Label(name, value) => {
                spec.labels.insert(name.to_owned(), value.to_owned());
            }
            Self::Replicas(_) | Self::Global | Self::Job | Self::GlobalJob => {
                spec.mode = Some(self.mode());
            }
            Self::OnFailure(_)
            | Self::OnFailedRollback(_)
            | Self::Order(_)
            | Self::Parallelism(_)
            | Self::Ratio(_) => self.make_in_update(spec),
            Self::Port(..) | Self::Endpoint(_) => self.make_in_endpoint(spec),
            _ => self.make_in_task(cast, &mut spec.task_template),
        }
    }

    fn mode(self) -> ServiceMode {
        match self {
            Self::Global => ServiceMode::Global {},
            Self::Job => ServiceMode::ReplicatedJob(JobMode::default()),
            Self::GlobalJob => ServiceMode::GlobalJob {},
            Self::Replicas(number) => {
                ServiceMode::Replicated(Replicated { replicas: Some(number) })
            }
            _ => ServiceMode::Replicated(Replicated::default()),
        }
    }

    fn make_in_update(self, spec: &mut ServiceSpec) {
        let update = spec.update_config.get_or_insert_with(|| Box::new(usual_update()));
        match self {
            Self::OnFailure(action) => action.clone_into(&mut update.failure_action),
            Self::Order(order) => order.clone_into(&mut update.order),
            Self::Parallelism(number) => update.parallelism = number,
            Self::Ratio(ratio) => update.max_failure_ratio = ratio,
            Self::OnFailedRollback(action) => {
                let back = spec.rollback_config.get_or_insert_with(|| Box::new(usual_update()));
                action.clone_into(&mut back.failure_action);
            }
            _ => {}
        }
    }

    fn make_in_endpoint(self, spec: &mut ServiceSpec) {
        let endpoint = spec.endpoint_spec.get_or_insert_with(EndpointSpec::default);
        match self {
            Self::Endpoint(mode) => mode.clone_into(&mut endpoint.mode),
            Self::Port(published_port, mode) => endpoint.ports.push(PortConfig {
                target_port: 8080,
                published_port,
                publish_mode: mode.to_owned(),
                ..PortConfig::default()
            }),
            _ => {}
        }
    }

    fn make_in_task(self, cast: &Cast<'_>, task: &mut TaskSpec) {
        match self {
            Self::Constraints(texts) => {
                let placement = task.placement.get_or_insert_with(Placement::default);
                placement.constraints = texts.iter().map(|text| (*text).to_owned()).collect();
            }
            Self::OnNode(number) => {
                let constraint = format!("node.hostname == {}", cast.stage.host(number));
                let placement = task.placement.get_or_insert_with(Placement::default);
                placement.constraints = vec![constraint];
            }
            Self::MaxReplicas(number) => {
                task.placement.get_or_insert_with(Placement::default).max_replicas = number;
            }
            Self::Restart(condition, delay, attempts) => {
                task.restart_policy = Some(Box::new(RestartPolicy {
                    condition: condition.to_owned(),
                    delay: Some(delay * 1_000_000),
                    max_attempts: Some(attempts),
                    ..RestartPolicy::default()
                }));
            }
            Self::Memory(memory_bytes) => {
                let limits = Resources { memory_bytes, ..Resources::default() };
                let limits = Some(Box::new(limits));
                task.resources =
                    Some(ResourceRequirements { limits, ..ResourceRequirements::default() });
            }
            Self::Everywhere(name) => task.networks.push(NetworkAttachment {
                target: name.to_owned(),
                ..NetworkAttachment::default()
            }),
            Self::Network(name) => task.networks.push(NetworkAttachment {
                target: cast.name(name),
                ..NetworkAttachment::default()
            }),
            Self::ForceUpdate => task.force_update += 1,
            Self::EmptyMessages => {
                task.resources = Some(ResourceRequirements::default());
                task.placement = Some(Placement::default());
                task.container_spec.get_or_insert_default().privileges = Some(Box::default());
            }
            _ => self.make_in_container(cast, task.container_spec.get_or_insert_default()),
        }
    }

    fn make_in_container(self, cast: &Cast<'_>, container: &mut ContainerSpec) {
        match self {
            Self::Image(program) => container.image = cast.stage.image(program),
            Self::ImageText(text) => text.clone_into(&mut container.image),
            Self::Env(lines) => {
                container.env = lines.iter().map(|line| (*line).to_owned()).collect();
            }
            Self::Mounts(targets) => {
                let tmpfs = |target: &&str| Mount {
                    kind: "tmpfs".to_owned(),
                    target: (*target).to_owned(),
                    ..Mount::default()
                };
                container.mounts = targets.iter().map(tmpfs).collect();
            }
            Self::Secret(short) => {
                let name = cast.name(short);
                container.secrets = vec![SecretReference {
                    file: Some(file(short)),
                    secret_id: id(cast.seen.secrets.get(&name).map(|secret| &secret.id)),
                    secret_name: name,
                    ..SecretReference::default()
                }];
            }
            Self::Config(short) => {
                let name = cast.name(short);
                container.configs = vec![ConfigReference {
                    file: Some(file(short)),
                    config_id: id(cast.seen.configs.get(&name).map(|config| &config.id)),
                    config_name: name,
                    ..ConfigReference::default()
                }];
            }
            _ => {}
        }
    }
}

/// Maps are merged, everything else is replaced.
fn put_over(spec: &mut ServiceSpec, text: &str) {
    fn merge(into: &mut Value, from: Value) {
        match (into, from) {
            (Value::Object(into), Value::Object(from)) => {
                for (key, value) in from {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
            (into, from) => *into = from,
        }
    }
    let mut whole = serde_json::to_value(&*spec).expect("a spec is JSON");
    merge(&mut whole, serde_json::from_str(text).expect("the script holds JSON"));
    *spec = serde_json::from_value(whole).expect("the result is a spec");
}

/// An object that is not there has an id that nothing has.
fn id(found: Option<&String>) -> String {
    found.cloned().unwrap_or_else(|| "x".repeat(25))
}

fn file(name: &str) -> DataFile {
    DataFile { name: name.to_owned(), uid: "0".into(), gid: "0".into(), mode: 0o444 }
}

/// One task at a time, watched for two seconds.
fn usual_update() -> UpdateConfig {
    UpdateConfig { parallelism: 1, monitor: 2_000_000_000, ..UpdateConfig::default() }
}
