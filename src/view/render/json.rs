//! JSON, as it is printed.

use serde::Serialize;

use crate::view::clean_json;

/// Any picture as JSON, harmless to the terminal that it may be shown on.
///
/// # Errors
/// The picture can't be written as JSON.
pub fn json(picture: &impl Serialize) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string_pretty(picture)?;
    Ok(format!("{}\n", clean_json(&text)))
}
