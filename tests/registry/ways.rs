//! Ways to a registry: trust, mirrors, and what is closed.

use skep::model::{ImageAnswer, ImageRef, RegistryLogins};
use skep::ports::Registry as _;
use skep::registry::{Settings, mirror};

use crate::server::{Server, digest, error, given, index, status};
use crate::{asker, asker_with, settings};

#[tokio::test]
async fn a_certificate_is_trusted_when_it_is_given_or_lies_where_docker_has_it() {
    let server = Server::https().await;
    server.answer(|asked| given(asked, &index("a")));
    let expected = format!("{} linux/amd64", digest(&index("a")));
    assert_eq!(asker(&server).told("a:1").await, expected);
    let dir = tempfile::tempdir().unwrap();
    let untrusting = || Settings {
        authorities: Vec::new(),
        certificates: dir.path().to_owned(),
        ..settings(&server)
    };
    let told = asker_with(&server, untrusting(), RegistryLogins::default()).told("a:1").await;
    let why = "unreachable: REGISTRY: no connection to REGISTRY: invalid peer certificate";
    assert!(told.starts_with(why), "{told}");
    std::fs::create_dir(dir.path().join(&server.address)).unwrap();
    std::fs::write(dir.path().join(&server.address).join("ca.crt"), server.ca.as_ref().unwrap())
        .unwrap();
    let asker = asker_with(&server, untrusting(), RegistryLogins::default());
    assert_eq!(asker.told("a:1").await, expected);
}

#[tokio::test]
async fn only_a_registry_that_is_named_may_be_insecure() {
    let (plain, unknown) = (Server::http().await, Server::https().await);
    for server in [&plain, &unknown] {
        server.answer(|asked| given(asked, &index("a")));
        let named = Settings {
            insecure: [server.address.clone()].into(),
            authorities: Vec::new(),
            ..settings(server)
        };
        let other = Settings { insecure: ["localhost".to_owned()].into(), ..named.clone() };
        let told = asker_with(server, named, RegistryLogins::default()).told("a:1").await;
        assert!(told.starts_with("sha256:"), "{told}");
        server.asked();
        let told = asker_with(server, other, RegistryLogins::default()).told("a:1").await;
        assert!(told.starts_with("unreachable: REGISTRY: no connection"), "{told}");
        assert_eq!(server.asked(), [""; 0]);
    }
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_told_in_words() {
    let server = Server::http().await;
    let mut asker = asker(&server);
    asker.address = "127.0.0.1:9".to_owned();
    let told = asker.told("a:1").await;
    let why = "no connection to REGISTRY: Connection refused (os error 111)";
    assert_eq!(told, format!("unreachable: REGISTRY: {why}"));
}

#[tokio::test]
async fn a_mirror_is_asked_first_and_what_it_does_not_have_the_registry_has() {
    let (server, nearer) = (Server::http().await, Server::http().await);
    let text = format!("{}=http://{}/proxy", server.address, nearer.address);
    let settings = Settings {
        mirrors: [mirror(&text).map(|(host, url)| (host, vec![url])).unwrap()].into(),
        ..settings(&server)
    };
    let asker = asker_with(&server, settings, RegistryLogins::default());
    server.answer(|asked| given(asked, &index("registry")));
    nearer.answer(|asked| match asked.line.as_str() {
        "GET /proxy/v2/" => status(200),
        line if line.contains("/a/") => given(asked, &index("mirror")),
        _ => error(404, "MANIFEST_UNKNOWN", "not here"),
    });
    assert!(asker.told("a:1").await.starts_with(&digest(&index("mirror"))));
    assert_eq!(server.asked(), [""; 0]);
    assert_eq!(nearer.asked(), ["GET /proxy/v2/", "GET /proxy/v2/a/manifests/1"]);
    assert!(asker.told("b:1").await.starts_with(&digest(&index("registry"))));
    assert_eq!(server.asked(), ["GET /v2/b/manifests/1"]);
    let image: ImageRef = format!("{}/b:1", server.address).parse().unwrap();
    // The reference keeps the registry's name: nodes have mirrors of their own.
    let ImageAnswer::Pinned(pinned) = asker.registries.resolve(&image).await else { panic!() };
    assert_eq!(pinned.image.registry(), server.address);
}
