//! What is made of answers, whole, broken and missing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use skep::model::engine::{ServiceSpec, StringMap, Version};
use skep::model::{Gap, Kind, NewData, ObjectRef, RegistryLogins, SecretBytes, Target};
use skep::ports::{Swarm, SwarmError, Write};
use skep::swarm::Options;

use crate::server::{Reply, Server, engine};
use crate::{connect, connect_with, options};

fn create_service() -> Write {
    let spec = ServiceSpec { name: "web".to_owned(), ..ServiceSpec::default() };
    Write::CreateService { spec: Box::new(spec) }
}

fn only(line: &'static str, reply: fn() -> Reply) -> impl Fn(&str) -> Option<Reply> {
    move |seen| (seen == line).then(reply)
}

fn json(status: u16, body: &str) -> Reply {
    Reply::Json(status, body.to_owned())
}

/// An error as one line, with its causes.
fn text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    if let Some(cause) = error.source() {
        text = format!("{text}: {}", self::text(cause));
    }
    text
}

#[tokio::test]
async fn every_path_carries_the_agreed_version_and_connections_are_kept() {
    let server = Server::start(engine("1.60", |_| None)).await;
    let swarm = connect(&server);
    let seen = swarm.look().await.unwrap();
    assert_eq!(seen.engine.api.to_string(), "1.51");
    for _ in 0..5 {
        swarm.look().await.unwrap();
    }
    let requests = server.requests();
    assert_eq!(requests[0].line, "GET /version");
    assert_eq!(requests.len(), 2 + 6 * 6);
    for request in &requests[1..] {
        assert!(request.line.starts_with("GET /v1.51/"), "{}", request.line);
    }
    assert!(server.connections() <= 7, "{} connections", server.connections());
}

#[tokio::test]
async fn a_write_whose_connection_breaks_is_sent_once_and_its_fate_is_unknown() {
    let server =
        Server::start(engine("1.41", only("POST /v1.41/services/create", || Reply::Cut))).await;
    let swarm = connect(&server);
    // A connection that was used before: where clients are tempted to try again.
    swarm.look().await.unwrap();
    for sent in 1..=5 {
        let error = swarm.write(&create_service()).await.unwrap_err();
        assert!(matches!(error, SwarmError::Unavailable { .. }), "{error}");
        assert_eq!(server.count("POST"), sent);
    }
}

#[tokio::test]
async fn a_write_that_is_not_answered_ends_with_the_time_out() {
    let server =
        Server::start(engine("1.41", only("POST /v1.41/services/create", || Reply::Silence))).await;
    let hurried = Options { time_out: Duration::from_millis(300), ..options() };
    let swarm = connect_with(&server, hurried);
    let error = swarm.write(&create_service()).await.unwrap_err();
    let expected = "create service web: the engine did not answer: nothing within 0.3 s";
    assert_eq!(error.to_string(), expected);
    assert_eq!(server.count("POST"), 1);
}

/// A look at an engine that answers `GET /tasks` like this, as one line.
async fn look(reply: fn() -> Reply) -> String {
    let server = Server::start(engine("1.41", only("GET /v1.41/tasks", reply))).await;
    match connect(&server).look().await {
        Ok(seen) => format!("{:?}", seen.gaps),
        Err(error) => text(&error),
    }
}

#[tokio::test]
async fn a_broken_listing_is_no_look() {
    let unavailable = "list tasks: the engine did not answer: ";
    for (reply, expected) in [
        ((|| Reply::Half("[{".to_owned())) as fn() -> Reply, "its answer is not whole"),
        (|| json(200, "[{"), "its answer could not be read"),
        (|| json(200, "{}"), "its answer could not be read"),
        (|| Reply::Cut, "the connection broke"),
        (
            || json(500, r#"{"message":"The swarm does not have a leader."}"#),
            "status 500: The swarm does not have a leader.",
        ),
        (|| json(503, r#"{"message":"This node is not a swarm manager."}"#), "status 503: This"),
    ] {
        let seen = look(reply).await;
        assert!(seen.starts_with(&format!("{unavailable}{expected}")), "{seen}");
    }
    assert_eq!(look(|| json(200, "null")).await, "{}");
}

#[tokio::test]
async fn one_trouble_of_all_listings_was_another_line_of_the_log_each_second() {
    let server = Server::start(engine("1.41", |line| {
        let listed = ["/services", "/tasks", "/secrets", "/configs", "/nodes"];
        let none = || json(500, r#"{"message":"The swarm does not have a leader."}"#);
        // This answer comes last.
        let long = || json(500, &format!(r#"{{"message":"none","x":"{}"}}"#, "x".repeat(1 << 22)));
        if line.contains(listed[0]) {
            return Some(long());
        }
        listed.iter().any(|kind| line.contains(kind)).then(none)
    }))
    .await;
    let swarm = connect(&server);
    let error = text(&swarm.look().await.unwrap_err());
    assert!(error.starts_with("list services: "), "{error}");
}

#[tokio::test]
async fn one_object_that_cannot_be_read_harms_no_other() {
    let services = r#"[
        {"ID":"1","Version":{"Index":1},"Spec":{"Name":"good"}},
        {"ID":"2","Version":{"Index":1},"Spec":{"Name":"bad","TaskTemplate":7}},
        {"ID":"3","Version":{"Index":1},"UpdateStatus":{"State":"dancing"},"Spec":{"Name":"new"}},
        7]"#;
    let server = Server::start(engine("1.41", move |line| {
        line.ends_with("/services?status=true").then(|| json(200, services))
    }))
    .await;
    let seen = connect(&server).look().await.unwrap();
    assert_eq!(seen.services.keys().collect::<Vec<_>>(), ["good", "new"]);
    let names: Vec<_> = seen
        .gaps
        .iter()
        .map(|gap| match gap {
            Gap::Unreadable { kind, name, .. } => format!("{kind}/{name}"),
            Gap::Ambiguous { .. } => "ambiguous".to_owned(),
        })
        .collect();
    assert_eq!(names, ["service/", "service/bad"]);
}

#[tokio::test]
async fn two_networks_of_one_name_are_a_gap_and_the_older_one_is_shown() {
    let networks = r#"[
        {"Id":"2","Name":"x","Created":"2026-01-02T00:00:00Z","Scope":"swarm"},
        {"Id":"1","Name":"x","Created":"2026-01-01T00:00:00Z","Scope":"swarm"},
        {"Id":"3","Name":"y","Scope":"swarm"}]"#;
    let server = Server::start(engine("1.41", move |line| {
        line.contains("/networks?filters=%7B%22scope%22").then(|| json(200, networks))
    }))
    .await;
    let seen = connect(&server).look().await.unwrap();
    assert_eq!(seen.networks["x"].id, "1");
    let gap = Gap::Ambiguous { kind: "network".to_owned(), name: "x".to_owned() };
    assert_eq!(seen.gaps.into_iter().collect::<Vec<_>>(), [gap]);
}

#[tokio::test]
async fn a_service_on_the_network_of_its_node_differed_for_ever() {
    let services = r#"[{"ID":"1","Version":{"Index":1},"Spec":{"Name":"a",
        "TaskTemplate":{"Networks":[{"Target":"h0st"},{"Target":"gone"}]}}}]"#;
    let host = r#"{"Id":"h0st","Name":"host","Scope":"swarm",
        "Labels":{"com.docker.swarm.predefined":"true"}}"#;
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&asked);
    let server = Server::start(engine("1.41", move |line| {
        if line.ends_with("/networks/h0st") {
            counted.fetch_add(1, Ordering::Relaxed);
            return Some(json(200, host));
        }
        let gone = line.ends_with("/networks/gone");
        let missing = || json(404, r#"{"message":"network gone not found"}"#);
        let listed = line.ends_with("/services?status=true");
        gone.then(missing).or_else(|| listed.then(|| json(200, services)))
    }))
    .await;
    let swarm = connect(&server);
    for _ in 0..2 {
        let seen = swarm.look().await.unwrap();
        assert_eq!(seen.networks["host"].id, "h0st");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1, "it never changes");
}

#[tokio::test]
async fn a_leader_lost_at_the_listing_of_networks_which_hides_it_is_noticed() {
    let lost = std::sync::atomic::AtomicBool::new(false);
    let server = Server::start(engine("1.41", move |line| {
        use std::sync::atomic::Ordering::SeqCst;
        if line.contains("/networks?") {
            lost.store(true, SeqCst);
        }
        let noticed = line.ends_with("/nodes") && lost.load(SeqCst);
        noticed.then(|| json(500, r#"{"message":"The swarm does not have a leader."}"#))
    }))
    .await;
    let swarm = connect(&server);
    let error = swarm.look().await.unwrap_err();
    assert!(text(&error).contains("list nodes"), "{error}");
}

#[tokio::test]
async fn an_object_is_read_again_only_when_its_version_moved() {
    let round = std::sync::atomic::AtomicU64::new(0);
    let server = Server::start(engine("1.41", move |line| {
        if !line.contains("/services?") {
            return None;
        }
        let round = round.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let version = [1, 1, 2][round as usize];
        Some(Reply::Json(
            200,
            format!(
                r#"[{{"ID":"1","Version":{{"Index":{version}}},
                    "ServiceStatus":{{"RunningTasks":{round},"DesiredTasks":3}},
                    "Spec":{{"Name":"web","Labels":{{"round":"{round}"}}}}}}]"#
            ),
        ))
    }))
    .await;
    let swarm = connect(&server);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let web = swarm.look().await.unwrap().services["web"].clone();
        let running = web.service_status.unwrap_or_default().running_tasks;
        seen.push(format!("{} {running}", web.spec.labels.get("round").unwrap()));
    }
    // The counts change without a new version; labels cannot.
    assert_eq!(seen, ["0 0", "0 1", "2 2"]);
}

#[tokio::test]
async fn an_engine_that_is_too_old_is_refused() {
    let server = Server::start(engine("1.39", |_| None)).await;
    let error = connect(&server).look().await.unwrap_err();
    let expected = "agree on an API version: the engine refused: \
                    it speaks API 1.39 at most, and skep needs 1.40 or newer";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn a_worker_is_no_swarm_to_look_at() {
    let server = Server::start(engine("1.41", |line| {
        line.ends_with("/info").then(|| json(200, r#"{"Swarm":{"NodeID":"n"}}"#))
    }))
    .await;
    let error = connect(&server).look().await.unwrap_err();
    let expected =
        "ask for the swarm: the engine did not answer: this node is not a manager of a swarm";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn after_an_engine_was_replaced_by_an_older_one_the_version_is_agreed_on_anew() {
    let replaced = std::sync::atomic::AtomicBool::new(false);
    let server = Server::start(move |line: &str| {
        use std::sync::atomic::Ordering::SeqCst;
        if line.starts_with("GET /v1.45/") && replaced.load(SeqCst) {
            return json(400, r#"{"message":"client version 1.45 is too new. Maximum is 1.41"}"#);
        }
        if line.ends_with("/nodes") {
            replaced.store(true, SeqCst);
        }
        let api = if replaced.load(SeqCst) { "1.41" } else { "1.45" };
        engine(api, |_| None)(line)
    })
    .await;
    let swarm = connect(&server);
    let mut apis = Vec::new();
    while apis.len() < 2 {
        match swarm.look().await {
            Ok(seen) => apis.push(seen.engine.api.to_string()),
            Err(error) => assert!(matches!(error, SwarmError::Unavailable { .. }), "{error}"),
        }
        apis.dedup();
    }
    assert_eq!(apis, ["1.45", "1.41"]);
}

#[tokio::test]
async fn secret_content_goes_out_in_base64_and_into_no_error() {
    let server = Server::start(engine("1.41", |line| match line {
        "POST /v1.41/secrets/create" => Some(json(201, r#"{"ID":"s1"}"#)),
        "POST /v1.41/configs/create" => Some(json(500, r#"{"message":"odd"}"#)),
        _ => None,
    }))
    .await;
    let swarm = connect(&server);
    let new = NewData {
        name: "pw".to_owned(),
        labels: StringMap::new(),
        data: None,
        hash: None,
        driver: None,
        templating: None,
    };
    let bytes = SecretBytes::new(b"hunter2".to_vec());
    let write = Write::CreateSecret { new: new.clone(), bytes: bytes.clone() };
    assert_eq!(swarm.write(&write).await.unwrap().id, "s1");
    let body = server.requests().pop().unwrap().body;
    assert_eq!(body, r#"{"Name":"pw","Labels":{},"Data":"aHVudGVyMg=="}"#);
    let error = swarm.write(&Write::CreateConfig { new, bytes }).await.unwrap_err();
    assert_eq!(text(&error), "create config pw: the engine did not answer: status 500: odd");
}

#[tokio::test]
async fn the_login_for_an_images_registry_goes_with_the_service() {
    let server = Server::start(engine("1.41", |line| {
        line.contains("/services/create").then(|| json(201, r#"{"ID":"1","Warning":"slow disk"}"#))
    }))
    .await;
    // Six '~' make a '+' of plain base64, wherever they stand.
    let logins = r#"{"auths":{"r.io":{"username":"u","password":"~~~~~~"}}}"#;
    let logins = Arc::new(RegistryLogins::from_docker_config(logins.as_bytes()).unwrap());
    let swarm = connect_with(&server, Options { logins, ..options() });
    for image in ["r.io/a:1", "other.io/a:1"] {
        let Write::CreateService { mut spec } = create_service() else { return };
        let container = spec.task_template.container_spec.get_or_insert_default();
        container.image = image.to_owned();
        let written = swarm.write(&Write::CreateService { spec }).await.unwrap();
        assert_eq!(written.warnings, ["slow disk"]);
    }
    let auth = |index: usize| {
        let request =
            server.requests().into_iter().filter(|r| r.line.starts_with("POST")).nth(index);
        let headers = request.unwrap().headers;
        headers.lines().find(|line| line.starts_with("x-registry-auth")).map(str::to_owned)
    };
    let sent = auth(0).unwrap();
    assert!(!sent.contains(['+', '/']) && sent.contains('-'), "{sent}");
    assert_eq!(auth(1), None);
}

#[tokio::test]
async fn an_id_that_would_change_the_path_is_never_sent() {
    let server = Server::start(engine("1.41", |_| None)).await;
    let swarm = connect(&server);
    for id in ["../nodes/x", "x?force=1", ""] {
        let version = Version::default();
        let target = Target { name: "web".to_owned(), id: id.to_owned(), version };
        let object = ObjectRef::new(Kind::Service, "web");
        let error = swarm.write(&Write::Remove { object, target }).await.unwrap_err();
        assert!(matches!(error, SwarmError::Refused { .. }), "{error}");
    }
    assert!(server.requests().is_empty());
}
