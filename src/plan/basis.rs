//! What a stack is compared with when it is not what its source declares.

use std::collections::BTreeSet;

use super::{Action, Cause, Differing, Drift, PlanInput, cause};
use crate::diff::LeftoverKind;
use crate::model::{Held, HeldReason, Kind, ObjectRef, Pin};

/// What a stack is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// What its source declares.
    Declared,
    /// An earlier revision that a person keeps it at.
    Pinned(Pin),
    /// What is kept of it, as its source can't be read.
    Unread {
        /// Services that are left alone: what was attempted last is not known to be healthy.
        unsure: BTreeSet<String>,
    },
}

/// What is held for that reason, and what differs.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) held: Vec<Held>,
    pub(super) drift: Vec<Drift>,
}

/// What the declaration asks for and is not done.
pub(super) fn held(input: &PlanInput<'_>) -> Outcome {
    match &input.lineage.basis {
        Basis::Declared => Outcome::default(),
        Basis::Pinned(pin) => pinned(input, pin),
        Basis::Unread { unsure } => {
            let on = "its source, which can't be read: its last attempt is not known to be healthy";
            let held = unsure.iter().map(|name| Held {
                object: ObjectRef::new(Kind::Service, name),
                reason: HeldReason::Waiting { on: on.to_owned() },
            });
            Outcome { held: held.collect(), drift: Vec::new() }
        }
    }
}

fn pinned(input: &PlanInput<'_>, pin: &Pin) -> Outcome {
    let Some(declared) = input.declared else { return Outcome::default() };
    let record = |name: &String| input.ledger.and_then(|entry| entry.record.services.get(name));
    let services = declared.services.iter();
    let services = services.filter_map(|change| cause::service_drift(change, record(&change.name)));
    let left = declared.leftovers.iter().filter(|left| left.why == LeftoverKind::Undeclared);
    let left = left.map(|left| Drift {
        object: left.object.clone(),
        action: Action::Remove,
        differing: Differing::In(Vec::new()),
        cause: Cause::GitMoved,
    });
    let drift: Vec<Drift> = services.chain(left).collect();
    let reason = || HeldReason::Pinned { to: pin.revision.clone(), why: pin.reason.clone() };
    let held = drift.iter().map(|drift| Held { object: drift.object.clone(), reason: reason() });
    Outcome { held: held.collect(), drift }
}
