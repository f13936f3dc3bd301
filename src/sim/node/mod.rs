//! Nodes and what happens on them: who may run a task, who gets it, and what becomes of it there.

mod image;
mod life;
mod schedule;

pub use image::Behaviour;
pub(crate) use image::ImageTable;
pub(crate) use schedule::{NodeSetup, is_invalid};
