//! Logins: passwords, tokens, programs that know them; and where they do not go.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use skep::model::RegistryLogins;
use skep::ports::Logins as _;
use skep::registry::HelpedLogins;

use crate::server::{Asked, Hands, Server, error, given, index, reply, status};
use crate::{Asker, asker, asker_with, login, settings};

const LOGIN: &str = "Basic bWU6Y2FuYXJ5LVpxNw==";
const PASSWORD: &str = "canary-Zq7";

fn basic() -> axum::response::Response {
    reply(401, &[("www-authenticate", "Basic realm=\"lab\"")], "")
}

#[tokio::test]
async fn a_password_goes_with_each_question_and_nowhere_else() {
    let (server, other) = (Server::http().await, Server::https().await);
    server.answer(|asked| match asked.header("authorization") == LOGIN {
        true => given(asked, &index("a")),
        false => basic(),
    });
    let mut settings = settings(&server);
    settings.authorities.push(other.ca.clone().unwrap().into_bytes());
    let asker = asker_with(&server, settings, login(&server, "me", PASSWORD));
    assert!(asker.told("a:1").await.starts_with("sha256:"));
    assert_eq!(server.asked().len(), 1);
    let place = format!("https://{}/there", other.address);
    server.answer(move |_| reply(307, &[("location", place.as_str())], ""));
    other.answer(|asked| match asked.headers.contains_key("authorization") {
        true => status(500),
        false => reply(200, &[], index("b")),
    });
    let told = asker.told("b:1").await;
    assert!(told.starts_with("sha256:"), "{told}");
    assert_eq!(other.asked(), ["GET /there"]);
}

#[tokio::test]
async fn words_that_hold_the_login_are_told_without_it() {
    let server = Server::http().await;
    server.answer(|asked| match asked.header("authorization") {
        "" => basic(),
        given => error(403, "DENIED", &format!("{given} or {PASSWORD} is not welcome")),
    });
    let asker = asker_with(&server, settings(&server), login(&server, "me", PASSWORD));
    let told = asker.told("a:1").await;
    assert_eq!(told, "refused: REGISTRY: denied: Basic … or … is not welcome");
    let wrong = asker_with(&server, settings(&server), RegistryLogins::default());
    assert!(wrong.told("a:1").await.starts_with("refused: REGISTRY: unauthorized"));
}

/// A registry with tokens, which hold for 100 seconds.
fn tokens(server: &Server) -> impl Fn(&Asked) -> axum::response::Response + use<> {
    let address = server.address.clone();
    move |asked| {
        if asked.line.contains("/token") {
            let login = asked.header("authorization") == LOGIN;
            let token = if login { "token-of-me" } else { "token-of-nobody" };
            let body = serde_json::json!({ "token": token, "expires_in": 100 }).to_string();
            return reply(200, &[("content-type", "application/json")], body);
        }
        if asked.header("authorization").starts_with("Bearer token-of-") {
            return given(asked, &index(asked.header("authorization")));
        }
        let realm = format!("Bearer realm=\"http://{address}/token\",service=\"s\"");
        reply(401, &[("www-authenticate", realm.as_str())], "")
    }
}

#[tokio::test]
async fn a_token_is_asked_for_once_for_each_repository_and_again_before_it_ends() {
    let server = Server::http().await;
    server.answer(tokens(&server));
    let asker = asker_with(&server, settings(&server), login(&server, "me", PASSWORD));
    let token = |path: &str| format!("GET /token?service=s&scope=repository%3A{path}%3Apull");
    let first: Vec<String> = ["a:1", "a:2", "b:1"].map(str::to_owned).into();
    for name in &first {
        assert!(asker.told(name).await.starts_with("sha256:"));
    }
    let [a1, a2, b1] =
        ["a/manifests/1", "a/manifests/2", "b/manifests/1"].map(|p| format!("GET /v2/{p}"));
    assert_eq!(server.asked(), [token("a"), a1, a2, token("b"), b1]);
    asker.clock.advance(Duration::from_secs(89));
    asker.told("a:1").await;
    assert_eq!(server.asked(), ["HEAD /v2/a/manifests/1"]);
    asker.clock.advance(Duration::from_secs(2));
    asker.told("a:1").await;
    assert_eq!(server.asked(), [&token("a"), "HEAD /v2/a/manifests/1"]);
}

#[tokio::test]
async fn a_token_that_is_not_taken_any_more_is_asked_for_again() {
    let server = Server::http().await;
    server.answer(tokens(&server));
    let asker = asker(&server);
    asker.told("a:1").await;
    server.asked();
    let (answers, first) = (tokens(&server), std::sync::atomic::AtomicBool::new(true));
    server.answer(move |asked| {
        let refuses = asked.line.contains("manifests")
            && first.swap(false, std::sync::atomic::Ordering::Relaxed);
        let mut asked =
            Asked { line: asked.line.clone(), headers: asked.headers.clone(), body: String::new() };
        if refuses {
            asked.headers.remove("authorization");
        }
        answers(&asked)
    });
    assert!(asker.told("a:1").await.starts_with("sha256:"));
    let token = "GET /token?service=s&scope=repository%3Aa%3Apull";
    assert_eq!(server.asked(), ["HEAD /v2/a/manifests/1", token, "HEAD /v2/a/manifests/1"]);
}

#[tokio::test]
async fn an_identity_token_is_changed_for_a_token_as_docker_does_it() {
    let server = Server::http().await;
    let config = serde_json::json!({ "auths": { &server.address: { "identitytoken": "id+&=" } } });
    let logins = RegistryLogins::from_docker_config(config.to_string().as_bytes()).unwrap();
    let answers = tokens(&server);
    server.answer(move |asked| {
        let form = "grant_type=refresh_token&client_id=skep&service=s\
                    &scope=repository%3Aa%3Apull&refresh_token=id%2B%26%3D";
        match asked.line.as_str() {
            "POST /token" if asked.body == form => {
                reply(200, &[], r#"{"access_token":"token-of-id"}"#)
            }
            "POST /token" => status(400),
            _ => answers(asked),
        }
    });
    let asker = asker_with(&server, settings(&server), logins);
    let told = asker.told("a:1").await;
    assert!(told.starts_with("sha256:"), "{told}");
}

#[tokio::test]
async fn a_place_to_log_in_that_refuses_is_a_refusal_and_one_that_is_broken_is_none() {
    let server = Server::http().await;
    let answers = Arc::new(tokens(&server));
    let with = |answer: fn() -> axum::response::Response| {
        let answers = Arc::clone(&answers);
        server.answer(
            move |asked| if asked.line.contains("/token") { answer() } else { answers(asked) },
        );
    };
    let told = |asker: Asker| async move { asker.told("a:1").await };
    with(|| reply(401, &[], r#"{"details":"incorrect username or password"}"#));
    let refused = told(asker(&server)).await;
    assert_eq!(refused, "refused: REGISTRY: unauthorized: REGISTRY refuses the login");
    for broken in [
        || status(500),
        || reply(403, &[("content-type", "text/html")], "<html>"),
        || reply(200, &[], "{}"),
        || reply(200, &[], "nothing"),
    ] {
        with(broken);
        let told = told(asker(&server)).await;
        assert!(told.starts_with("unreachable: REGISTRY: REGISTRY, where to log in"), "{told}");
    }
    let elsewhere = "Bearer realm=\"http://auth.example/token\"";
    server.answer(move |_| reply(401, &[("www-authenticate", elsewhere)], ""));
    let told = told(asker(&server)).await;
    assert!(
        told.ends_with("it asks to log in at auth.example without https, which is not done"),
        "{told}"
    );
}

/// A directory with a credential helper `test` that does this.
fn helper(script: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("docker-credential-test");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn helped(directory: &Path, clock: &Hands, allowed: &[&str]) -> HelpedLogins {
    let config = br#"{"credHelpers":{"r.io":"test"},"credsStore":"other"}"#;
    let file = RegistryLogins::from_docker_config(config).unwrap();
    let allowed = allowed.iter().map(|name| (*name).to_owned()).collect();
    HelpedLogins::new(file, allowed, Arc::new(clock.clone())).with_directory(directory.to_owned())
}

#[tokio::test]
async fn a_helper_is_started_when_it_is_allowed_and_its_answer_is_kept_for_a_while() {
    let clock = Hands::default();
    let dir = helper(
        r#"read server; echo "$1 $server" >>"$(dirname "$0")/log"
           echo '{"ServerURL":"r.io","Username":"<token>","Secret":"s"}'"#,
    );
    let log = || std::fs::read_to_string(dir.path().join("log")).unwrap_or_default();
    let forbidden = helped(dir.path(), &clock, &[]);
    assert_eq!(forbidden.of("r.io").await, Ok(None));
    assert_eq!(forbidden.left_out().into_iter().collect::<Vec<_>>(), ["other", "test"]);
    assert_eq!(log(), "");
    let logins = helped(dir.path(), &clock, &["test"]);
    for _ in 0..3 {
        assert_eq!(logins.of("r.io").await.unwrap().unwrap().to_string(), "a token at r.io");
    }
    assert_eq!(log(), "get r.io\n");
    clock.advance(Duration::from_secs(301));
    assert!(logins.of("r.io").await.is_ok());
    assert_eq!(log(), "get r.io\nget r.io\n");
    assert_eq!(logins.of("docker.io").await, Ok(None));
}

#[tokio::test]
async fn a_helper_that_fails_is_no_login_and_no_refusal_and_tells_nothing_that_it_printed() {
    let clock = Hands::default();
    for (script, why) in [
        ("echo canary-Zq7; exit 1", "fails"),
        ("echo canary-Zq7", "prints something that is no login"),
        ("yes canary-Zq7", "prints more than 65536 bytes"),
        ("exec sleep 60", "gives no answer within 0.5 s"),
    ] {
        let dir = helper(script);
        let logins = helped(dir.path(), &clock, &["test"]);
        let told = logins.with_time_out(Duration::from_millis(500)).of("r.io").await.unwrap_err();
        assert_eq!(told, format!("the login for r.io is not known: docker-credential-test {why}"));
    }
    let nothing = helper("echo credentials not found in native keychain; exit 1");
    assert_eq!(helped(nothing.path(), &clock, &["test"]).of("r.io").await, Ok(None));
    let missing = tempfile::tempdir().unwrap();
    let told = helped(missing.path(), &clock, &["test"]).of("r.io").await.unwrap_err();
    assert!(told.contains("does not start"), "{told}");
}
