//! Holds a tree against a JSON Schema and tells everything that does not fit, for people.

mod shape;
mod walk;
mod words;

pub use shape::Shapes;
pub use walk::check;
pub use words::nearest;
