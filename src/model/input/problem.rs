//! What is wrong with a declaration, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::RepoPath;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The declaration can't be used as it stands.
    Error,
    /// It can be used, and probably does not do what its author means.
    Warning,
    /// Worth knowing.
    Note,
}

/// One mistake in one file. Texts never hold values of secrets or of variables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// The file.
    pub file: RepoPath,
    /// Where in the file, when it is about a place.
    pub at: Option<Position>,
    /// How bad.
    pub severity: Severity,
    /// Path of keys that leads there: `services.web.image`.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
    /// The line itself, shortened, when it may be shown.
    pub line: Option<String>,
}

impl Problem {
    /// A problem of a whole file.
    #[must_use]
    pub fn error(file: RepoPath, message: impl Into<String>) -> Self {
        Self {
            file,
            at: None,
            severity: Severity::Error,
            key: String::new(),
            message: message.into(),
            hint: String::new(),
            line: None,
        }
    }

    /// Says where in the file it is.
    #[must_use]
    pub fn at(mut self, at: Position) -> Self {
        self.at = Some(at);
        self
    }

    /// Says under which key it is.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Makes it less than an error.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// True when the declaration can't be used.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(at) = self.at {
            write!(f, ":{}:{}", at.line, at.column)?;
        }
        write!(f, ": {}", self.message)?;
        if !self.hint.is_empty() {
            write!(f, " ({})", self.hint)?;
        }
        Ok(())
    }
}
