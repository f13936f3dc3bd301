//! What every command that talks to a swarm needs: environment, engine, sources, doors.

mod credentials;
mod doors;
mod engine;
mod environment;
mod logs;
mod peer;
mod single;
mod sources;

pub(crate) use credentials::{Variables, identities};
pub(crate) use doors::{Engine, Ready, doors, one_shot, one_shot_with, settings};
pub(crate) use environment::Environment;
pub(crate) use logs::{LogFormat, start_logs};
pub(crate) use peer::Peer;
pub(crate) use sources::Opener;
