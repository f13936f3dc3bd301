//! Registries that are down, slow, full, broken or worse: nothing of it is an answer, and each is
//! told in words.

use std::time::{Duration, Instant};

use axum::response::Response;
use skep::registry::{Proxies, Settings};

use crate::server::{
    Asked, Server, digest, endless, error, given, index, manifest, reply, silence, status,
};
use crate::{asker, asker_with, settings};

async fn check(expected: &str, answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) {
    let server = Server::http().await;
    server.answer(answer);
    let told = asker(&server).told("a:1").await;
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_is_no_answer_of_a_registry_is_none_and_told_in_words() {
    let html = [("content-type", "text/html; charset=utf-8")];
    let page = "a page of HTML: something stands before the registry, or it is none";
    check(&format!("unreachable: REGISTRY: it answers with {page}"), move |_| {
        reply(200, &html, "<!doctype html><title>Login</title>")
    })
    .await;
    check(&format!("unreachable: REGISTRY: it answers 404 with {page}"), move |_| {
        reply(404, &html, "<html>")
    })
    .await;
    check("unreachable: REGISTRY: it answers 500, it is in trouble itself", |_| status(500)).await;
    check("unreachable: REGISTRY: it answers 502, it is in trouble itself", |_| status(502)).await;
    let known =
        "unreachable: REGISTRY: it answers with a manifest of a kind that is not known here";
    check(known, |_| reply(200, &[], "{")).await;
    check(known, |_| reply(200, &[], r#"{"schemaVersion":1,"fsLayers":[]}"#)).await;
    check(known, |_| reply(200, &[], "[".repeat(100_000))).await;
}

#[tokio::test]
async fn a_refusal_is_in_the_registrys_words() {
    let told = "refused: REGISTRY: manifest unknown: manifest tagged by \"1\" is not found";
    check(told, |_| error(404, "MANIFEST_UNKNOWN", "manifest tagged by \"1\" is not found")).await;
    check("refused: REGISTRY: denied: not yours", |_| error(403, "DENIED", "not yours")).await;
    check("refused: REGISTRY: unauthorized: a login is needed, or another one", |_| {
        reply(401, &[("www-authenticate", "Basic realm=\"x\"")], "")
    })
    .await;
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let large = "is larger than 4194304 bytes";
    for answer in [
        |_: &Asked| endless(),
        |_: &Asked| {
            let length = (10_u64 << 30).to_string();
            reply(
                200,
                &[("content-length", length.as_str())],
                axum::body::Body::from_stream(futures::stream::pending::<
                    Result<Vec<u8>, std::io::Error>,
                >()),
            )
        },
    ] {
        let server = Server::http().await;
        server.answer(answer);
        let told = asker(&server).told("a:1").await;
        assert!(told.starts_with("unreachable") && told.ends_with(large), "{told}");
    }
    // The configuration of an image is bounded as its manifest is.
    let server = Server::http().await;
    server.answer(|asked| match asked.line.contains("/blobs/") {
        true => endless(),
        false => given(asked, &manifest("{}")),
    });
    let told = asker(&server).told("a:1").await;
    assert!(told.starts_with("unreachable") && told.ends_with(large), "{told}");
}

#[tokio::test]
async fn what_is_not_what_its_digest_says_is_not_believed() {
    let wrong = "unreachable: REGISTRY: it answers with something else than it says: ";
    let server = Server::http().await;
    server.answer(|_| {
        let other = digest("other");
        reply(200, &[("docker-content-digest", other.as_str())], index("a"))
    });
    let told = asker(&server).told("a:1").await;
    let (own, other) = (digest(&index("a")), digest("other"));
    assert_eq!(told, format!("{wrong}{own} instead of {other}"));
    server.answer(|asked| match asked.line.contains("/blobs/") {
        true => reply(200, &[], r#"{"os":"windows","architecture":"amd64"}"#),
        false => given(asked, &manifest("{}")),
    });
    let told = asker(&server).told("a:1").await;
    assert!(told.starts_with(wrong), "{told}");
}

#[tokio::test]
async fn a_registry_that_is_silent_costs_its_time_once_and_not_for_each_image() {
    let server = Server::http().await;
    server.answer(|_| silence());
    let settings = Settings { time_out: Duration::from_millis(500), ..settings(&server) };
    let asker = asker_with(&server, settings, Default::default());
    let start = Instant::now();
    let names: Vec<String> = (0..40).map(|number| format!("a{number}:1")).collect();
    let told = futures::future::join_all(names.iter().map(|name| asker.told(name))).await;
    assert!(
        told.iter().all(|told| told == "unreachable: REGISTRY: no answer within 1 s"),
        "{told:?}"
    );
    // One after the other, eight at a time, it would be five seconds.
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    server.answer(|asked| given(asked, &index("a")));
    assert!(asker.told("a0:1").await.starts_with("sha256:"));
}

#[tokio::test]
async fn a_registry_that_wants_to_be_left_alone_is() {
    let server = Server::http().await;
    server.answer(|_| reply(429, &[("retry-after", "120")], ""));
    let asker = asker(&server);
    let until = "not asked again before 2026-11-30 12:02:00 UTC";
    let told = asker.told("a:1").await;
    assert_eq!(
        told,
        format!("unreachable: REGISTRY: it answers 429, too many questions; it is {until}")
    );
    server.asked();
    server.answer(|asked| given(asked, &index("a")));
    asker.clock.advance(Duration::from_secs(119));
    for name in ["a:1", "b:1"] {
        let told = asker.told(name).await;
        assert!(told.starts_with("unreachable") && told.ends_with(until), "{told}");
    }
    assert_eq!(server.asked(), [""; 0]);
    asker.clock.advance(Duration::from_secs(1));
    assert!(asker.told("a:1").await.starts_with("sha256:"));
}

#[tokio::test]
async fn a_limit_that_is_spent_is_kept_before_the_registry_has_to_refuse() {
    let server = Server::http().await;
    server.answer(|asked| {
        let mut answer = given(asked, &index("a"));
        answer.headers_mut().insert("ratelimit-remaining", "0;w=60".parse().unwrap());
        answer
    });
    let asker = asker(&server);
    // The greeting spent the last one.
    let told = asker.told("a:1").await;
    assert!(told.starts_with("sha256:"), "{told}");
    server.asked();
    assert!(asker.told("b:1").await.contains("its limit of questions is reached"));
    assert_eq!(server.asked(), [""; 0]);
}

#[tokio::test]
async fn redirects_are_few_and_lead_to_https() {
    let server = Server::http().await;
    let to = |to: String| move |_: &Asked| reply(307, &[("location", to.as_str())], "");
    server.answer(to("/v2/a/manifests/1".to_owned()));
    let told = asker(&server).told("a:1").await;
    assert_eq!(told, "unreachable: REGISTRY: it redirects more than 3 times");
    for (place, why) in [
        ("http://other.example/x", "other.example, which is not followed: it is not https"),
        ("https://u:p@other.example/x", "other.example, which is not followed: it holds a login"),
        ("ftp://other.example/x", "other.example, which is not followed: it is not https"),
    ] {
        server.answer(to(place.to_owned()));
        let told = asker(&server).told("a:1").await;
        assert_eq!(told, format!("unreachable: REGISTRY: it redirects to {why}"));
    }
}

/// A registry outside: its name is looked up by a proxy, which is the test's server. What it leads to
/// is reached directly.
fn outside(server: &Server) -> Settings {
    let proxy = Some(format!("http://{}", server.address));
    let except = "localhost,127.0.0.1,[::1]".to_owned();
    Settings {
        insecure: ["registry.example".to_owned()].into(),
        proxies: Proxies { https: proxy.clone(), http: proxy, except },
        time_out: Duration::from_secs(5),
        ..Settings::default()
    }
}

#[tokio::test]
async fn a_registry_outside_leads_to_no_address_of_the_inner_network() {
    let (server, inner) = (Server::http().await, Server::https().await);
    let mut asker = asker_with(&server, outside(&server), Default::default());
    asker.address = "registry.example".to_owned();
    server.answer(|asked| match asked.line.starts_with("CONNECT") {
        true => status(502),
        false => given(asked, &index("a")),
    });
    assert!(asker.told("a:1").await.starts_with("sha256:"), "{}", asker.told("a:1").await);
    let (_, port) = inner.address.rsplit_once(':').unwrap();
    for host in ["localhost", "127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]"] {
        let place = format!("https://{host}:{port}/secret");
        server.answer(move |_| reply(307, &[("location", place.as_str())], ""));
        let told = asker.told("b:1").await;
        let barred = "is in a private network, from a registry that is not in one";
        assert!(told.starts_with("unreachable") && told.ends_with(barred), "{told}");
        let realm = format!("Bearer realm=\"https://{host}:{port}/token\"");
        server.answer(move |_| reply(401, &[("www-authenticate", realm.as_str())], ""));
        let told = asker.told("c:1").await;
        assert!(told.starts_with("unreachable") && told.ends_with(barred), "{told}");
    }
    assert_eq!(inner.asked(), [""; 0]);
}
