//! The simulator as a stage.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use skep::ports::Swarm;
use skep::sim::{Behaviour, World};

use crate::stage::{Deed, NODE_LABEL, Program, Stage};

const NAP: Duration = Duration::from_millis(50);

/// A world of three nodes in which the programs behave as the laboratory's do.
pub struct Simulator(World);

impl Simulator {
    /// A world of this seed.
    pub fn new(seed: u64) -> Self {
        let world = World::new(seed);
        for program in Program::ALL {
            world.swarm.set_image(&image(program), behaviour(program));
        }
        Self(world)
    }
}

fn image(program: Program) -> String {
    format!("registry:5000/program:{}", program.tag())
}

fn behaviour(program: Program) -> Behaviour {
    match program {
        Program::One | Program::Two => Behaviour::Usual,
        Program::Slow => Behaviour::HealthyAfter(Duration::from_secs(5)),
        Program::Crash => Behaviour::ExitsAfter(Duration::from_millis(20), 1),
        Program::Done => Behaviour::ExitsAfter(Duration::from_millis(20), 0),
        Program::Sick => Behaviour::NeverHealthy(Duration::from_secs(3)),
        Program::Missing => Behaviour::Missing,
    }
}

impl Stage for Simulator {
    fn swarm(&self) -> &dyn Swarm {
        &self.0.swarm
    }

    fn image(&self, program: Program) -> String {
        image(program)
    }

    fn host(&self, number: usize) -> String {
        format!("n{number}")
    }

    fn nap(&self) -> BoxFuture<'_, Duration> {
        async {
            self.0.advance(NAP).await;
            NAP
        }
        .boxed()
    }

    fn by_hand(&self, deed: &Deed) -> Result<(), String> {
        let hand = self.0.swarm.hand();
        let known = match deed {
            Deed::Rollback(service) => {
                return hand.rollback(service).map(|_| ()).map_err(|error| error.to_string());
            }
            Deed::Availability(number, "drain") => hand.drain(&self.host(*number)),
            Deed::Availability(number, _) => hand.activate(&self.host(*number)),
            Deed::Engine(number, "kill") => hand.kill_node(&self.host(*number)),
            Deed::Engine(number, _) => hand.return_node(&self.host(*number)),
            Deed::Label(number, value) => hand.label_node(&self.host(*number), NODE_LABEL, value),
        };
        known.then_some(()).ok_or_else(|| format!("{deed:?}: there is no such node"))
    }
}
