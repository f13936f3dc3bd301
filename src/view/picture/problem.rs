//! A mistake in a declaration.

use serde::Serialize;

use crate::model::{Problem, Severity};

/// One mistake in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProblemView {
    /// Path of the file in its source.
    pub file: String,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// How bad.
    pub severity: Severity,
    /// Keys that lead there: `services.web.image`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// The line itself, where it may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl ProblemView {
    /// Draws the picture of a problem.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        Self {
            file: problem.file.to_string(),
            line: problem.at.map(|at| at.line),
            column: problem.at.map(|at| at.column),
            severity: problem.severity,
            key: problem.key.clone(),
            message: problem.message.clone(),
            hint: problem.hint.clone(),
            text: problem.line.clone(),
        }
    }

    /// True when the declaration can't be used.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// `file:line:column`, as far as it is known.
    #[must_use]
    pub fn place(&self) -> String {
        match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", self.file),
            _ => self.file.clone(),
        }
    }
}
