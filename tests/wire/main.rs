//! The swarm room against engines that answer badly, on loopback.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod answers;
mod events;
mod hosts;
mod logs;
mod server;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use skep::ports::Clock;
use skep::swarm::{EngineSwarm, Options};

use crate::server::Server;

/// A clock that stands still; sleeping takes no time and is written down.
#[derive(Default)]
struct StoppedClock(Mutex<Vec<Duration>>);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.0.lock().unwrap().push(time);
        tokio::task::yield_now().boxed()
    }
}

fn options() -> Options {
    let time_out = Duration::from_secs(20);
    Options { time_out, ..Options::new(Arc::new(StoppedClock::default())) }
}

fn connect_with(server: &Server, options: Options) -> EngineSwarm {
    let host = format!("tcp://127.0.0.1:{}", server.port).parse().unwrap();
    skep::swarm::connect(&host, options).unwrap()
}

fn connect(server: &Server) -> EngineSwarm {
    connect_with(server, options())
}
