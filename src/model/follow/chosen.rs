//! What came of a policy for one service.

use std::fmt;

use crate::model::desired::PullPolicy;
use crate::model::image::ImageRef;
use crate::model::name::StackName;

/// What a service that follows an `Image` runs, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The stack.
    pub stack: StackName,
    /// Full name of the service.
    pub service: String,
    /// Name of the `Image`.
    pub follows: String,
    /// What the service is to run.
    pub image: ImageRef,
    /// When the registry is asked what that stands for.
    pub pull: PullPolicy,
    /// Why it is not what the policy wants; `None` when it is.
    pub stays: Option<Stays>,
}

/// Why a service keeps the image that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stays {
    /// The `Image` is not declared, or is one of another repository.
    Undeclared,
    /// The registry does not answer, or was not asked yet: its words.
    Unreachable(String),
    /// The registry answers that there is no such repository, or not for us.
    Refused(String),
    /// Nothing that is there is wanted: in words.
    Nothing(String),
    /// What goes before is not far enough: in words.
    NotYet(String),
}

impl fmt::Display for Stays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undeclared => {
                f.write_str("its Image is not declared, or is one of another repository")
            }
            Self::Unreachable(why) => write!(f, "the registry gave no answer: {why}"),
            Self::Refused(why) => write!(f, "the registry refused: {why}"),
            Self::Nothing(why) | Self::NotYet(why) => f.write_str(why),
        }
    }
}

impl Stays {
    /// One word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Undeclared => "undeclared",
            Self::Unreachable(_) => "unreachable",
            Self::Refused(_) => "refused",
            Self::Nothing(_) => "nothing",
            Self::NotYet(_) => "notyet",
        }
    }
}
