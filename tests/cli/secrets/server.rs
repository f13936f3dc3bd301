//! A manager of one's own making: it answers every question, and remembers what was asked of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// One request: `METHOD /path`, and its body.
pub(super) struct Request {
    pub(super) line: String,
    pub(super) body: String,
}

/// A running server. Its thread ends with the test program.
pub(super) struct Server {
    pub(super) host: String,
    seen: Arc<(Mutex<Vec<Request>>, Condvar)>,
}

impl Server {
    /// Starts one that answers with these listings, by path; others are empty.
    pub(super) fn start(listings: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let host = format!("tcp://{}", listener.local_addr().expect("an address"));
        let seen = Arc::<(Mutex<Vec<Request>>, Condvar)>::default();
        let (kept, listings) = (Arc::clone(&seen), Arc::new(listings));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, listings) = (Arc::clone(&kept), Arc::clone(&listings));
                std::thread::spawn(move || converse(stream, &kept, &listings));
            }
        });
        Self { host, seen }
    }

    /// Waits for a request that begins with `line`, and gives its body.
    pub(super) fn body_of(&self, line: &str) -> Option<String> {
        let (seen, news) = &*self.seen;
        let found = |requests: &Vec<Request>| {
            requests.iter().find(|request| request.line.contains(line)).map(|r| r.body.clone())
        };
        let seen = seen.lock().expect("a lock");
        let wait = Duration::from_secs(60);
        let (seen, _) =
            news.wait_timeout_while(seen, wait, |seen| found(seen).is_none()).expect("a lock");
        found(&seen)
    }
}

fn converse(
    stream: TcpStream,
    seen: &(Mutex<Vec<Request>>, Condvar),
    listings: &[(&'static str, String)],
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let request = read(&mut reader)?;
        let (status, body) = answer(&request.line, listings);
        seen.0.lock().ok()?.push(request);
        seen.1.notify_all();
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", body.len());
        reader.get_mut().write_all((head + &body).as_bytes()).ok()?;
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    if stream.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).ok()?;
        let header = header.trim_end().to_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(text) = header.strip_prefix("content-length: ") {
            length = text.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let line = line.rsplit_once(' ')?.0.to_owned();
    Some(Request { line, body: String::from_utf8_lossy(&body).into_owned() })
}

fn answer(line: &str, listings: &[(&'static str, String)]) -> (u16, String) {
    let path = line.split(['?', ' ']).nth(1).unwrap_or_default();
    let listing = listings.iter().find(|(name, _)| path.ends_with(name));
    if let Some((_, listing)) = listing.filter(|_| line.starts_with("GET")) {
        return (200, listing.clone());
    }
    let text = match path.rsplit('/').next().unwrap_or_default() {
        "version" => r#"{"Version":"x","ApiVersion":"1.41","MinAPIVersion":"1.12"}"#,
        "info" => r#"{"Swarm":{"NodeID":"n","ControlAvailable":true,"Cluster":{"ID":"c"}}}"#,
        "create" if path.contains("/networks/") => return (201, r#"{"Id":"new"}"#.to_owned()),
        "create" => return (201, r#"{"ID":"new"}"#.to_owned()),
        "json" => return (500, r#"{"message":"dial tcp: connection refused"}"#.to_owned()),
        _ => "[]",
    };
    (200, text.to_owned())
}
