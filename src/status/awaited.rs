//! Where a stack stands for somebody who waits for a revision of it, by the ledger and a look at
//! the swarm: neither git nor an operator is asked.
//!
//! The ledger holds the operator's own verdicts: what was attempted, what was healthy by the clocks
//! of the stack's policy, what failed. The look shows whether that is still so.

use std::time::Duration;

use crate::diff::View;
use crate::diff::fields::fields;
use crate::health::{Clocks, Health, HealthState, Sight, health};
use crate::model::{LedgerRecord, Observed, Revision, ServiceRecord, Suspension};

/// Deadlines of a service are its policy's, which only the operator knows: it tells in the ledger
/// what failed by them. So none of them passes here.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// What is known of a stack.
pub struct Known<'a> {
    /// What the ledger remembers; `None` for a stack that it does not know.
    pub record: Option<&'a LedgerRecord>,
    /// Writes stopped for the whole instance.
    pub everything: Option<&'a Suspension>,
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
    /// It does not contain it, and is no ancestor of it either.
    Superseded,
    /// It came after it, and nobody here knows whether it contains it.
    Unsure,
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
            let text = format!("it was not begun: {applied} is applied");
            known.stopped(Some(record)).unwrap_or(Awaited::Waits(text))
        }
        Reached::Yes => known.of_record(record),
    }
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
        let again = service.retry.as_ref() == Some(attempted);
        if service.quarantine.contains(attempted) && !again {
            let why = service.failure.as_deref().unwrap_or("its spec is in quarantine");
            return Some(Awaited::Ended(format!("service {name} failed: {why}")));
        }
        let Some(live) = self.observed.services.get(name) else {
            return Some(Awaited::Waits(format!("service {name} is not there")));
        };
        if fields(&live.spec, &view.names).hash() != *attempted {
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
