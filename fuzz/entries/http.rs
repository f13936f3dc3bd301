//! Any bytes as what a client sends to the operator's port: no panic, every connection comes to an
//! end, and the next client is served.
#![expect(clippy::disallowed_methods, reason = "a client on loopback")]

use std::cell::RefCell;
use std::net::SocketAddr;

use skep::api::{Handles, listen, router, serve};
use skep::metrics::Metrics;
use skep::reconcile::Part;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

struct Bench {
    runtime: Runtime,
    address: SocketAddr,
    /// Their ends keep the server alive.
    _ends: (
        watch::Sender<Option<std::sync::Arc<skep::status::Report>>>,
        watch::Sender<Part>,
        watch::Sender<bool>,
    ),
    _hints: mpsc::Receiver<()>,
}

thread_local! {
    static BENCH: RefCell<Option<Bench>> = const { RefCell::new(None) };
}

pub fn run(data: &[u8]) {
    BENCH.with_borrow_mut(|bench| {
        let bench = bench.get_or_insert_with(start);
        bench.runtime.block_on(async {
            ask(bench.address, data).await;
            let answer = ask(bench.address, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
            assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", answer.escape_ascii());
        });
    });
}

/// Sends bytes and reads until the server closes.
async fn ask(address: SocketAddr, data: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(data).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

fn start() -> Bench {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (report, read) = watch::channel(None);
    let (stop, stopped) = watch::channel(false);
    let (hint, hints) = mpsc::channel(1);
    let listener = runtime.block_on(listen(([127, 0, 0, 1], 0).into())).unwrap();
    let address = listener.local_addr().unwrap();
    let (part, told) = watch::channel(Part::Alone);
    let metrics = Metrics::new();
    let routes = router(Handles { report: read, part: told, metrics, hints: hint });
    runtime.spawn(serve(listener, routes, stopped));
    Bench { runtime, address, _ends: (report, part, stop), _hints: hints }
}
