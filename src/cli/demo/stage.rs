//! Where the demo plays: a swarm in memory, or that of an engine.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use super::leave;
use super::shop::STACK;
use crate::cli::args::SwarmArgs;
use crate::cli::error::Failure;
use crate::cli::start::{Engine, Environment, doors};
use crate::clock::SystemClock;
use crate::model::Observed;
use crate::ports::Clock as _;
use crate::reconcile::Doors;
use crate::sim::{Behaviour, SimClock, SimRegistry, SimSwarm, SwarmShape};

/// The simulated swarm is the same each time.
const SEED: u64 = 1;
/// Time from the start of a simulated container until its health check succeeds.
const START: Duration = Duration::from_millis(900);

/// A swarm for the demo.
pub(super) struct Stage {
    /// The doors to it.
    pub(super) doors: Doors,
    /// What it is, for the reader.
    pub(super) about: String,
    /// Longest time for one thing to settle.
    pub(super) patience: Duration,
    _time: Option<AbortOnDropHandle<()>>,
}

impl Stage {
    /// A swarm in memory. Its time goes as fast as that of the machine.
    pub(super) fn simulated() -> Self {
        let clock = SimClock::starting_at(SystemClock.now());
        let shape = SwarmShape::default();
        let swarm = SimSwarm::with_shape(&clock, SEED, &shape);
        for image in ["nginx", "busybox", "alpine", "prom/prometheus"] {
            swarm.set_image(image, Behaviour::HealthyAfter(START));
        }
        let follower = clock.clone();
        let time = tokio::spawn(async move { follower.follow(&SystemClock, 1).await });
        let (managers, workers) = (shape.managers, shape.workers);
        Self {
            doors: Doors {
                swarm: Arc::new(swarm),
                registry: Arc::new(SimRegistry::default()),
                clock: Arc::new(clock),
            },
            about: format!(
                "simulated in this process, in real time: {managers} manager, {workers} workers"
            ),
            patience: Duration::from_secs(60),
            _time: Some(AbortOnDropHandle::new(time)),
        }
    }

    /// The swarm of an engine on which nothing stands in the way.
    pub(super) async fn of_engine(
        args: &SwarmArgs,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let engine = doors(args, environment)?;
        let observed = look(&engine).await?;
        let ours = leave::ours(&observed, &args.instance);
        if let Some(first) = ours.first() {
            return Err(Failure::plain(format!(
                "a demo runs at {}, or was killed there ({} is its): `skep demo --docker --remove` \
                 removes what it made",
                engine.host, first.object
            )));
        }
        if let Some(name) = leave::in_the_way(&observed) {
            return Err(Failure::plain(format!(
                "there is something called {name} at {}, and the demo makes a stack {STACK}: it \
                 touches nothing that is there already",
                engine.host
            )));
        }
        let nodes = observed.nodes.len();
        let about = format!("{}, engine {}, nodes: {nodes}", engine.host, observed.engine.version);
        let patience = Duration::from_secs(300);
        Ok(Self { doors: engine.doors, about, patience, _time: None })
    }
}

/// Looks at an engine that has to be a manager.
pub(super) async fn look(engine: &Engine) -> Result<Observed, Failure> {
    engine.doors.swarm.look().await.map_err(|error| {
        let attempted = format!(
            "look at the swarm at {}\n  --docker wants a manager of a swarm: `docker swarm init` \
             makes one of an engine,\n  and DOCKER_HOST or --host name another",
            engine.host
        );
        Failure::new(attempted, error)
    })
}
