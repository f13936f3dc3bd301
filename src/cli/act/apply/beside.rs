//! `skep apply` beside an operator: the two would undo each other's work.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::cli::act::decide::switch::Switch;
use crate::cli::error::Failure;
use crate::cli::output;
use crate::cli::start::{Engine, Ready};
use crate::ledger::decode;
use crate::model::{Instance, LedgerRecord, StackName, Suspension};
use crate::reconcile::{Alive, alive};
use crate::status::Report;

/// What the ledger says of a stack that was applied beside an operator.
const BY_HAND: &str = "applied by hand";

/// Refuses to write to stacks that a live operator knows.
pub(super) async fn refuse(ready: &mut Ready, instance: &Instance) -> Result<(), Failure> {
    let engine = &ready.engine;
    let waiting = |holder: &str, limit: Duration| {
        let limit = limit.as_secs();
        output::note(&format!("waiting up to {limit} s to see whether {holder} is alive\n"));
    };
    // An engine that does not answer is told of by the look that comes next.
    let Ok(Alive::Yes(holder)) = alive(&engine.lease_doors(), instance, waiting).await else {
        return Ok(());
    };
    let declared = declared(&ready.operator.preview().await);
    let known = known(&ready.engine, instance).await?;
    let both: Vec<&str> = declared.intersection(&known).map(StackName::as_str).collect();
    if both.is_empty() {
        return Ok(());
    }
    let stacks = both.join(", ");
    Err(Failure::plain(format!(
        "the operator {holder} is alive and looks after {stacks}: commit the change, or stop its \
         hand for a while with --suspend=2h"
    )))
}

/// Stops the operator's hand: the ledgers of all stacks that are declared say so.
pub(super) async fn suspend(
    ready: &mut Ready,
    instance: &Instance,
    time: Duration,
) -> Result<(), Failure> {
    let now = ready.engine.doors.clock.now();
    let until = SignedDuration::try_from(time).ok().and_then(|time| now.checked_add(time).ok());
    let until = until.ok_or_else(|| Failure::plain("--suspend leads beyond the end of time"))?;
    let stacks = declared(&ready.operator.preview().await);
    let switch = Switch { engine: &ready.engine, instance };
    for stack in &stacks {
        switch.change(Some(stack), |record| suspend_until(record, until)).await?;
        output::note(&format!("stack {stack} is suspended until {until}\n"));
    }
    Ok(())
}

/// A suspension that lasts longer stays as it is.
fn suspend_until(record: &mut LedgerRecord, until: Timestamp) {
    let lasts = |suspension: &Suspension| suspension.until.is_none_or(|other| other > until);
    if !record.suspension.as_ref().is_some_and(lasts) {
        record.suspension = Some(Suspension { reason: BY_HAND.to_owned(), until: Some(until) });
    }
}

fn declared(report: &Report) -> BTreeSet<StackName> {
    let stacks = report.stacks.iter().filter(|(_, stack)| stack.plan.revision.is_some());
    stacks.map(|(name, _)| name.clone()).collect()
}

/// Stacks that the instance's ledger knows.
async fn known(engine: &Engine, instance: &Instance) -> Result<BTreeSet<StackName>, Failure> {
    let observed = engine.doors.swarm.look().await.map_err(|error| engine.failure(error))?;
    let ledgers = decode(&observed.configs, instance);
    Ok(ledgers.stacks.into_keys().chain(ledgers.unreadable.into_keys()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspension_that_lasts_longer_is_not_cut_short() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let after = |before: Option<Option<Timestamp>>| {
            let suspension = |until| Suspension { reason: "patch".to_owned(), until };
            let suspension = before.map(suspension);
            let mut record = LedgerRecord { suspension, ..LedgerRecord::default() };
            suspend_until(&mut record, at(100));
            let suspension = record.suspension.expect("it is suspended");
            (suspension.reason, suspension.until)
        };
        let ours = (BY_HAND.to_owned(), Some(at(100)));
        assert_eq!(after(None), ours);
        assert_eq!(after(Some(Some(at(99)))), ours);
        assert_eq!(after(Some(Some(at(101)))), ("patch".to_owned(), Some(at(101))));
        assert_eq!(after(Some(None)), ("patch".to_owned(), None));
    }
}
