//! skep: a GitOps operator for Docker Swarm.
//!
//! The modules are the stages of one picture; `ARCHITECTURE.md` draws it and says which may name
//! which.

pub mod api;
pub mod choose;
pub mod cli;
pub mod clock;
pub mod diff;
pub mod execute;
pub mod health;
pub mod ledger;
pub mod load;
pub mod metrics;
pub mod model;
pub mod plan;
pub mod ports;
pub mod reconcile;
pub mod registry;
pub mod sim;
pub mod sops;
pub mod source;
pub mod status;
pub mod swarm;
pub mod view;
