//! Where a script is played: the simulator, or a real engine.

use std::time::Duration;

use futures::future::BoxFuture;
use skep::ports::Swarm;

/// A swarm with what scripts need around it.
pub trait Stage {
    /// The swarm, through the port.
    fn swarm(&self) -> &dyn Swarm;

    /// The image of a program.
    fn image(&self, program: Program) -> String;

    /// The host name of a node; 1 is the manager.
    fn host(&self, number: usize) -> String;

    /// Lets a little time pass, short enough to see every state of a rollout.
    fn nap(&self) -> BoxFuture<'_, Duration>;

    /// Does something that the port can't.
    fn by_hand(&self, deed: &Deed) -> Result<(), String>;
}

/// How a container behaves. The words are the tags of the laboratory's images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Runs.
    One,
    /// Runs, too.
    Two,
    /// Healthy after five seconds.
    Slow,
    /// Ends at once, with an error.
    Crash,
    /// Ends at once, well.
    Done,
    /// Never becomes healthy; given up after about three seconds.
    Sick,
    /// Is in no registry.
    Missing,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::One, Self::Two, Self::Slow, Self::Crash, Self::Done, Self::Sick, Self::Missing];

    /// The tag of its image.
    pub fn tag(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
            Self::Slow => "slow",
            Self::Crash => "crash",
            Self::Done => "done",
            Self::Sick => "sick",
            Self::Missing => "missing",
        }
    }
}

/// Something that is done past the port. Services are named in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// `docker service rollback`.
    Rollback(String),
    /// `docker node update --availability`, of a node by its number.
    Availability(usize, &'static str),
    /// `docker node update --label-add skep.contract=VALUE`.
    Label(usize, &'static str),
    /// Kill or start the engine of a node.
    Engine(usize, &'static str),
}

/// The label that [`Deed::Label`] sets.
pub const NODE_LABEL: &str = "skep.contract";
