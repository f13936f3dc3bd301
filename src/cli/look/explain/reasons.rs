//! Reasons to hold something that stand in ledger and swarm themselves, without any source.

use jiff::Timestamp;

use crate::diff::HOLD_LABEL;
use crate::model::engine::Service;
use crate::model::{HeldReason, LedgerRecord, ServiceRecord, SuspendedBy, Suspension};

/// Writes stopped by a person.
pub(super) struct Suspensions<'a> {
    /// For all stacks.
    pub(super) all: Option<&'a Suspension>,
    /// For the one.
    pub(super) stack: Option<&'a Suspension>,
    /// The time of the look.
    pub(super) now: Timestamp,
}

impl Suspensions<'_> {
    /// Those that stand.
    pub(super) fn reasons(&self) -> impl Iterator<Item = HeldReason> {
        let switches = [(SuspendedBy::Instance, self.all), (SuspendedBy::Stack, self.stack)];
        let stands = |suspension: &&Suspension| suspension.stands(self.now);
        let standing = switches.map(|(by, switch)| Some((by, switch.filter(stands)?)));
        standing.into_iter().flatten().map(|(by, suspension)| HeldReason::Suspended {
            by,
            why: suspension.reason.clone(),
            until: suspension.until,
        })
    }
}

/// An earlier revision that a person keeps the stack at.
pub(super) fn pinned(record: Option<&LedgerRecord>) -> Option<HeldReason> {
    let pin = record?.pin.as_ref()?;
    Some(HeldReason::Pinned { to: pin.revision.clone(), why: pin.reason.clone() })
}

/// The label that stops writes to a service.
pub(super) fn label(service: Option<&Service>) -> Option<HeldReason> {
    let why = service?.spec.labels.get(HOLD_LABEL)?.clone();
    Some(HeldReason::Suspended { by: SuspendedBy::Label, why, until: None })
}

/// A rollout that the engine is at (law 2).
pub(super) fn in_flight(service: Option<&Service>) -> Option<HeldReason> {
    let state = &service?.update_status.as_ref().filter(|status| status.state.in_flight())?.state;
    let word = serde_json::to_value(state).unwrap_or_default();
    Some(HeldReason::RolloutRunning { state: word.as_str().unwrap_or_default().to_owned() })
}

/// The last spec of a service failed, and nobody wants it to be tried again (law 3).
pub(super) fn quarantined(record: Option<&ServiceRecord>) -> Option<HeldReason> {
    let record = record?;
    let attempted = record.attempted.as_ref()?;
    let failed = record.quarantine.contains(attempted) && record.retry.is_none();
    let why = || record.failure.clone().unwrap_or_else(|| "why is not remembered".to_owned());
    failed.then(|| HeldReason::Quarantined { why: why() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Pin, Revision, SpecHash};

    fn suspension(until: i64) -> Suspension {
        let until = Timestamp::from_second(until).expect("a time");
        Suspension { reason: "lunch".to_owned(), until: Some(until) }
    }

    #[test]
    fn a_suspension_whose_time_is_over_is_no_reason() {
        let now = Timestamp::from_second(100).expect("a time");
        let (all, stack) = (suspension(99), suspension(101));
        let both = Suspensions { all: Some(&all), stack: Some(&stack), now };
        let told: Vec<String> = both.reasons().map(|reason| reason.to_string()).collect();
        assert_eq!(told, ["suspended by `skep suspend` until 1970-01-01T00:01:41Z: lunch"]);
    }

    #[test]
    fn a_pin_is_told_with_its_reason() {
        let revision = Revision::Commit("1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d".to_owned());
        let pin = Pin { number: 1, revision, reason: "broken".to_owned(), against: None };
        let record = LedgerRecord { pin: Some(pin), ..LedgerRecord::default() };
        let told = pinned(Some(&record)).map(|reason| reason.to_string());
        let expected = "the stack is pinned to 1a2b3c4d5e6f by `skep rollback`: broken";
        assert_eq!(told.as_deref(), Some(expected));
        assert_eq!(pinned(Some(&LedgerRecord::default())), None);
    }

    #[test]
    fn what_failed_is_held_until_somebody_wants_it_to_be_tried_again() {
        let hash = SpecHash::of(b"one");
        let failed = ServiceRecord {
            attempted: Some(hash.clone()),
            quarantine: [hash.clone()].into(),
            failure: Some("task: non-zero exit (1)".to_owned()),
            ..ServiceRecord::default()
        };
        let told = quarantined(Some(&failed)).map(|reason| reason.to_string());
        assert!(told.is_some_and(|told| told.ends_with("non-zero exit (1)")));
        let retried = ServiceRecord { retry: Some(hash), ..failed.clone() };
        assert_eq!(quarantined(Some(&retried)), None);
        let other = ServiceRecord { attempted: Some(SpecHash::of(b"two")), ..failed };
        assert_eq!(quarantined(Some(&other)), None, "what failed is another spec");
    }
}
