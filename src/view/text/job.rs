//! Jobs on one line each.

use std::fmt::Write as _;

use super::paint::{BAD, DIM, GOOD, SOON, paint};
use super::stack::held_lines;
use crate::view::clean;
use crate::view::picture::{JobView, RunView};
use crate::view::veil::Reveal;

/// `job shop_backup  0 3 * * * UTC  next …, last … succeeded`, with what holds it below.
pub(super) fn job(job: &JobView, indent: &str, reveal: Reveal) -> String {
    let (name, schedule) = (clean(&job.name), clean(&job.schedule));
    let mut text = format!("{indent}{} {name}  {schedule}", paint(DIM, "job"));
    if let Some(next) = job.next {
        let _ = write!(text, "  next {next}");
    }
    text.push_str(&job.last.as_ref().map_or("  never run".to_owned(), |last| run(last, reveal)));
    if job.missed > 0 {
        let _ = write!(text, "  {}", paint(SOON, &format!("{} missed", job.missed)));
    }
    text.push('\n');
    let below = format!("{indent}  ");
    text.push_str(&held_lines(job.held.iter(), &below, reveal));
    text
}

fn run(run: &RunView, reveal: Reveal) -> String {
    let style = match run.state {
        "succeeded" => GOOD,
        "failed" => BAD,
        _ => SOON,
    };
    let mut text = format!("  last {} {}", run.slot, paint(style, run.state));
    if let Some(why) = &run.why {
        let _ = write!(text, ": {}", clean(why.to(reveal)));
    }
    text
}
