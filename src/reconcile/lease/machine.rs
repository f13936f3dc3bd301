//! Who acts, decided on values: what the lease said, and when that was seen by the own clock.
//!
//! Clocks of different machines are never compared. A holder acts at most [`HOLD`] after the start
//! of its last renewal that was confirmed. Another one takes the lease only when it saw the same
//! version for [`TAKE`]: it saw that version after the holder began to write it, so the holder has
//! stopped before. And the write is a compare-and-swap: when the holder renewed at the last moment,
//! it fails.

use std::time::Duration;

use crate::ledger::Lease;
use crate::model::engine::Version;

/// Time after which a lease is renewed.
pub(super) const RENEW: Duration = Duration::from_secs(4);
/// So long a holder acts after the start of its last renewal that was confirmed.
pub(super) const HOLD: Duration = Duration::from_secs(9);
/// So long a lease has to be seen unchanged before another one takes it.
pub(super) const TAKE: Duration = Duration::from_secs(11);
/// The most that counts between two looks at it: time in which the swarm did not answer, or in
/// which this process did not run, is not time in which the holder could have renewed it.
pub(super) const BETWEEN: Duration = Duration::from_secs(3);

/// The lease as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sighting {
    /// Version of its config.
    pub(super) version: Version,
    /// What it says; `None` for what is no lease.
    pub(super) lease: Option<Lease>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Nothing.
    Nothing,
    /// Make the lease, if there is none.
    Create(Lease),
    /// Write the lease, if it still has this version.
    Write(Version, Lease),
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// It was done.
    Done,
    /// Somebody else was faster, or it was refused: it was not done.
    Not,
    /// Nobody knows.
    Unknown,
}

/// One operator's part in it. All times are those of its own [`crate::ports::Clock::elapsed`].
#[derive(Debug)]
pub(super) struct Machine {
    me: String,
    beat: u64,
    /// The renewal that is not confirmed yet.
    sent: Option<Sent>,
    /// When the last confirmed renewal began; `None` for one that does not hold the lease.
    renewed: Option<Duration>,
    watch: Option<Watch>,
    /// Whether there ever was a lease: one that is gone then was taken away.
    met: bool,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    beat: u64,
    began: Duration,
}

/// For how long a lease, or its absence, was seen unchanged.
#[derive(Debug, Clone, Copy)]
struct Watch {
    version: Option<Version>,
    last: Duration,
    unchanged: Duration,
}

impl Machine {
    /// An operator that has not seen anything yet. No two may have one name.
    pub(super) fn new(me: &str) -> Self {
        // The name as it stands in a lease, which may be shorter.
        let me = Lease::of(me, 0).holder.unwrap_or_default();
        Self { me, beat: 0, sent: None, renewed: None, watch: None, met: false }
    }

    /// Until when this operator may act; zero when it may not.
    pub(super) fn until(&self) -> Duration {
        self.renewed.map_or(Duration::ZERO, |renewed| renewed + HOLD)
    }

    /// Takes what was seen: `now` is when the answer was there.
    pub(super) fn see(&mut self, seen: Option<&Sighting>, now: Duration) -> Act {
        self.met |= seen.is_some();
        let unchanged = self.watched(seen.map(|seen| seen.version), now);
        let acts = now < self.until();
        match seen {
            Some(Sighting { version, lease }) => match lease {
                Some(lease) if lease.holder.as_ref() == Some(&self.me) => {
                    self.confirm(lease.beat);
                    let due = self.renewed.is_none_or(|renewed| now >= renewed + RENEW);
                    if due { self.write(*version, now) } else { Act::Nothing }
                }
                // It was given up.
                Some(Lease { holder: None, .. }) => self.take(Some(*version), now),
                Some(_) => {
                    self.stand_down();
                    let left = unchanged >= TAKE;
                    if left { self.take(Some(*version), now) } else { Act::Nothing }
                }
                // Somebody's hand spoiled it, and nobody has taken it since.
                None if acts || unchanged >= TAKE => self.take(Some(*version), now),
                None => Act::Nothing,
            },
            // The first operator of an instance need not wait for anybody.
            None if acts || !self.met || unchanged >= TAKE => self.take(None, now),
            None => Act::Nothing,
        }
    }

    /// Takes what came of the last act.
    pub(super) fn came(&mut self, came: Came) {
        match came {
            Came::Done => self.confirm(self.beat),
            Came::Not => self.sent = None,
            // The next look shows whether it was made.
            Came::Unknown => {}
        }
    }

    /// Stops acting at once. Returns what gives the lease up, if it is this operator's.
    pub(super) fn give_up(&mut self, seen: Option<&Sighting>) -> Act {
        self.stand_down();
        match seen {
            Some(Sighting { version, lease: Some(lease) })
                if lease.holder.as_ref() == Some(&self.me) =>
            {
                Act::Write(*version, Lease::free(lease.beat.wrapping_add(1)))
            }
            _ => Act::Nothing,
        }
    }

    /// For how long this was seen unchanged, this time included.
    fn watched(&mut self, version: Option<Version>, now: Duration) -> Duration {
        let fresh = Watch { version, last: now, unchanged: Duration::ZERO };
        let watch = match self.watch.filter(|watch| watch.version == version) {
            Some(before) => {
                let passed = now.saturating_sub(before.last).min(BETWEEN);
                Watch { unchanged: before.unchanged + passed, ..fresh }
            }
            None => fresh,
        };
        self.watch = Some(watch);
        watch.unchanged
    }

    fn take(&mut self, version: Option<Version>, now: Duration) -> Act {
        match version {
            Some(version) => self.write(version, now),
            None => Act::Create(self.next(now)),
        }
    }

    fn write(&mut self, version: Version, now: Duration) -> Act {
        Act::Write(version, self.next(now))
    }

    /// A renewal that begins now.
    fn next(&mut self, now: Duration) -> Lease {
        self.beat = self.beat.wrapping_add(1);
        self.sent = Some(Sent { beat: self.beat, began: now });
        Lease::of(&self.me, self.beat)
    }

    fn confirm(&mut self, beat: u64) {
        if let Some(sent) = self.sent.take_if(|sent| sent.beat == beat) {
            self.renewed = Some(sent.began);
        }
    }

    fn stand_down(&mut self) {
        (self.sent, self.renewed) = (None, None);
    }
}
