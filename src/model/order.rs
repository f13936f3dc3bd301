//! What comes before what, over several stacks.

use std::collections::BTreeMap;

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
