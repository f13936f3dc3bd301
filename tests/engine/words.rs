//! What a real engine says of tasks that fail, and what health makes of it. The words themselves
//! are recorded in `src/health/tests/words.rs`.

use std::sync::Arc;
use std::time::Duration;

use skep::health::{Clocks, Health, HealthState, Sight, doubts, health};
use skep::model::engine::{
    JobMode, Mount, Placement, ResourceRequirements, Resources, RestartPolicy, ServiceMode,
    ServiceSpec,
};
use skep::model::{Images, Kind};
use skep::ports::{Registry, Swarm, SwarmError, Write};
use skep::registry::EngineRegistry;

use crate::lab::Lab;
use crate::standing::running;
use crate::{connect, create, service, target, update};

/// Short enough for a test; what the services declare is added.
const CLOCKS: Clocks = Clocks {
    min_healthy: Duration::from_secs(1),
    healthy_deadline: Duration::from_secs(4),
    progress_deadline: Duration::from_secs(60),
    job_limit: None,
};

/// Makes a service and looks, for a minute, until the verdict on it is this one.
#[expect(clippy::disallowed_methods, reason = "a real engine is waited for in real time")]
async fn check(
    test: &str,
    declare: impl FnOnce(&mut ServiceSpec, &Lab),
    (state, words): (HealthState, &str),
) {
    let lab = Lab::open();
    let claim = lab.claim("three", test);
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    let registry = skep::registry::connect(swarm.docker(), Arc::new(lab.logins()));
    let registry = registry.with_time_out(Duration::from_secs(5));
    let mut spec = service(&lab, name, 1);
    declare(&mut spec, &lab);
    create(&swarm, spec).await.unwrap();
    let is_right = |health: &Health| health.state == state && health.why.contains(words);
    let mut last = verdict(&swarm, name, &registry).await;
    for _ in 0..300 {
        if is_right(&last) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        last = verdict(&swarm, name, &registry).await;
    }
    assert!(is_right(&last), "{state:?} '{words}' is wanted, and this is: {last:?}");
}

async fn verdict(swarm: &impl Swarm, name: &str, registry: &EngineRegistry) -> Health {
    let observed = swarm.look().await.unwrap();
    let service = &observed.services[name];
    let mut images = Images::default();
    for image in doubts(service, &observed, CLOCKS) {
        let answer = registry.resolve(&image).await;
        images.0.insert(image, answer);
    }
    health(service, Sight { observed: &observed, images: &images }, CLOCKS)
}

fn image(spec: &mut ServiceSpec, image: &str) {
    let container = spec.task_template.container_spec.as_mut().expect("a container");
    image.clone_into(&mut container.image);
    // Else the next attempt comes after five seconds.
    let policy = RestartPolicy { delay: Some(1_000_000), ..RestartPolicy::default() };
    spec.task_template.restart_policy = Some(Box::new(policy));
}

#[tokio::test]
async fn a_program_that_crashes_failed_with_its_exit_code() {
    let crash = |spec: &mut ServiceSpec, lab: &Lab| image(spec, lab.image("crash"));
    check("crash", crash, (HealthState::Failed, "task: non-zero exit (1)")).await;
}

#[tokio::test]
async fn a_job_that_crashes_failed_with_its_exit_code() {
    let job = |spec: &mut ServiceSpec, lab: &Lab| {
        image(spec, lab.image("crash"));
        let mode = JobMode { max_concurrent: Some(1), total_completions: Some(1) };
        spec.mode = Some(ServiceMode::ReplicatedJob(mode));
        let policy = RestartPolicy { condition: "none".into(), ..RestartPolicy::default() };
        spec.task_template.restart_policy = Some(Box::new(policy));
    };
    check("job", job, (HealthState::Failed, "task: non-zero exit (1)")).await;
}

#[tokio::test]
async fn a_job_that_ends_well_is_healthy() {
    let job = |spec: &mut ServiceSpec, lab: &Lab| {
        image(spec, lab.image("done"));
        spec.task_template.restart_policy = None;
        spec.mode = Some(ServiceMode::GlobalJob {});
    };
    check("done", job, (HealthState::Healthy, "")).await;
}

#[tokio::test]
async fn a_constraint_that_no_node_meets_failed_in_the_schedulers_words() {
    let constraints = vec!["node.labels.zone == mars".to_owned()];
    let nowhere = |spec: &mut ServiceSpec, _: &Lab| {
        spec.task_template.placement = Some(Placement { constraints, ..Placement::default() });
    };
    let words = "pending: no suitable node (scheduling constraints not satisfied on 3 nodes)";
    check("nowhere", nowhere, (HealthState::Failed, words)).await;
}

#[tokio::test]
async fn a_reservation_that_no_node_has_failed_in_the_schedulers_words() {
    let huge = |spec: &mut ServiceSpec, _: &Lab| {
        let reserved = Resources { nano_cpus: 900_000_000_000, ..Resources::default() };
        spec.task_template.resources = Some(ResourceRequirements {
            reservations: Some(Box::new(reserved)),
            ..ResourceRequirements::default()
        });
    };
    let words = "pending: no suitable node (insufficient resources on 3 nodes)";
    check("huge", huge, (HealthState::Failed, words)).await;
}

#[tokio::test]
async fn a_mount_that_is_not_there_failed_in_the_nodes_words() {
    let mount = |spec: &mut ServiceSpec, lab: &Lab| {
        image(spec, lab.image("1"));
        let container = spec.task_template.container_spec.as_mut().expect("a container");
        container.mounts.push(Mount {
            kind: "bind".to_owned(),
            source: "/does/not/exist".to_owned(),
            target: "/data".to_owned(),
            ..Mount::default()
        });
    };
    let words = "bind source path does not exist: /does/not/exist";
    check("mount", mount, (HealthState::Failed, words)).await;
}

#[tokio::test]
async fn a_tag_that_the_registry_does_not_have_failed_as_the_registry_says() {
    let tag = |spec: &mut ServiceSpec, lab: &Lab| {
        image(spec, &format!("{}/program:none", lab.registry.address));
    };
    check("tag", tag, (HealthState::Failed, "/program:none (")).await;
}

#[tokio::test]
async fn a_registry_that_refuses_connections_is_waited_for() {
    let closed = |spec: &mut ServiceSpec, lab: &Lab| {
        image(spec, &format!("{}:1/program:1", lab.here()));
    };
    check("closed", closed, (HealthState::Waiting, "the registry does not answer")).await;
}

#[tokio::test]
async fn an_image_for_which_the_nodes_have_no_login_is_waited_for() {
    let private = |spec: &mut ServiceSpec, lab: &Lab| image(spec, lab.image("private"));
    check("login", private, (HealthState::Waiting, "has no login for it")).await;
}

#[tokio::test]
async fn a_rollback_brings_back_the_spec_before() {
    let lab = Lab::open();
    let claim = lab.claim("one", "back");
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    create(&swarm, service(&lab, name, 1)).await.unwrap();
    let (seen, _) = running(&swarm, name, 1).await;
    let before = seen.services[name].spec.clone();
    update(&swarm, &seen, name, |spec| image(spec, lab.image("2"))).await.unwrap();
    let after = swarm.look().await.unwrap().services[name].spec.clone();
    let back = roll_back(&swarm, name, &after).await.unwrap();
    let seen = swarm.look().await.unwrap();
    let service = &seen.services[name];
    assert_eq!(service.spec, before);
    assert_eq!(service.previous_spec.as_deref(), Some(&after));
    assert!(service.update_status.as_ref().is_some_and(|status| status.state.is_rollback()));
    swarm.write(&back).await.unwrap_err();
}

/// Tells the engine to roll back. While a rollout goes on the engine writes the service itself, so that
/// the version just seen may be an old one: then this looks again.
async fn roll_back(
    swarm: &impl Swarm,
    name: &str,
    spec: &ServiceSpec,
) -> Result<Write, SwarmError> {
    loop {
        let target = target(&swarm.look().await?, Kind::Service, name);
        let back = Write::RollBack { target, spec: Box::new(spec.clone()) };
        match swarm.write(&back).await {
            Ok(_) => return Ok(back),
            Err(SwarmError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
}
