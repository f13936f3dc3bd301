//! The loop: sources are read beside it, events and nudges only make a pass run sooner.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt as _};
use futures::{FutureExt as _, future};
use tokio::sync::{Notify, watch};

use super::schedule::after;
use super::{NamedSource, Operator, Schedule};
use crate::ports::{Checkout, Clock, SourceError, SwarmEvent};
use crate::status::Report;

/// A hint from outside that sources and swarm are worth a look: a webhook, a signal.
#[derive(Debug, Clone, Default)]
pub struct Nudge(Arc<Notify>);

impl Nudge {
    /// Gives the hint.
    pub fn give(&self) {
        self.0.notify_waiters();
    }
}

/// An answer of one source.
type Read = (usize, Result<Checkout, SourceError>);

/// Runs passes until `stop` is true. Each report is published; a pass that runs when the stop
/// comes is finished.
pub async fn run(
    mut operator: Operator,
    nudge: Nudge,
    mut stop: watch::Receiver<bool>,
    publish: watch::Sender<Option<Arc<Report>>>,
) {
    let clock = Arc::clone(&operator.doors.clock);
    let poll = operator.settings.poll;
    let mut events = operator.doors.swarm.events();
    let mut reads: FuturesUnordered<_> = operator
        .sources
        .iter()
        .enumerate()
        .map(|(index, source)| {
            read(index, source.clone(), Duration::ZERO, Arc::clone(&clock)).boxed()
        })
        .collect();
    let mut changes = changes(&operator.sources);
    let mut schedule = Schedule::default();
    while !*stop.borrow() {
        let wait = schedule.wait(clock.now());
        tokio::select! {
            biased;
            _ = stop.changed() => break,
            Some((index, answer)) = reads.next() => {
                if operator.states[index].take(answer) {
                    schedule.hint(clock.now());
                }
                let (source, wait) = (operator.sources[index].clone(), jittered(poll, &*clock));
                reads.push(read(index, source, wait, Arc::clone(&clock)).boxed());
            }
            Some(index) = changes.next() => {
                let source = operator.sources[index].clone();
                let answer = source.source.read().await;
                if operator.states[index].take(answer) {
                    schedule.hint(clock.now());
                }
            }
            Some(event) = events.next() => hear(&event, &mut schedule, &*clock),
            () = nudge.0.notified() => {
                operator.read_sources().await;
                schedule.hint(clock.now());
            }
            () = sleep(wait, &*clock) => {
                schedule.begin();
                let report = operator.pass().await;
                let resync = jittered(operator.settings.resync, &*clock);
                schedule.wish(clock.now(), after(&report, clock.now(), resync));
                publish.send_replace(Some(Arc::new(report)));
            }
        }
    }
}

/// Reads a source after a wait.
async fn read(index: usize, source: NamedSource, wait: Duration, clock: Arc<dyn Clock>) -> Read {
    if !wait.is_zero() {
        clock.sleep(wait).await;
    }
    (index, source.source.read().await)
}

/// Indexes of sources that say that reading is worth while.
fn changes(sources: &[NamedSource]) -> impl futures::Stream<Item = usize> + Unpin + use<> {
    let streams = sources
        .iter()
        .enumerate()
        .map(|(index, named)| named.source.changes().map(move |()| index).boxed());
    futures::stream::select_all(streams.collect::<Vec<_>>()).chain(futures::stream::pending())
}

fn hear(event: &SwarmEvent, schedule: &mut Schedule, clock: &dyn Clock) {
    match event {
        SwarmEvent::Changed { kind, name, action } => {
            tracing::debug!(kind, name, action, "event");
            schedule.hint(clock.now());
        }
        SwarmEvent::Connected => schedule.hint(clock.now()),
        SwarmEvent::Broken(why) => tracing::warn!(why, "the event stream broke"),
    }
}

async fn sleep(wait: Option<Duration>, clock: &dyn Clock) {
    match wait {
        Some(Duration::ZERO) => {}
        Some(wait) => clock.sleep(wait).await,
        None => future::pending().await,
    }
}

/// Up to a tenth more or less, taken from the clock's own digits: many operators that were started
/// by one deploy should not ask one git server in step.
fn jittered(time: Duration, clock: &dyn Clock) -> Duration {
    let part = clock.now().subsec_nanosecond().unsigned_abs() % 201;
    time * (900 + part) / 1000
}
