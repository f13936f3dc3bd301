//! What a task wrote before it ended.

use serde::Serialize;

use crate::model::{FieldRules, LOG, LastWords};
use crate::view::veil::{Veil, Veiled};

/// The last lines of the log of a task that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogView {
    /// Id of the task.
    pub task: String,
    /// Its last lines, the oldest first; long ones are cut. Everybody may see them where `reveal`
    /// says so, without the values of the task's own spec that it does not reveal.
    pub lines: Vec<Veiled>,
    /// Why they could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl LogView {
    /// Draws the picture of what a task wrote, or why that is not known. The rules are those of the
    /// service's `reveal`.
    #[must_use]
    pub fn of(task: &str, words: Result<LastWords, String>, reveal: &FieldRules) -> Self {
        let task = task.to_owned();
        match words {
            Ok(LastWords { container, lines }) => {
                let veil = container.map(|spec| Veil::of_container_but(&spec, reveal));
                let veil = veil.unwrap_or_default();
                let line = |line| match reveal.name(LOG) {
                    true => veil.over(line),
                    false => Veiled::hidden(line),
                };
                Self { task, lines: lines.into_iter().map(line).collect(), trouble: None }
            }
            Err(why) => Self { task, lines: Vec::new(), trouble: Some(why) },
        }
    }
}
