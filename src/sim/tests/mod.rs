//! The simulator as a whole. What it shares with the real engine is in `tests/contract`; here is
//! what only a simulator has, and rules that a real engine would take too long for.

mod events;
mod faults;
mod history;
mod nodes;
mod rollouts;
mod worlds;

use std::time::Duration;

use crate::model::engine::{
    ContainerSpec, Replicated, RestartPolicy, Service, ServiceMode, ServiceSpec, TaskSpec,
    TaskState, UpdateConfig,
};
use crate::model::{Observed, SeenTask};
use crate::ports::{Swarm as _, SwarmError, Write, Written};

use super::{Behaviour, World};

const SECOND: Duration = Duration::from_secs(1);

/// A world in which `crash` ends at once with an error.
fn world() -> World {
    let world = World::new(1);
    world.swarm.set_image("crash", Behaviour::ExitsAfter(Duration::ZERO, 1));
    world
}

fn spec(name: &str, image: &str, replicas: u64) -> ServiceSpec {
    ServiceSpec {
        name: name.into(),
        task_template: TaskSpec {
            container_spec: Some(ContainerSpec { image: image.into(), ..Default::default() }),
            ..TaskSpec::default()
        },
        mode: Some(ServiceMode::Replicated(Replicated { replicas: Some(replicas) })),
        ..ServiceSpec::default()
    }
}

/// Restarts after a second.
fn restarting(mut spec: ServiceSpec, attempts: u64, window: Option<i64>) -> ServiceSpec {
    spec.task_template.restart_policy = Some(Box::new(RestartPolicy {
        delay: Some(1_000_000_000),
        max_attempts: Some(attempts),
        window,
        ..RestartPolicy::default()
    }));
    spec
}

/// One slot after the other, watched for two seconds.
fn updating(mut spec: ServiceSpec, change: impl FnOnce(&mut UpdateConfig)) -> ServiceSpec {
    let mut update =
        UpdateConfig { parallelism: 1, monitor: 2_000_000_000, ..UpdateConfig::default() };
    change(&mut update);
    spec.update_config = Some(Box::new(update));
    spec
}

async fn create(world: &World, spec: ServiceSpec) -> Result<Written, SwarmError> {
    world.swarm.write(&Write::CreateService { spec: Box::new(spec) }).await
}

async fn look(world: &World) -> Observed {
    world.swarm.look().await.unwrap()
}

/// A service as it is now.
async fn service(world: &World, name: &str) -> Service {
    Service::clone(&look(world).await.services[name])
}

async fn tasks(world: &World, name: &str) -> Vec<SeenTask> {
    let seen = look(world).await;
    seen.tasks.get(&seen.services[name].id).cloned().unwrap_or_default()
}

/// Tasks of a service that run and are meant to.
async fn running(world: &World, name: &str) -> usize {
    let tasks = tasks(world, name).await;
    tasks.iter().filter(|seen| runs(seen)).count()
}

fn runs(seen: &SeenTask) -> bool {
    seen.task.status.state == TaskState::Running && seen.task.desired_state == TaskState::Running
}
