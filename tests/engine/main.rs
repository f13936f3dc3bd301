//! The swarm and registry rooms against a real engine. `tests/run` runs them; plain `cargo test`
//! leaves them out, because they need the laboratory of `tests/lab`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

#[path = "../swarm/lab.rs"]
mod lab;

mod events;
mod leader;
mod looks;
mod questions;
mod standing;
mod words;
mod writes;

use std::sync::Arc;

use skep::clock::SystemClock;
use skep::model::engine::{
    ContainerSpec, Replicated, ServiceMode, ServiceSpec, StringMap, TaskSpec,
};
use skep::model::{Kind, NewData, ObjectRef, Observed, SecretBytes, Target};
use skep::ports::{Swarm, SwarmError, Write, Written};
use skep::swarm::{EngineSwarm, Host, Options};

use crate::lab::{Lab, Node};

fn options() -> Options {
    Options::new(Arc::new(SystemClock))
}

/// The swarm behind a node's socket.
fn connect(node: &Node) -> EngineSwarm {
    connect_with(node, options())
}

fn connect_with(node: &Node, options: Options) -> EngineSwarm {
    let host: Host = format!("unix://{}", node.socket.display()).parse().unwrap();
    skep::swarm::connect(&host, options).unwrap()
}

/// A service of the demo program.
fn service(lab: &Lab, name: &str, replicas: u64) -> ServiceSpec {
    ServiceSpec {
        name: name.to_owned(),
        mode: Some(ServiceMode::Replicated(Replicated { replicas: Some(replicas) })),
        task_template: TaskSpec {
            container_spec: Some(ContainerSpec {
                image: lab.image("1").to_owned(),
                ..ContainerSpec::default()
            }),
            ..TaskSpec::default()
        },
        ..ServiceSpec::default()
    }
}

async fn create(swarm: &EngineSwarm, spec: ServiceSpec) -> Result<Written, SwarmError> {
    swarm.write(&Write::CreateService { spec: Box::new(spec) }).await
}

/// Writes a service that was looked at, changed by `change`.
async fn update(
    swarm: &EngineSwarm,
    seen: &Observed,
    name: &str,
    change: impl FnOnce(&mut ServiceSpec),
) -> Result<Written, SwarmError> {
    let mut spec = Box::new(seen.services[name].spec.clone());
    change(&mut spec);
    swarm.write(&Write::UpdateService { target: target(seen, Kind::Service, name), spec }).await
}

fn new_data(name: &str) -> NewData {
    NewData {
        name: name.to_owned(),
        labels: StringMap::from([("made-by".to_owned(), "a test".to_owned())]),
        data: None,
        hash: None,
        driver: None,
        templating: None,
    }
}

fn bytes(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

/// An object as a look saw it.
fn target(seen: &Observed, kind: Kind, name: &str) -> Target {
    let (id, version) = match kind {
        Kind::Network => (&seen.networks[name].id, Default::default()),
        Kind::Secret => (&seen.secrets[name].id, seen.secrets[name].version),
        Kind::Config => (&seen.configs[name].id, seen.configs[name].version),
        Kind::Node => (&seen.nodes[name].id, seen.nodes[name].version),
        Kind::Service => (&seen.services[name].id, seen.services[name].version),
    };
    Target { name: name.to_owned(), id: id.clone(), version }
}

fn removal(seen: &Observed, kind: Kind, name: &str) -> Write {
    Write::Remove { object: ObjectRef::new(kind, name), target: target(seen, kind, name) }
}
