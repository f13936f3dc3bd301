//! The loop: sources are read beside it, events and nudges only make a pass run sooner.

mod schedule;

use std::sync::Arc;
use std::time::Duration;

use futures::future;
use futures::stream::StreamExt as _;
use tokio::sync::watch;

pub use self::schedule::Schedule;
use super::Operator;
use super::sources::{Reads, jittered};
use crate::ledger::is_lease_name;
use crate::ports::{Clock, SwarmEvent};
use crate::status::Report;

/// A hint from outside that sources and swarm are worth a look: a webhook, a signal. One that
/// comes during a pass or a read counts after it.
#[derive(Debug, Clone)]
pub struct Nudge(Arc<watch::Sender<u64>>);

impl Default for Nudge {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Nudge {
    /// Gives the hint.
    pub fn give(&self) {
        self.0.send_modify(|given| *given = given.wrapping_add(1));
    }

    /// Tells of each hint from now on.
    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

/// Runs passes until `stop` is true. Each report is published; a pass that runs when the stop
/// comes is finished.
pub async fn run(
    mut operator: Operator,
    nudge: Nudge,
    mut stop: watch::Receiver<bool>,
    publish: watch::Sender<Option<Arc<Report>>>,
) {
    let clock = Arc::clone(&operator.doors.clock);
    let mut events = operator.doors.swarm.events();
    let mut reads = Reads::default();
    reads.follow(&operator, &nudge);
    let mut nudged = nudge.listen();
    let mut part = operator.standing.part.clone();
    let mut schedule = Schedule::default();
    while !*stop.borrow() {
        let wait = schedule.wait(clock.elapsed());
        tokio::select! {
            biased;
            _ = stop.changed() => break,
            Some(read) = reads.next() => {
                if operator.take(read) {
                    schedule.hint(clock.elapsed());
                }
            }
            Some(event) = events.next() => hear(&event, &mut schedule, &*clock),
            Ok(()) = nudged.changed() => schedule.hint(clock.elapsed()),
            Ok(()) = part.changed() => schedule.hint(clock.elapsed()),
            () = sleep(wait, &*clock) => {
                schedule.begin();
                let report = reads.beside(operator.pass()).await;
                reads.follow(&operator, &nudge);
                if operator.asked.anew() {
                    nudge.give();
                }
                let resync = jittered(operator.settings.resync, &*clock);
                schedule.end(&report, (clock.elapsed(), clock.now()), resync);
                publish.send_replace(Some(Arc::new(report)));
            }
        }
    }
}

fn hear(event: &SwarmEvent, schedule: &mut Schedule, clock: &dyn Clock) {
    match event {
        // Renewals say nothing about drift.
        SwarmEvent::Changed { kind, name, .. } if kind == "config" && is_lease_name(name) => {}
        SwarmEvent::Changed { kind, name, action } => {
            tracing::debug!(kind, name, action, "event");
            schedule.hint(clock.elapsed());
        }
        SwarmEvent::Connected => schedule.hint(clock.elapsed()),
        // An engine that ended is told of by the look that fails.
        SwarmEvent::Broken(why) => {
            tracing::warn!(why, "the event stream broke");
            schedule.hint(clock.elapsed());
        }
    }
}

async fn sleep(wait: Option<Duration>, clock: &dyn Clock) {
    match wait {
        Some(Duration::ZERO) => {}
        Some(wait) => clock.sleep(wait).await,
        None => future::pending().await,
    }
}
