//! Files that are sealed in the format of SOPS with keys of age: opened, sealed, and told apart.
//!
//! The way of a sealed file: bytes → sheet (its values, with their places) → metadata (whom the
//! data key is sealed to) → data key → values, compared with the MAC → spliced into the text. All
//! that is no value stays as it is written: comments, order, layout. Opening is a function of its
//! arguments. Sealing takes its random bytes as a seed; only what the age crate needs for a new
//! identity, or to seal a data key to a recipient, it draws from the system itself.
//!
//! The meaning of the format is that of <https://github.com/getsops/sops>; it is told in
//! `docs/secrets.md` where skep is stricter.

pub mod bounds;
mod cipher;
mod keys;
mod metadata;
mod open;
mod pick;
mod random;
mod rule;
mod seal;
mod sheet;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

pub use cipher::MARK;
pub use keys::{Identities, IdentityError, Recipient, RecipientError, generate};
pub use metadata::{Metadata, MetadataError};
pub use open::{OpenError, Opened, inspect, open};
pub use pick::{PickError, pick};
pub use random::Random;
pub use rule::{Rule, RuleError, expression};
pub use seal::{Moment, SealError, Terms, seal};
pub use sheet::SheetError;

/// How a file holds values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML, of any number of documents.
    Yaml,
    /// JSON.
    Json,
    /// Lines of variables.
    Dotenv,
    /// Anything, as one value.
    Binary,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yaml => "YAML",
            Self::Json => "JSON",
            Self::Dotenv => "lines of variables",
            Self::Binary => "binary",
        })
    }
}

impl Format {
    /// The format of a plain file, by its name, as SOPS has it (`formats.go`).
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("yaml" | "yml") => Self::Yaml,
            Some("json") => Self::Json,
            Some("env") => Self::Dotenv,
            _ => Self::Binary,
        }
    }
}

/// What some content is, as far as sealing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing sealed is in it.
    Plain,
    /// A sealed file.
    Sealed(Format),
    /// Sealed values without the metadata that would open them: a piece of a sealed file, or one in a
    /// format that is not read, such as INI.
    Stray,
}

/// Tells what some content is. The name of its file counts only where the content does not tell: JSON
/// with one value named `data` is a sealed binary file unless it is called `.json`.
#[must_use]
pub fn standing(name: &str, bytes: &[u8]) -> Standing {
    if !holds(bytes, MARK.as_bytes()) {
        return Standing::Plain;
    }
    let lines = || bytes.split(|byte| *byte == b'\n');
    if bytes.trim_ascii_start().starts_with(b"{") {
        let Ok(sheet) = sheet::read(Format::Json, bytes) else {
            // A sealed file that is broken is told with what is wrong with it.
            let named = holds(bytes, b"\"sops\"");
            return if named { Standing::Sealed(Format::Json) } else { Standing::Stray };
        };
        let single = sheet.items.len() == 1 && sheet.items[0].spot == "data";
        let named = matches!(Format::of_name(name), Format::Json | Format::Yaml);
        return match (sheet.meta.is_some(), single && !named) {
            (false, _) => Standing::Stray,
            (true, true) => Standing::Sealed(Format::Binary),
            (true, false) => Standing::Sealed(Format::Json),
        };
    }
    if lines().any(|line| line.starts_with(b"sops_mac=")) {
        return Standing::Sealed(Format::Dotenv);
    }
    let key = |line: &[u8]| line.starts_with(b"sops:") || line.starts_with(b"\"sops\":");
    if lines().any(key) { Standing::Sealed(Format::Yaml) } else { Standing::Stray }
}

/// True when a text holds a sealed value.
#[must_use]
pub fn holds_sealed(text: &str) -> bool {
    text.contains(MARK)
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
