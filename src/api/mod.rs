//! HTTP: health, readiness, metrics, the last report, and a place for hints.
//!
//! Nobody is asked who he is: nothing here shows a value that may be secret (the picture that is
//! read holds none that could be serialised), and nothing here decides. A hint makes a pass run
//! sooner and says nothing that is believed (law 5). Bodies are never read; slow clients are cut
//! off.

mod routes;
mod serve;

#[cfg(test)]
mod tests;

pub use routes::{Handles, router};
pub use serve::{listen, serve};
