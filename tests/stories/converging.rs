//! From a commit to a converged swarm, and nothing after that.

use skep::model::Kind;
use skep::status::{Settled, settled};

use crate::play::{Play, SHOP, reference};

#[tokio::test]
async fn a_commit_converges_and_the_next_pass_writes_nothing() {
    let mut play = Play::new();
    play.commit_shop(SHOP);
    assert_eq!(play.converge().await, Settled::Well);
    let expected = [
        "create config/shop_motd",
        "create network/shop_front",
        "create secret/shop_password",
        "create service/shop_api",
        "create service/shop_web",
    ];
    assert_eq!(play.wrote(), expected);
    let before = play.world.swarm.log().len();
    for _ in 0..10 {
        play.pass().await;
    }
    assert_eq!(play.world.swarm.log().len(), before, "not even the ledger is written");
    assert_eq!(play.tasks("shop_web").await.len(), 2);
}

#[tokio::test]
async fn a_fresh_process_finds_nothing_to_do() {
    let mut play = Play::shop().await;
    let before = play.world.swarm.log().len();
    play.restart();
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.world.swarm.log().len(), before);
}

#[tokio::test]
async fn a_registry_is_asked_once_for_each_image_and_never_again() {
    let mut play = Play::shop().await;
    let asked = || {
        let mut asked = play.world.registry.asked();
        asked.sort();
        asked
    };
    let once = [reference("registry.test/api:1"), reference("registry.test/web:1")];
    assert_eq!(asked(), once);
    play.restart();
    play.pass().await;
    play.commit_shop(&SHOP.replace("fast", "slow"));
    play.converge().await;
    assert_eq!(play.world.registry.asked().len(), once.len());
}

#[tokio::test]
async fn a_changed_config_rolls_only_the_services_that_use_it() {
    let mut play = Play::shop().await;
    let api = play.tasks("shop_api").await;
    play.commit(&[("shop/motd.txt", "good evening\n")]);
    assert_eq!(play.converge().await, Settled::Well);
    let wrote = play.wrote();
    assert_eq!(wrote.len(), 2, "{wrote:?}");
    assert!(wrote[0].starts_with("create config/shop_motd-"), "{wrote:?}");
    assert_eq!(wrote[1], "update service/shop_web");
    assert_eq!(play.tasks("shop_api").await, api);
}

#[tokio::test]
async fn labels_of_a_config_and_a_secret_follow_git_without_a_restart() {
    let mut play = Play::shop().await;
    let tasks = play.tasks("shop_web").await;
    let text = SHOP
        .replace("file: motd.txt", "file: motd.txt\n    labels: {team: red}")
        .replace("file: password.txt", "file: password.txt\n    labels: {team: red}");
    play.commit_shop(&text);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update config/shop_motd", "update secret/shop_password"]);
    assert_eq!(play.tasks("shop_web").await, tasks);
    play.pass().await;
    assert_eq!(play.wrote(), Vec::<String>::new());
}

#[tokio::test]
async fn superseded_versions_go_once_nothing_needs_them() {
    let mut play = Play::shop().await;
    for text in 1..=9 {
        play.commit(&[("shop/motd.txt", &format!("{text}\n"))]);
        assert_eq!(play.converge().await, Settled::Well);
    }
    // The last five stay: a rollback would need them.
    assert_eq!(play.names(Kind::Config).await.len(), 5);
}

#[tokio::test]
async fn content_that_comes_back_finds_its_old_name() {
    let mut play = Play::shop().await;
    play.commit(&[("shop/motd.txt", "other\n")]);
    play.converge().await;
    play.commit(&[("shop/motd.txt", "hello\n")]);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play.restart();
    play.converge().await;
    assert_eq!(play.wrote(), Vec::<String>::new());
}

#[tokio::test]
async fn a_moved_tag_changes_nothing_until_the_declaration_does() {
    let mut play = Play::shop().await;
    play.world.registry.push(&reference("registry.test/web:1"), "another build");
    play.converge().await;
    assert_eq!(play.wrote(), Vec::<String>::new());
    play.commit_shop(&SHOP.replace("web:1", "web:2"));
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
}

#[tokio::test]
async fn a_registry_that_is_down_changes_nothing_that_runs() {
    let mut play = Play::shop().await;
    play.world.registry.disconnect("registry.test");
    play.commit_shop(&SHOP.replace("web:1", "web:2").replace("hello", "x"));
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web Waiting"]);
    assert_eq!(play.wrote(), Vec::<String>::new());
    play.world.registry.connect("registry.test");
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
}

#[tokio::test]
async fn a_registry_that_is_down_is_asked_less_and_less_often_and_at_least_each_poll_time() {
    let mut play = Play::shop().await;
    play.world.registry.disconnect("registry.test");
    play.commit_shop(&SHOP.replace("web:1", "web:2"));
    let asked = play.world.registry.asked().len();
    for _ in 0..180 {
        play.pass().await;
        play.world.advance(std::time::Duration::from_secs(1)).await;
    }
    // After 0, 1, 3, 7, 15, 31, 63, 123 seconds.
    assert_eq!(play.world.registry.asked().len() - asked, 8);
}

#[tokio::test]
async fn a_broken_file_beside_good_ones_harms_only_itself() {
    let mut play = Play::shop().await;
    let other = "services:\n  db:\n    image: registry.test/api:1\n    deploy: {replicas: 1}\n";
    play.commit(&[("other/compose.yml", other), ("shop/compose.yml", "services: [\n")]);
    let report = play.pass().await;
    assert!(report.problems.iter().any(|p| p.file.as_str() == "shop/compose.yml"));
    play.converge().await;
    assert_eq!(play.wrote(), ["create network/other_default", "create service/other_db"]);
    let report = play.pass().await;
    let ends: Vec<_> = report.stacks.values().map(settled).collect();
    assert_eq!(ends, [Settled::Well, Settled::Badly], "what can't be read is no success");
}

#[tokio::test]
async fn a_service_on_the_network_of_its_host_was_written_again_and_again() {
    let mut play = Play::new();
    let text = "services:\n  web:\n    image: registry.test/web:1\n    networks: [host]\n\
                networks:\n  host: {external: true, name: host}\n";
    play.commit(&[("edge.yml", text)]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["create service/edge_web"]);
    play.restart();
    play.pass().await;
    assert_eq!(play.wrote(), Vec::<String>::new());
}
