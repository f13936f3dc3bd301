//! Mistakes in declarations: place, line, a mark under the column, what to do.

use std::fmt::Write as _;

use super::paint::{BAD, DIM, HEAD, SOON, paint, shorten};
use crate::model::Severity;
use crate::view::clean;
use crate::view::compose::Remark;
use crate::view::picture::{ProblemView, ReportView};

/// Characters of a line that are shown.
const LONGEST: usize = 200;

/// All problems, and how many there are.
#[must_use]
pub fn problems(problems: &[ProblemView]) -> String {
    let mut text = String::new();
    for one in problems {
        text.push_str(&problem(one));
        text.push('\n');
    }
    let of = |severity| problems.iter().filter(|p| p.severity == severity).count();
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    if errors + warnings > 0 {
        let _ = writeln!(text, "{}, {}", many(errors, "error"), many(warnings, "warning"));
    }
    text
}

/// One problem.
#[must_use]
pub fn problem(problem: &ProblemView) -> String {
    let (word, style) = match problem.severity {
        Severity::Error => ("error", BAD.bold()),
        Severity::Warning => ("warning", SOON.bold()),
        Severity::Note => ("note", HEAD),
    };
    let mut text = format!("{}: {}\n", paint(style, word), paint(HEAD, &problem.message));
    let key = if problem.key.is_empty() { String::new() } else { format!("  {}", problem.key) };
    let _ = writeln!(text, "  {} {}{}", paint(DIM, "-->"), clean(&problem.place()), clean(&key));
    if let (Some(number), Some(line)) = (problem.line, &problem.text) {
        text.push_str(&excerpt(number, problem.column, line));
    }
    if !problem.hint.is_empty() {
        let _ = writeln!(text, "  {} {}", paint(DIM, "="), clean(&problem.hint));
    }
    text
}

/// The line with a mark under its column. Tabs become one blank, so that the mark stands right.
fn excerpt(number: u32, column: Option<u32>, line: &str) -> String {
    let tabless = line.replace('\t', " ");
    let line = shorten(&tabless, LONGEST);
    let number = number.to_string();
    let margin = " ".repeat(number.len());
    let bar = paint(DIM, "|");
    let mut text = format!("  {} {bar} {}\n", paint(DIM, &number), clean(&line));
    let before = column.map(|column| column.saturating_sub(1) as usize);
    if let Some(before) = before.filter(|before| *before <= line.chars().count()) {
        // What was spelled out moves the mark along.
        let indent: String = line.chars().take(before).collect();
        let indent = clean(&indent).chars().count();
        let _ = writeln!(text, "  {margin} {bar} {}{}", " ".repeat(indent), paint(BAD, "^"));
    }
    text
}

/// What kept the pass from seeing everything: an engine or a source that does not answer.
#[must_use]
pub fn troubles(report: &ReportView) -> String {
    let mut text = String::new();
    let sources = report.sources.iter().filter_map(|source| source.error.as_ref());
    for trouble in report.trouble.iter().chain(sources) {
        let _ = writeln!(text, "{}: {}", paint(BAD.bold(), "error"), clean(trouble));
    }
    text
}

/// What was left unsaid by files that were drawn from what runs.
#[must_use]
pub fn remarks(remarks: &[Remark]) -> String {
    let mut text = String::new();
    for remark in remarks {
        let _ = writeln!(text, "{}: {}", paint(HEAD, "note"), clean(&remark.to_string()));
    }
    text
}

fn many(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
