//! Values on one line.

use std::borrow::Cow;

use crate::view::clean;
use crate::view::veil::{Reveal, Veiled};

/// Characters of a value that are printed; JSON has all of them.
const LONGEST: usize = 160;

/// A value for one line of text: harmless, and not endless.
pub(super) fn value(value: Option<&Veiled>, reveal: Reveal) -> String {
    match value {
        None => "(none)".to_owned(),
        Some(text) if text.to(reveal).is_empty() => "\"\"".to_owned(),
        Some(text) => clean(&shorten(text.to(reveal), LONGEST)).into_owned(),
    }
}

/// The beginning of a text, with a mark where something was cut off.
#[must_use]
pub fn shorten(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}
