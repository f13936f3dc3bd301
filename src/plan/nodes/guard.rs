//! When a label that skep put on a node goes again. Tasks whose constraints name it go with it: it
//! is looked at like a removal (law 4).

use super::NodesInput;
use crate::model::{HeldReason, Wholeness};
use crate::plan::Removals;
use crate::plan::removal::follows;

/// Why a label stays for now.
pub(super) fn against(input: &NodesInput<'_>) -> Option<HeldReason> {
    if input.orders.removals == Removals::NotAsked {
        return Some(HeldReason::PruneNotAsked);
    }
    if input.root.wholeness == Wholeness::Partial {
        let missing = "all declarations of nodes (the root source has errors)".to_owned();
        return Some(HeldReason::ViewIncomplete { missing });
    }
    let applied = input.ledger.and_then(|entry| entry.record.revision.as_ref());
    follows(input.root.ancestry, input.orders.removals, applied)
}
