//! When the next pass runs: the earliest wish wins, bursts become one pass, and nothing runs twice
//! at the same time (the model is kube-runtime's scheduler, with one key).
//!
//! Times are those of [`crate::ports::Clock::elapsed`]: a date that somebody sets back would make a
//! wish for the next second one for the next day.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::HeldReason;
use crate::plan::JobPlan;
use crate::status::{Outcome, Report, Settled, settled};

/// Quiet time after a hint: a burst of events becomes one pass.
const DEBOUNCE: Duration = Duration::from_millis(20);
/// Wait after a first conflict, so that two operators don't race in lockstep. It doubles with each
/// pass that ends in one, up to [`WATCH`]: a network that is being removed keeps its name for as
/// long as a node takes to let go of it.
const CONFLICT: Duration = Duration::from_millis(100);
/// Time between looks while something is on the way: tasks send no events.
const WATCH: Duration = Duration::from_secs(1);
/// Time between looks while a job runs: nobody waits for it but the next run.
const RUN: Duration = Duration::from_secs(5);

/// The time of the next pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    due: Option<Duration>,
    /// Passes one after the other that ended in a conflict.
    conflicts: u32,
}

impl Schedule {
    /// Wishes for a pass now: after the time in which further hints join it.
    pub fn hint(&mut self, now: Duration) {
        self.wish(now, DEBOUNCE);
    }

    /// Wishes for a pass after a wait; an earlier wish stands.
    pub fn wish(&mut self, now: Duration, wait: Duration) {
        let at = now.saturating_add(wait);
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// How long until the next pass; `None` when nobody wishes for one.
    #[must_use]
    pub fn wait(&self, now: Duration) -> Option<Duration> {
        Some(self.due?.saturating_sub(now))
    }

    /// A pass begins: all wishes so far are met by it.
    pub fn begin(&mut self) {
        self.due = None;
    }

    /// A pass ended, now by either clock: wishes for the next one, whatever is heard meanwhile.
    pub fn end(&mut self, report: &Report, (now, date): (Duration, Timestamp), resync: Duration) {
        let mut outcomes = report.stacks.values().flat_map(|stack| &stack.outcomes);
        let conflict = outcomes.any(|outcome| matches!(outcome.outcome, Outcome::Conflict(_)));
        let wait = if conflict { self.conflict() } else { after(report, date, resync) };
        if !conflict {
            self.conflicts = 0;
        }
        self.wish(now, wait);
    }

    /// One conflict more, and how long it is waited for.
    fn conflict(&mut self) -> Duration {
        let wait = CONFLICT.saturating_mul(2_u32.saturating_pow(self.conflicts)).min(WATCH);
        self.conflicts = self.conflicts.saturating_add(1);
        wait
    }
}

/// How long after a pass without a conflict the next one is wished for.
fn after(report: &Report, now: Timestamp, resync: Duration) -> Duration {
    let stacks = report.stacks.values();
    let wrote = stacks.clone().any(|stack| !stack.outcomes.is_empty());
    let on_the_way = stacks.clone().any(|stack| settled(stack) == Settled::OnTheWay);
    if on_the_way || !report.trouble.is_empty() || wrote {
        return WATCH;
    }
    let held = stacks.flat_map(|stack| &stack.plan.held);
    let until = held.filter_map(|held| match held.reason {
        HeldReason::BackOff { until, .. }
        | HeldReason::Suspended { until: Some(until), .. }
        | HeldReason::OutsideWindow { until: Some(until) } => {
            Duration::try_from(now.duration_until(until)).ok()
        }
        _ => None,
    });
    let jobs = report.stacks.values().flat_map(|stack| &stack.plan.jobs);
    let jobs = jobs.filter_map(|job| awaited(job, now));
    until.chain(jobs).chain([resync]).min().unwrap_or(resync)
}

/// How long until a job has to be looked at: at its next time, or while something of it is on its
/// way.
fn awaited(job: &JobPlan, now: Timestamp) -> Option<Duration> {
    let stopped = |held: &&HeldReason| matches!(held, HeldReason::Suspended { .. });
    let moves = job.held.as_ref().is_some_and(|held| !stopped(&held));
    let runs = (job.running > 0 || moves).then_some(RUN);
    let next = job.next.and_then(|next| Duration::try_from(now.duration_until(next)).ok());
    next.into_iter().chain(runs).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_wish_wins_and_a_burst_is_one_pass() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.wait(Duration::ZERO), None);
        schedule.wish(Duration::ZERO, Duration::from_secs(60));
        schedule.hint(Duration::from_millis(1000));
        schedule.hint(Duration::from_millis(1010));
        assert_eq!(schedule.wait(Duration::from_millis(1010)), Some(Duration::from_millis(10)));
        schedule.begin();
        assert_eq!(schedule.wait(Duration::from_millis(1020)), None);
    }

    #[test]
    fn conflicts_one_after_the_other_are_waited_for_longer_and_longer() {
        let mut schedule = Schedule::default();
        let waits: Vec<u128> = (0..6).map(|_| schedule.conflict().as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn a_wish_in_the_past_is_due_now() {
        let mut schedule = Schedule::default();
        schedule.hint(Duration::ZERO);
        assert_eq!(schedule.wait(Duration::from_millis(5000)), Some(Duration::ZERO));
    }
}
