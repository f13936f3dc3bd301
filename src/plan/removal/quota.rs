//! How much of a source goes at once.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::diff::{Leftover, LeftoverKind, StackChanges};
use crate::model::{Kind, PrunePolicy, Removed};

/// Services that may go at once from a source, however few it has.
const QUOTA_FLOOR: usize = 3;
/// Share of a source's services that may go at once: one in so many.
const QUOTA_SHARE: usize = 10;

/// Whether a source's removals are within the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quota {
    /// They are.
    Within,
    /// They are not.
    Exceeded {
        /// Services that would be removed, or were already for this revision.
        removed: usize,
        /// Services of the source that are there, or were.
        there: usize,
    },
}

impl Quota {
    /// Counts over all stacks of a source, each with what was removed of it for the revision that
    /// is looked at: more than three services and more than a tenth wait for a person.
    #[must_use]
    pub fn of<'a>(
        stacks: impl IntoIterator<Item = (&'a StackChanges, Option<&'a Removed>)>,
    ) -> Self {
        let (mut removed, mut there) = (0, 0);
        for (stack, before) in stacks {
            let mut gone: BTreeSet<&str> = leaving(stack).collect();
            gone.extend(before.iter().flat_map(|b| &b.services).map(String::as_str));
            removed += gone.len();
            there += gone.len() + stack.services.iter().filter(|s| s.live.is_some()).count();
        }
        if removed > QUOTA_FLOOR.max(there / QUOTA_SHARE) {
            Self::Exceeded { removed, there }
        } else {
            Self::Within
        }
    }
}

/// Ids of the services of a stack that are there and not declared. What is never removed does not
/// count, however much of it there is; nor do runs of a job, which come and go.
pub(super) fn leaving(stack: &StackChanges) -> impl Iterator<Item = &str> {
    let services = stack.leftovers.iter().filter(|left: &&Leftover| {
        left.object.kind == Kind::Service
            && left.why == LeftoverKind::Undeclared
            && left.prune != PrunePolicy::Never
            && left.run_of.is_none()
    });
    services.map(|left| left.target.id.as_str())
}
