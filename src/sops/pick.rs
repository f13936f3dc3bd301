//! One value of a file.

use super::Format;
use super::sheet::{Content, Item, Kind, Scalar, SheetError, read};
use crate::model::SecretBytes;

/// Why a file has no such value. Only keys are named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PickError {
    /// The file can't be read.
    #[error("it can't be read as {0}")]
    Text(Format, #[source] SheetError),
    /// It has no keys.
    #[error("it has no keys: it is one value as a whole")]
    Whole,
    /// Nothing stands there.
    #[error("it has no '{0}'")]
    Missing(String),
    /// A list or a mapping, or nothing, stands there.
    #[error("'{0}' is not a single value")]
    NotSingle(String),
    /// Two values have these keys.
    #[error("'{0}' stands for more than one value of it")]
    Several(String),
}

/// The value at a path such as `database.users.0.password`, without quotes: a truth as `true` or
/// `false`, a number in digits.
///
/// # Errors
/// When the file can't be read, or has not exactly one value there.
pub fn pick(format: Format, plain: &SecretBytes, path: &str) -> Result<SecretBytes, PickError> {
    if format == Format::Binary {
        return Err(PickError::Whole);
    }
    let sheet = read(format, plain.reveal()).map_err(|error| PickError::Text(format, error))?;
    let values = || sheet.items.iter().filter_map(valued);
    let mut found = values().filter(|(item, _)| item.spot == path).map(|(_, value)| value);
    let below = || values().any(|(item, _)| item.spot.starts_with(&format!("{path}.")));
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(PickError::Several(path.to_owned())),
        (Some(value), None) if value.kind == Kind::Null => {
            Err(PickError::NotSingle(path.to_owned()))
        }
        (Some(value), None) if value.kind == Kind::Bool => {
            Ok(SecretBytes::new(value.text.reveal().to_ascii_lowercase()))
        }
        (Some(value), None) => Ok(value.text.clone()),
        (None, _) if below() => Err(PickError::NotSingle(path.to_owned())),
        (None, _) => Err(PickError::Missing(path.to_owned())),
    }
}

fn valued(item: &Item) -> Option<(&Item, &Scalar)> {
    match &item.content {
        Content::Value(value) => Some((item, value)),
        Content::Comment(_) => None,
    }
}
