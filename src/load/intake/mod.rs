//! Which files are declarations, and what stands in them.

mod discover;
mod dotenv;
mod ignore;
mod names;
mod open;

pub use discover::discover;
pub use dotenv::{DotEnv, DotEnvs};
pub use names::{stack_name, stem_name};
pub use open::{Document, Opened, Shelf};
