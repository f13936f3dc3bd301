//! What comes before what, over several stacks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::desired::{Condition, Place};
use super::name::StackName;

/// Where a stack stands in the order of stacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackOrder {
    /// Stacks of the same source with a lower one come first.
    pub wave: i32,
    /// Stacks, of any source, that come first.
    pub depends_on: BTreeMap<StackName, StackNeed>,
}

impl StackOrder {
    /// True when nothing is said of it.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.wave == 0 && self.depends_on.is_empty()
    }
}

/// A stack that another one waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackNeed {
    /// How far all of its services have to be.
    pub until: Condition,
    /// Whether it has to be declared.
    pub presence: Presence,
    /// Where that is said.
    pub place: Place,
}

/// Whether something that is named has to be declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It has to.
    Required,
    /// Without it nothing is waited for.
    Optional,
}

/// Where a service stands in the order of its stack: those of a lower rank come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rank {
    /// Before, with or after the services of the stack.
    pub phase: Phase,
    /// The wave in it.
    pub wave: i32,
}

/// What runs when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Jobs that are run before any service is touched.
    Pre,
    /// Services.
    #[default]
    Services,
    /// Jobs that are run once all services are healthy.
    Post,
}

impl Rank {
    /// True for jobs that are run once for each content of their stack.
    #[must_use]
    pub fn is_hook(self) -> bool {
        self.phase != Phase::Services
    }
}
