//! Commands that work on files: neither a swarm nor an operator is needed.

pub(super) mod completions;
pub(super) mod convert;
pub(super) mod render;
pub(super) mod schema;
pub(super) mod validate;
