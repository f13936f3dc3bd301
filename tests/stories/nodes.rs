//! What the root source says of nodes.

use std::time::Duration;

use skep::model::engine::Node;
use skep::ports::Swarm as _;
use skep::reconcile::Settings;
use skep::status::Report;

use crate::play::Play;

/// A declaration of nodes.
fn declared(spec: &str) -> String {
    format!("apiVersion: skep/v1\nkind: Node\nmetadata: {{name: them}}\nspec: {{{spec}}}\n")
}

/// A swarm of a manager `n1` and the workers `n2` and `n3`, and one declaration.
fn start(spec: &str) -> Play {
    let play = Play::new();
    play.commit(&[("nodes.yml", &declared(spec))]);
    play
}

async fn node(play: &Play, host: &str) -> Node {
    let observed = play.world.swarm.look().await.expect("a look");
    let mut nodes = observed.nodes.into_values();
    nodes.find(|node| node.description.hostname == host).expect("the node")
}

async fn labels(play: &Play, host: &str) -> Vec<String> {
    let node = node(play, host).await;
    node.spec.labels.iter().map(|(key, value)| format!("{key}={value}")).collect()
}

fn held(report: &Report) -> Vec<String> {
    let held = report.nodes.iter().flat_map(|nodes| &nodes.plan.held);
    held.map(|held| format!("{} {}", held.object.name, held.reason.name())).collect()
}

fn problems(report: &Report) -> Vec<String> {
    report.problems.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn declared_labels_are_put_back_and_others_stay() {
    let mut play = start("match: {hostname: 'n[23]'}, labels: {disk: ssd}");
    play.world.swarm.hand().label_node("n2", "rack", "7");
    play.pass().await;
    assert_eq!(play.wrote(), ["update node/n2", "update node/n3"]);
    assert_eq!(labels(&play, "n2").await, ["disk=ssd", "rack=7"]);
    assert_eq!(labels(&play, "n1").await, [""; 0]);
    play.world.swarm.hand().label_node("n3", "disk", "hdd");
    play.pass().await;
    assert_eq!(play.wrote(), ["update node/n3"]);
    assert_eq!(labels(&play, "n3").await, ["disk=ssd"]);
    play.pass().await;
    assert_eq!(play.wrote(), [""; 0]);
}

#[tokio::test]
async fn a_label_that_left_git_goes_only_where_skep_put_it() {
    let mut play = start("match: {hostname: '*'}, labels: {disk: ssd}");
    play.world.swarm.hand().label_node("n1", "disk", "ssd");
    play.pass().await;
    play.world.swarm.hand().label_node("n3", "disk", "hdd");
    play.commit(&[("nodes.yml", &declared("match: {hostname: '*'}"))]);
    play.wrote();
    play.restart();
    play.pass().await;
    assert_eq!(play.wrote(), ["update node/n2"]);
    assert_eq!(labels(&play, "n1").await, ["disk=ssd"], "it was there before");
    assert_eq!(labels(&play, "n3").await, ["disk=hdd"], "somebody gave it another value");
    // What a person puts on later is theirs.
    play.pass().await;
    play.world.swarm.hand().label_node("n2", "disk", "ssd");
    let log = play.world.swarm.log().len();
    play.pass().await;
    play.pass().await;
    assert_eq!(labels(&play, "n2").await, ["disk=ssd"]);
    assert_eq!(play.world.swarm.log().len(), log, "nothing is written, not even the ledger");
}

#[tokio::test]
async fn a_label_stays_while_the_root_has_a_mistake_or_its_history_is_another() {
    let mut play = start("match: {hostname: n2}, labels: {disk: ssd}");
    let base = play.pass().await.sources[0].revision.clone().expect("a revision");
    play.commit(&[
        ("nodes.yml", &declared("match: {hostname: n2}")),
        ("x.yml", "services: {a: [}"),
    ]);
    assert_eq!(held(&play.pass().await), ["n2 ViewIncomplete"]);
    play.commit(&[
        ("nodes.yml", &declared("match: {hostname: n2}, labels: {disk: nvme}")),
        ("x.yml", ""),
    ]);
    play.pass().await;
    assert_eq!(labels(&play, "n2").await, ["disk=nvme"]);
    play.world.source.reset(&base);
    play.commit(&[("nodes.yml", &declared("match: {hostname: n2}"))]);
    assert_eq!(held(&play.pass().await), ["n2 HistoryRewritten"]);
    assert_eq!(labels(&play, "n2").await, ["disk=nvme"]);
}

#[tokio::test]
async fn a_node_that_a_person_drained_stays_drained_until_a_declaration_enforces() {
    let mut play = start("match: {hostname: '*'}, availability: active");
    play.world.swarm.hand().drain("n2");
    assert_eq!(held(&play.pass().await), ["n2 NotEnforced"]);
    assert_eq!(play.wrote(), [""; 0]);
    play.commit(&[(
        "nodes.yml",
        &declared("match: {hostname: '*'}, availability: active, enforce: true"),
    )]);
    play.pass().await;
    assert_eq!(play.wrote(), ["update node/n2"]);
    assert_eq!(node(&play, "n2").await.spec.availability, "active");
}

#[tokio::test]
async fn managers_never_lose_their_quorum_and_roles_change_one_by_one() {
    let mut play = start("match: {hostname: '*'}, role: manager, enforce: true");
    let report = play.pass().await;
    assert_eq!(
        (play.wrote(), held(&report)),
        (vec!["update node/n2".into()], vec!["n3 Waiting".into()])
    );
    play.pass().await;
    assert_eq!(play.wrote(), ["update node/n3"]);
    // Two of three are left when one is lost: none of them may go.
    play.world.swarm.hand().kill_node("n3");
    play.world.advance(Duration::from_secs(30)).await;
    play.commit(&[(
        "nodes.yml",
        &declared("match: {hostname: 'n[12]'}, role: worker, enforce: true"),
    )]);
    let report = play.pass().await;
    assert_eq!(held(&report), ["n1 Quorum", "n2 Quorum"], "{report:?}");
    assert_eq!(play.wrote(), [""; 0]);
}

#[tokio::test]
async fn observing_and_suspending_stop_writes_to_nodes_too() {
    let writes = skep::plan::Writes::ObserveOnly;
    let mut play = Play::with(Settings { writes, ..Settings::default() });
    play.commit(&[("nodes.yml", &declared("match: {hostname: n2}, labels: {disk: ssd}"))]);
    assert_eq!(held(&play.pass().await), ["n2 ObserveOnly"]);
    assert_eq!(play.wrote(), [""; 0]);
}

#[tokio::test]
async fn two_declarations_that_contradict_each_other_are_told_and_change_nothing() {
    let mut play = start("match: {hostname: '*'}, labels: {disk: ssd}");
    let other =
        declared("match: {hostname: n2}, labels: {disk: hdd, rack: '1'}").replace("them", "other");
    play.commit(&[("other.yml", &other), ("none.yml", &declared("match: {id: 'zz*'}"))]);
    let report = play.pass().await;
    let told = [
        "nodes.yml:3:18: other says another label disk of the same node (other.yml) (say it in one of \
         the two; none of them counts)",
        "none.yml:3:18: no node fits them",
        "other.yml:3:18: them says another label disk of the same node (nodes.yml) (say it in one of \
         the two; none of them counts)",
    ];
    assert_eq!(problems(&report), told);
    assert_eq!(labels(&play, "n2").await, ["rack=1"]);
    assert_eq!(labels(&play, "n3").await, ["disk=ssd"]);
}
