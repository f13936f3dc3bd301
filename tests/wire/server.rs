//! An engine of one's own making on a loopback port: what it answers is a function, and it can
//! answer badly.

#![expect(clippy::disallowed_methods, reason = "a test's own server")]

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What the server does about one request.
pub enum Reply {
    /// Answers with this status and body.
    Json(u16, String),
    /// Reads the request and closes the connection.
    Cut,
    /// Promises more than it sends, and closes the connection.
    Half(String),
    /// Sends this and leaves the answer open.
    Open(String),
    /// Never says a word.
    Silence,
}

/// One request: `METHOD /path`, headers in lower case, body.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    pub headers: String,
    pub body: String,
}

/// A running server; it ends with this value.
pub struct Server {
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<Mutex<usize>>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Starts one; `reply` is asked with `METHOD /path`.
    pub async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let (seen, count, reply) = (requests.clone(), connections.clone(), Arc::new(reply));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                let (seen, reply) = (seen.clone(), reply.clone());
                open.spawn(async move {
                    converse(stream, &seen, &*reply).await;
                });
            }
        });
        Self { port, requests, connections, _tasks: tasks }
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// How often `METHOD /path` beginning with `line` was asked.
    pub fn count(&self, line: &str) -> usize {
        self.requests().iter().filter(|request| request.line.starts_with(line)).count()
    }

    /// Connections that were opened so far.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

/// Answers requests on one connection until it ends.
pub async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: &Mutex<Vec<Request>>,
    reply: &(impl Fn(&str) -> Reply + ?Sized),
) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        let line = request.line.clone();
        seen.lock().unwrap().push(request);
        let (text, then) = render(reply(&line));
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
        match then {
            Then::ReadOn => {}
            Then::Close => return,
            Then::Wait => std::future::pending().await,
        }
    }
}

/// What happens after an answer.
enum Then {
    ReadOn,
    Close,
    Wait,
}

fn render(reply: Reply) -> (String, Then) {
    match reply {
        Reply::Json(status, body) => {
            let length = body.len();
            let text = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
            (text, Then::ReadOn)
        }
        Reply::Half(body) => {
            let length = body.len() + 1;
            (format!("HTTP/1.1 200 X\r\nContent-Length: {length}\r\n\r\n{body}"), Then::Close)
        }
        Reply::Open(body) => {
            let chunk = format!("{:x}\r\n{body}\r\n", body.len());
            let text = format!("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}");
            (text, Then::Wait)
        }
        Reply::Silence => (String::new(), Then::Wait),
        Reply::Cut => (String::new(), Then::Close),
    }
}

async fn read(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Request> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let mut headers = String::new();
    while stream.read_line(&mut headers).await.ok()? > 2 {}
    let headers = headers.to_lowercase();
    let length = headers
        .lines()
        .find_map(|header| header.strip_prefix("content-length: "))
        .map_or(0, |length| length.trim().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request {
        line: line.rsplit_once(' ')?.0.to_owned(),
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}

/// A manager of an empty swarm that speaks these API versions; `other` comes first.
pub fn engine(
    api: &'static str,
    other: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static,
) -> impl Fn(&str) -> Reply + Send + Sync + 'static {
    move |line| {
        let empty = || match line.rsplit('/').next().unwrap_or_default() {
            "version" => {
                format!(r#"{{"Version":"x","ApiVersion":"{api}","MinAPIVersion":"1.12"}}"#)
            }
            "info" => r#"{"Swarm":{"NodeID":"n","ControlAvailable":true,"Cluster":{"ID":"c"}}}"#
                .to_owned(),
            _ => "[]".to_owned(),
        };
        other(line).unwrap_or_else(|| Reply::Json(200, empty()))
    }
}
