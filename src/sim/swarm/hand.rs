//! What somebody with a docker command line, or with a hand on the power switch, does to the swarm.
//! Everything goes through the engine's rules and into the log.

use std::time::Duration;

use crate::model::engine::{ContainerSpec, Replicated, ServiceMode, ServiceSpec, TaskState};
use crate::model::{Kind, ObjectRef, Target};
use crate::ports::{SwarmError, Write, Written};

use super::{By, HEARTBEATS, LoggedWrite, SimSwarm, State, Verb};
use crate::sim::agenda::Due;
use crate::sim::control::{Refusal, SpecSource, update_service};
use crate::sim::store::{Agent, Id, TaskKey};

/// Time until a node that was switched on is ready.
const BOOT: Duration = Duration::from_secs(2);

/// Somebody who does things to the swarm without skep.
pub struct Hand<'a>(&'a SimSwarm);

/// What a person does with a node (`docker node update --availability`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Availability {
    Active,
    Pause,
    Drain,
}

impl<'a> Hand<'a> {
    pub(super) fn new(swarm: &'a SimSwarm) -> Self {
        Self(swarm)
    }

    /// Makes any write, past all faults.
    ///
    /// # Errors
    /// What the engine refuses.
    pub fn write(&self, write: &Write) -> Result<Written, SwarmError> {
        self.0.with(|state| state.write(write, By::Hand))
    }

    /// Changes the spec of a service, whatever its version.
    ///
    /// # Errors
    /// What the engine refuses; a service that is not there is a conflict.
    pub fn change(
        &self,
        service: &str,
        change: impl FnOnce(&mut ServiceSpec),
    ) -> Result<Written, SwarmError> {
        self.0.with(|state| {
            let (target, mut spec) = state.find(service)?;
            change(&mut spec);
            state.write(&Write::UpdateService { target, spec: Box::new(spec) }, By::Hand)
        })
    }

    /// `docker service scale`.
    ///
    /// # Errors
    /// As [`Hand::change`].
    pub fn scale(&self, service: &str, replicas: u64) -> Result<Written, SwarmError> {
        self.change(service, |spec| {
            spec.mode = Some(ServiceMode::Replicated(Replicated { replicas: Some(replicas) }));
        })
    }

    /// `docker service update --image`.
    ///
    /// # Errors
    /// As [`Hand::change`].
    pub fn set_image(&self, service: &str, image: &str) -> Result<Written, SwarmError> {
        self.change(service, |spec| image.clone_into(&mut container(spec).image))
    }

    /// `docker service update --env-add NAME=value`.
    ///
    /// # Errors
    /// As [`Hand::change`].
    pub fn set_env(&self, service: &str, name: &str, value: &str) -> Result<Written, SwarmError> {
        self.change(service, |spec| {
            let env = &mut container(spec).env;
            env.retain(|line| line.split('=').next() != Some(name));
            env.push(format!("{name}={value}"));
        })
    }

    /// `docker service update --label-add NAME=value`.
    ///
    /// # Errors
    /// As [`Hand::change`].
    pub fn set_label(&self, service: &str, name: &str, value: &str) -> Result<Written, SwarmError> {
        self.change(service, |spec| {
            spec.labels.insert(name.to_owned(), value.to_owned());
        })
    }

    /// `docker service rollback`.
    ///
    /// # Errors
    /// When there is no spec to go back to, or no such service.
    pub fn rollback(&self, service: &str) -> Result<Written, SwarmError> {
        self.0.with(|state| {
            let (target, _) = state.find(service)?;
            let object = ObjectRef::new(Kind::Service, service);
            let attempted = format!("{} {object}", Verb::Rollback);
            let store = &mut state.cluster.store;
            let made = update_service(store, &target, SpecSource::Previous);
            let at = store.now;
            let (outcome, answer) = super::log::answer(made, &attempted);
            let verb = Verb::Rollback;
            state.log.push(LoggedWrite { at, by: By::Hand, verb, object, outcome });
            answer
        })
    }

    /// `docker service|network|secret|config rm`.
    ///
    /// # Errors
    /// When it is in use, or not there.
    pub fn remove(&self, kind: Kind, name: &str) -> Result<Written, SwarmError> {
        self.0.with(|state| {
            let target = state.target(kind, name)?;
            let object = ObjectRef::new(kind, name);
            state.write(&Write::Remove { object, target }, By::Hand)
        })
    }

    /// Ends the container of a running task, as `docker kill` on its node does.
    pub fn kill_task(&self, service: &str) {
        self.0.with(|state| state.kill_task(service));
    }

    /// `docker node update --availability drain`. `true` when there is such a node.
    pub fn drain(&self, node: &str) -> bool {
        self.set_availability(node, Availability::Drain)
    }

    /// `docker node update --availability pause`. `true` when there is such a node.
    pub fn pause(&self, node: &str) -> bool {
        self.set_availability(node, Availability::Pause)
    }

    /// `docker node update --availability active`. `true` when there is such a node.
    pub fn activate(&self, node: &str) -> bool {
        self.set_availability(node, Availability::Active)
    }

    /// `docker node update --label-add NAME=value`. `true` when there is such a node.
    pub fn label_node(&self, node: &str, name: &str, value: &str) -> bool {
        self.0.with(|state| {
            state.change_node(node, |row| {
                row.node.spec.labels.insert(name.to_owned(), value.to_owned());
            })
        })
    }

    /// Takes a node away, with all its containers; managers notice after 15 s. `true` when there is
    /// such a node.
    pub fn kill_node(&self, node: &str) -> bool {
        self.0.with(|state| {
            let Some(id) = state.node(node) else { return false };
            if let Some(row) = state.cluster.store.nodes.get_mut(&id) {
                row.agent = Agent::Gone;
            }
            state.cluster.plan(HEARTBEATS, Due::Missed(id));
            true
        })
    }

    /// Switches a node on again: it is ready after 2 s, its containers are gone. `true` when there
    /// is such a node.
    pub fn return_node(&self, node: &str) -> bool {
        self.0.with(|state| {
            let Some(id) = state.node(node) else { return false };
            state.cluster.plan(BOOT, Due::Returned(id));
            true
        })
    }

    fn set_availability(&self, node: &str, availability: Availability) -> bool {
        let word = match availability {
            Availability::Active => "active",
            Availability::Pause => "pause",
            Availability::Drain => "drain",
        };
        self.0.with(|state| {
            state.change_node(node, |row| word.clone_into(&mut row.node.spec.availability))
        })
    }
}

impl State {
    fn find(&self, service: &str) -> Result<(Target, ServiceSpec), SwarmError> {
        let target = self.target(Kind::Service, service)?;
        let row = self.cluster.store.service(&target.id);
        Ok((target, row.map(|row| row.service.spec.clone()).unwrap_or_default()))
    }

    fn target(&self, kind: Kind, name: &str) -> Result<Target, SwarmError> {
        let store = &self.cluster.store;
        let found = match kind {
            Kind::Service => store
                .service_id(name)
                .and_then(|id| store.service(&id))
                .map(|row| (row.service.id.clone(), row.service.version)),
            Kind::Node => store
                .nodes
                .values()
                .find(|row| row.node.description.hostname == name)
                .map(|row| (row.node.id.clone(), row.node.version)),
            Kind::Network => store
                .networks
                .values()
                .find(|network| network.name == name)
                .map(|network| (network.id.clone(), Default::default())),
            Kind::Secret => store
                .secrets
                .values()
                .find(|row| row.live.spec.name == name)
                .map(|row| (row.live.id.clone(), row.live.version)),
            Kind::Config => store
                .configs
                .values()
                .find(|config| config.spec.name == name)
                .map(|config| (config.id.clone(), config.version)),
        };
        let (id, version) = found.ok_or_else(|| {
            let attempted = format!("find {}", ObjectRef::new(kind, name));
            Refusal::gone(kind.as_str(), name).into_error(&attempted)
        })?;
        Ok(Target { name: name.to_owned(), id, version })
    }

    fn node(&self, hostname: &str) -> Option<Id> {
        let mut nodes = self.cluster.store.nodes.iter();
        nodes
            .find(|(_, row)| row.node.description.hostname == hostname)
            .map(|(id, _)| Id::clone(id))
    }

    fn change_node(
        &mut self,
        hostname: &str,
        change: impl FnOnce(&mut crate::sim::store::NodeRow),
    ) -> bool {
        let id = self.node(hostname);
        if let Some(id) = &id {
            self.cluster.store.change_node(id, change);
        }
        id.is_some()
    }

    fn kill_task(&mut self, service: &str) {
        let store = &self.cluster.store;
        let running: Option<TaskKey> = store.service_id(service).and_then(|id| {
            let mut tasks = store.tasks_of(&id);
            tasks.find(|(_, row)| row.task.status.state == TaskState::Running).map(|(key, _)| key)
        });
        if let Some(key) = running {
            self.cluster.end_container(&key);
        }
    }
}

fn container(spec: &mut ServiceSpec) -> &mut ContainerSpec {
    spec.task_template.container_spec.get_or_insert_default()
}
