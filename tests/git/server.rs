//! A git server over http or https on this machine: `git http-backend` behind axum, with a log of
//! what it was asked and faults on demand.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::stream;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::tls::Tls;

/// What the server does besides serving.
#[derive(Clone, Default)]
pub struct Behaviour {
    /// Ask for this user and password.
    pub login: Option<(String, String)>,
    /// Answer everything with this status.
    pub status: Option<u16>,
    /// Redirect everything below this address.
    pub redirect: Option<String>,
    /// Never answer.
    pub hang: bool,
    /// Break the connection after so many bytes of a pack.
    pub cut: Option<usize>,
    /// List refs without end.
    pub endless: bool,
    /// Answer everything with this text.
    pub garbage: Option<String>,
    /// Look for this text in the arguments of all processes while a request is served.
    pub canary: Option<String>,
}

/// A running server; it ends with the test's runtime.
pub struct Server {
    /// `http://ADDRESS:PORT/repo` or `https://localhost:PORT/repo`.
    pub url: String,
    /// The certificate to trust, in PEM, when it serves https.
    pub ca: Option<String>,
    /// One message per connection that a client gave up while the server was silent.
    pub given_up: mpsc::UnboundedReceiver<()>,
    shared: Arc<Shared>,
}

struct Shared {
    root: PathBuf,
    behaviour: Mutex<Behaviour>,
    log: Mutex<Vec<String>>,
    given_up: mpsc::UnboundedSender<()>,
}

impl Server {
    /// Serves the repositories below a directory over http.
    pub async fn http(root: &Path) -> Self {
        Self::http_at("127.0.0.1", root).await
    }

    /// The same at an address of this machine.
    pub async fn http_at(address: &str, root: &Path) -> Self {
        let listener = TcpListener::bind((address, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (server, app) = Self::new(root, format!("http://{address}/repo"), None);
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    /// Serves the repositories below a directory over https.
    pub async fn https(root: &Path) -> Self {
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
        let url = format!("https://localhost:{port}/repo");
        let (server, app) = Self::new(root, url, Some(made.cert.pem()));
        let listener = Tls { tcp, acceptor: TlsAcceptor::from(Arc::new(config)) };
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    fn new(root: &Path, url: String, ca: Option<String>) -> (Self, Router) {
        let (sender, given_up) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            behaviour: Mutex::default(),
            log: Mutex::default(),
            given_up: sender,
        });
        let app = Router::new().fallback(serve).with_state(Arc::clone(&shared));
        (Self { url, ca, given_up, shared }, app)
    }

    /// Changes what it does from the next request on.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().expect("no panic") = behaviour;
    }

    /// What was asked since the last look: `info`, `ls-refs`, `fetch` or a path, and `seen: …`
    /// when the canary was found.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.log.lock().expect("no panic"))
    }
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 26).await.expect("a body");
    let behaviour = shared.behaviour.lock().expect("no panic").clone();
    let (path, query) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default());
    let kind = kind(&path, &head.headers, &body);
    shared.note(kind.clone());
    if let Some(canary) = &behaviour.canary {
        shared.note_canary(canary);
    }
    if behaviour.hang {
        let _guard = GivenUp(shared.given_up.clone());
        std::future::pending::<()>().await;
    }
    if let Some(answer) = refusal(&behaviour, &path, &head.headers) {
        return answer;
    }
    if behaviour.endless && kind == "ls-refs" {
        return endless();
    }
    let cgi = Cgi { method: head.method.as_str(), path: &path, query, headers: &head.headers };
    let answer = cgi.run(&shared.root, &body).await;
    match behaviour.cut.filter(|_| kind == "fetch") {
        Some(bytes) => cut(answer, bytes).await,
        None => answer,
    }
}

fn kind(path: &str, headers: &HeaderMap, body: &Bytes) -> String {
    let mut text = body.to_vec();
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip") {
        text.clear();
        flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut text).expect("gzip");
    }
    let text = String::from_utf8_lossy(&text);
    if path.ends_with("/info/refs") {
        "info".to_owned()
    } else if text.contains("command=ls-refs") {
        "ls-refs".to_owned()
    } else if text.contains("command=fetch") {
        "fetch".to_owned()
    } else {
        path.to_owned()
    }
}

fn refusal(behaviour: &Behaviour, path: &str, headers: &HeaderMap) -> Option<Response> {
    if let Some(status) = behaviour.status {
        return Some(StatusCode::from_u16(status).expect("a status").into_response());
    }
    if let Some(to) = &behaviour.redirect {
        let to = format!("{to}{path}?service=git-upload-pack");
        return Some((StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, to)]).into_response());
    }
    if let Some(text) = &behaviour.garbage {
        let kind = "application/x-git-upload-pack-advertisement";
        return Some(([(header::CONTENT_TYPE, kind)], text.clone()).into_response());
    }
    let (user, password) = behaviour.login.as_ref()?;
    let expected = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    if headers.get(header::AUTHORIZATION).is_some_and(|given| *given == *expected) {
        return None;
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")];
    // Some servers repeat what they were given.
    let given = headers.get(header::AUTHORIZATION).cloned();
    let text = format!("wrong: {given:?}");
    let kind = [(header::CONTENT_TYPE, "text/plain")];
    Some((StatusCode::UNAUTHORIZED, challenge, kind, text).into_response())
}

struct Cgi<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
}

impl Cgi<'_> {
    async fn run(&self, root: &Path, body: &[u8]) -> Response {
        let header = |name: &str| {
            self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let mut child = Command::new("git")
            .arg("http-backend")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_PROJECT_ROOT", root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REQUEST_METHOD", self.method)
            .env("PATH_INFO", self.path)
            .env("QUERY_STRING", self.query)
            .env("CONTENT_TYPE", header("content-type"))
            .env("CONTENT_LENGTH", body.len().to_string())
            .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
            .env("GIT_PROTOCOL", header("git-protocol"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("git http-backend");
        let mut stdin = child.stdin.take().expect("a pipe");
        let (_, output) = tokio::join!(
            async move {
                let _ = stdin.write_all(body).await;
            },
            child.wait_with_output()
        );
        answer(&output.expect("git's end").stdout)
    }
}

/// Reads what a CGI program prints: headers, an empty line, the body.
fn answer(output: &[u8]) -> Response {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").expect("headers");
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(": ").expect("a header");
        response = match name {
            "Status" => response.status(value.get(..3).expect("a status")),
            name => response.header(name, value),
        };
    }
    response.body(Body::from(output[end + 4..].to_vec())).expect("a response")
}

/// Refs, as long as somebody reads them.
fn endless() -> Response {
    let pieces = (0..u64::MAX).map(|number| {
        let lines = (0..1000).map(|line| {
            let id = "1".repeat(40);
            let line = format!("{id} refs/heads/{number}-{line}-{}\n", "x".repeat(200));
            format!("{:04x}{line}", line.len() + 4)
        });
        Ok::<_, std::io::Error>(lines.collect::<String>())
    });
    let kind = [(header::CONTENT_TYPE, "application/x-git-upload-pack-result")];
    (kind, Body::from_stream(stream::iter(pieces))).into_response()
}

/// The beginning of a response, and then a broken connection.
async fn cut(answer: Response, bytes: usize) -> Response {
    let (head, body) = answer.into_parts();
    let whole = axum::body::to_bytes(body, 1 << 26).await.expect("a body");
    assert!(whole.len() > bytes, "there is nothing to cut off");
    let pieces = [Ok(whole.slice(..bytes)), Err(std::io::Error::other("cut"))];
    Response::from_parts(head, Body::from_stream(stream::iter(pieces)))
}

impl Shared {
    fn note(&self, what: String) {
        self.log.lock().expect("no panic").push(what);
    }

    /// Arguments can be read by every user of a machine.
    fn note_canary(&self, canary: &str) {
        for process in std::fs::read_dir("/proc").expect("/proc").flatten() {
            let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
            if arguments.contains(canary) {
                self.note(format!("seen: {arguments}"));
            }
        }
    }
}

struct GivenUp(mpsc::UnboundedSender<()>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}
