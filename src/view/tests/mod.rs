//! The renderings of hand-made reports, recorded; and the canary: a value that stands in every
//! slot that may be secret is found in no output but text on a terminal.

mod canary;
mod images;
mod jobs;
mod objects;
mod sample;

use anstream::adapter::strip_str;

use super::{PruneView, ReportView, Reveal, render, text};
use crate::model::{Kind, ObjectRef};
use crate::status::Report;

fn view(report: &Report) -> ReportView {
    ReportView::of(report)
}

fn plain(text: &str) -> String {
    strip_str(text).to_string()
}

#[test]
fn the_diff_as_text() {
    let view = view(&sample::report());
    insta::assert_snapshot!(plain(&text::diff(&view, Reveal::Values)));
}

#[test]
fn the_diff_as_text_that_is_piped() {
    let view = view(&sample::report());
    insta::assert_snapshot!(plain(&text::diff(&view, Reveal::Nothing)));
}

#[test]
fn the_plan_as_text() {
    let view = view(&sample::report());
    insta::assert_snapshot!(plain(&text::plan(&view, Reveal::Nothing)));
}

#[test]
fn the_report_as_text() {
    let view = view(&sample::report());
    insta::assert_snapshot!(plain(&text::report(&view, Reveal::Nothing)));
}

#[test]
fn what_is_pruned_as_text() {
    let gone = vec![ObjectRef::new(Kind::Network, "blog_default")];
    let prune = PruneView::of(&view(&sample::leftovers()), gone);
    insta::assert_snapshot!(plain(&text::prune(&prune, Reveal::Nothing)));
}

#[test]
fn the_problems_as_text() {
    let view = view(&sample::report());
    insta::assert_snapshot!(plain(&text::problems(&view.problems)));
}

#[test]
fn the_report_as_json() {
    let view = view(&sample::report());
    insta::assert_snapshot!(render::json(&view).expect("JSON"));
}

#[test]
fn the_report_as_markdown() {
    let view = view(&sample::report());
    insta::assert_snapshot!(render::markdown(&view));
}

#[test]
fn the_report_as_html() {
    let view = view(&sample::report());
    insta::assert_snapshot!(render::html(&view));
}

#[test]
fn the_problems_as_a_page_and_as_a_comment() {
    let view = view(&sample::report());
    insta::assert_snapshot!(render::html_problems(&view.problems));
    insta::assert_snapshot!(render::markdown_problems(&view.problems));
}

#[test]
fn an_explanation_as_text() {
    let view = objects::explained("debug-everything", "one");
    insta::assert_snapshot!(plain(&text::explain(&view, Reveal::Values)));
    insta::assert_snapshot!(plain(&text::explain(&view, Reveal::Nothing)));
}

#[test]
fn the_status_as_text() {
    let view = objects::known("patch night");
    insta::assert_snapshot!(plain(&text::status(&view, Reveal::Nothing)));
}

#[test]
fn an_empty_diff_says_so_in_every_form() {
    let view = view(&sample::settled());
    assert!(!view.differs() && !view.has_errors());
    let texts = [text::diff(&view, Reveal::Nothing), render::markdown(&view), render::html(&view)];
    for text in texts {
        assert!(text.contains("Nothing differs"), "{text}");
    }
    assert_eq!(text::plan(&view, Reveal::Nothing), "Nothing to do.\n");
}

#[test]
fn control_characters_and_markup_reach_no_output() {
    let nasty = "\u{1b}]0;x\u{7}<script>alert(1)</script>`![a](b)\u{9b}2J\r\n# h\u{202e}";
    let view = view(&sample::with_text(nasty));
    let json = render::json(&view).expect("JSON");
    for (form, output) in [
        ("diff", plain(&text::diff(&view, Reveal::Values))),
        ("plan", plain(&text::plan(&view, Reveal::Values))),
        ("report", plain(&text::report(&view, Reveal::Values))),
        ("problems", plain(&text::problems(&view.problems))),
        ("markdown", render::markdown(&view)),
        ("html", render::html(&view)),
        ("problems as markdown", render::markdown_problems(&view.problems)),
        ("problems as html", render::html_problems(&view.problems)),
        ("explanation", plain(&text::explain(&objects::explained(nasty, nasty), Reveal::Values))),
        ("status", plain(&text::status(&objects::known(nasty), Reveal::Values))),
        ("status as json", render::json(&objects::known(nasty)).expect("JSON")),
        ("json", json.clone()),
    ] {
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!output.chars().any(steers), "{form}: {output:?}");
        assert!(!output.contains("\n# h"), "{form}: a line of its own");
    }
    assert!(!render::html(&view).contains("<script>"));
    let back: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(back["problems"][0]["message"], nasty, "JSON keeps the value as it is");
}
