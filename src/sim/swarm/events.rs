//! The event stream: hints only, that break and get lost.

use std::collections::VecDeque;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{BoxStream, unfold};
use jiff::Timestamp;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::ports::SwarmEvent;
use crate::sim::clock::later;

/// What becomes of events on their way.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// Events that are lost from now on.
    lose: usize,
    /// While broken: until when.
    broken_until: Option<Timestamp>,
    /// Said as soon as possible.
    first: Vec<SwarmEvent>,
}

impl Stream {
    /// Loses the next events.
    pub(super) fn lose(&mut self, count: usize) {
        self.lose += count;
    }

    /// Breaks the stream for a while; what happens meanwhile is never told.
    pub(super) fn break_for(&mut self, time: Duration, now: Timestamp) {
        self.broken_until = Some(later(now, time));
        self.first.push(SwarmEvent::Broken("connection reset by peer".to_owned()));
    }

    /// When a broken stream is connected again.
    pub(super) fn back_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.broken_until.filter(|until| *until > now)
    }

    /// The events that arrive.
    pub(super) fn pass(&mut self, told: Vec<SwarmEvent>, now: Timestamp) -> Vec<SwarmEvent> {
        let mut passed = std::mem::take(&mut self.first);
        if let Some(until) = self.broken_until {
            if now < until {
                return passed;
            }
            self.broken_until = None;
            passed.push(SwarmEvent::Connected);
        }
        let lost = self.lose.min(told.len());
        self.lose -= lost;
        passed.extend(told.into_iter().skip(lost));
        passed
    }
}

/// A listener's stream. It begins with `Connected` and ends with the swarm.
pub(super) fn listen(receiver: broadcast::Receiver<SwarmEvent>) -> BoxStream<'static, SwarmEvent> {
    let first = VecDeque::from([SwarmEvent::Connected]);
    unfold((receiver, first), |(mut receiver, mut first)| async move {
        if let Some(event) = first.pop_front() {
            return Some((event, (receiver, first)));
        }
        match receiver.recv().await {
            Ok(event) => Some((event, (receiver, first))),
            Err(RecvError::Lagged(missed)) => {
                first.push_back(SwarmEvent::Connected);
                let broken = SwarmEvent::Broken(format!("{missed} events were missed"));
                Some((broken, (receiver, first)))
            }
            Err(RecvError::Closed) => None,
        }
    })
    .boxed()
}
