//! A stack that takes the place of one with another name (`moved_from`).
//!
//! Names of services, networks and volumes begin with the stack's: nothing of the old one can be
//! kept. The new one is made beside it, with volumes that hold nothing yet, and so a person says
//! yes first. The old one goes like any stack that left its source.

use std::collections::BTreeSet;

use super::PlanInput;
use super::removal::named_volumes;
use crate::diff::NAMESPACE_LABEL;
use crate::model::{HeldReason, StackName};

/// Waits for a yes to a new beginning, with the volumes that would be empty in it.
pub(super) fn unapproved(input: &PlanInput<'_>, old: &StackName) -> Option<HeldReason> {
    let services = input.view.observed.services.values();
    let of_old = services.filter(|service| {
        service.spec.labels.get(NAMESPACE_LABEL).map(String::as_str) == Some(old.as_str())
    });
    let filled: BTreeSet<&str> = of_old.flat_map(|s| named_volumes(&s.spec)).collect();
    let wanted = input.changes.services.iter().flat_map(|s| named_volumes(s.wanted.spec()));
    let empty: BTreeSet<&str> = wanted.filter(|volume| !filled.contains(volume)).collect();
    let new = &input.changes.stack;
    let mut to = format!("make {new} in place of {old}, all of it anew");
    if !empty.is_empty() {
        let list = empty.iter().copied().collect::<Vec<_>>().join(", ");
        to.push_str(&format!("; these volumes would start empty: {list}"));
        to.push_str(&stays(&filled));
    }
    let words = ["rename", old.as_str(), new.as_str()];
    input.needs_approval(to, &words.into_iter().chain(empty).collect::<Vec<_>>())
}

fn stays(filled: &BTreeSet<&str>) -> String {
    if filled.is_empty() {
        return String::new();
    }
    let list = filled.iter().copied().collect::<Vec<_>>().join(", ");
    format!(" (what is in {list} stays there)")
}
