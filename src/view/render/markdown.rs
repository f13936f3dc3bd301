//! Markdown. Everything from outside stands in code spans, in which nothing has a meaning but the
//! backtick: no link, no mention, no HTML.

use std::fmt::Write as _;

use crate::view::clean;
use crate::view::picture::{DriftView, FieldView, HeldView, ProblemView, ReportView, StackView};
use crate::view::veil::Veiled;
use crate::view::words::{action, cause};

/// What differs and what is held, as a Markdown document.
#[must_use]
pub fn markdown(report: &ReportView) -> String {
    let mut text = String::from("# What differs\n");
    for trouble in &report.trouble {
        let _ = writeln!(text, "\n**error** {}", code(trouble));
    }
    for source in &report.sources {
        let _ = write!(text, "\nSource {}", code(&source.name));
        if let Some(revision) = &source.revision {
            let _ = write!(text, " at {}", code(revision));
        }
        match &source.error {
            Some(error) => {
                let _ = writeln!(text, ", **error** {}", code(error));
            }
            None => text.push('\n'),
        }
    }
    if !report.problems.is_empty() {
        text.push_str("\n## Problems\n\n");
        report.problems.iter().for_each(|one| text.push_str(&problem(one)));
    }
    report.stacks.iter().filter(|s| !s.drift.is_empty() || !s.held.is_empty()).for_each(|stack| {
        text.push_str(&of_stack(stack));
    });
    if !report.differs() && !report.has_errors() {
        text.push_str("\nNothing differs.\n");
    }
    text
}

/// Problems alone, as a Markdown document.
#[must_use]
pub fn markdown_problems(problems: &[ProblemView]) -> String {
    let lines: String = problems.iter().map(problem).collect();
    let lines = if lines.is_empty() { "No problems.\n" } else { &lines };
    format!("# Problems\n\n{lines}")
}

fn of_stack(stack: &StackView) -> String {
    let mut text = format!("\n## Stack {}\n\n", code(&stack.name));
    for drift in &stack.drift {
        text.push_str(&object(drift));
    }
    if !stack.held.is_empty() {
        text.push_str("\nHeld:\n\n");
        stack.held.iter().for_each(|one| text.push_str(&held(one)));
    }
    text
}

fn object(drift: &DriftView) -> String {
    let word = action(drift.action);
    let name = code(&drift.object.to_string());
    let mut text = format!("- **{word}** {name} ({})\n", cause(drift.cause));
    drift.fields.iter().for_each(|one| text.push_str(&field(one)));
    text
}

fn field(field: &FieldView) -> String {
    let value = |value: &Option<Veiled>| {
        value.as_ref().map_or("*none*".to_owned(), |value| code(&value.to_string()))
    };
    let (path, cause) = (code(&field.path), cause(field.cause));
    format!("  - {path}: {} → {} ({cause})\n", value(&field.old), value(&field.new))
}

fn held(held: &HeldView) -> String {
    let (object, message) = (code(&held.object.to_string()), code(&held.message.to_string()));
    format!("- {object}: {} {message}, {}\n", held.reason, code(&held.advice))
}

fn problem(problem: &ProblemView) -> String {
    let mut text = format!("- {} {}", code(&problem.place()), code(&problem.message));
    if !problem.hint.is_empty() {
        let _ = write!(text, ", {}", code(&problem.hint));
    }
    text.push('\n');
    text
}

/// A code span around any text: its fence is longer than any run of backticks inside.
fn code(text: &str) -> String {
    let text = clean(text);
    if text.is_empty() {
        return "`\"\"`".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A blank on both sides is taken away again; it keeps a backtick at the edge from joining.
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn a_value_cannot_leave_its_code_span() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`` x"), "``` `` x ```");
        assert_eq!(code("a\n\n# b"), "`a\\n\\n# b`");
        assert_eq!(code(""), "`\"\"`");
    }
}
