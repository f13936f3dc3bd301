//! Commands that look at a swarm and write nothing.

pub(super) mod diff;
pub(super) mod explain;
pub(super) mod health;
pub(super) mod history;
pub(super) mod import;
mod job;
pub(super) mod plan;
pub(super) mod status;
pub(super) mod wait;
