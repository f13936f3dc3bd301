//! Where a stack stands for somebody who waits for a revision of it, by the ledger and a look at
//! the swarm: neither git nor an operator is asked.
//!
//! The ledger holds the operator's own verdicts: what was attempted, what was healthy by the clocks
//! of the stack's policy, what failed. The look shows whether that is still so.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::diff::View;
use crate::diff::fields::fields;
use crate::health::{Clocks, Health, HealthState, Sight, health};
use crate::model::{
    HeldReason, HeldRevision, LedgerRecord, Observed, Revision, ServiceRecord, StackName,
    Suspension,
};

/// Deadlines of a service are its policy's, which only the operator knows: it tells in the ledger
/// what failed by them. So none of them passes here.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// What is known of a stack.
pub struct Known<'a> {
    /// What the ledger remembers; `None` for a stack that it does not know.
    pub record: Option<&'a LedgerRecord>,
    /// Writes stopped for the whole instance.
    pub everything: Option<&'a Suspension>,
    /// Stacks that get no further by themselves ([`stuck`]).
    pub stuck: &'a BTreeSet<StackName>,
    /// The swarm.
    pub observed: &'a Observed,
    /// So long a task has to run before it counts, where the ledger knows nothing newer.
    pub min_healthy: Duration,
}

/// How the revision in the ledger stands to the one that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// It is that one, or a descendant of it.
    Yes,
    /// Not yet, as far as is known.
    NotYet,
    /// It is declared, and something of it is held.
    Held,
    /// A person keeps the stack at an earlier one.
    Pinned,
    /// It does not contain it, and is no ancestor of it either.
    Superseded,
    /// It came after it, and nobody here knows whether it contains it.
    Unsure,
}

impl Reached {
    /// What the ledger alone says, given the revisions that are the one that is waited for, or
    /// contain it; `None` where it says nothing of that one.
    #[must_use]
    pub fn by_ledger(record: &LedgerRecord, containing: &BTreeSet<&Revision>) -> Option<Self> {
        let contains = |revision: &Revision| containing.contains(revision);
        let applied = record.revision.as_ref().is_some_and(contains);
        if let Some(pin) = &record.pin {
            let against = pin.against.as_ref().map(|against| &against.revision);
            let kept = contains(&pin.revision).then_some(Self::Yes);
            let before = applied || against.is_some_and(contains);
            return kept.or(before.then_some(Self::Pinned));
        }
        let held = || record.held.as_ref().is_some_and(|held| contains(&held.revision));
        applied.then_some(Self::Yes).or_else(|| held().then_some(Self::Held))
    }

    /// Revisions that a record speaks of.
    pub fn named(record: &LedgerRecord) -> impl Iterator<Item = &Revision> {
        let pin = record.pin.as_ref();
        let against = pin.and_then(|pin| pin.against.as_ref()).map(|against| &against.revision);
        let held = record.held.as_ref().map(|held| &held.revision);
        record.revision.iter().chain(pin.map(|pin| &pin.revision)).chain(against).chain(held)
    }
}

/// Stacks that get no further by themselves: something of them failed or is held, or they come after
/// one of these.
pub fn stuck<'a>(
    records: impl Iterator<Item = (&'a StackName, &'a LedgerRecord)>,
) -> BTreeSet<StackName> {
    let records: Vec<_> = records.collect();
    let mut stuck = BTreeSet::new();
    loop {
        let stands = |(name, record): &&(&StackName, &LedgerRecord)| {
            let held = record.held.as_ref();
            let held = held
                .is_some_and(|held| held.behind.as_ref().is_none_or(|first| stuck.contains(first)));
            !stuck.contains(*name) && (held || record.services.values().any(has_failed))
        };
        let more: Vec<StackName> =
            records.iter().filter(stands).map(|(name, _)| (*name).clone()).collect();
        if more.is_empty() {
            return stuck;
        }
        stuck.extend(more);
    }
}

/// True when what was attempted failed, and nobody wants it to be tried again.
fn has_failed(service: &ServiceRecord) -> bool {
    let attempted = service.attempted.as_ref();
    attempted.is_some_and(|spec| service.quarantine.contains(spec))
        && service.retry != service.attempted
}

/// What becomes of the waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaited {
    /// It is there, and healthy.
    Healthy,
    /// It does not come any more: failed, held for good, rolled back, superseded.
    Ended(String),
    /// Not yet.
    Waits(String),
    /// Nobody can tell.
    Unknown(String),
}

/// Judges a stack.
#[must_use]
pub fn awaited(known: &Known<'_>, reached: Reached) -> Awaited {
    let Some(record) = known.record else {
        return known.stopped(None).unwrap_or_else(|| waits("the ledger does not know the stack"));
    };
    let applied = record.revision.as_ref().map_or("nothing", Revision::short);
    match reached {
        Reached::Superseded => Awaited::Ended(format!("superseded by {applied}")),
        Reached::Unsure => Awaited::Unknown(format!(
            "{applied} came after it, and only its source tells whether that contains it"
        )),
        Reached::NotYet => {
            let text = match &record.pin {
                // What is declared newly of the stack ends the pin; what leaves it as it was does not.
                Some(_) => format!("it was not begun: {}", pinned(record)),
                None => format!("it was not begun: {applied} is applied"),
            };
            known.stopped(Some(record)).unwrap_or(Awaited::Waits(text))
        }
        Reached::Pinned => Awaited::Ended(pinned(record)),
        Reached::Held => known.of_held(record),
        Reached::Yes => known.of_record(record),
    }
}

fn pinned(record: &LedgerRecord) -> String {
    let Some(pin) = &record.pin else { return "pinned".to_owned() };
    let reason = HeldReason::Pinned { to: pin.revision.clone(), why: pin.reason.clone() };
    reason.to_string()
}

fn waits(text: &str) -> Awaited {
    Awaited::Waits(text.to_owned())
}

impl Known<'_> {
    /// That a person stopped the writes.
    fn stopped(&self, record: Option<&LedgerRecord>) -> Option<Awaited> {
        let own = record.and_then(|record| record.suspension.as_ref());
        let mut all = self.everything.into_iter().chain(own);
        let suspension = all.find(|suspension| suspension.stands(self.observed.at))?;
        let until = suspension.until.map_or(String::new(), |until| format!(" until {until}"));
        Some(Awaited::Ended(format!("suspended{until}: {}", suspension.reason)))
    }

    /// Of a revision that was read and is held: for good, or behind another stack.
    fn of_held(&self, record: &LedgerRecord) -> Awaited {
        self.held(record).or_else(|| self.stopped(Some(record))).unwrap_or_else(|| {
            let why = record.held.as_ref().map_or("it was not begun", |held| &held.why);
            Awaited::Waits(why.to_owned())
        })
    }

    /// That something of the revision is held for good.
    fn held(&self, record: &LedgerRecord) -> Option<Awaited> {
        let HeldRevision { why, behind, .. } = record.held.as_ref()?;
        match behind {
            None => Some(Awaited::Ended(format!("held: {why}"))),
            Some(first) if self.stuck.contains(first) => {
                Some(Awaited::Ended(format!("held: {why}, and gets no further by itself")))
            }
            Some(_) => None,
        }
    }

    /// Of a revision whose first step was taken.
    fn of_record(&self, record: &LedgerRecord) -> Awaited {
        let view = View::new(self.observed);
        let mut open = None;
        for (name, service) in &record.services {
            match self.of_service(&view, name, service) {
                Some(Awaited::Waits(why)) => open = open.or(Some(why)),
                Some(ended) => return ended,
                None => {}
            }
        }
        let held =
            record.held.as_ref().filter(|held| Some(&held.revision) == record.revision.as_ref());
        if let Some(ended) = held.and_then(|_| self.held(record)).filter(|_| record.pin.is_none()) {
            return ended;
        }
        match (open, record.under_way) {
            (None, false) => Awaited::Healthy,
            (open, _) => {
                let text = open.unwrap_or_else(|| "not everything is written".to_owned());
                self.stopped(Some(record)).unwrap_or(Awaited::Waits(text))
            }
        }
    }

    /// `None` for a service that is as it should be.
    fn of_service(&self, view: &View<'_>, name: &str, service: &ServiceRecord) -> Option<Awaited> {
        let attempted = service.attempted.as_ref()?;
        if has_failed(service) {
            let why = service.failure.as_deref().unwrap_or("its spec is in quarantine");
            return Some(Awaited::Ended(format!("service {name} failed: {why}")));
        }
        let Some(live) = self.observed.services.get(name) else {
            return Some(Awaited::Waits(format!("service {name} is not there")));
        };
        // What others decide is in none of the hashes.
        if fields(&live.spec, &view.names).without(&service.ignore).hash() != *attempted {
            return Some(Awaited::Waits(format!("service {name} has another spec")));
        }
        let verdict = health(live, Sight::of(self.observed), self.clocks());
        match verdict.state {
            HealthState::Failed => Some(Awaited::Ended(told(name, &verdict))),
            HealthState::Healthy if service.stable.as_ref() == Some(attempted) => None,
            HealthState::Healthy => {
                Some(Awaited::Waits(format!("service {name} runs, and has to last")))
            }
            _ => Some(Awaited::Waits(told(name, &verdict))),
        }
    }

    fn clocks(&self) -> Clocks {
        Clocks {
            min_healthy: self.min_healthy,
            healthy_deadline: NEVER,
            progress_deadline: NEVER,
            job_limit: None,
        }
    }
}

/// `service shop_web: 1 of 2 tasks, starting`.
fn told(name: &str, health: &Health) -> String {
    let (running, wanted, state) = (health.running, health.wanted, health.state.as_str());
    let why = if health.why.is_empty() { state } else { &health.why };
    format!("service {name}: {running} of {wanted} tasks, {why}")
}
