//! Requests to a server on loopback.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::{ApiState, listen, serve};
use crate::metrics::Metrics;
use crate::model::{ApiVersion, Engine, SourceName};
use crate::reconcile::Nudge;
use crate::status::{Report, SourceReport};

fn engine() -> Engine {
    Engine {
        version: "28.2".into(),
        api: ApiVersion::v1(50),
        cluster: "c".into(),
        node: "n".into(),
    }
}

fn report(engine: Option<Engine>, source_error: Option<&str>) -> Report {
    Report {
        at: Timestamp::UNIX_EPOCH,
        engine,
        sources: vec![SourceReport {
            name: SourceName::new("root").expect("a name"),
            revision: None,
            subject: String::new(),
            error: source_error.map(str::to_owned),
        }],
        problems: Vec::new(),
        stacks: BTreeMap::new(),
        trouble: Vec::new(),
    }
}

/// Status line, headers and body of one request.
#[expect(clippy::disallowed_methods, reason = "the test is the client")]
async fn ask(published: Option<Report>, request: &str) -> String {
    let listener = listen("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (_publish, reports) = watch::channel(published.map(Arc::new));
    let metrics = Metrics::new();
    if let Some(report) = &*reports.borrow() {
        metrics.observe(report, std::time::Duration::from_millis(5));
    }
    let state = ApiState::new(reports, metrics, Nudge::default());
    let server = tokio::spawn(serve(listener, state, std::future::pending()));
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    server.abort();
    answer
}

async fn get(published: Option<Report>, path: &str) -> String {
    ask(published, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await
}

#[tokio::test]
async fn readiness_names_what_is_missing() {
    assert!(get(None, "/readyz").await.contains("the first pass has not ended yet"));
    let answer = get(Some(report(None, Some("no such host"))), "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("the engine does not answer"), "{answer}");
    assert!(answer.contains("root could never be read: no such host"), "{answer}");
}

#[tokio::test]
async fn a_living_process_is_healthy_before_its_first_pass() {
    assert!(get(None, "/healthz").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn metrics_have_names_help_and_an_end() {
    let answer = get(Some(report(Some(engine()), None)), "/metrics").await;
    assert!(answer.contains("application/openmetrics-text"), "{answer}");
    assert!(answer.contains("# HELP skep_passes Passes that were made."), "{answer}");
    assert!(answer.contains("skep_engine_up 1"), "{answer}");
    assert!(answer.contains("skep_source_up{source=\"root\"} 1"), "{answer}");
    assert!(answer.trim_end().ends_with("# EOF"), "{answer}");
}

#[tokio::test]
async fn a_report_is_json_and_nothing_for_a_browser() {
    let answer = get(Some(report(Some(engine()), None)), "/api/v1/report").await;
    assert!(answer.contains("content-type: application/json"), "{answer}");
    assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
    assert!(answer.contains("default-src 'none'"), "{answer}");
}

#[tokio::test]
async fn a_nudge_is_a_hint_whatever_its_body_is() {
    let body = "{\"ref\":[[[[";
    let request = format!(
        "POST /nudge HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(ask(None, &request).await.starts_with("HTTP/1.1 202"));
    assert!(get(None, "/nudge").await.starts_with("HTTP/1.1 405"));
}
