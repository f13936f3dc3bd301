//! Virtual time. It stands still until somebody moves it: a script (`advance`, `settle`, `run`) or,
//! in the demo, the real clock (`follow`).
//!
//! Between two instants the clock lets other futures run by yielding to the executor. That is
//! complete on a current-thread runtime, which is what scripts run on.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use crate::ports::Clock;

/// How often others get a turn before time moves on: the longest chain of wake-ups between two
/// instants that a script may count on.
const TURNS: usize = 64;

/// Something that has work of its own to do as time goes by: it does what is due at the time that
/// it is told and says when it wants to be told next.
type Follower = Box<dyn Fn(Timestamp) -> Option<Timestamp> + Send + Sync>;

/// A clock that moves only when it is moved. Clones are the same clock.
#[derive(Clone)]
pub struct SimClock(Arc<Inner>);

struct Inner {
    face: Mutex<Face>,
    followers: Mutex<Vec<Follower>>,
}

struct Face {
    now: Timestamp,
    order: u64,
    sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
}

/// What is to be waited for when nothing else says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Nothing is due any more.
    Quiet,
    /// The time was up and something still moves, such as a crash loop.
    Moving,
}

impl Default for SimClock {
    /// A clock that shows 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::starting_at(Timestamp::new(1_767_225_600, 0).unwrap_or_default())
    }
}

impl SimClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn starting_at(now: Timestamp) -> Self {
        let face = Face { now, order: 0, sleepers: BTreeMap::new() };
        Self(Arc::new(Inner { face: Mutex::new(face), followers: Mutex::new(Vec::new()) }))
    }

    /// Adds somebody who works as time goes by.
    pub(crate) fn attach(
        &self,
        follower: impl Fn(Timestamp) -> Option<Timestamp> + Send + Sync + 'static,
    ) {
        lock(&self.0.followers).push(Box::new(follower));
    }

    /// Moves so far, instant by instant, and lets everybody who waited for one of them run.
    pub async fn advance(&self, time: Duration) {
        let target = later(self.now(), time);
        others_run().await;
        while let Some(next) = self.next_due().filter(|next| *next <= target) {
            self.jump(next);
            others_run().await;
        }
        self.jump(target);
        others_run().await;
    }

    /// Moves so far at once: the simulated world does on the way what is due, and sleepers are woken
    /// at the end only. For scripts in which nobody sleeps.
    pub fn leap(&self, time: Duration) {
        self.jump(later(self.now(), time));
    }

    /// Moves until the simulated world is quiet, at most so far. Sleepers are woken on the way,
    /// but only the world's own work is waited for.
    pub async fn settle_within(&self, limit: Duration) -> Settled {
        let end = later(self.now(), limit);
        others_run().await;
        while let Some(work) = self.work_due() {
            if work > end {
                return Settled::Moving;
            }
            self.jump(self.sleeper_due().map_or(work, |sleeper| sleeper.min(work)));
            others_run().await;
        }
        Settled::Quiet
    }

    /// Runs a future to its end and moves time whenever it waits. `None` when it did not end
    /// within this much virtual time.
    pub async fn run<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        let end = later(self.now(), limit);
        let mut future = pin!(future);
        loop {
            for _ in 0..TURNS {
                let turn = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
                if let Poll::Ready(output) = turn {
                    return Some(output);
                }
                tokio::task::yield_now().await;
            }
            match self.next_due() {
                Some(next) if next <= end => self.jump(next),
                Some(_) => return None,
                // It waits for something outside, or for others who have not had their turn yet.
                None => {}
            }
        }
    }

    /// Lets virtual time follow a real clock, `speed` times as fast, until the future is dropped.
    pub async fn follow(&self, real: &dyn Clock, speed: u32) {
        const STEP: Duration = Duration::from_millis(20);
        let (real_start, start) = (real.now(), self.now());
        loop {
            real.sleep(STEP).await;
            let passed = real.now().duration_since(real_start).unsigned_abs() * speed;
            let behind = later(start, passed).duration_since(self.now());
            if behind.is_positive() {
                self.advance(behind.unsigned_abs()).await;
            }
        }
    }

    /// The next instant at which anybody has something to do.
    fn next_due(&self) -> Option<Timestamp> {
        match (self.work_due(), self.sleeper_due()) {
            (Some(work), Some(sleeper)) => Some(work.min(sleeper)),
            (work, sleeper) => work.or(sleeper),
        }
    }

    fn work_due(&self) -> Option<Timestamp> {
        let now = self.now();
        lock(&self.0.followers).iter().filter_map(|follower| follower(now)).min()
    }

    fn sleeper_due(&self) -> Option<Timestamp> {
        let mut face = lock(&self.0.face);
        face.sleepers.retain(|_, sleeper| !sleeper.is_canceled());
        face.sleepers.keys().next().map(|(due, _)| *due)
    }

    /// Shows this time, lets the followers work, then wakes the sleepers.
    fn jump(&self, to: Timestamp) {
        {
            let mut face = lock(&self.0.face);
            face.now = face.now.max(to);
        }
        self.work_due();
        let mut face = lock(&self.0.face);
        let still = face.sleepers.split_off(&(to, u64::MAX));
        for (_, sleeper) in std::mem::replace(&mut face.sleepers, still) {
            // An error means that nobody waits any more.
            let _ = sleeper.send(());
        }
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        lock(&self.0.face).now
    }

    fn elapsed(&self) -> Duration {
        self.now().duration_since(Timestamp::UNIX_EPOCH).unsigned_abs()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let mut face = lock(&self.0.face);
        if time.is_zero() {
            return Box::pin(std::future::ready(()));
        }
        let (sender, woken) = oneshot::channel();
        let key = (later(face.now, time), face.order);
        face.order += 1;
        face.sleepers.insert(key, sender);
        Box::pin(async move {
            if woken.await.is_err() {
                // The clock is gone, so this time never comes.
                std::future::pending::<()>().await;
            }
        })
    }
}

/// So much later, or the end of time.
pub(crate) fn later(from: Timestamp, time: Duration) -> Timestamp {
    SignedDuration::try_from(time)
        .ok()
        .and_then(|time| from.checked_add(time).ok())
        .unwrap_or(Timestamp::MAX)
}

/// A lock whose holder panicked still guards plain values: they are taken as they are.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn others_run() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn sleepers_wake_in_order_and_see_the_time_that_they_asked_for() {
        let clock = SimClock::default();
        let start = clock.now();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for seconds in [3, 1, 2] {
            let (clock, seen) = (clock.clone(), Arc::clone(&seen));
            tokio::spawn(async move {
                clock.sleep(SECOND * seconds).await;
                lock(&seen).push((seconds, clock.now().duration_since(start).as_secs()));
            });
        }
        clock.advance(SECOND * 2).await;
        assert_eq!(*lock(&seen), [(1, 1), (2, 2)]);
        clock.advance(SECOND).await;
        assert_eq!(*lock(&seen), [(1, 1), (2, 2), (3, 3)]);
    }

    #[tokio::test]
    async fn run_moves_time_as_far_as_the_future_waits() {
        let clock = SimClock::default();
        let start = clock.now();
        let nap = clock.sleep(SECOND * 90);
        assert_eq!(clock.run(SECOND * 100, nap).await, Some(()));
        assert_eq!(clock.now().duration_since(start).as_secs(), 90);
        let nap = clock.sleep(SECOND * 90);
        assert_eq!(clock.run(SECOND * 10, nap).await, None);
    }

    #[tokio::test]
    async fn settle_waits_for_the_world_and_not_for_sleepers() {
        let clock = SimClock::default();
        let work_ends = later(clock.now(), SECOND * 5);
        clock.attach(move |now| (now < work_ends).then_some(work_ends));
        let nap = clock.sleep(SECOND * 60);
        assert_eq!(clock.settle_within(SECOND * 2).await, Settled::Moving);
        assert_eq!(clock.settle_within(SECOND * 60).await, Settled::Quiet);
        assert_eq!(clock.now(), work_ends);
        drop(nap);
    }

    #[tokio::test]
    async fn virtual_time_follows_another_clock_at_its_speed() {
        let (real, clock) = (SimClock::default(), SimClock::default());
        let start = clock.now();
        let follow = clock.follow(&real, 10);
        assert_eq!(real.run(SECOND, follow).await, None);
        let passed = clock.now().duration_since(start).as_secs_f64();
        assert!((9.0..=10.0).contains(&passed), "{passed}");
    }
}
