//! What is asked, how often, and what is made of good answers.

use crate::asker;
use crate::server::{Server, digest, given, index, manifest, reply, status};

#[tokio::test]
async fn a_manifest_is_asked_for_once_and_later_only_whether_it_is_still_that() {
    let server = Server::http().await;
    server.answer(|asked| given(asked, &index("a")));
    let asker = asker(&server);
    let expected = format!("{} linux/amd64", digest(&index("a")));
    for _ in 0..3 {
        assert_eq!(asker.told("a:1").await, expected);
    }
    let head = "HEAD /v2/a/manifests/1";
    assert_eq!(server.asked(), ["GET /v2/a/manifests/1", head, head]);
}

#[tokio::test]
async fn the_platform_of_a_single_manifest_is_asked_for_once_whatever_tags_it_has() {
    let server = Server::http().await;
    let configuration = r#"{"os":"linux","architecture":"arm64"}"#;
    server.answer(move |asked| match asked.line.contains("/blobs/") {
        true => reply(200, &[], configuration),
        false => given(asked, &manifest(configuration)),
    });
    let asker = asker(&server);
    let expected = format!("{} linux/arm64", digest(&manifest(configuration)));
    for name in ["a:1", "a:2", "a:1"] {
        assert_eq!(asker.told(name).await, expected);
    }
    let blob = format!("GET /v2/a/blobs/{}", digest(configuration));
    let [one, two] = ["GET /v2/a/manifests/1", "GET /v2/a/manifests/2"];
    assert_eq!(server.asked(), [one, &blob, two, "HEAD /v2/a/manifests/1"]);
}

#[tokio::test]
async fn a_tag_that_moved_is_asked_for_again_and_one_that_moved_back_is_not() {
    let server = Server::http().await;
    let asker = asker(&server);
    for (name, expected) in [
        ("a", &["GET /v2/a/manifests/1"][..]),
        ("b", &["HEAD /v2/a/manifests/1", "GET /v2/a/manifests/1"]),
        ("a", &["HEAD /v2/a/manifests/1"]),
    ] {
        server.answer(move |asked| given(asked, &index(name)));
        assert_eq!(asker.told("a:1").await, format!("{} linux/amd64", digest(&index(name))));
        assert_eq!(server.asked(), expected);
    }
}

#[tokio::test]
async fn a_registry_that_names_no_digest_or_knows_no_head_is_asked_for_the_manifest() {
    let server = Server::http().await;
    let asker = asker(&server);
    let expected = format!("{} linux/amd64", digest(&index("a")));
    server.answer(|_| reply(200, &[], index("a")));
    assert_eq!(asker.told("a:1").await, expected);
    assert_eq!(asker.told("a:1").await, expected);
    server.answer(|asked| match asked.line.starts_with("HEAD") {
        true => status(405),
        false => reply(200, &[], index("a")),
    });
    assert_eq!(asker.told("a:1").await, expected);
    let [get, head] = ["GET /v2/a/manifests/1", "HEAD /v2/a/manifests/1"];
    assert_eq!(server.asked(), [get, head, get, head, get]);
}

#[tokio::test]
async fn a_reference_by_digest_is_held_against_the_digest() {
    let server = Server::http().await;
    server.answer(|_| reply(200, &[], index("a")));
    let asker = asker(&server);
    let digest = digest(&index("a"));
    assert_eq!(asker.told(&format!("a:1@{digest}")).await, format!("{digest} linux/amd64"));
    assert_eq!(server.asked(), [format!("GET /v2/a/manifests/{digest}")]);
    let other = format!("sha256:{}", "b".repeat(64));
    let told = asker.told(&format!("a@{other}")).await;
    assert!(told.starts_with("unreachable: REGISTRY: it answers with something else"), "{told}");
}

#[tokio::test]
async fn many_images_at_once_greet_a_registry_once() {
    let server = Server::http().await;
    server.answer(|asked| given(asked, &index(asked.line.split(' ').next_back().unwrap())));
    let asker = asker(&server);
    let names: Vec<String> = (0..30).map(|number| format!("a/b{number}:1")).collect();
    let told = futures::future::join_all(names.iter().map(|name| asker.told(name))).await;
    assert!(told.iter().all(|told| told.starts_with("sha256:")), "{told:?}");
    assert_eq!(server.asked().len(), 30);
    assert_eq!(server.greeted(), 1);
    let all = futures::future::join_all(names.iter().map(|name| asker.told(name))).await;
    assert_eq!(all, told);
    let later = server.asked();
    assert!(later.len() == 30 && later.iter().all(|line| line.starts_with("HEAD")), "{later:?}");
}
