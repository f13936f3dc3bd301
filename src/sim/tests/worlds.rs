//! Properties of every world: what a seed gives, what settling leaves, what looking costs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};

use super::{create, look, runs, spec, world};
use crate::model::engine::{Replicated, ServiceMode, UpdateState};
use crate::model::{Kind, Observed, Standing};
use crate::sim::{Settled, SwarmShape, World};

/// Something that somebody does.
#[derive(Debug, Clone)]
enum Deed {
    Create(u8, u64),
    Change(u8, Change),
    Rollback(u8),
    Remove(u8),
    Drain(u8),
    Activate(u8),
    KillTask(u8),
    KillNode(u8),
    ReturnNode(u8),
    Pass(u16),
}

#[derive(Debug, Clone)]
enum Change {
    Scale(u64),
    Image(u8),
    Label(u8),
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..5u64).prop_map(Change::Scale),
        any::<u8>().prop_map(Change::Image),
        any::<u8>().prop_map(Change::Label),
    ]
}

fn deeds() -> impl Strategy<Value = Deed> {
    let service = 0..3u8;
    let node = 2..4u8;
    prop_oneof![
        3 => (service.clone(), 0..5u64).prop_map(|(name, number)| Deed::Create(name, number)),
        6 => (service.clone(), changes()).prop_map(|(name, change)| Deed::Change(name, change)),
        1 => service.clone().prop_map(Deed::Rollback),
        1 => service.clone().prop_map(Deed::Remove),
        1 => service.prop_map(Deed::KillTask),
        1 => node.clone().prop_map(Deed::Drain),
        1 => node.clone().prop_map(Deed::Activate),
        1 => node.clone().prop_map(Deed::KillNode),
        1 => node.prop_map(Deed::ReturnNode),
        4 => (0..8000u16).prop_map(Deed::Pass),
        1 => Just(Deed::Pass(30_000)),
    ]
}

/// Refusals are part of life here.
async fn carry_out(world: &World, deed: &Deed) {
    let hand = world.swarm.hand();
    let name = |number: &u8| format!("s{number}");
    let node = |number: &u8| format!("n{number}");
    match deed {
        Deed::Create(service, replicas) => {
            let _ = create(world, spec(&name(service), "web:1", *replicas)).await;
        }
        Deed::Change(service, change) => change_for_real(world, &name(service), change).await,
        Deed::Rollback(service) => drop(hand.rollback(&name(service))),
        Deed::Remove(service) => drop(hand.remove(Kind::Service, &name(service))),
        Deed::KillTask(service) => hand.kill_task(&name(service)),
        Deed::Drain(number) => drop(hand.drain(&node(number))),
        Deed::Activate(number) => drop(hand.activate(&node(number))),
        Deed::KillNode(number) => drop(hand.kill_node(&node(number))),
        Deed::ReturnNode(number) => drop(hand.return_node(&node(number))),
        Deed::Pass(millis) => world.advance(Duration::from_millis(u64::from(*millis))).await,
    }
}

/// Makes a change unless it is none. A write that changes nothing empties the status of a rollout
/// in flight, and when a task then fails, the engine leaves the rest outdated without a word.
async fn change_for_real(world: &World, name: &str, change: &Change) {
    let Some(live) = look(world).await.services.remove(name) else { return };
    let mut spec = live.spec.clone();
    match change {
        Change::Scale(replicas) => {
            spec.mode = Some(ServiceMode::Replicated(Replicated { replicas: Some(*replicas) }));
        }
        Change::Image(tag) => {
            let container = spec.task_template.container_spec.get_or_insert_default();
            container.image = format!("web:{tag}");
        }
        Change::Label(value) => drop(spec.labels.insert("by".to_owned(), value.to_string())),
    }
    if spec != live.spec {
        world.swarm.hand().change(name, |live| *live = spec).unwrap();
    }
}

fn in_a_runtime<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A killed task may have paused a rollout; then old tasks run on.
fn check_settled(seen: &Observed) {
    for service in seen.services.values() {
        let state = service.update_status.as_ref().map(|status| &status.state);
        let paused = matches!(state, Some(UpdateState::Paused | UpdateState::RollbackPaused));
        assert!(paused || !state.is_some_and(UpdateState::in_flight), "{state:?}");
        let tasks = seen.tasks.get(&service.id).map_or(&[][..], Vec::as_slice);
        let mut slots: BTreeMap<u64, usize> = BTreeMap::new();
        for task in tasks.iter().filter(|task| runs(task)) {
            assert!(paused || task.standing == Standing::Current, "{}", service.spec.name);
            *slots.entry(task.task.slot).or_default() += 1;
        }
        let wanted = service.service_status.unwrap().desired_tasks;
        assert_eq!(slots.len() as u64, wanted, "{}: {slots:?}", service.spec.name);
        assert!(slots.values().all(|count| *count == 1), "{}: {slots:?}", service.spec.name);
    }
}

#[test]
fn whatever_is_done_a_healthy_swarm_settles_with_one_task_in_each_slot() {
    let mut runner = TestRunner::new(Config { cases: 48, ..Config::default() });
    let worlds = (any::<u64>(), proptest::collection::vec(deeds(), 1..30));
    runner
        .run(&worlds, |(seed, deeds)| {
            in_a_runtime(async {
                let world = World::new(seed);
                for deed in &deeds {
                    carry_out(&world, deed).await;
                }
                // A rollout waits for tasks on lost nodes, in the real engine too.
                carry_out(&world, &Deed::ReturnNode(2)).await;
                carry_out(&world, &Deed::ReturnNode(3)).await;
                assert_eq!(world.settle().await, Settled::Quiet);
                check_settled(&look(&world).await);
            });
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn the_same_seed_gives_the_same_world() {
    async fn seen(seed: u64) -> Observed {
        let world = World::new(seed);
        create(&world, spec("web", "web:1", 3)).await.unwrap();
        world.advance(Duration::from_millis(300)).await;
        world.swarm.hand().set_image("web", "web:2").unwrap();
        world.advance(Duration::from_millis(700)).await;
        look(&world).await
    }
    let first = seen(7).await;
    assert_eq!(first, seen(7).await);
    assert_ne!(first.services["web"].id, seen(8).await.services["web"].id);
}

#[tokio::test]
async fn looks_share_what_did_not_change() {
    let world = world();
    create(&world, spec("still", "web", 2)).await.unwrap();
    create(&world, spec("moving", "web:1", 2)).await.unwrap();
    world.settle().await;
    let before = look(&world).await;
    world.swarm.hand().set_image("moving", "web:2").unwrap();
    world.settle().await;
    let after = look(&world).await;
    let same = |name| Arc::ptr_eq(&before.services[name], &after.services[name]);
    assert!(same("still") && !same("moving"));
    let id = &after.services["still"].id;
    for (old, new) in before.tasks[id].iter().zip(&after.tasks[id]) {
        assert!(Arc::ptr_eq(&old.task, &new.task));
    }
}

#[tokio::test]
async fn versions_rise_over_all_objects_together() {
    let world = world();
    create(&world, spec("a", "web", 1)).await.unwrap();
    world.settle().await;
    create(&world, spec("b", "web", 0)).await.unwrap();
    let seen = look(&world).await;
    let (a, b) = (&seen.services["a"], &seen.services["b"]);
    assert!(b.version.index > a.version.index + 5, "{:?} {:?}", a.version, b.version);
}

#[tokio::test]
async fn a_swarm_has_the_shape_that_was_asked_for() {
    let shape = SwarmShape { managers: 3, workers: 4, ..SwarmShape::default() };
    let seen = look(&World::with_shape(1, &shape)).await;
    let managers = seen.nodes.values().filter(|node| node.spec.role == "manager").count();
    assert_eq!((managers, seen.nodes.len()), (3, 7));
    assert!(seen.nodes.contains_key(&seen.engine.node));
    assert!(seen.networks["ingress"].ingress);
}
