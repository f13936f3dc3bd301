//! YAML text to a tree that remembers where everything stood.
//!
//! The rules for plain scalars are those of `gopkg.in/yaml.v3`, which docker reads stack files
//! with, because a file has to mean here what it means there.

mod build;
mod bytes;
mod decode;
mod fault;
mod node;
mod scalar;
#[cfg(test)]
mod tests;

pub use build::{Parsed, Reading, parse};
pub use decode::{DecodeError, decode};
pub use fault::Fault;
pub use node::{Entry, FileId, KeyPath, Map, Merging, Node, Origin, Part, Span, Value};
pub use scalar::format_float;
