//! Any text as what an engine answers, over a real connection: no panic; an error, or gaps for
//! what can't be read. The first byte chooses which question is answered with it.
#![expect(clippy::disallowed_methods, reason = "a server on loopback")]

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use skep::clock::SystemClock;
use skep::model::{ImageRef, RegistryLogins};
use skep::ports::{Registry as _, Swarm as _, SwarmEvent};
use skep::swarm::{Host, Options, connect};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const QUESTIONS: [&str; 9] = [
    "/services",
    "/tasks",
    "/networks",
    "/secrets",
    "/configs",
    "/nodes",
    "/version",
    "/info",
    "/events",
];

/// What a question is answered with; every other one as an empty swarm does.
type Answer = Arc<Mutex<(&'static str, String)>>;

struct Bench {
    runtime: Runtime,
    answer: Answer,
    host: Host,
}

thread_local! {
    static BENCH: RefCell<Option<Bench>> = const { RefCell::new(None) };
}

pub fn run(data: &[u8]) {
    let Some((first, text)) = data.split_first() else { return };
    let number = usize::from(*first) % (QUESTIONS.len() + 1);
    let question = QUESTIONS.get(number).copied().unwrap_or("/distribution");
    BENCH.with_borrow_mut(|bench| {
        let bench = bench.get_or_insert_with(start);
        *bench.answer.lock().unwrap() = (question, String::from_utf8_lossy(text).into_owned());
        bench.runtime.block_on(ask(&bench.host, question));
    });
}

async fn ask(host: &Host, question: &str) {
    let swarm = connect(host, Options::new(Arc::new(SystemClock))).unwrap();
    if question == "/events" {
        let events = swarm
            .events()
            .take_while(|event| std::future::ready(!matches!(event, SwarmEvent::Broken(_))));
        assert!(events.count().await > 0);
        return;
    }
    if question == "/distribution" {
        let image: ImageRef = "r.io/a:1".parse().unwrap();
        let registry = skep::registry::connect(swarm.docker(), Arc::new(RegistryLogins::default()));
        registry.resolve(&image).await;
        return;
    }
    // The second look keeps what has not changed: it sees the same.
    if let Ok(first) = swarm.look().await {
        let second = swarm.look().await.unwrap();
        assert_eq!(format!("{:?}", first.services), format!("{:?}", second.services));
        assert_eq!(first.gaps, second.gaps);
    }
}

fn start() -> Bench {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let answer = Answer::default();
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
    let host = format!("tcp://{}", listener.local_addr().unwrap()).parse().unwrap();
    let shared = Arc::clone(&answer);
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&shared)));
        }
    });
    Bench { runtime, answer, host }
}

/// Answers on one connection until it ends.
async fn converse(stream: TcpStream, answer: Answer) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let mut header = String::new();
        while stream.read_line(&mut header).await.ok()? > 2 {
            header.clear();
        }
        let body = body(&line, &answer);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).await.ok()?;
    }
}

fn body(line: &str, answer: &Answer) -> String {
    let (question, text) = &*answer.lock().unwrap();
    if line.contains(question) {
        return text.clone();
    }
    let empty = if line.contains("/version") {
        r#"{"Version":"x","ApiVersion":"1.41","MinAPIVersion":"1.12"}"#
    } else if line.contains("/info") {
        r#"{"Swarm":{"NodeID":"n","ControlAvailable":true,"Cluster":{"ID":"c"}}}"#
    } else {
        "[]"
    };
    empty.to_owned()
}
