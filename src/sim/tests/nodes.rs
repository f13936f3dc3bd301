//! Platforms, pauses and ports of nodes.

use crate::model::Platform;
use crate::model::engine::{EndpointSpec, PortConfig, ServiceMode, TaskState};

use super::{Behaviour, SECOND, create, restarting, running, spec, tasks, world};

fn arm() -> Platform {
    Platform { architecture: "arm64".into(), os: "linux".into() }
}

#[tokio::test]
async fn a_node_rejects_an_image_that_is_not_made_for_it() {
    let world = world();
    world.swarm.set_image("arm", Behaviour::Only(arm()));
    create(&world, restarting(spec("web", "arm", 1), 1, None)).await.unwrap();
    world.settle().await;
    let tasks = tasks(&world, "web").await;
    assert_eq!(tasks.len(), 2);
    for seen in tasks {
        assert_eq!(seen.task.status.state, TaskState::Rejected);
        assert_eq!(seen.task.status.err, "no matching manifest for linux/x86_64");
    }
}

#[tokio::test]
async fn the_scheduler_knows_the_platforms_that_the_registry_told() {
    let world = world();
    let mut web = spec("web", "arm", 1);
    web.task_template.placement.get_or_insert_default().platforms = vec![arm()];
    create(&world, web).await.unwrap();
    world.settle().await;
    let tasks = tasks(&world, "web").await;
    assert_eq!(tasks[0].task.status.state, TaskState::Pending);
    let words = "no suitable node (unsupported platform on 3 nodes)";
    assert_eq!(tasks[0].task.status.err, words);
}

#[tokio::test]
async fn a_paused_node_keeps_its_tasks_and_gets_no_new_ones() {
    let world = world();
    let mut agent = spec("agent", "web", 0);
    agent.mode = Some(ServiceMode::Global {});
    create(&world, agent).await.unwrap();
    create(&world, spec("web", "web", 3)).await.unwrap();
    world.settle().await;
    assert!(world.swarm.hand().pause("n2"));
    world.swarm.hand().scale("web", 9).unwrap();
    world.settle().await;
    assert_eq!((running(&world, "agent").await, running(&world, "web").await), (3, 9));
    let mut nodes: Vec<String> =
        tasks(&world, "web").await.iter().map(|seen| seen.task.node_id.clone()).collect();
    nodes.sort();
    let most = nodes.chunk_by(|a, b| a == b).map(<[String]>::len).collect::<Vec<_>>();
    assert_eq!(most.iter().min(), Some(&1), "{most:?}");
}

/// moby#36934: the new task needs the port that the old one holds.
#[tokio::test]
async fn a_host_port_is_free_only_when_the_old_task_has_stopped() {
    let world = world();
    let port = PortConfig {
        target_port: 80,
        published_port: 80,
        publish_mode: "host".into(),
        ..PortConfig::default()
    };
    let mut web = spec("web", "web", 4);
    web.endpoint_spec = Some(EndpointSpec { ports: vec![port], ..EndpointSpec::default() });
    create(&world, web).await.unwrap();
    world.settle().await;
    assert_eq!(running(&world, "web").await, 3);
    let waiting = |tasks: &[crate::model::SeenTask]| {
        let mut errors = tasks.iter().map(|seen| seen.task.status.err.clone());
        errors.find(|err| !err.is_empty())
    };
    let words = "no suitable node (host-mode port already in use on 3 nodes)";
    assert_eq!(waiting(&tasks(&world, "web").await).as_deref(), Some(words));
    world.swarm.hand().set_image("web", "web:2").unwrap();
    world.advance(SECOND * 120).await;
    assert_eq!(running(&world, "web").await, 3);
}
