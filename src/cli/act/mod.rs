//! Commands that write to a swarm: those that carry out what is declared, and those that note what a
//! person decides.

pub(super) mod apply;
pub(super) mod decide;
pub(super) mod prune;
pub(super) mod run;
