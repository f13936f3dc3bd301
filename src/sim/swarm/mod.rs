//! The simulated swarm behind [`ports::Swarm`](crate::ports::Swarm), and what tests and the demo
//! may do to it: work by hand, faults, a log of all writes.

mod events;
mod faults;
mod hand;
mod log;
mod look;
mod output;
mod shape;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tokio::sync::{broadcast, watch};

use crate::model::engine::LiveConfig;
use crate::model::{LastWords, Observed, SecretBytes};
use crate::ports::{
    Clock as _, OneConfig, Swarm, SwarmError, SwarmEvent, TaskLogs, Write, Written,
};

use super::clock::{SimClock, lock};
use super::cluster::Cluster;
use super::control;
use super::node::Behaviour;
use super::random::Random;

pub use faults::{FaultRates, WriteFault};
pub use hand::Hand;
pub use log::{By, LoggedWrite, Outcome, Verb};
pub use shape::SwarmShape;

use events::Stream;
use faults::{Decision, Faults};

/// Events that a slow listener may be behind before its stream breaks.
const EVENT_BUFFER: usize = 4096;

/// A swarm in memory. Clones are the same swarm.
#[derive(Clone)]
pub struct SimSwarm(Arc<Shared>);

struct Shared {
    clock: SimClock,
    state: Mutex<State>,
    events: broadcast::Sender<SwarmEvent>,
    /// True once `fail_after` has come true: nothing is answered any more.
    stopped: watch::Sender<bool>,
}

struct State {
    cluster: Cluster,
    faults: Faults,
    stream: Stream,
    log: Vec<LoggedWrite>,
}

impl SimSwarm {
    /// A swarm of one manager and two workers (`n1`, `n2`, `n3`) with engine 20.10.
    #[must_use]
    pub fn new(clock: &SimClock, seed: u64) -> Self {
        Self::with_shape(clock, seed, &SwarmShape::default())
    }

    /// A swarm of this shape.
    #[must_use]
    pub fn with_shape(clock: &SimClock, seed: u64, shape: &SwarmShape) -> Self {
        let mut random = Random::new(seed);
        let faults = Faults::new(Random::new(random.number()));
        let cluster = shape.cluster(clock.now(), random);
        let state = State { cluster, faults, stream: Stream::default(), log: Vec::new() };
        let shared = Arc::new(Shared {
            clock: clock.clone(),
            state: Mutex::new(state),
            events: broadcast::channel(EVENT_BUFFER).0,
            stopped: watch::channel(false).0,
        });
        let follower = Arc::downgrade(&shared);
        clock.attach(move |now| {
            let swarm = Self(follower.upgrade()?);
            swarm.with(|state| {
                let next = state.cluster.agenda.next();
                next.into_iter().chain(state.stream.back_at(now)).min()
            })
        });
        Self(shared)
    }

    /// Says how the containers of an image behave; see [`Behaviour`]. The name may leave out digest
    /// and tag.
    pub fn set_image(&self, image: &str, behaviour: Behaviour) {
        self.with(|state| state.cluster.images.set(image, behaviour));
    }

    /// Says what each container of an image writes; the name may leave out digest and tag.
    pub fn set_output(&self, image: &str, lines: &[&str]) {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        self.with(|state| state.cluster.images.set_output(image, lines));
    }

    /// Somebody at a keyboard, who does things to the swarm without skep.
    #[must_use]
    pub fn hand(&self) -> Hand<'_> {
        Hand::new(self)
    }

    /// The data of a secret, as a container sees it; the engine's API never shows it.
    #[must_use]
    pub fn secret_data(&self, name: &str) -> Option<SecretBytes> {
        self.with(|state| {
            let mut rows = state.cluster.store.secrets.values();
            rows.find(|row| row.live.spec.name == name).map(|row| row.data.clone())
        })
    }

    /// All writes so far, with refused ones, by skep and by hand.
    #[must_use]
    pub fn log(&self) -> Vec<LoggedWrite> {
        self.with(|state| state.log.clone())
    }

    /// The writes after the first so many.
    #[must_use]
    pub fn log_after(&self, first: usize) -> Vec<LoggedWrite> {
        self.with(|state| state.log.iter().skip(first).cloned().collect())
    }

    /// How many writes were logged so far.
    #[must_use]
    pub fn logged(&self) -> usize {
        lock(&self.0.state).log.len()
    }

    /// The swarm as it is, past all faults and without a look through the port.
    #[must_use]
    pub fn picture(&self) -> Observed {
        self.with(|state| look::look(&mut state.cluster))
    }

    /// How many writes came through the port and were made.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.with(|state| state.log.iter().filter(|write| write.is_made_by(By::Port)).count())
    }

    /// Resolves once the swarm has stopped answering; see [`SimSwarm::fail_after`].
    pub async fn stopped(&self) {
        let mut stopped = self.0.stopped.subscribe();
        // The sender lives as long as this handle.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }

    /// Brings the swarm up to the present, does something with it, lets its managers see it, and
    /// tells the listeners.
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let now = self.0.clock.now();
        let mut state = lock(&self.0.state);
        state.cluster.run_until(now);
        let result = work(&mut state);
        state.cluster.run_until(now);
        let told = std::mem::take(&mut state.cluster.told);
        for event in state.stream.pass(told, now) {
            // An error means that nobody listens.
            let _ = self.0.events.send(event);
        }
        result
    }

    fn has_stopped(&self) -> bool {
        *self.0.stopped.borrow()
    }

    fn write_now(&self, write: &Write) -> Result<Written, SwarmError> {
        let (answer, stop) = self.with(|state| {
            let answer = state.write(write, By::Port);
            (answer, state.faults.is_last_write())
        });
        if stop {
            self.0.stopped.send_replace(true);
        }
        answer
    }
}

impl State {
    /// Makes a write with whatever fault is its lot, and logs it.
    fn write(&mut self, write: &Write, by: By) -> Result<Written, SwarmError> {
        let (verb, object) = log::subject(write);
        let decision = match by {
            By::Port => self.faults.for_write(&object.name),
            By::Hand => Decision::Make,
        };
        let attempted = format!("{verb} {object}");
        let at = self.cluster.store.now;
        let (outcome, answer) = match decision {
            Decision::Make => {
                let made = control::apply(&mut self.cluster.store, write);
                log::answer(made, &attempted)
            }
            Decision::MakeAndHide => {
                let made = control::apply(&mut self.cluster.store, write);
                let (outcome, _) = log::answer(made, &attempted);
                (outcome, Err(faults::silence(&attempted)))
            }
            Decision::Fail(fault) => fault.answer(&attempted),
        };
        self.faults.count(&outcome);
        self.log.push(LoggedWrite { at, by, verb, object, outcome });
        answer
    }
}

impl Swarm for SimSwarm {
    fn look(&self) -> BoxFuture<'_, Result<Observed, SwarmError>> {
        async {
            tokio::task::yield_now().await;
            if self.has_stopped() {
                std::future::pending::<()>().await;
            }
            self.with(|state| match state.faults.for_look() {
                Some(error) => Err(error),
                None => Ok(look::look(&mut state.cluster)),
            })
        }
        .boxed()
    }

    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Written, SwarmError>> {
        async move {
            // Writes of parallel steps come in turns, as they do over a network.
            tokio::task::yield_now().await;
            if self.has_stopped() {
                std::future::pending::<()>().await;
            }
            let answer = self.write_now(write);
            if self.has_stopped() {
                std::future::pending::<()>().await;
            }
            answer
        }
        .boxed()
    }

    fn events(&self) -> BoxStream<'static, SwarmEvent> {
        events::listen(self.0.events.subscribe())
    }
}

impl OneConfig for SimSwarm {
    fn config<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<LiveConfig>, SwarmError>> {
        async move {
            tokio::task::yield_now().await;
            if self.has_stopped() {
                std::future::pending::<()>().await;
            }
            self.with(|state| match state.faults.for_look() {
                Some(error) => Err(error),
                None => {
                    let mut configs = state.cluster.store.configs.values();
                    let config = configs.find(|config| config.spec.name == name);
                    Ok(config.map(|config| LiveConfig::clone(config)))
                }
            })
        }
        .boxed()
    }
}

impl TaskLogs for SimSwarm {
    fn last_words<'a>(&'a self, task: &'a str) -> BoxFuture<'a, Result<LastWords, SwarmError>> {
        async move {
            tokio::task::yield_now().await;
            if self.has_stopped() {
                std::future::pending::<()>().await;
            }
            self.with(|state| match state.faults.for_look() {
                Some(error) => Err(error),
                None => output::last_words(&state.cluster, task),
            })
        }
        .boxed()
    }
}

/// Time until managers notice that a node is gone: three heartbeats of five seconds.
pub(crate) const HEARTBEATS: Duration = Duration::from_secs(15);
