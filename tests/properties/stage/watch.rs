//! The door between an operator and the swarm: everything that goes through is seen.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use skep::model::Observed;
use skep::ports::{Swarm, SwarmError, SwarmEvent, Write, Written};
use skep::sim::{Outcome, SimSwarm};

/// A swarm whose writes are seen.
#[derive(Clone)]
pub struct Watched {
    pub swarm: SimSwarm,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// Something that went through the door.
#[derive(Debug, Clone)]
pub enum Seen {
    /// A look, and what it showed.
    Look(Arc<Observed>),
    /// A write.
    Write(Box<Wrote>),
}

/// A write, with the swarm right before it.
#[derive(Debug, Clone)]
pub struct Wrote {
    pub write: Write,
    pub before: Arc<Observed>,
    /// Whether it was made, whatever was answered.
    pub made: bool,
}

impl Watched {
    pub fn new(swarm: SimSwarm) -> Self {
        Self { swarm, seen: Arc::default() }
    }

    /// What was seen since the last call.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, seen: Seen) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    }
}

impl Swarm for Watched {
    fn look(&self) -> BoxFuture<'_, Result<Observed, SwarmError>> {
        async {
            let answer = self.swarm.look().await;
            if let Ok(observed) = &answer {
                self.note(Seen::Look(Arc::new(observed.clone())));
            }
            answer
        }
        .boxed()
    }

    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Written, SwarmError>> {
        async move {
            // An object that somebody else writes between here and there has another version then.
            let before = Arc::new(self.swarm.picture());
            let mut inner = self.swarm.write(write);
            std::future::poll_fn(|cx| {
                let logged = self.swarm.logged();
                let turn = inner.poll_unpin(cx);
                // It is seen although the answer may never come.
                if let Some(last) = self.swarm.log_after(logged).last() {
                    let made = last.outcome == Outcome::Made;
                    let (write, before) = (write.clone(), Arc::clone(&before));
                    self.note(Seen::Write(Box::new(Wrote { write, before, made })));
                }
                turn
            })
            .await
        }
        .boxed()
    }

    fn events(&self) -> BoxStream<'static, SwarmEvent> {
        self.swarm.events()
    }
}
