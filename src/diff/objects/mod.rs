//! Each kind of object compared with what is there under its name, and what is left over.

mod data;
mod leftover;
mod network;
mod service;

pub use data::Versions;
pub use leftover::Declared;
pub use network::network;
pub use service::{ServiceCase, all_fields, references};
