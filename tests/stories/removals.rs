//! Nothing is removed, except when it is certain that it should be.

use std::time::Duration;

use skep::model::Kind;
use skep::ports::SourceError;
use skep::sim::WriteFault;
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
    play.commit(&[("many/compose.yml", &many(10))]);
    assert_eq!(play.converge().await, Settled::Well);
    play.commit(&[("many/compose.yml", &many(6))]);
    play.wrote();
    let report = play.pass().await;
    assert_eq!(Play::held(&report).len(), 4);
    assert!(Play::held(&report)[0].ends_with("NeedsApproval"));
    play.commit(&[("many/compose.yml", &many(7))]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote().len(), 3);
    play.commit(&[("many/compose.yml", &many(2))]);
    let report = play.pass().await;
    play.approve(&report).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote().len(), 5);
}

#[tokio::test]
async fn who_prunes_removes_more_than_the_quota_and_changes_nothing() {
    let mut play = Play::new();
    play.commit(&[("many/compose.yml", &many(10))]);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    let before = play.world.swarm.log().len();
    // While something else of the stack waits to be written, its removals wait too.
    play.commit(&[("many/compose.yml", &many(2).replace("replicas: 0", "replicas: 1"))]);
    play.only_remove();
    let report = play.pass().await;
    assert_eq!(Play::held(&report).len(), 8);
    assert_eq!(play.world.swarm.log().len(), before);
    play.commit(&[("many/compose.yml", &many(2))]);
    play.only_remove();
    play.pass().await;
    assert_eq!(play.wrote().len(), 8);
    assert_eq!(play.names(Kind::Service).await.len(), 2);
    // The ledger is no business of a prune either: the operator finds its stack as it is.
    assert_eq!(play.world.swarm.log().len(), before + 8);
    play.restart();
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), Vec::<String>::new());
}

/// A stack of services that want no tasks.
fn many(count: usize) -> String {
    let service =
        |n| format!("  s{n}:\n    image: registry.test/api:1\n    deploy: {{replicas: 0}}\n");
    format!("services:\n{}", (0..count).map(service).collect::<String>())
}

#[tokio::test]
async fn a_revision_that_removes_too_much_was_let_through_piece_by_piece() {
    let mut play = Play::new();
    play.commit(&[("a/compose.yml", &many(5)), ("b/compose.yml", &many(5))]);
    assert_eq!(play.converge().await, Settled::Well);
    play.commit(&[("a/compose.yml", &many(3)), ("b/compose.yml", &many(3))]);
    let mut report = play.pass().await;
    assert_eq!(Play::held(&report).len(), 4);
    report.stacks.retain(|name, _| name.as_str() == "a");
    play.approve(&report).await;
    play.wrote();
    for _ in 0..3 {
        play.pass().await;
        play.restart();
    }
    assert_eq!(play.wrote(), ["remove service/a_s3", "remove service/a_s4"]);
    let held = Play::held(&play.pass().await);
    assert_eq!(held, ["b_s3 NeedsApproval", "b_s4 NeedsApproval"]);
    // The next commit begins anew: two services are few.
    play.commit(&[("c.yml", &many(1))]);
    assert_eq!(play.converge().await, Settled::Well);
    let expected = ["create network/c_default", "create service/c_s0"];
    assert_eq!(
        play.wrote(),
        [&expected[..], &["remove service/b_s3", "remove service/b_s4"]].concat()
    );
}

#[tokio::test]
async fn a_stack_that_went_counts_until_the_next_commit() {
    let mut play = Play::new();
    let files: Vec<String> = (0..3).map(|n| format!("s{n}/compose.yml")).collect();
    let text = many(2);
    let stacks: Vec<(&str, &str)> =
        files.iter().map(|file| (file.as_str(), text.as_str())).collect();
    play.commit(&stacks);
    assert_eq!(play.converge().await, Settled::Well);
    play.world.source.delete("two of three", &["s0/compose.yml", "s1/compose.yml"]).expect("paths");
    let mut report = play.pass().await;
    assert!(Play::held(&report).iter().all(|held| held.ends_with("NeedsApproval")), "{report:?}");
    report.stacks.retain(|name, _| name.as_str() == "s0");
    play.approve(&report).await;
    play.converge().await;
    play.restart();
    let report = play.pass().await;
    let told: Vec<&str> = report.stacks.keys().map(|name| name.as_str()).collect();
    assert_eq!(told, ["s1", "s2"], "nothing is left of s0 that could be told");
    let held = Play::held(&report);
    assert!(held.contains(&"s1_s0 NeedsApproval".to_owned()), "{held:?}");
}

#[tokio::test]
async fn a_stack_with_a_named_volume_waits_for_a_person_and_the_volume_stays() {
    let mut play = Play::shop().await;
    let db = "services:\n  db: {image: 'registry.test/api:1', volumes: ['data:/data']}\nvolumes: {data: {}}\n";
    play.commit(&[("db/compose.yml", db)]);
    play.converge().await;
    play.wrote();
    play.world.source.delete("no db", &["db/compose.yml"]).expect("a path");
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["db_default NeedsApproval", "db_db NeedsApproval"]);
    play.approve(&report).await;
    for _ in 0..20 {
        play.pass().await;
        play.world.advance(Duration::from_secs(2)).await;
    }
    assert_eq!(play.wrote(), ["remove network/db_default", "remove service/db_db"]);
}

#[tokio::test]
async fn what_survives_a_removal_stays_known_over_errors_restarts_and_commits() {
    let mut play = Play::shop().await;
    play.commit(&[("other/compose.yml", &many(2))]);
    play.converge().await;
    play.wrote();
    play.world.swarm.fail_writes_of("other_s1", WriteFault::Refused("no".into()));
    play.world.source.delete("goodbye", &["other/compose.yml"]).expect("a path");
    play.pass().await;
    play.restart();
    play.commit_shop(&SHOP.replace("fast", "slow"));
    for _ in 0..5 {
        play.pass().await;
        play.world.advance(Duration::from_secs(30)).await;
    }
    assert!(play.names(Kind::Service).await.contains(&"other_s1".to_owned()));
    play.world.swarm.heal();
    play.restart();
    for _ in 0..5 {
        play.pass().await;
        play.world.advance(Duration::from_secs(30)).await;
    }
    assert_eq!(play.names(Kind::Service).await, ["shop_api", "shop_web"]);
    assert_eq!(play.names(Kind::Network).await, ["shop_front"]);
}

#[tokio::test]
async fn without_its_ledger_a_stack_loses_nothing_until_nothing_differs() {
    let mut play = Play::shop().await;
    play.world.swarm.hand().remove(Kind::Config, "skep.ledger.skep.shop").expect("a removal");
    play.commit_shop(&without_web());
    let report = play.pass().await;
    assert!(Play::held(&report).contains(&"shop_web ViewIncomplete".to_owned()));
    // Once all is as declared the ledger is written anew, and the next commit may remove again.
    play.commit_shop(SHOP);
    assert_eq!(play.converge().await, Settled::Well);
    play.commit_shop(&without_web());
    play.wrote();
    play.converge().await;
    assert!(play.wrote().contains(&"remove service/shop_web".to_owned()));
}
