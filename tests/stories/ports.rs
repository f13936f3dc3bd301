//! Published ports that move from one service to another.

use skep::model::Kind;
use skep::plan::Removals;
use skep::reconcile::Settings;
use skep::status::Settled;

use crate::play::Play;

/// A service that publishes a port.
fn service(name: &str, port: u16) -> String {
    format!(
        "  {name}:\n    image: registry.test/web:1\n    ports: ['{port}:80']\n    deploy: {{replicas: 1}}\n"
    )
}

fn stack(services: &[(&str, u16)]) -> String {
    let services = services.iter().map(|(name, port)| service(name, *port));
    format!("services:\n{}", services.collect::<String>())
}

/// A shop of these services, converged.
async fn shop(settings: Settings, services: &[(&str, u16)]) -> Play {
    let mut play = Play::with(settings);
    play.commit_shop(&stack(services));
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play
}

async fn ports(play: &Play) -> Vec<(String, u32)> {
    use skep::ports::Swarm as _;
    let observed = play.world.swarm.look().await.expect("a look");
    let port = |spec: &skep::model::engine::ServiceSpec| {
        spec.endpoint_spec.as_ref().map_or(0, |endpoint| endpoint.ports[0].published_port)
    };
    observed.services.iter().map(|(name, service)| (name.clone(), port(&service.spec))).collect()
}

#[tokio::test]
async fn a_port_moves_from_one_service_to_another_in_one_commit() {
    let mut play = shop(Settings::default(), &[("a", 81), ("b", 80)]).await;
    play.commit_shop(&stack(&[("a", 80), ("b", 82)]));
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_a PortTaken"]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_a", "update service/shop_b"]);
    assert_eq!(ports(&play).await, [("shop_a".to_owned(), 80), ("shop_b".to_owned(), 82)]);
}

#[tokio::test]
async fn two_services_swap_their_ports_when_one_gives_its_own_up_first() {
    let mut play = shop(Settings::default(), &[("a", 80), ("b", 81)]).await;
    play.commit_shop(&stack(&[("a", 81), ("b", 80)]));
    assert_eq!(play.converge().await, Settled::Well);
    let wrote = ["update service/shop_a", "update service/shop_a", "update service/shop_b"];
    assert_eq!(play.wrote(), wrote);
    assert_eq!(ports(&play).await, [("shop_a".to_owned(), 81), ("shop_b".to_owned(), 80)]);
    let before = play.world.swarm.log().len();
    play.restart();
    play.pass().await;
    assert_eq!(play.world.swarm.log().len(), before);
}

#[tokio::test]
async fn three_ports_go_round() {
    let mut play = shop(Settings::default(), &[("a", 80), ("b", 81), ("c", 82)]).await;
    play.commit_shop(&stack(&[("a", 81), ("b", 82), ("c", 80)]));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote().len(), 4);
}

#[tokio::test]
async fn an_operator_that_dies_while_ports_are_swapped_is_followed_by_one_that_goes_on() {
    let mut play = shop(Settings::default(), &[("a", 80), ("b", 81)]).await;
    play.commit_shop(&stack(&[("a", 81), ("b", 80)]));
    for _ in 0..6 {
        play.pass().await;
        play.restart();
    }
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote().len(), 3);
}

#[tokio::test]
async fn a_service_that_left_goes_before_the_one_that_gets_its_port() {
    let mut play = shop(Settings::default(), &[("a", 81), ("old", 80)]).await;
    play.commit_shop(&stack(&[("a", 81), ("new", 80)]));
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_new PortTaken"]);
    assert_eq!(play.wrote(), ["remove service/shop_old"]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["create service/shop_new"]);
}

#[tokio::test]
async fn a_port_of_a_service_that_may_not_be_removed_is_waited_for() {
    let mut play = shop(Settings::default(), &[("a", 81), ("old", 80)]).await;
    play.world.swarm.hand().set_label("shop_old", "skep.keep", "an archive").expect("a write");
    play.commit_shop(&stack(&[("a", 81), ("new", 80)]));
    assert_eq!(play.converge().await, Settled::Badly);
    let report = play.pass().await;
    let mut held = Play::held(&report);
    held.sort();
    assert_eq!(held, ["shop_new PortTaken", "shop_old NeedsApproval"]);
    assert_eq!(play.wrote(), [""; 0]);
    play.approve(&report).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["create service/shop_new", "remove service/shop_old"]);
}

#[tokio::test]
async fn a_removal_that_was_not_asked_for_keeps_its_port_and_the_call_ends() {
    let settings = Settings { removals: Removals::NotAsked, ..Settings::default() };
    let mut play = shop(settings, &[("old", 80)]).await;
    play.commit_shop(&stack(&[("new", 80)]));
    assert_eq!(play.converge().await, Settled::Badly);
    assert_eq!(play.wrote(), [""; 0]);
    assert_eq!(play.names(Kind::Service).await, ["shop_old"]);
}

#[tokio::test]
async fn a_port_of_another_stack_is_not_fought_for() {
    let mut play = shop(Settings::default(), &[("a", 81)]).await;
    play.commit(&[("other/compose.yml", &stack(&[("x", 80)]))]);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play.commit_shop(&stack(&[("a", 80)]));
    assert_eq!(play.converge().await, Settled::Badly);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_a PortTaken"]);
    let held = &report.stacks.values().find_map(|stack| stack.plan.held.first()).expect("held");
    assert_eq!(held.reason.to_string(), "service/other_x publishes the port 80/tcp");
    assert_eq!(play.wrote(), [""; 0]);
    play.commit(&[("other/compose.yml", &stack(&[("x", 82)]))]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/other_x", "update service/shop_a"]);
}
