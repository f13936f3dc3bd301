//! A door in front of an engine's socket: lets everything through, and writes down each request.
//!
//! What skep says to the engine is counted here and nowhere else, so that no code of its own has a
//! say in the count.

#![expect(clippy::disallowed_methods, reason = "a test stands outside: it measures real time")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The door. Closed, with all that goes through it, when dropped.
pub struct Proxy {
    path: PathBuf,
    shared: Arc<Shared>,
    _dir: tempfile::TempDir,
}

/// One request, as it came over the wire.
#[derive(Debug, Clone)]
pub struct Request {
    /// When its head was read.
    pub at: Instant,
    /// `POST`.
    pub method: String,
    /// What is asked for, without the API version in front: `/services/create`.
    pub target: String,
    /// The body as JSON; null when there is none, or while it is on its way.
    pub body: Value,
    /// Whether the engine refused it because the object had moved on since it was read.
    pub outdated: bool,
}

struct Shared {
    engine: PathBuf,
    requests: Mutex<Vec<Request>>,
    grown: Condvar,
    heard: Mutex<Vec<(Instant, String)>>,
    talks: Mutex<Vec<Arc<Talk>>>,
    closed: AtomicBool,
    deaf: AtomicBool,
}

/// One connection.
struct Talk {
    client: UnixStream,
    engine: UnixStream,
    listens: AtomicBool,
    /// Which request the engine answers; one at a time, as HTTP/1.1 has it.
    asked: AtomicUsize,
}

impl Proxy {
    /// Opens a door to this socket.
    pub fn open(engine: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("docker.sock");
        let listener = UnixListener::bind(&path).expect("a socket");
        let shared = Arc::new(Shared {
            engine: engine.to_owned(),
            requests: Mutex::default(),
            grown: Condvar::new(),
            heard: Mutex::default(),
            talks: Mutex::default(),
            closed: AtomicBool::new(false),
            deaf: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if serving.closed.load(Ordering::SeqCst) {
                    break;
                }
                serve(&serving, client);
            }
        });
        Self { path, shared, _dir: dir }
    }

    /// The door's socket.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The socket behind the door.
    pub fn engine(&self) -> &Path {
        &self.shared.engine
    }

    /// How many requests went through so far.
    pub fn mark(&self) -> usize {
        lock(&self.shared.requests).len()
    }

    /// The requests after a mark.
    pub fn requests(&self, mark: usize) -> Vec<Request> {
        lock(&self.shared.requests)[mark..].to_vec()
    }

    /// The requests after a mark that may change something.
    pub fn writes(&self, mark: usize) -> Vec<Request> {
        self.requests(mark).into_iter().filter(Request::is_write).collect()
    }

    /// Those writes in short lines.
    pub fn lines(&self, mark: usize) -> Vec<String> {
        self.writes(mark).iter().map(Request::line).collect()
    }

    /// Waits until so many writes were sent after a mark; false when they were not in time.
    pub fn wait_writes(&self, mark: usize, number: usize, limit: Duration) -> bool {
        let fewer = |requests: &mut Vec<Request>| {
            requests[mark..].iter().filter(|request| request.is_write()).count() < number
        };
        let requests = lock(&self.shared.requests);
        let waited = self.shared.grown.wait_timeout_while(requests, limit, fewer);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// When the first event that speaks of a name came through after a moment.
    pub fn heard(&self, after: Instant, name: &str) -> Option<Instant> {
        let heard = lock(&self.shared.heard);
        let told = |(at, text): &&(Instant, String)| *at >= after && text.contains(name);
        heard.iter().find(told).map(|(at, _)| *at)
    }

    /// Lets events through again.
    pub fn mend_events(&self) {
        self.shared.deaf.store(false, Ordering::SeqCst);
    }

    /// Cuts the connections that listen to events, says how many there were, and lets nobody
    /// listen anew.
    pub fn cut_events(&self) -> usize {
        self.shared.deaf.store(true, Ordering::SeqCst);
        let talks = lock(&self.shared.talks);
        let listening = talks.iter().filter(|talk| talk.listens.load(Ordering::SeqCst));
        listening.map(|talk| talk.hang_up()).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for clients.
        let _ = UnixStream::connect(&self.path);
        for talk in lock(&self.shared.talks).iter() {
            talk.hang_up();
        }
    }
}

impl Request {
    /// Whether it may change something. Renewals of the lease say only that somebody is alive:
    /// nowhere are they counted among the writes.
    pub fn is_write(&self) -> bool {
        let asks = matches!(self.method.as_str(), "GET" | "HEAD");
        !asks && !skep::ledger::is_lease_name(self.object())
    }

    /// The name of the object that is made or updated; the id of one that is removed.
    pub fn object(&self) -> &str {
        let named = self.body["Name"].as_str();
        named.unwrap_or_else(|| self.parts().nth(1).unwrap_or_default())
    }

    /// `POST /services/create shop_web`; a removal names the object by its id.
    pub fn line(&self) -> String {
        let kind = self.parts().next().unwrap_or_default().trim_end_matches('s');
        let verb = match (self.method.as_str(), self.parts().last()) {
            ("POST", Some("create")) => "create",
            ("POST", Some("update")) => "update",
            ("DELETE", _) => "remove",
            _ => return format!("{} {}", self.method, self.target),
        };
        format!("{verb} {kind} {}", self.object())
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        let path = self.target.split('?').next().unwrap_or_default();
        path.split('/').filter(|part| !part.is_empty())
    }
}

impl Talk {
    fn hang_up(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.engine.shutdown(Shutdown::Both);
    }
}

fn serve(shared: &Arc<Shared>, client: UnixStream) {
    // An engine that is down: the client sees its connection end.
    let Ok(engine) = UnixStream::connect(&shared.engine) else { return };
    let (listens, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let talk = Arc::new(Talk { client, engine, listens, asked });
    lock(&shared.talks).push(Arc::clone(&talk));
    let (answers, shared) = (Arc::clone(&talk), Arc::clone(shared));
    let shared_answers = Arc::clone(&shared);
    std::thread::spawn(move || {
        while answer(&shared_answers, &answers).is_some() {}
        answers.hang_up();
    });
    std::thread::spawn(move || {
        let mut reader = BufReader::new(&talk.client);
        while forward(&shared, &talk, &mut reader).is_some() {}
        talk.hang_up();
        lock(&shared.talks).retain(|other| !Arc::ptr_eq(other, &talk));
    });
}

/// A piece of an answer on its way to the client; `None` at the end of the connection.
fn answer(shared: &Shared, talk: &Talk) -> Option<()> {
    let mut piece = [0; 16 * 1024];
    let length = (&talk.engine).read(&mut piece).ok().filter(|length| *length > 0)?;
    if talk.listens.load(Ordering::SeqCst) {
        let text = String::from_utf8_lossy(&piece[..length]).into_owned();
        lock(&shared.heard).push((Instant::now(), text));
    } else if is_outdated(&piece[..length]) {
        // Known before the client knows, as with requests.
        lock(&shared.requests)[talk.asked.load(Ordering::SeqCst)].outdated = true;
    }
    (&talk.client).write_all(&piece[..length]).ok()
}

/// Whether an answer begins so; it comes in one piece.
fn is_outdated(piece: &[u8]) -> bool {
    let (refused, words) = (b"HTTP/1.1 500 ", b"update out of sequence");
    piece.starts_with(refused) && piece.windows(words.len()).any(|part| part == words)
}

/// One request on its way to the engine; `None` at the end of the connection.
fn forward(shared: &Shared, talk: &Talk, client: &mut BufReader<&UnixStream>) -> Option<()> {
    let head = head(client)?;
    let mut words = head.lines().next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), unversioned(words.next()?));
    let listens = target.starts_with("/events");
    talk.listens.store(listens, Ordering::SeqCst);
    if listens && shared.deaf.load(Ordering::SeqCst) {
        return None;
    }
    let request =
        Request { at: Instant::now(), method, target, body: Value::Null, outdated: false };
    let index = {
        let mut requests = lock(&shared.requests);
        requests.push(request);
        requests.len() - 1
    };
    talk.asked.store(index, Ordering::SeqCst);
    let mut body = vec![0; length(&head)?];
    client.read_exact(&mut body).ok()?;
    // Known before the engine knows: who sees the effect finds the request here.
    lock(&shared.requests)[index].body = serde_json::from_slice(&body).unwrap_or_default();
    shared.grown.notify_all();
    (&talk.engine).write_all(head.as_bytes()).ok()?;
    (&talk.engine).write_all(&body).ok()
}

/// The request line and the headers, with the empty line behind them.
fn head(client: &mut BufReader<&UnixStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if client.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// Bytes of the body. Neither skep nor docker's client sends a body in pieces.
fn length(head: &str) -> Option<usize> {
    let mut headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let value = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    value.map_or(Some(0), |(_, value)| value.trim().parse().ok())
}

/// `/v1.41/services` → `/services`.
fn unversioned(target: &str) -> String {
    let rest = target.strip_prefix("/v1.").and_then(|rest| rest.find('/').map(|at| &rest[at..]));
    rest.unwrap_or(target).to_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
