//! A whole world under one seed.

use std::future::Future;
use std::time::Duration;

use super::clock::{Settled, SimClock};
use super::registry::SimRegistry;
use super::source::SimSource;
use super::swarm::{SimSwarm, SwarmShape};

/// How long `settle` goes on when something moves for ever.
const PATIENCE: Duration = Duration::from_secs(600);

/// Clock, swarm, registry and one source. Clones are the same world.
#[derive(Clone)]
pub struct World {
    /// The time of everything here.
    pub clock: SimClock,
    /// The swarm.
    pub swarm: SimSwarm,
    /// The registries.
    pub registry: SimRegistry,
    /// A git branch.
    pub source: SimSource,
}

impl World {
    /// A world with a swarm of three nodes.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_shape(seed, &SwarmShape::default())
    }

    /// A world with a swarm of this shape.
    #[must_use]
    pub fn with_shape(seed: u64, shape: &SwarmShape) -> Self {
        let clock = SimClock::default();
        let swarm = SimSwarm::with_shape(&clock, seed, shape);
        Self { clock, swarm, registry: SimRegistry::default(), source: SimSource::git() }
    }

    /// Lets so much time pass.
    pub async fn advance(&self, time: Duration) {
        self.clock.advance(time).await;
    }

    /// Lets time pass until the swarm has nothing left to do, ten minutes at most.
    pub async fn settle(&self) -> Settled {
        self.clock.settle_within(PATIENCE).await
    }

    /// Runs a future to its end and moves time whenever it waits; `None` when it needs more than
    /// this much time.
    pub async fn run<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        self.clock.run(limit, future).await
    }
}
