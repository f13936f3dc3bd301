//! Law 12 against the real referee.

use std::time::Duration;

use skep::health::{Clocks, HealthState, Sight, health};
use skep::model::engine::{
    EndpointSpec, Placement, PortConfig, RestartPolicy, ServiceSpec, TaskState,
};
use skep::model::{Observed, Standing};
use skep::ports::Swarm;
use skep::swarm::EngineSwarm;

use crate::lab::Lab;
use crate::{connect, create, service, update};

/// Standings of a service's tasks that should run, once there are `number` of them that do.
pub(crate) async fn running(
    swarm: &EngineSwarm,
    name: &str,
    number: usize,
) -> (Observed, Vec<Standing>) {
    let runs = |state: TaskState| state == TaskState::Running;
    let (seen, standings) = seen(swarm, |seen| {
        let tasks = seen.tasks.get(&seen.services[name].id).into_iter().flatten();
        let running = tasks
            .filter(|seen| runs(seen.task.desired_state) && runs(seen.task.status.state))
            .map(|seen| seen.standing);
        let running: Vec<_> = running.collect();
        if running.len() == number { Ok(running) } else { Err(running) }
    })
    .await;
    let running = standings.expect("so many tasks of the service run");
    (seen, running)
}

/// Looks until what is seen is right, for a minute: tasks send no events.
#[expect(clippy::disallowed_methods, reason = "a real engine is waited for in real time")]
async fn seen<T>(
    swarm: &EngineSwarm,
    judge: impl Fn(&Observed) -> Result<T, T>,
) -> (Observed, Result<T, T>) {
    for _ in 1..600 {
        let seen = swarm.look().await.unwrap();
        if let Ok(right) = judge(&seen) {
            return (seen, Ok(right));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let seen = swarm.look().await.unwrap();
    let last = judge(&seen);
    (seen, last)
}

/// Changes a service whose old task goes on running, because the engine stops before it.
async fn check(test: &str, change: impl FnOnce(&mut ServiceSpec), expected: Standing) {
    let lab = Lab::open();
    let claim = lab.claim("one", test);
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    create(&swarm, service(&lab, name, 1)).await.unwrap();
    let (seen, standings) = running(&swarm, name, 1).await;
    assert_eq!(standings, [Standing::Current]);
    let task = &seen.tasks[&seen.services[name].id][0].task.id;
    update(&swarm, &seen, name, change).await.unwrap();
    let seen = swarm.look().await.unwrap();
    let tasks = &seen.tasks[&seen.services[name].id];
    let same = tasks.iter().find(|seen| seen.task.id == *task).unwrap();
    assert_eq!(same.standing, expected);
    let fresh = connect(claim.node).look().await.unwrap();
    let tasks = &fresh.tasks[&fresh.services[name].id];
    assert_eq!(tasks.iter().find(|seen| seen.task.id == *task).unwrap().standing, expected);
}

#[tokio::test]
async fn a_label_of_the_service_leaves_its_tasks_current() {
    let change = |spec: &mut ServiceSpec| {
        spec.labels.insert("a".to_owned(), "b".to_owned());
    };
    check("label", change, Standing::Current).await;
}

#[tokio::test]
async fn a_changed_template_makes_the_task_outdated() {
    let change = |spec: &mut ServiceSpec| {
        let container = spec.task_template.container_spec.get_or_insert_default();
        container.env = vec!["A=1".to_owned()];
    };
    check("template", change, Standing::Outdated).await;
}

#[tokio::test]
async fn a_published_port_makes_the_task_outdated_though_its_template_is_equal() {
    let change = |spec: &mut ServiceSpec| {
        let port = PortConfig {
            protocol: "tcp".to_owned(),
            publish_mode: "host".to_owned(),
            target_port: 8080,
            published_port: 18099,
            ..PortConfig::default()
        };
        spec.endpoint_spec = Some(EndpointSpec { ports: vec![port], ..EndpointSpec::default() });
    };
    check("port", change, Standing::Outdated).await;
}

#[tokio::test]
async fn a_placement_that_the_node_satisfies_leaves_the_task_current_though_templates_differ() {
    let change = |spec: &mut ServiceSpec| {
        let constraints = vec!["node.role == manager".to_owned()];
        spec.task_template.placement = Some(Placement { constraints, ..Placement::default() });
    };
    check("placement", change, Standing::Current).await;
}

#[tokio::test]
async fn a_new_service_that_crashes_again_and_again_has_failed() {
    let lab = Lab::open();
    let claim = lab.claim("one", "crashing");
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    let mut spec = service(&lab, name, 1);
    let template = &mut spec.task_template;
    template.container_spec.get_or_insert_default().image = lab.image("crash").to_owned();
    let delay = Some(100_000_000);
    template.restart_policy = Some(Box::new(RestartPolicy { delay, ..RestartPolicy::default() }));
    create(&swarm, spec).await.unwrap();
    let (_, verdict) = seen(&swarm, |seen| {
        let health = health(&seen.services[name], Sight::of(seen), Clocks::default());
        if health.state == HealthState::Failed { Ok(health.why) } else { Err(health.why) }
    })
    .await;
    let why = verdict.expect("it has failed");
    assert!(why.contains("non-zero exit (1)"), "{why}");
}
