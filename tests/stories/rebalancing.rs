//! Tasks that crowd on some nodes after another one came back.

use std::collections::BTreeMap;
use std::time::Duration;

use skep::ports::Swarm as _;
use skep::reconcile::Settings;
use skep::status::Settled;

use crate::play::Play;

/// Two services of four tasks, and one that keeps data.
const FOUR: &str = "\
services:
  api:
    image: registry.test/api:1
    deploy: {replicas: 4}
  web:
    image: registry.test/web:1
    deploy: {replicas: 4}
  db:
    image: registry.test/api:1
    volumes: ['data:/data']
    deploy: {replicas: 4}
volumes: {data: }
";

/// The shop, converged, after `n3` was away for a while.
async fn crowded(rebalance: Option<u32>) -> Play {
    let mut play = Play::with(Settings { rebalance, ..Settings::default() });
    play.commit(&[("shop/compose.yml", FOUR)]);
    assert_eq!(play.converge().await, Settled::Well);
    assert!(play.world.swarm.hand().kill_node("n3"));
    play.world.advance(Duration::from_secs(60)).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert!(play.world.swarm.hand().return_node("n3"));
    play.world.advance(Duration::from_secs(60)).await;
    play.wrote();
    play
}

/// Tasks of a service by the host name of their node.
async fn spread(play: &Play, service: &str) -> BTreeMap<String, usize> {
    let observed = play.world.swarm.look().await.expect("a look");
    let mut spread: BTreeMap<String, usize> = BTreeMap::new();
    for node in observed.nodes.values() {
        let tasks = observed.tasks.get(&observed.services[service].id).into_iter().flatten();
        let state = skep::model::engine::TaskState::Running;
        let here = tasks.filter(|seen| seen.task.node_id == node.id);
        let here = here.filter(|seen| seen.task.status.state == state);
        let runs = here.filter(|seen| seen.task.desired_state == state);
        spread.insert(node.description.hostname.clone(), runs.count());
    }
    spread
}

#[tokio::test]
async fn tasks_are_spread_anew_one_service_at_a_time_once_a_node_is_back() {
    let mut play = crowded(Some(1)).await;
    assert_eq!(spread(&play, "shop_web").await["n3"], 0);
    let report = play.pass().await;
    assert_eq!(play.wrote(), ["update service/shop_api"]);
    let told = report.stacks.values().flat_map(|stack| &stack.plan.rebalancing);
    let told: Vec<String> = told
        .map(|one| {
            let held = one.held.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{} {:?} {held}", one.object.name, one.tasks)
        })
        .collect();
    let crowd = r#"{"n1": 2, "n2": 2, "n3": 0}"#;
    let expected = [
        format!("shop_api {crowd} "),
        format!("shop_web {crowd} waiting for other services that are spread anew"),
    ];
    assert_eq!(told, expected);
    let (course, settled) = play.course().await;
    assert_eq!((course, settled), (vec!["update service/shop_web".to_owned()], Settled::Well));
    for service in ["shop_api", "shop_web"] {
        assert!(spread(&play, service).await.values().all(|tasks| *tasks > 0), "{service}");
    }
    assert_eq!(spread(&play, "shop_db").await["n3"], 0, "it keeps data");
}

#[tokio::test]
async fn what_can_not_be_spread_better_is_tried_once_for_the_nodes_that_are_there() {
    let mut play = crowded(Some(5)).await;
    play.course().await;
    // A person moves all tasks away and back: the same nodes, and they crowd again.
    play.world.swarm.hand().drain("n3");
    play.world.advance(Duration::from_secs(60)).await;
    play.course().await;
    play.wrote();
    play.restart();
    assert_eq!(play.course().await.0, Vec::<String>::new());
    play.world.swarm.hand().activate("n3");
    let (course, _) = play.course().await;
    assert_eq!(course, ["update service/shop_api, update service/shop_web"]);
}

#[tokio::test]
async fn nothing_is_spread_unasked_or_while_a_rollout_goes_on_or_writes_wait() {
    let mut play = crowded(None).await;
    assert_eq!(play.course().await, (Vec::new(), Settled::Well));
    let mut play = crowded(Some(2)).await;
    play.commit(&[("shop/compose.yml", &FOUR.replace("web:1", "web:2"))]);
    play.pass().await;
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    play.pass().await;
    assert_eq!(play.wrote(), Vec::<String>::new());
    let mut play = crowded(Some(2)).await;
    play.commit(&[("shop/compose.yml", &format!("{FOUR}x-skep: {{suspend: lunch}}\n"))]);
    assert_eq!(play.course().await.0, Vec::<String>::new());
}
