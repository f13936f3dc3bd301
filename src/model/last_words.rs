//! What a task wrote before it ended.

use super::engine::ContainerSpec;

/// The word of `reveal` for what tasks write. It has to be said: what a program writes may hold what
/// no declaration does, so that `true` and `*` do not mean it.
pub const LOG: &str = "log";
/// Lines of a log that are read.
pub const LAST_LINES: usize = 10;
/// Longest line, in bytes; what is longer is cut.
pub const LINE_BYTES: usize = 1024;

/// The last lines of a task's log. They never go into a plan or the ledger.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LastWords {
    /// What the container was made of: its values are hidden where lines repeat them (law 10).
    pub container: Option<ContainerSpec>,
    /// The lines, the oldest first.
    pub lines: Vec<String>,
}
