//! Small languages inside scalars: durations, sizes, ports, volumes, command lines, env files.
//!
//! Each parser says in its error what was expected, without repeating the text: the text may come
//! from a variable.

mod amount;
mod duration;
mod env_file;
mod port;
mod shell;
mod volume;

pub use amount::{parse_bytes, parse_nano_cpus};
pub use duration::parse_duration;
pub use env_file::{EnvLine, parse_dotenv, parse_env_file};
pub use port::{PortRange, Protocol, parse_ports};
pub use shell::split_words;
pub use volume::{MountKind, ShortVolume, parse_volume};

/// Why a text does not follow its small language, as a sentence for its author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TextError(pub String);

impl TextError {
    /// Says in words what the text is not: `is no …`.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
