//! A stack that somebody deployed with `docker stack deploy`, and that comes under skep with its file.

use std::collections::BTreeMap;

use skep::diff::NAMESPACE_LABEL;
use skep::model::engine::{NetworkSpec, ServiceSpec, StringMap};
use skep::model::{Kind, NewData, Observed, SecretBytes};
use skep::plan::Action;
use skep::ports::{Swarm as _, Write};
use skep::status::{Report, Settled};

use crate::play::{Play, SHOP};

/// Ids of networks, secrets and configs, by kind and name.
type Ids = BTreeMap<(Kind, String), String>;

/// The shop as docker makes it: without a label of skep, in a swarm that never saw it.
async fn deployed(password: &str) -> Play {
    let made = Play::shop().await;
    let seen = made.world.swarm.look().await.expect("a look");
    let play = Play::new();
    let hand = play.world.swarm.hand();
    let mut ids = Ids::new();
    for (object, write) in foundation(&seen, password) {
        ids.insert(object, hand.write(&write).expect("a write").id);
    }
    for service in seen.services.values() {
        let spec = Box::new(rebound(&service.spec, &seen, &ids));
        hand.write(&Write::CreateService { spec }).expect("a write");
    }
    play.world.settle().await;
    play.commit_shop(SHOP);
    play
}

fn foundation(seen: &Observed, password: &str) -> Vec<((Kind, String), Write)> {
    let new = |name: &str, labels: &StringMap| NewData {
        name: name.to_owned(),
        labels: of_docker(labels),
        data: None,
        hash: None,
        driver: None,
        templating: None,
    };
    let networks = seen.networks.values().filter(|network| !network.ingress).map(|network| {
        let (name, labels) = (network.name.clone(), of_docker(&network.labels));
        let driver = network.driver.clone();
        let spec = NetworkSpec { name: name.clone(), driver, labels, ..NetworkSpec::default() };
        ((Kind::Network, name), Write::CreateNetwork(spec))
    });
    let secrets = seen.secrets.values().map(|secret| {
        let new = new(&secret.spec.name, &secret.spec.labels);
        let bytes = SecretBytes::new(password.as_bytes().to_vec());
        ((Kind::Secret, new.name.clone()), Write::CreateSecret { new, bytes })
    });
    let is_stacks = |labels: &StringMap| labels.contains_key(NAMESPACE_LABEL);
    let configs = seen.configs.values().filter(|config| is_stacks(&config.spec.labels));
    let configs = configs.map(|config| {
        let new = new(&config.spec.name, &config.spec.labels);
        let bytes = SecretBytes::new(b"hello\n".to_vec());
        ((Kind::Config, new.name.clone()), Write::CreateConfig { new, bytes })
    });
    networks.chain(secrets).chain(configs).collect()
}

fn of_docker(labels: &StringMap) -> StringMap {
    let theirs = labels.iter().filter(|(key, _)| !key.starts_with("skep."));
    theirs.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The spec with the ids of another swarm.
fn rebound(spec: &ServiceSpec, seen: &Observed, ids: &Ids) -> ServiceSpec {
    let mut spec = spec.clone();
    spec.labels = of_docker(&spec.labels);
    let id = |kind, name: &str| ids[&(kind, name.to_owned())].clone();
    for network in &mut spec.task_template.networks {
        let known = seen.networks.values().find(|known| known.id == network.target);
        network.target = id(Kind::Network, &known.expect("the network").name);
    }
    let container = spec.task_template.container_spec.as_mut().expect("a container");
    for secret in &mut container.secrets {
        secret.secret_id = id(Kind::Secret, &secret.secret_name);
    }
    for config in &mut container.configs {
        config.config_id = id(Kind::Config, &config.config_name);
    }
    spec
}

/// Objects that the report says will be taken over.
fn adopted(report: &Report) -> Vec<String> {
    let drift = report.stacks.values().flat_map(|stack| &stack.plan.drift);
    let adopted = drift.filter(|drift| drift.action == Action::Adopt);
    adopted.map(|drift| drift.object.to_string()).collect()
}

const ALL: [&str; 5] = [
    "network/shop_front",
    "secret/shop_password",
    "config/shop_motd",
    "service/shop_api",
    "service/shop_web",
];

#[tokio::test]
async fn a_stack_deployed_by_docker_is_taken_over_and_no_task_is_restarted() {
    let mut play = deployed("hunter2\n").await;
    let before = (play.tasks("shop_web").await, play.tasks("shop_api").await);
    assert_eq!(before.0.len() + before.1.len(), 3);
    assert_eq!(adopted(&play.pass().await), ALL);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update secret/shop_password"], "its content is proven");
    assert_eq!((play.tasks("shop_web").await, play.tasks("shop_api").await), before);
    let report = play.pass().await;
    assert_eq!(adopted(&report), [""; 0], "it is ours now");
    assert!(report.stacks.values().all(|stack| stack.plan.is_empty()), "{report:?}");
}

#[tokio::test]
async fn what_is_taken_over_is_removed_when_it_leaves_git() {
    let mut play = deployed("hunter2\n").await;
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play.commit_shop(
        &SHOP.replace("    configs:\n      - source: motd\n        target: /etc/motd\n", ""),
    );
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
}

#[tokio::test]
async fn a_secret_with_other_content_holds_the_services_that_use_it() {
    let mut play = deployed("another\n").await;
    let before = play.tasks("shop_api").await;
    for _ in 0..4 {
        play.pass().await;
    }
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_api NeedsApproval"]);
    assert_eq!(play.tasks("shop_api").await, before);
    let wrote = play.wrote();
    let asked = wrote.iter().filter(|line| line.starts_with("update secret/shop_password"));
    assert_eq!(asked.count(), 1, "it is asked once: {wrote:?}");
}

#[tokio::test]
async fn what_was_approved_is_taken_over_and_the_approval_is_forgotten() {
    let mut play = deployed("hunter2\n").await;
    play.commit_shop(&SHOP.replace("fast", "slow"));
    play.pass().await;
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web NeedsApproval"]);
    play.wrote();
    play.approve(&report).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    assert_eq!(play.approvals().await, 0);
}

#[tokio::test]
async fn an_approval_is_void_when_what_runs_moves_on() {
    let mut play = deployed("hunter2\n").await;
    play.commit_shop(&SHOP.replace("fast", "slow"));
    play.pass().await;
    let report = play.pass().await;
    play.approve(&report).await;
    play.world.swarm.hand().set_env("shop_web", "MODE", "other").expect("a write");
    play.wrote();
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web NeedsApproval"]);
    assert_eq!(play.wrote(), [""; 0]);
}

#[tokio::test]
async fn a_preview_shows_what_will_be_taken_over_and_writes_nothing() {
    let mut play = deployed("hunter2\n").await;
    let crate::play::Play { world, operator, .. } = &mut play;
    let turn = async {
        operator.read_sources().await;
        (operator.preview().await, operator.preview().await)
    };
    let (first, second) =
        world.run(std::time::Duration::from_secs(60), turn).await.expect("an end");
    assert_eq!(adopted(&first), ALL);
    assert_eq!(format!("{:?}", first.stacks), format!("{:?}", second.stacks));
    assert_eq!(play.wrote(), [""; 0]);
}

#[tokio::test]
async fn docker_deploys_the_same_file_again_and_nothing_restarts() {
    let mut play = Play::shop().await;
    let before = (play.tasks("shop_web").await, play.tasks("shop_api").await);
    let hand = play.world.swarm.hand();
    for service in ["shop_web", "shop_api"] {
        hand.change(service, |spec| spec.labels = of_docker(&spec.labels)).expect("a write");
    }
    let seen = play.world.swarm.look().await.expect("a look");
    let secret = &seen.secrets["shop_password"];
    let target = skep::model::Target {
        name: secret.spec.name.clone(),
        id: secret.id.clone(),
        version: secret.version,
    };
    let labels = of_docker(&secret.spec.labels);
    let kind = Kind::Secret;
    play.world.swarm.hand().write(&Write::Label { kind, target, labels }).expect("a write");
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update secret/shop_password"], "its hash is put back");
    assert_eq!((play.tasks("shop_web").await, play.tasks("shop_api").await), before);
}

/// A stack whose network and secret carry names of their own.
fn sharing(service: &str) -> String {
    format!(
        "services:\n  {service}:\n    image: registry.test/api:1\n    deploy: {{replicas: 1}}\n    \
         networks: [common]\n    secrets: [token]\n\
         networks:\n  common: {{name: common}}\nsecrets:\n  token: {{name: token, file: token.txt}}\n"
    )
}

#[tokio::test]
async fn what_two_stacks_share_stays_until_both_have_left_git() {
    let mut play = Play::new();
    let (one, two) = (sharing("one"), sharing("two"));
    let token = ("token.txt", "t0ken\n");
    play.commit(&[("one.yml", &one), ("two.yml", &two), token]);
    assert_eq!(play.converge().await, Settled::Well);
    let made = play.wrote();
    let made: Vec<&String> = made.iter().filter(|line| !line.contains(": ")).collect();
    assert_eq!(made.len(), 4, "a network, a secret, two services: {made:?}");

    for (gone, left) in [("one.yml", 1), ("two.yml", 0)] {
        play.commit(&[("keep.yml", "services: {keep: {image: 'registry.test/web:1'}}\n")]);
        play.world.source.delete("goodbye", &[gone]).expect("a path");
        for _ in 0..20 {
            play.pass().await;
            play.world.advance(std::time::Duration::from_secs(2)).await;
        }
        assert_eq!(play.names(Kind::Secret).await.len(), left, "{gone}");
        let networks = play.names(Kind::Network).await;
        assert_eq!(networks.iter().filter(|name| *name == "common").count(), left, "{gone}");
    }
    assert_eq!(play.names(Kind::Service).await, ["keep_keep"]);
}

#[tokio::test]
async fn a_lost_key_is_not_made_anew_and_rolls_nothing() {
    let mut play = Play::shop().await;
    let before = (play.tasks("shop_web").await, play.tasks("shop_api").await);
    play.world.swarm.hand().remove(Kind::Config, "skep-skep-key").expect("a write");
    play.restart();
    play.commit_shop(&SHOP.replace("MODE: fast", "MODE: slow"));
    for _ in 0..5 {
        let report = play.pass().await;
        assert!(report.trouble.iter().any(|text| text.contains("skep-skep-key")), "{report:?}");
        assert!(Play::held(&report).contains(&"shop_password ViewIncomplete".to_owned()));
        play.world.advance(std::time::Duration::from_secs(30)).await;
    }
    assert_eq!(play.wrote(), ["update service/shop_web"], "the rest goes on");
    assert_ne!(play.tasks("shop_web").await, before.0);
    assert_eq!(play.tasks("shop_api").await, before.1);
}
