//! What the engine can't change in place is made anew, where that is allowed.

use std::time::Duration;

use skep::model::engine::ServiceMode;
use skep::model::{HeldReason, Kind};
use skep::ports::Swarm as _;
use skep::status::{Report, Settled};

use crate::play::{Play, SHOP};

/// The shop with a network of other attributes, and this word about what may be made anew.
fn internal(policy: &str) -> String {
    let text = SHOP.replace("front: {}", "front: {internal: true}");
    format!("x-skep: {{recreate: {policy}}}\n{text}")
}

/// The shop whose web service runs on each node.
fn global(policy: &str) -> String {
    let text = SHOP.replacen("replicas: 2", "mode: global", 1);
    format!("x-skep: {{recreate: {policy}}}\n{text}")
}

const ANEW: [&str; 6] = [
    "create network/shop_front",
    "create service/shop_api",
    "create service/shop_web",
    "withdraw network/shop_front",
    "withdraw service/shop_api",
    "withdraw service/shop_web",
];

/// What was written, with removals told as what they are here.
fn wrote(play: &mut Play) -> Vec<String> {
    let mut lines: Vec<String> =
        play.wrote().iter().map(|line| line.replace("remove ", "withdraw ")).collect();
    lines.sort();
    lines
}

fn reasons(report: &Report) -> Vec<String> {
    let held = report.stacks.values().flat_map(|stack| &stack.plan.held);
    held.map(|held| format!("{}: {}", held.object, held.reason)).collect()
}

async fn is_internal(play: &Play) -> bool {
    let observed = play.world.swarm.look().await.expect("a look");
    observed.networks.get("shop_front").expect("the network").internal
}

#[tokio::test]
async fn a_network_is_made_anew_when_a_person_says_yes_to_what_it_interrupts() {
    let mut play = Play::shop().await;
    play.commit_shop(&SHOP.replace("front: {}", "front: {internal: true}"));
    let report = play.pass().await;
    let to = "network/shop_front: needs approval: make network/shop_front anew: service/shop_api, \
              service/shop_web (3 tasks) are taken away until it is there again";
    assert_eq!(reasons(&report), [to]);
    assert_eq!(play.converge().await, Settled::Badly);
    assert_eq!(play.wrote(), [""; 0]);
    play.approve(&report).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(wrote(&mut play), ANEW);
    assert!(is_internal(&play).await);
    assert_eq!((play.tasks("shop_web").await.len(), play.approvals().await), (2, 0));
    let before = play.world.swarm.log().len();
    play.pass().await;
    assert_eq!(play.world.swarm.log().len(), before, "not even the ledger is written");
}

#[tokio::test]
async fn other_changes_are_applied_and_well_before_anything_is_taken_away() {
    let mut play = Play::shop().await;
    play.commit_shop(&internal("auto").replace("fast", "slow"));
    play.pass().await;
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    let report = play.pass().await;
    assert!(
        reasons(&report)[0].contains("network/shop_front: waiting for service/shop_web"),
        "{:?}",
        reasons(&report)
    );
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(wrote(&mut play), ANEW);
}

#[tokio::test]
async fn what_may_never_be_made_anew_is_left_by_the_most_careful_word() {
    let mut play = Play::shop().await;
    play.commit_shop(&internal("never"));
    assert_eq!(Play::held(&play.pass().await), ["shop_front Immutable"]);
    let own = internal("auto").replacen("  api:\n", "  api:\n    x-skep: {recreate: never}\n", 1);
    play.commit_shop(&own);
    assert_eq!(Play::held(&play.pass().await), ["shop_front Immutable"]);
    assert_eq!(play.wrote(), [""; 0]);
}

#[tokio::test]
async fn a_network_that_others_use_is_never_taken_away() {
    let mut play = Play::shop().await;
    let other = "services:\n  peek:\n    image: registry.test/api:1\n    networks: [front]\n\
                 networks:\n  front: {external: true, name: shop_front}\n";
    play.commit(&[("other/compose.yml", other)]);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play.commit_shop(&internal("auto"));
    let report = play.pass().await;
    let reason = "network/shop_front: a network, which service/other_peek uses too, can't be \
                  changed in place";
    assert_eq!(reasons(&report), [reason]);
    assert_eq!(play.wrote(), [""; 0]);
}

#[tokio::test]
async fn a_network_that_containers_may_have_joined_is_asked_about_anyway() {
    let mut play = Play::new();
    play.commit_shop(&SHOP.replace("front: {}", "front: {attachable: true}"));
    assert_eq!(play.converge().await, Settled::Well);
    play.commit_shop(&internal("auto"));
    let report = play.pass().await;
    assert!(
        reasons(&report)[0].ends_with("containers that joined it by hand have to be stopped first"),
        "{:?}",
        reasons(&report)
    );
}

#[tokio::test]
async fn a_service_comes_back_as_large_as_it_was_scaled_to() {
    let mut play = Play::new();
    let free = |text: &str| text.replacen("    deploy:\n      replicas: 2\n", "", 1);
    play.commit_shop(&free(SHOP));
    assert_eq!(play.converge().await, Settled::Well);
    play.world.swarm.hand().scale("shop_web", 4).expect("a write");
    assert_eq!(play.converge().await, Settled::Well);
    play.commit_shop(&free(&internal("auto")));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.tasks("shop_web").await.len(), 4);
}

#[tokio::test]
async fn another_mode_is_a_new_service_once_the_tasks_before_it_ended() {
    let mut play = Play::shop().await;
    play.commit_shop(&global("confirm"));
    let report = play.pass().await;
    assert_eq!(
        reasons(&report),
        ["service/shop_web: needs approval: make service/shop_web anew, as the mode of a service \
          can't be changed: its 2 tasks end before new ones begin"]
    );
    play.approve(&report).await;
    play.pass().await;
    assert_eq!(wrote(&mut play), ["withdraw service/shop_web"]);
    let report = play.pass().await;
    let HeldReason::Waiting { on } =
        &report.stacks.values().next().expect("one").plan.held[0].reason
    else {
        panic!("{:?}", reasons(&report));
    };
    assert_eq!(on, "2 tasks that were taken away with the service and still stop");
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(wrote(&mut play), ["create service/shop_web"]);
    let observed = play.world.swarm.look().await.expect("a look");
    assert_eq!(observed.services["shop_web"].spec.mode, Some(ServiceMode::Global {}));
}

#[tokio::test]
async fn services_are_made_anew_one_after_the_other() {
    let mut play = Play::shop().await;
    let text = global("auto").replacen("replicas: 1", "mode: global", 1);
    play.commit_shop(&text);
    play.pass().await;
    assert_eq!(wrote(&mut play), ["withdraw service/shop_api"]);
    let mut there = Vec::new();
    while there.len() < 3 {
        let report = play.pass().await;
        there.extend(wrote(&mut play));
        assert_eq!(report.trouble, [""; 0]);
        play.world.advance(Duration::from_secs(1)).await;
    }
    let order = ["create service/shop_api", "withdraw service/shop_web", "create service/shop_web"];
    assert_eq!(there, order);
    assert_eq!(play.converge().await, Settled::Well);
}

#[tokio::test]
async fn other_content_under_an_explicit_name_comes_with_the_services_that_use_it() {
    let mut play = Play::new();
    let named = SHOP.replace("file: motd.txt", "file: motd.txt\n    name: motd");
    play.commit_shop(&named);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play.commit(&[("shop/motd.txt", "good evening\n")]);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["motd NeedsApproval"]);
    play.approve(&report).await;
    assert_eq!(play.converge().await, Settled::Well);
    let anew = [
        "create config/motd",
        "create service/shop_web",
        "withdraw config/motd",
        "withdraw service/shop_web",
    ];
    assert_eq!(wrote(&mut play), anew);
}

#[tokio::test]
async fn a_service_that_a_person_holds_keeps_its_network() {
    let mut play = Play::shop().await;
    play.world.swarm.hand().set_label("shop_api", "skep.hold", "a demo").expect("a write");
    play.converge().await;
    play.commit_shop(&internal("auto"));
    play.wrote();
    assert_eq!(Play::held(&play.pass().await), ["shop_front Suspended"]);
    assert_eq!(play.wrote(), [""; 0]);
}

/// An operator that dies after so many writes, and the one after it.
async fn dies_after(writes: usize, text: &str) -> Play {
    let mut play = Play::shop().await;
    play.commit_shop(text);
    play.die_after(writes).await;
    play
}

#[tokio::test]
async fn an_operator_that_dies_while_something_is_made_anew_is_followed_by_one_that_goes_on() {
    for writes in 1..=8 {
        let mut play = Box::pin(dies_after(writes, &internal("auto"))).await;
        assert_eq!(play.converge().await, Settled::Well, "after {writes} writes");
        assert!(is_internal(&play).await);
        assert_eq!(play.names(Kind::Service).await, ["shop_api", "shop_web"]);
        assert_eq!(wrote(&mut play), ANEW, "after {writes} writes");
    }
    for writes in 1..=4 {
        let mut play = Box::pin(dies_after(writes, &global("auto"))).await;
        assert_eq!(play.converge().await, Settled::Well, "after {writes} writes");
        let anew = ["create service/shop_web", "withdraw service/shop_web"];
        assert_eq!(wrote(&mut play), anew, "after {writes} writes");
    }
}

#[tokio::test]
async fn what_was_taken_away_comes_back_when_the_declaration_goes_back() {
    for writes in 2..=5 {
        let mut play = Box::pin(dies_after(writes, &internal("auto"))).await;
        play.commit_shop(&format!("x-skep: {{recreate: auto}}\n{SHOP}"));
        assert_eq!(play.converge().await, Settled::Well, "after {writes} writes");
        assert!(!is_internal(&play).await);
        assert_eq!(play.names(Kind::Service).await, ["shop_api", "shop_web"]);
    }
}
