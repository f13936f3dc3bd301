//! Colours by meaning, and values on one line.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};

use crate::view::clean;
use crate::view::veil::{Reveal, Veiled};

/// Names and headings.
pub const HEAD: Style = Style::new().bold();
/// What is well, and what is made.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What is on its way, and what changes.
pub const SOON: Style = AnsiColor::Yellow.on_default();
/// What is wrong, and what is removed.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What one may skip.
pub const DIM: Style = Style::new().dimmed();

/// Characters of a value that are printed; JSON has all of them.
const LONGEST: usize = 160;

/// Text in a colour, made harmless.
#[must_use]
pub fn paint(style: Style, text: &str) -> String {
    let text = clean(text);
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

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
