//! Questions to a real registry with password and TLS, through a real engine.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use skep::model::{ImageAnswer, ImageRef, PinnedImage, Platform, RegistryLogins};
use skep::ports::Registry;
use skep::registry::{self, EngineRegistry};

use skep::swarm::Options;

use crate::lab::{Lab, within};
use crate::standing::running;
use crate::{connect, connect_with, create, options, service};

fn logins(lab: &Lab) -> RegistryLogins {
    let config = lab.docker_config.join("config.json");
    #[expect(clippy::disallowed_methods, reason = "the laboratory's login is in a file")]
    let config = std::fs::read(config).unwrap();
    RegistryLogins::from_docker_config(&config).unwrap()
}

fn asked(lab: &Lab, logins: RegistryLogins) -> EngineRegistry {
    registry::connect(connect(lab.manager("one")).docker(), Arc::new(logins))
}

fn tag(lab: &Lab, tag: &str) -> ImageRef {
    format!("{}/program:{tag}", lab.registry.address).parse().unwrap()
}

#[tokio::test]
async fn a_tag_is_pinned_to_the_digest_that_was_pushed() {
    let lab = Lab::open();
    let answer = asked(&lab, logins(&lab)).resolve(&tag(&lab, "1")).await;
    let ImageAnswer::Pinned(PinnedImage { image, platforms }) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(image.familiar(), lab.image("1"));
    let here = Platform { architecture: "amd64".to_owned(), os: "linux".to_owned() };
    assert_eq!(platforms, [here]);
}

#[tokio::test]
async fn without_a_login_with_a_wrong_one_and_for_a_missing_tag_the_registry_refuses() {
    let lab = Lab::open();
    let none = asked(&lab, RegistryLogins::default()).resolve(&tag(&lab, "1")).await;
    assert!(matches!(none, ImageAnswer::Refused(_)), "{none:?}");
    let address = &lab.registry.address;
    // Six '~' make a '+' of plain base64, wherever they stand: it would not even arrive.
    let auths = serde_json::json!({ address: { "username": "lab", "password": "~~~~~~" } });
    let wrong = serde_json::json!({ "auths": auths }).to_string();
    let wrong = RegistryLogins::from_docker_config(wrong.as_bytes()).unwrap();
    let wrong = asked(&lab, wrong).resolve(&tag(&lab, "1")).await;
    assert!(
        matches!(&wrong, ImageAnswer::Refused(why) if why.contains("unauthorized")),
        "{wrong:?}"
    );
    let missing = asked(&lab, logins(&lab)).resolve(&tag(&lab, "none")).await;
    assert!(matches!(missing, ImageAnswer::Refused(_)), "{missing:?}");
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_unreachable() {
    let lab = Lab::open();
    let registry = asked(&lab, RegistryLogins::default());
    let nobody: ImageRef = "127.0.0.1:9/a:1".parse().unwrap();
    let answer = registry.resolve(&nobody).await;
    assert!(matches!(answer, ImageAnswer::Unreachable(_)), "{answer:?}");
}

#[tokio::test]
async fn a_registry_that_says_nothing_is_unreachable_after_the_time_out() {
    let lab = Lab::open();
    let (host, _) = lab.registry.address.rsplit_once(':').unwrap();
    // Connections are made, and nobody ever takes one.
    let silent = TcpListener::bind((host, 0)).unwrap();
    let image: ImageRef = format!("{}/a:1", silent.local_addr().unwrap()).parse().unwrap();
    let registry = asked(&lab, RegistryLogins::default());
    let answer = registry.with_time_out(Duration::from_secs(1)).resolve(&image).await;
    assert_eq!(answer, ImageAnswer::Unreachable("no answer within 1 s".to_owned()));
}

#[tokio::test]
async fn a_registry_that_stopped_is_unreachable_and_answers_again_later() {
    let lab = Lab::alone();
    let registry = asked(&lab, logins(&lab));
    lab.change(&["registry", "stop"]);
    let answer = registry.resolve(&tag(&lab, "1")).await;
    lab.change(&["registry", "start"]);
    assert!(matches!(answer, ImageAnswer::Unreachable(_)), "{answer:?}");
    let answer = registry.resolve(&tag(&lab, "1")).await;
    assert!(matches!(answer, ImageAnswer::Pinned(_)), "{answer:?}");
}

#[tokio::test]
async fn a_private_image_is_pulled_with_the_login_that_goes_with_its_service() {
    let lab = Lab::alone();
    let claim = lab.claim("one", "private");
    let (node, image) = (claim.node, lab.image("private"));
    let swarm = connect_with(node, Options { logins: Arc::new(logins(&lab)), ..options() });
    let mut spec = service(&lab, &claim.prefix, 1);
    spec.task_template.container_spec.get_or_insert_default().image = image.to_owned();
    create(&swarm, spec).await.unwrap();
    running(&swarm, &claim.prefix, 1).await;
    drop(claim);
    // No node keeps this image: other tests depend on that.
    let gone = || lab.try_docker(node, &["image", "rm", "--force", image]).is_ok();
    assert!(within(Duration::from_secs(30), gone));
}
