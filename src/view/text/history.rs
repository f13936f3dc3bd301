//! The last revisions of a stack, a line each.

use std::fmt::Write as _;

use super::paint::{BAD, DIM, GOOD, HEAD, SOON, paint};
use super::stack::short;
use crate::view::clean;
use crate::view::picture::{HistoryView, PastView};

/// The last revisions of a stack, the newest first.
#[must_use]
pub fn history(history: &HistoryView) -> String {
    let mut text = format!("{}\n", paint(HEAD, &history.stack));
    if let Some(pin) = &history.pinned {
        let why = if pin.reason.is_empty() { String::new() } else { format!(": {}", pin.reason) };
        let line = format!("pinned to {}", short(&pin.revision));
        let _ = writeln!(text, "  {}{}", paint(SOON, &line), clean(&why));
    }
    if history.revisions.is_empty() {
        text.push_str("  nothing is kept yet: it was not yet seen healthy\n");
    }
    history.revisions.iter().for_each(|past| text.push_str(&line(past)));
    text
}

fn line(past: &PastView) -> String {
    let at = past.at.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"));
    let state = paint(if past.why.is_some() { BAD } else { GOOD }, past.state);
    let more = match (&past.why, &past.content) {
        (Some(why), _) => clean(why).into_owned(),
        (None, Some(content)) => paint(DIM, content.get(..10).unwrap_or(content)),
        (None, None) => String::new(),
    };
    let now = if past.current { "  (present)" } else { "" };
    format!("  {at:<20}  {}  {state}  {more}{now}\n", short(&past.revision))
}
