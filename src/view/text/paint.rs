//! Colours by meaning.

use anstyle::{AnsiColor, Style};

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

/// Text in a colour, made harmless.
#[must_use]
pub fn paint(style: Style, text: &str) -> String {
    let text = crate::view::clean(text);
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}
