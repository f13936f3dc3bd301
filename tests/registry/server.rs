//! A server on loopback that answers as a test wants it, with a log of what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use skep::ports::Clock;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::tls::Tls;

pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// A request, as far as tests look at it.
pub struct Asked {
    /// `GET /v2/a/manifests/1`, with the query.
    pub line: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }
}

type Answers = Arc<Mutex<Arc<dyn Fn(&Asked) -> Response + Send + Sync>>>;

/// A running server; it ends with the test's runtime.
#[derive(Clone)]
pub struct Server {
    /// `127.0.0.1:PORT`, or `localhost:PORT` with TLS.
    pub address: String,
    /// The certificate to trust, in PEM, when it speaks TLS.
    pub ca: Option<String>,
    answers: Answers,
    log: Arc<Mutex<Vec<String>>>,
    greeted: Arc<Mutex<usize>>,
}

impl Server {
    /// Speaks plain http.
    pub async fn http() -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = tcp.local_addr().expect("an address").to_string();
        let (server, app) = Self::new(address, None);
        tokio::spawn(async move { axum::serve(tcp, app).await });
        server
    }

    /// Speaks https, with a certificate for `localhost`.
    pub async fn https() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let made = made.expect("a certificate");
        let key = made.signing_key.serialize_der().try_into().expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a configuration");
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = tcp.local_addr().expect("an address").port();
        let (server, app) = Self::new(format!("localhost:{port}"), Some(made.cert.pem()));
        let listener = Tls { tcp, acceptor: TlsAcceptor::from(Arc::new(config)) };
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    fn new(address: String, ca: Option<String>) -> (Self, Router) {
        let answers: Answers = Arc::new(Mutex::new(Arc::new(|_: &Asked| status(404))));
        let server = Self { address, ca, answers, log: Arc::default(), greeted: Arc::default() };
        let app = Router::new().fallback(serve).with_state(server.clone());
        (server, app)
    }

    /// Answers so from the next request on. `/v2/` is answered with 200 unless the test says
    /// something else than 404.
    pub fn answer(&self, answers: impl Fn(&Asked) -> Response + Send + Sync + 'static) {
        *self.answers.lock().expect("no panic") = Arc::new(answers);
    }

    /// How often it was greeted at `/v2/` since the last look.
    pub fn greeted(&self) -> usize {
        std::mem::take(&mut *self.greeted.lock().expect("no panic"))
    }

    /// What was asked since the last look, without the greeting at `/v2/`.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().expect("no panic"))
    }
}

async fn serve(State(server): State<Server>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let target = match head.uri.path_and_query() {
        Some(path) => path.to_string(),
        None => head.uri.to_string(),
    };
    let line = format!("{} {target}", head.method);
    match line.as_str() {
        "GET /v2/" => *server.greeted.lock().expect("no panic") += 1,
        line => server.log.lock().expect("no panic").push(line.to_owned()),
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    let answers = Arc::clone(&server.answers.lock().expect("no panic"));
    let answer = answers(&Asked { line: line.clone(), headers: head.headers, body });
    if line == "GET /v2/" && answer.status() == StatusCode::NOT_FOUND {
        return status(200);
    }
    if answer.headers().contains_key("x-silent") {
        std::future::pending::<()>().await;
    }
    answer
}

/// An answer of these headers and this body.
pub fn reply(number: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut answer = Response::builder().status(number);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    answer.body(body.into()).expect("an answer")
}

pub fn status(number: u16) -> Response {
    reply(number, &[], "")
}

/// An answer that never comes.
pub fn silence() -> Response {
    reply(200, &[("x-silent", "1")], "")
}

/// A body without end, as long as somebody reads it.
pub fn endless() -> Response {
    let pieces = std::iter::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 64 * 1024]));
    let body = Body::from_stream(stream::iter(pieces));
    reply(200, &[(header::CONTENT_TYPE.as_str(), MANIFEST)], body)
}

/// A refusal in the words of the specification.
pub fn error(number: u16, code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "errors": [{ "code": code, "message": message }] });
    reply(number, &[("content-type", "application/json")], body.to_string())
}

pub fn digest(body: &str) -> String {
    let hash = Sha256::digest(body.as_bytes());
    format!("sha256:{}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// An index for linux/amd64, different for each name.
pub fn index(name: &str) -> String {
    let platform = serde_json::json!({ "os": "linux", "architecture": "amd64" });
    let entry = serde_json::json!({ "digest": digest(name), "platform": platform });
    serde_json::json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] }).to_string()
}

/// A manifest whose configuration is this.
pub fn manifest(configuration: &str) -> String {
    let config = serde_json::json!({
        "mediaType": "application/vnd.docker.container.image.v1+json",
        "digest": digest(configuration),
    });
    serde_json::json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config }).to_string()
}

/// A manifest, as a registry gives it: with its digest, and 304 for those who know it.
pub fn given(asked: &Asked, body: &str) -> Response {
    let digest = digest(body);
    let etag = format!("\"{digest}\"");
    if asked.header("if-none-match") == etag {
        return reply(304, &[("etag", &etag)], "");
    }
    let headers = [("docker-content-digest", digest.as_str()), ("etag", &etag)];
    reply(
        200,
        &headers,
        if asked.line.starts_with("HEAD") { String::new() } else { body.to_owned() },
    )
}

/// A clock that a test moves.
#[derive(Clone, Default)]
pub struct Hands(Arc<Mutex<Duration>>);

impl Hands {
    pub fn advance(&self, time: Duration) {
        *self.0.lock().expect("no panic") += time;
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2026-11-30T12:00:00Z".parse().expect("a time");
        start.checked_add(self.elapsed()).expect("a time")
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().expect("no panic")
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        tokio::task::yield_now().boxed()
    }
}
