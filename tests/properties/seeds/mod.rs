//! From seeds to what was found in their worlds.

mod campaign;
mod generate;
mod random;
mod shrink;

pub use campaign::{Failure, judge, run, tell};
pub use generate::{Scope, healing, script};
pub use random::Random;
pub use shrink::shrink;
