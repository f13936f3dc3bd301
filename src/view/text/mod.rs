//! Text for people, with colours as ANSI sequences: whoever prints it takes them out where the
//! output is no terminal.

mod diff;
mod explain;
mod history;
mod images;
mod job;
mod paint;
mod plan;
mod problems;
mod prune;
mod rebalancing;
mod stack;
mod status;

pub use diff::diff;
pub use explain::{explain, object_with_fields};
pub use history::history;
pub use images::{image_history, images};
pub use paint::{BAD, DIM, GOOD, HEAD, SOON, paint, shorten};
pub use plan::plan;
pub use problems::{problem, problems, remarks, troubles};
pub use prune::prune;
pub use stack::{heading_line, outcome, report, service_line, source_line, stack};
pub use status::status;
