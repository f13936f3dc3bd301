//! A swarm, a registry and a source in memory, with virtual time and faults on demand.
//!
//! Everything is deterministic: one seed gives one world. The rules are the engine's; the file of
//! the engine that a rule comes from is named where the rule is. What is left out is said there
//! too: resources, placement preferences, registry credentials, volumes, plugins, and the end of
//! tasks on lost nodes after 24 hours.

mod agenda;
mod clock;
mod cluster;
mod control;
mod node;
mod random;
mod registry;
mod rollout;
mod source;
mod store;
mod swarm;
#[cfg(test)]
mod tests;
mod world;

pub use clock::{Settled, SimClock};
pub use node::Behaviour;
pub use registry::SimRegistry;
pub use source::SimSource;
pub use swarm::{
    By, FaultRates, Hand, LoggedWrite, Outcome, SimSwarm, SwarmShape, Verb, WriteFault,
};
pub use world::World;
