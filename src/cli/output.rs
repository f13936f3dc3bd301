//! Standard output and standard error.
//!
//! Colours are taken out where the output is no terminal (and by `NO_COLOR`). A reader that goes
//! away (`skep diff | head`) is no error.

use std::io::{ErrorKind, IsTerminal as _, Write as _};

use serde::Serialize;

use super::args::Format;
use super::error::Failure;
use crate::view::text::{BAD, paint, problems, troubles};
use crate::view::{ReportView, Reveal, clean, render};

/// What the audience of standard output may see (law 10).
pub(crate) fn reveal() -> Reveal {
    if std::io::stdout().is_terminal() { Reveal::Values } else { Reveal::Nothing }
}

/// Prints to standard output.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    settle(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Prints a value as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    text(&render::json(value).map_err(|error| Failure::new("write JSON", error))?)
}

/// Prints to standard error.
pub(crate) fn note(text: &str) {
    // Nobody is left to tell when even this fails.
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Tells why the command ended.
pub(crate) fn failure(failure: &Failure) {
    let mut lines = failure.lines().into_iter();
    let first = lines.next().unwrap_or_default();
    let mut text = format!("{}: {}\n", paint(BAD.bold(), "error"), clean(&first));
    for line in lines {
        text.push_str(&format!("  because: {}\n", clean(&line)));
    }
    note(&text);
}

/// Prints a report in the form that was asked for; `draw` draws it as text. Problems go to
/// standard error where the form has no place of its own for them.
pub(crate) fn report(
    report: &ReportView,
    format: Format,
    draw: impl Fn(&ReportView, Reveal) -> String,
) -> Result<(), Failure> {
    match format {
        Format::Text => {
            note(&troubles(report));
            note(&problems(&report.problems));
            text(&draw(report, reveal()))
        }
        Format::Json => json(report),
        Format::Markdown => text(&render::markdown(report)),
        Format::Html => text(&render::html(report)),
    }
}

fn settle(result: std::io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new("write to standard output", error))
        }
        _ => Ok(()),
    }
}
