//! Nothing is removed, except when it is certain that it should be.

use std::time::Duration;

use skep::model::Kind;
use skep::ports::SourceError;
use skep::status::Settled;

use crate::play::{Play, SHOP};

/// The shop without its web service.
fn without_web() -> String {
    let (start, end) = (SHOP.find("  web:").expect("web"), SHOP.find("  api:").expect("api"));
    format!("{}{}", &SHOP[..start], &SHOP[end..])
}

#[tokio::test]
async fn a_service_that_left_git_is_removed_and_its_config_after_it() {
    let mut play = Play::shop().await;
    let text = without_web().replace("configs:\n  motd:\n    file: motd.txt\n", "");
    play.commit_shop(&text);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["remove config/shop_motd", "remove service/shop_web"]);
    play.pass().await;
    assert_eq!(play.wrote(), Vec::<String>::new());
}

#[tokio::test]
async fn a_stack_that_left_git_goes_and_is_forgotten() {
    let mut play = Play::shop().await;
    let other = "services:\n  db:\n    image: registry.test/api:1\n    deploy: {replicas: 1}\n";
    play.commit(&[("other/compose.yml", other)]);
    play.converge().await;
    play.wrote();
    play.world.source.delete("goodbye", &["other/compose.yml"]).expect("a path");
    for _ in 0..30 {
        play.pass().await;
        play.world.advance(Duration::from_secs(2)).await;
    }
    assert_eq!(play.wrote(), ["remove network/other_default", "remove service/other_db"]);
    let before = play.world.swarm.log().len();
    play.pass().await;
    assert_eq!(play.world.swarm.log().len(), before);
}

#[tokio::test]
async fn an_empty_repository_a_broken_file_and_a_git_host_that_is_down_remove_nothing() {
    let mut play = Play::shop().await;
    play.world
        .source
        .delete("oops", &["shop/compose.yml", "shop/motd.txt", "shop/password.txt"])
        .expect("paths");
    play.pass().await;
    play.commit_shop("services: {web: {image: [}}\n");
    play.pass().await;
    play.world
        .source
        .fail(SourceError::Unreachable { attempted: "fetch".into(), message: "down".into() });
    play.pass().await;
    play.restart();
    play.pass().await;
    assert_eq!(play.wrote(), Vec::<String>::new());
    assert_eq!(play.names(Kind::Service).await.len(), 2);
}

#[tokio::test]
async fn rewritten_history_removes_nothing() {
    let mut play = Play::shop().await;
    let base = play.pass().await.sources[0].revision.clone().expect("a revision");
    play.commit_shop(&SHOP.replace("fast", "slow"));
    play.converge().await;
    play.wrote();
    play.world.source.reset(&base);
    play.commit_shop(&without_web());
    let report = play.pass().await;
    assert!(Play::held(&report).contains(&"shop_web HistoryRewritten".to_owned()));
    assert_eq!(play.wrote(), Vec::<String>::new());
}

#[tokio::test]
async fn many_removals_at_once_wait_for_a_person() {
    let mut play = Play::new();
    let stack = |count: usize| {
        let service =
            |n| format!("  s{n}:\n    image: registry.test/api:1\n    deploy: {{replicas: 0}}\n");
        format!("services:\n{}", (0..count).map(service).collect::<String>())
    };
    play.commit(&[("many/compose.yml", &stack(10))]);
    assert_eq!(play.converge().await, Settled::Well);
    play.commit(&[("many/compose.yml", &stack(6))]);
    play.wrote();
    let report = play.pass().await;
    assert_eq!(Play::held(&report).len(), 4);
    assert!(Play::held(&report)[0].ends_with("NeedsApproval"));
    play.commit(&[("many/compose.yml", &stack(7))]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote().len(), 3);
    play.commit(&[("many/compose.yml", &stack(2))]);
    let report = play.pass().await;
    play.approve(&report).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote().len(), 5);
}
