//! Text for people, with colours as ANSI sequences: whoever prints it takes them out where the
//! output is no terminal.

mod diff;
mod paint;
mod plan;
mod problems;
mod stack;
mod value;

pub use diff::diff;
pub use paint::{BAD, DIM, GOOD, HEAD, SOON, paint};
pub use plan::plan;
pub use problems::{problem, problems, troubles};
pub use stack::{outcome, report, service_line, source_line, stack};
pub use value::shorten;
