//! YAML as text: trees that are made here, written so that people can read and edit them.
//!
//! Our own writer and not a crate's, for two things that none has together: comments, and plain
//! scalars that are text to every reader of stack files. `gopkg.in/yaml.v3`, which docker reads them
//! with, takes `010`, `1_000` and `2001-01-01` for something else, and older readers take `yes` and
//! `12:30` for numbers and booleans.

mod scalar;
#[cfg(test)]
mod tests;
mod tree;
mod write;

pub use tree::{Entry, Map, Yaml};
pub use write::write;
