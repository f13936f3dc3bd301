//! A proxy between skep and the engine that counts requests at the socket.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

/// Longest head of a request, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// What went through.
#[derive(Debug, Default, Clone)]
pub struct Counts {
    pub reads: usize,
    pub writes: usize,
    /// Questions that the engine asks a registry for the caller.
    pub registry: usize,
}

/// A socket that leads to the engine's.
pub struct Proxy {
    pub socket: PathBuf,
    counts: Arc<Mutex<Counts>>,
}

impl Proxy {
    /// Opens a socket at `socket`.
    pub fn open(socket: PathBuf, engine: &Path) -> Self {
        let listener = UnixListener::bind(&socket).expect("a socket");
        let (counts, engine) = (Arc::<Mutex<Counts>>::default(), engine.to_owned());
        let counter = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, engine.clone(), Arc::clone(&counter)));
            }
        });
        Self { socket, counts }
    }

    /// What was counted since the last call.
    pub fn take(&self) -> Counts {
        std::mem::take(&mut self.counts.lock().expect("no panic"))
    }
}

async fn carry(client: UnixStream, engine: PathBuf, counts: Arc<Mutex<Counts>>) {
    let Ok(engine) = UnixStream::connect(engine).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_engine, mut to_engine) = engine.into_split();
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_engine, &mut to_client).await });
    let mut pending = Vec::new();
    let mut body = 0_usize;
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
        if to_engine.write_all(&buffer[..length]).await.is_err() {
            break;
        }
        pending.extend_from_slice(&buffer[..length]);
        count(&mut pending, &mut body, &counts);
        assert!(pending.len() < LONGEST_HEAD, "a head that does not end");
    }
    drop(to_engine);
    // The answer to the last request may still be on its way; whatever it is, it was counted.
    let _ = back.await;
}

/// Takes whole heads and bodies off the front; requests come one after another on a connection.
fn count(pending: &mut Vec<u8>, body: &mut usize, counts: &Mutex<Counts>) {
    loop {
        let taken = pending.len().min(*body);
        pending.drain(..taken);
        *body -= taken;
        let Some(end) = pending.windows(4).position(|four| four == b"\r\n\r\n") else { return };
        let head: Vec<u8> = pending.drain(..end + 4).collect();
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        *body = length(&head);
        note(&head, &mut counts.lock().expect("no panic"));
    }
}

fn length(head: &str) -> usize {
    assert!(!head.contains("transfer-encoding"), "a body without a length: {head}");
    let line = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    line.map_or(0, |value| value.trim().parse().expect("a length"))
}

fn note(head: &str, counts: &mut Counts) {
    let (method, path) = head.split_once(' ').unwrap_or_default();
    match method {
        "get" if path.contains("/distribution/") => counts.registry += 1,
        "get" => counts.reads += 1,
        _ => counts.writes += 1,
    }
}
