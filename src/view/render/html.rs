//! One page of HTML: no script, nothing loaded from elsewhere, everything escaped.

use std::fmt::{Display, Write as _};

use crate::plan::Action;
use crate::view::clean;
use crate::view::picture::{
    DriftView, FieldView, HeldView, JobView, ProblemView, ReportView, ServiceView, StackView,
};
use crate::view::words::{action, cause};

/// A policy for the page itself: even an escape that was forgotten could load and run nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;\
padding:0 1rem;color:#1c1c1c;background:#fff}h1{font-size:1.5rem}h2{font-size:1.2rem;\
margin-top:2rem}code{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;\
padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd}.create{color:#1a6b2d}\
.update,.adopt,.held{color:#8a5a00}.remove,.recreate,.error{color:#a61b1b}.note{color:#666}\
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}\
td,th{border-color:#333}.create{color:#6fcf7f}.update,.adopt,.held{color:#e0b050}\
.remove,.recreate,.error{color:#ff7b72}.note{color:#999}}";

/// What differs, what is held and how services do, as a page.
#[must_use]
pub fn html(report: &ReportView) -> String {
    let mut body = format!("<p class=\"note\">{}</p>\n", escape(report.at));
    body.push_str(&trouble(report));
    let shown = |stack: &&StackView| !stack.drift.is_empty() || !stack.held.is_empty();
    report.stacks.iter().filter(shown).for_each(|one| body.push_str(&stack(one)));
    if !report.differs() && !report.has_errors() {
        body.push_str("<p>Nothing differs.</p>\n");
    }
    body.push_str(&services(report));
    body.push_str(&jobs(report));
    page("What differs", &body)
}

/// Problems alone, as a page.
#[must_use]
pub fn html_problems(problems: &[ProblemView]) -> String {
    let lines: String = problems.iter().map(problem).collect();
    let lines = if lines.is_empty() { "<p>No problems.</p>\n" } else { &lines };
    page("Problems", lines)
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>skep: {title}</title><style>{STYLE}</style></head>\n\
         <body><h1>{title}</h1>\n{body}</body></html>\n"
    )
}

fn trouble(report: &ReportView) -> String {
    let mut text = String::new();
    let sources = report.sources.iter().filter_map(|source| source.error.as_ref());
    for line in report.trouble.iter().chain(sources) {
        let _ = writeln!(text, "<p class=\"error\">{}</p>", escape(line));
    }
    report.problems.iter().for_each(|one| text.push_str(&problem(one)));
    text
}

fn problem(problem: &ProblemView) -> String {
    format!(
        "<p><code>{}</code> <span class=\"error\">{}</span> {}</p>\n",
        escape(problem.place()),
        escape(&problem.message),
        escape(&problem.hint)
    )
}

fn stack(stack: &StackView) -> String {
    let mut text = format!("<h2>{}</h2>\n<table>\n", escape(&stack.name));
    stack.drift.iter().for_each(|one| text.push_str(&object(one)));
    stack.held.iter().for_each(|one| text.push_str(&held(one)));
    text.push_str("</table>\n");
    text
}

fn object(drift: &DriftView) -> String {
    let class = match drift.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Recreate => "recreate",
        Action::Adopt => "adopt",
        Action::Remove => "remove",
    };
    let word = action(drift.action);
    let mut text = format!(
        "<tr><th class=\"{class}\">{word}</th><th colspan=\"2\"><code>{}</code></th>\
         <td class=\"note\">{}</td></tr>\n",
        escape(&drift.object),
        cause(drift.cause)
    );
    drift.fields.iter().for_each(|one| text.push_str(&field(one)));
    text
}

fn field(field: &FieldView) -> String {
    let value = |value: &Option<crate::view::Veiled>| match value {
        Some(value) => format!("<code>{}</code>", escape(value)),
        None => "<span class=\"note\">none</span>".to_owned(),
    };
    format!(
        "<tr><td></td><td><code>{}</code></td><td>{} → {}</td><td class=\"note\">{}</td></tr>\n",
        escape(&field.path),
        value(&field.old),
        value(&field.new),
        cause(field.cause)
    )
}

fn held(held: &HeldView) -> String {
    format!(
        "<tr><th class=\"held\">held</th><td><code>{}</code></td>\
         <td>{}: {}</td><td class=\"note\">{}</td></tr>\n",
        escape(&held.object),
        escape(held.reason),
        escape(&held.message),
        escape(&held.advice)
    )
}

fn services(report: &ReportView) -> String {
    let all: Vec<&ServiceView> = report.stacks.iter().flat_map(|stack| &stack.services).collect();
    if all.is_empty() {
        return String::new();
    }
    let mut text = "<h2>Services</h2>\n<table>\n".to_owned();
    for service in all {
        let _ = writeln!(
            text,
            "<tr><td><code>{}</code></td><td>{}/{}</td><td>{}</td><td>{}</td></tr>",
            escape(&service.name),
            service.running,
            service.wanted,
            service.state.as_str(),
            escape(&service.why)
        );
    }
    text.push_str("</table>\n");
    text
}

fn jobs(report: &ReportView) -> String {
    let all: Vec<&JobView> = report.stacks.iter().flat_map(|stack| &stack.jobs).collect();
    if all.is_empty() {
        return String::new();
    }
    let mut text = "<h2>Jobs</h2>\n<table>\n".to_owned();
    for job in all {
        let time = |time: Option<jiff::Timestamp>| time.map_or("never".into(), |t| t.to_string());
        let last = job.last.as_ref();
        let why = last.and_then(|last| last.why.as_ref()).map(ToString::to_string);
        let held = job.held.as_ref().map(|held| format!("{}: {}", held.reason, held.message));
        let _ = writeln!(
            text,
            "<tr><td><code>{}</code></td><td>{}</td><td>next {}</td><td>last {} {}</td><td>{}</td></tr>",
            escape(&job.name),
            escape(&job.schedule),
            time(job.next),
            time(last.map(|last| last.slot)),
            last.map_or("", |last| last.state),
            escape(why.or(held).unwrap_or_default())
        );
    }
    text.push_str("</table>\n");
    text
}

/// Text for the inside of an element or of an attribute in double quotes.
fn escape(text: impl Display) -> String {
    let text = text.to_string();
    let mut escaped = String::with_capacity(text.len());
    for c in clean(&text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
