//! The routes, over loopback.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

use super::{Handles, listen, router, serve};
use crate::metrics::Metrics;
use crate::model::{ApiVersion, Engine, Revision, SourceName};
use crate::reconcile::Part;
use crate::status::{Report, SourceReport};

/// A server on a port of its own, with what it reads and writes.
struct Server {
    address: std::net::SocketAddr,
    report: watch::Sender<Option<Arc<Report>>>,
    part: watch::Sender<Part>,
    hints: mpsc::Receiver<()>,
    stop: watch::Sender<bool>,
}

impl Server {
    async fn start() -> Self {
        let (report, read) = watch::channel(None);
        let (hint, hints) = mpsc::channel(1);
        let (stop, stopped) = watch::channel(false);
        let listener = listen(([127, 0, 0, 1], 0).into()).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (part, told) = watch::channel(Part::Alone);
        let metrics = Metrics::new();
        let routes = router(Handles { report: read, part: told, metrics, hints: hint });
        tokio::spawn(serve(listener, routes, stopped));
        Self { address, report, part, hints, stop }
    }

    async fn connect(&self) -> TcpStream {
        #[expect(clippy::disallowed_methods, reason = "a client on loopback")]
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Sends a request and reads the whole answer.
    async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        let text = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).await.expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        answer
    }

    fn publish(&self, report: &Report) {
        self.report.send_replace(Some(Arc::new(report.clone())));
    }
}

fn report() -> Report {
    let engine = Engine {
        version: "20.10.24".into(),
        api: ApiVersion::v1(41),
        cluster: "c".into(),
        node: "n".into(),
    };
    let source = SourceReport {
        name: SourceName::new("main").expect("a name"),
        revision: Some(Revision::Commit("1".repeat(40))),
        subject: String::new(),
        error: None,
    };
    Report {
        at: Timestamp::UNIX_EPOCH,
        engine: Some(engine),
        sources: vec![source],
        problems: Vec::new(),
        nodes: None,
        images: Vec::new(),
        stacks: Default::default(),
        trouble: Vec::new(),
    }
}

fn check(answer: &str, status: u16, text: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.contains(text), "{answer}");
}

#[tokio::test]
async fn health_is_that_the_loop_is_alive() {
    let Server { address, report, part, hints, stop } = Server::start().await;
    let server = Server { address, report: watch::channel(None).0, part, hints, stop };
    check(&server.ask("GET /healthz").await, 200, "alive");
    drop(report);
    check(&server.ask("GET /healthz").await, 503, "the loop has ended");
}

#[tokio::test]
async fn readiness_names_what_is_missing() {
    let server = Server::start().await;
    check(&server.ask("GET /readyz").await, 503, "no pass has ended yet");
    let mut report = report();
    report.engine = None;
    report.trouble.push("connection refused".into());
    report.sources[0].revision = None;
    report.sources[0].error = Some("no answer from git.example.com".into());
    server.publish(&report);
    let answer = server.ask("GET /readyz").await;
    check(&answer, 503, "the engine does not answer: connection refused");
    check(&answer, 503, "source main: no answer from git.example.com");
    server.publish(&self::report());
    check(&server.ask("GET /readyz").await, 200, "ready");
    server.part.send_replace(Part::Follows(Some("m1/7/ab".into())));
    check(&server.ask("GET /readyz").await, 200, "ready: follows m1/7/ab");
}

#[tokio::test]
async fn metrics_have_the_content_type_that_scrapers_want() {
    let server = Server::start().await;
    let answer = server.ask("GET /metrics").await;
    check(&answer, 200, "content-type: application/openmetrics-text; version=1.0.0");
    check(&answer, 200, "# EOF");
}

#[tokio::test]
async fn the_report_is_json() {
    let server = Server::start().await;
    check(&server.ask("GET /api/v1/report").await, 503, "no pass");
    server.publish(&report());
    let answer = server.ask("GET /api/v1/report").await;
    check(&answer, 200, "content-type: application/json");
    check(&answer, 200, "nosniff");
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(json["sources"][0]["name"], "main");
}

#[tokio::test]
async fn many_hints_are_one_and_their_bodies_are_not_read() {
    let mut server = Server::start().await;
    for _ in 0..3 {
        check(&server.ask("POST /nudge").await, 202, "a pass will run");
    }
    assert_eq!(server.hints.recv().await, Some(()));
    assert!(server.hints.try_recv().is_err(), "one hint is enough");
    // A body is announced and never sent: the answer comes without it.
    let mut stream = server.connect().await;
    let head = "POST /nudge HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("a request");
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(answer, b"HTTP/1.1 202");
    check(&server.ask("GET /nudge").await, 405, "");
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let server = Server::start().await;
    let long = format!("GET /healthz?{}", "x".repeat(64 * 1024));
    let mut stream = server.connect().await;
    // The server may close before it has read everything.
    let _ = stream.write_all(long.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_nothing_is_cut_off() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /heal").await.expect("half a request");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer));
    assert!(read.await.is_ok(), "the connection ends by itself");
}

#[tokio::test]
async fn the_server_ends_when_it_is_told_to() {
    let server = Server::start().await;
    server.stop.send_replace(true);
    server.hints.is_closed();
    let mut hints = server.hints;
    assert_eq!(hints.recv().await, None, "the routes are gone with their end of the channel");
}
