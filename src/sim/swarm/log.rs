//! The log of writes.

use std::fmt;

use jiff::Timestamp;

use crate::model::{Kind, ObjectRef};
use crate::ports::{SwarmError, Write, Written};

use crate::sim::control::Refusal;

/// One write, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedWrite {
    /// When, in virtual time.
    pub at: Timestamp,
    /// Who wrote.
    pub by: By,
    /// What was asked for.
    pub verb: Verb,
    /// Of which object.
    pub object: ObjectRef,
    /// What became of it.
    pub outcome: Outcome,
}

impl LoggedWrite {
    /// True when it was made, by this writer.
    #[must_use]
    pub fn is_made_by(&self, by: By) -> bool {
        self.by == by && self.outcome == Outcome::Made
    }
}

impl fmt::Display for LoggedWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.at, self.verb, self.object)?;
        match &self.outcome {
            Outcome::Made => Ok(()),
            Outcome::NotMade(why) => write!(f, ": {why}"),
        }
    }
}

/// Who wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The owner of the port: skep.
    Port,
    /// Somebody at a keyboard.
    Hand,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// A new object.
    Create,
    /// A new spec, or new labels.
    Update,
    /// The spec before.
    Rollback,
    /// The object's end.
    Remove,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Rollback => "roll back",
            Self::Remove => "remove",
        })
    }
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was made, whatever the writer was told.
    Made,
    /// It was not, for this reason.
    NotMade(String),
}

/// What a write is about.
pub(super) fn subject(write: &Write) -> (Verb, ObjectRef) {
    match write {
        Write::CreateNetwork(spec) => (Verb::Create, ObjectRef::new(Kind::Network, &spec.name)),
        Write::CreateSecret { new, .. } => (Verb::Create, ObjectRef::new(Kind::Secret, &new.name)),
        Write::CreateConfig { new, .. } => (Verb::Create, ObjectRef::new(Kind::Config, &new.name)),
        Write::AdoptSecret { target, .. } => {
            (Verb::Update, ObjectRef::new(Kind::Secret, &target.name))
        }
        Write::Label { kind, target, .. } => (Verb::Update, ObjectRef::new(*kind, &target.name)),
        Write::CreateService { spec } => (Verb::Create, ObjectRef::new(Kind::Service, &spec.name)),
        Write::UpdateService { target, .. } => {
            (Verb::Update, ObjectRef::new(Kind::Service, &target.name))
        }
        Write::RollBack { target, .. } => {
            (Verb::Rollback, ObjectRef::new(Kind::Service, &target.name))
        }
        Write::UpdateNode { target, .. } => {
            (Verb::Update, ObjectRef::new(Kind::Node, &target.name))
        }
        Write::Remove { object, .. } => (Verb::Remove, object.clone()),
    }
}

/// A result for the log and for the writer.
pub(super) fn answer(
    made: Result<Written, Refusal>,
    attempted: &str,
) -> (Outcome, Result<Written, SwarmError>) {
    match made {
        Ok(written) => (Outcome::Made, Ok(written)),
        Err(refusal) => {
            let why = refusal.message().to_owned();
            (Outcome::NotMade(why), Err(refusal.into_error(attempted)))
        }
    }
}
