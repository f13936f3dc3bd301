//! Commands that write to a swarm.

pub(super) mod apply;
pub(super) mod approve;
mod beside;
mod lead;
mod metered;
pub(super) mod progress;
pub(super) mod resume;
pub(super) mod retry;
pub(super) mod run;
pub(super) mod suspend;
mod switch;
mod tell;
