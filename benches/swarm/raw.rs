//! The floor: the engine's API with nothing on top. Answers are read to their end and not parsed.

use std::path::PathBuf;
use std::sync::Mutex;

use bytes::Bytes;
use futures::future::join_all;
use futures::stream::{self, StreamExt as _};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;

/// The listings of one look; the same that skep asks for.
pub const LISTINGS: [&str; 6] = [
    "/services?status=true",
    "/tasks",
    "/networks?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D",
    "/secrets",
    "/configs",
    "/nodes",
];

/// Connections for writes at the same time.
pub const CONNECTIONS: usize = 8;

/// One request: method, path and query, body.
pub type Call = (Method, String, Bytes);

/// An engine behind its socket, over connections that are kept.
pub struct Raw {
    socket: PathBuf,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Raw {
    pub fn new(socket: PathBuf) -> Self {
        Self { socket, idle: Mutex::default() }
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, (method, path, body): Call) -> (StatusCode, Bytes) {
        let mut connection = self.connection().await;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Host", "engine")
            .header("Content-Type", "application/json")
            .body(Full::new(body))
            .expect("a request");
        let answer = connection.send_request(request).await.expect("an answer of the engine");
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a whole answer").to_bytes();
        self.idle.lock().expect("no panic").push(connection);
        (status, body)
    }

    async fn connection(&self) -> SendRequest<Full<Bytes>> {
        let kept = self.idle.lock().expect("no panic").pop();
        if let Some(mut connection) = kept
            && connection.ready().await.is_ok()
        {
            return connection;
        }
        let stream = UnixStream::connect(&self.socket).await.expect("the engine's socket");
        let (connection, driver) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(driver);
        connection
    }

    /// Sends many writes, so many at a time; all must succeed.
    pub async fn write_all(&self, calls: Vec<Call>) {
        let mut answers = stream::iter(calls)
            .map(|call| async move {
                let what = format!("{} {}", call.0, call.1);
                (what, self.send(call).await)
            })
            .buffer_unordered(CONNECTIONS);
        while let Some((what, (status, body))) = answers.next().await {
            assert!(status.is_success(), "{what}: {status} {}", String::from_utf8_lossy(&body));
        }
    }

    /// All listings of a look, at the same time.
    pub async fn look(&self) {
        join_all(LISTINGS.map(|path| self.send(get(path)))).await;
    }

    /// A listing, parsed.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let (status, body) = self.send(get(path)).await;
        assert!(status.is_success(), "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice::<Option<Vec<Value>>>(&body).expect("a list").unwrap_or_default()
    }

    /// One object, parsed.
    pub async fn inspect(&self, path: &str) -> Value {
        let (status, body) = self.send(get(path)).await;
        assert!(status.is_success(), "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("an object")
    }

    /// Removes everything that can be removed, until nothing is left.
    pub async fn clear(&self) {
        for kind in ["services", "secrets", "configs", "networks"] {
            loop {
                let ids = self.removable(kind).await;
                if ids.is_empty() {
                    break;
                }
                let calls = ids.iter().map(|id| {
                    let path = format!("/{kind}/{id}");
                    self.send((Method::DELETE, path, Bytes::new()))
                });
                // Networks are in use until the engine has noticed that their services are gone.
                stream::iter(calls).buffer_unordered(CONNECTIONS).collect::<Vec<_>>().await;
            }
        }
    }

    async fn removable(&self, kind: &str) -> Vec<String> {
        let path = if kind == "networks" { LISTINGS[2].to_owned() } else { format!("/{kind}") };
        let objects = self.list(&path).await;
        let ingress = |object: &Value| object["Ingress"] == json!(true);
        let id = |object: &Value| {
            let id = object["ID"].as_str().or(object["Id"].as_str()).expect("an id");
            id.to_owned()
        };
        objects.iter().filter(|object| !ingress(object)).map(id).collect()
    }
}

/// A request that only reads.
pub fn get(path: &str) -> Call {
    (Method::GET, path.to_owned(), Bytes::new())
}

/// A request that writes.
pub fn post(path: &str, body: &impl serde::Serialize) -> Call {
    (Method::POST, path.to_owned(), serde_json::to_vec(body).expect("JSON").into())
}
