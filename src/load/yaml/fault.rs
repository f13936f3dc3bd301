//! What makes a text no usable YAML.

use crate::model::Position;

/// One mistake in one text, without the file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, when it is about a place.
    pub at: Option<Position>,
    /// Keys that lead there, as far as they are known.
    pub keys: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Fault {
    /// A mistake of the whole text.
    pub fn new(message: impl Into<String>) -> Self {
        Self { at: None, keys: Vec::new(), message: message.into(), hint: String::new() }
    }

    /// Says where it is.
    #[must_use]
    pub fn at(mut self, at: Position) -> Self {
        self.at = Some(at);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}
