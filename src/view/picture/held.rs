//! A change that is wanted and not made now, with what would make it move.

use serde::Serialize;

use crate::model::{Gate, Held, HeldReason, ObjectRef, SuspendedBy};
use crate::plan::Drift;
use crate::view::veil::{Veil, Veiled};

/// A held change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldView {
    /// What would be changed.
    pub object: ObjectRef,
    /// Name of the reason.
    pub reason: &'static str,
    /// The reason as a sentence.
    pub message: Veiled,
    /// What would make it move.
    pub advice: String,
}

impl HeldView {
    /// Draws the picture of a held change of a plan.
    #[must_use]
    pub fn of(held: &Held, (stack, drift): (&str, &[Drift]), veil: &Veil) -> Self {
        let message = match &held.reason {
            HeldReason::Contested { field, ours, theirs } => {
                let text = format!("{}: git says {ours}, somebody says {theirs}", held.reason);
                if is_open(drift, &held.object, field) {
                    Veiled::open(text)
                } else {
                    Veiled::masked_as(held.reason.to_string(), text)
                }
            }
            reason => veil.over(reason.to_string()),
        };
        let (object, reason) = (held.object.clone(), held.reason.name());
        Self { object, reason, message, advice: advice(held, stack) }
    }
}

/// True when the comparison says that everybody may see the values of a field.
fn is_open(drift: &[Drift], object: &ObjectRef, path: &str) -> bool {
    let mut of_object = drift.iter().filter(|drift| drift.object == *object);
    of_object
        .find_map(|drift| drift.fields().iter().find(|f| f.change.path == path).cloned())
        .is_some_and(|field| field.change.masked == crate::diff::Masked::No)
}

const ENFORCE: &str = "docker node update brings it back; enforce: true lets skep do it";
const QUORUM: &str = "bring back the managers that can't be reached, or do it by hand";
const NEXT_RUN: &str =
    "nothing to do: it is begun when that one ends, if that is not too late; overlap: says so";

/// What would make it move.
fn advice(held: &Held, stack: &str) -> String {
    let text = match &held.reason {
        HeldReason::RolloutRunning { .. } => {
            "nothing to do: it goes on when the rollout ends; a newer commit replaces it"
        }
        HeldReason::Canary { gate: Gate::Approval(approval), .. } => {
            return format!("skep approve {stack} {approval}");
        }
        HeldReason::Canary { .. } => {
            "nothing to do: the rest follows by itself; a newer commit replaces it"
        }
        HeldReason::Quarantined { .. } => {
            return format!(
                "commit another spec; or, when nothing was wrong with it, skep retry {stack}"
            );
        }
        HeldReason::Waiting { .. } => "nothing to do here: it goes on by itself once that is there",
        HeldReason::Suspended { by, .. } => return resume(*by, held, stack),
        HeldReason::Pinned { .. } => {
            return format!("commit a newer declaration, or skep resume {stack}");
        }
        HeldReason::Contested { .. } => {
            "let one side decide: take the field out of git, or stop what changes it"
        }
        HeldReason::WaveNotReady { .. } => "look at how that one does, and why it gets no further",
        HeldReason::StackNotReady { on: None, .. } => {
            "declare that stack, or take it out of depends_on"
        }
        HeldReason::StackNotReady { stack, .. } => {
            return format!("look at how that one does: skep status {stack}");
        }
        HeldReason::PortTaken { .. } => {
            "when that service is to give the port up, it goes on by itself; else publish another one"
        }
        HeldReason::Overlap { .. } => NEXT_RUN,
        HeldReason::NotOurs { .. } => {
            "choose another name, or remove the object that is in the way"
        }
        HeldReason::ViewIncomplete { .. } => {
            "correct what skep validate tells, or look at why the engine does not show it"
        }
        HeldReason::NeedsApproval { approval, .. } => {
            return format!("skep approve {stack} {approval}");
        }
        HeldReason::OutsideWindow { .. } => "nothing to do: it goes on at that time",
        HeldReason::HistoryRewritten { .. } => {
            "commit on top of the revision that was applied, or remove the object by hand"
        }
        HeldReason::Immutable { .. } => "allow it with recreate: confirm, or choose a new name",
        HeldReason::EngineTooOld { .. } => "update the engine; until then the field has no effect",
        HeldReason::Guarded { .. } => {
            "correct the declaration, or the guard; until then nothing of the stack is written"
        }
        HeldReason::BackOff { .. } => "nothing to do: it is tried again at that time",
        HeldReason::PruneNotAsked => "skep apply --prune",
        HeldReason::PruneNever => {
            return format!(
                "nothing to do; docker {} rm {} removes it",
                held.object.kind, held.object.name
            );
        }
        HeldReason::NotEnforced { .. } => ENFORCE,
        HeldReason::Namesake { .. } => "docker node rm, when it is gone for good; or match by id",
        HeldReason::Quorum { .. } => QUORUM,
        HeldReason::ObserveOnly => "start skep without --observe",
        HeldReason::Following => "nothing to do: the operator that acts does it",
    };
    text.to_owned()
}

fn resume(by: SuspendedBy, held: &Held, stack: &str) -> String {
    let name = &held.object.name;
    match by {
        SuspendedBy::Instance => "skep resume --all".to_owned(),
        SuspendedBy::Stack => format!("skep resume {stack}"),
        SuspendedBy::Declaration => "take suspend out of the declaration".to_owned(),
        SuspendedBy::Label => format!("docker service update --label-rm skep.hold {name}"),
        SuspendedBy::Rollback => "commit another spec: the last one was rolled back".to_owned(),
    }
}
