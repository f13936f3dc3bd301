//! Why the engine does not make a write.

use crate::ports::SwarmError;

/// A refusal in the engine's words, sorted as the real room sorts the engine's answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The version or the name was taken meanwhile, or the object is gone.
    Conflict(String),
    /// The request is wrong as it stands.
    Refused(String),
    /// Something still uses the object.
    InUse(String),
}

impl Refusal {
    /// `rpc error: code = InvalidArgument …`, status 400.
    pub(crate) fn invalid(text: impl std::fmt::Display) -> Self {
        Self::Refused(format!("rpc error: code = InvalidArgument desc = {text}"))
    }

    /// `rpc error: code = Unknown …`, status 500: an error that swarmkit gave no code.
    pub(crate) fn unknown(text: impl std::fmt::Display) -> Self {
        Self::Refused(format!("rpc error: code = Unknown desc = {text}"))
    }

    /// `rpc error: code = Unimplemented …`, status 501.
    pub(crate) fn unimplemented(text: impl std::fmt::Display) -> Self {
        Self::Refused(format!("rpc error: code = Unimplemented desc = {text}"))
    }

    /// `rpc error: code = AlreadyExists …`, status 409.
    pub(crate) fn exists(text: impl std::fmt::Display) -> Self {
        Self::Conflict(format!("rpc error: code = AlreadyExists desc = {text}"))
    }

    /// The object is not there (any more), status 404.
    pub(crate) fn gone(kind: &str, id: &str) -> Self {
        Self::Conflict(format!("{kind} {id} not found"))
    }

    /// A spec refers to something that is not there (any more), status 400.
    pub(crate) fn dangling(kind: &str, name: &str) -> Self {
        Self::Conflict(format!("rpc error: code = InvalidArgument desc = {kind} not found: {name}"))
    }

    /// Somebody wrote in between (`store.ErrSequenceConflict`), status 500.
    pub(crate) fn out_of_sequence() -> Self {
        Self::Conflict("rpc error: code = Unknown desc = update out of sequence".to_owned())
    }

    /// The engine's words.
    pub(crate) fn message(&self) -> &str {
        let (Self::Conflict(text) | Self::Refused(text) | Self::InUse(text)) = self;
        text
    }

    /// As the port tells it.
    pub(crate) fn into_error(self, attempted: &str) -> SwarmError {
        let attempted = attempted.to_owned();
        match self {
            Self::Conflict(message) => SwarmError::Conflict { attempted, message },
            Self::Refused(message) => SwarmError::Refused { attempted, message },
            Self::InUse(message) => SwarmError::InUse { attempted, message },
        }
    }
}
