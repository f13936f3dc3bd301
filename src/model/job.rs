//! Jobs that are run at times of a schedule.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::desired::DesiredService;
use super::window::{Schedule, Zone};

/// Label of a run of a job: the time of the schedule that it was begun for.
pub const SLOT_LABEL: &str = "skep.slot";
/// Room that a slot takes in the name of a run: `-20261130T0300Z`.
pub const SLOT_NAME: usize = 15;
/// How far before the last time of a schedule the search for it begins: clocks that are set back
/// by less than this repeat no time for it.
const AROUND: SignedDuration = SignedDuration::from_hours(3);
/// Times that passed and are counted one by one; more are told as so many.
pub const COUNTED: u64 = 100;

/// A job: a service that is made anew for each time of a schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredJob {
    /// What is run, by the name of the job; a run has a name of its own.
    pub service: DesiredService,
    /// When, and what is done about runs.
    pub timing: Timing,
}

/// When a job is run, and what is done about its runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// The schedule.
    pub schedule: Schedule,
    /// Its time zone.
    pub zone: Zone,
    /// What is done when its time comes while a run is not over.
    pub overlap: Overlap,
    /// A run that could not be begun at its time is made up for until it is that late.
    pub deadline: SignedDuration,
    /// Runs that have ended well and are kept.
    pub succeeded: u64,
    /// Runs that have failed and are kept.
    pub failed: u64,
    /// How long a run may take; without it, as long as it likes.
    pub limit: Option<Duration>,
}

/// What is done when a job's time comes while a run of it is not over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// The new run waits, and is left out when it would be too late.
    #[default]
    Forbid,
    /// Both run.
    Allow,
    /// The one that runs is removed first.
    Replace,
}

impl Timing {
    /// Schedule and zone in words: other words are another schedule.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} {}", String::from(self.schedule.clone()), String::from(self.zone.clone()))
    }

    /// The first time of the schedule after another time; `None` when it never comes again.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        self.schedule.next(&self.zone, after)
    }

    /// The last time of the schedule up to now, this moment included, but after another time.
    ///
    /// Both directions of a search may disagree where clocks are set: only times that come when one
    /// goes forward are times of the schedule.
    #[must_use]
    pub fn last(&self, after: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let about = self.schedule.previous(&self.zone, now)?;
        let from = about.checked_sub(AROUND).unwrap_or(Timestamp::MIN);
        self.times(after.map_or(from, |after| after.max(from)), now).last()
    }

    /// Times of the schedule after one time and up to another.
    pub fn times(&self, after: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> {
        let next = move |at: &Timestamp| self.next(*at).filter(|next| *next <= to);
        std::iter::successors(next(&after), next)
    }
}

/// The next time of a schedule after another time, by the words of [`Timing::words`].
#[must_use]
pub fn next_by_words(words: &str, after: Timestamp) -> Option<Timestamp> {
    let (schedule, zone) = words.rsplit_once(' ')?;
    Schedule::parse(schedule).ok()?.next(&Zone::named(zone)?, after)
}

/// What a slot is called in the name of a run: `20261130T0300Z`.
#[must_use]
pub fn slot_name(slot: Timestamp) -> String {
    slot.strftime("%Y%m%dT%H%MZ").to_string()
}

#[cfg(test)]
impl Timing {
    /// For tests: a schedule in a zone, with a deadline of ten minutes.
    pub(crate) fn by(schedule: &str, zone: &str) -> Self {
        Self {
            schedule: Schedule::parse(schedule).expect("a schedule"),
            zone: Zone::named(zone).expect("a zone"),
            overlap: Overlap::default(),
            deadline: SignedDuration::from_mins(10),
            succeeded: 3,
            failed: 1,
            limit: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times of a schedule between two times.
    fn check(schedule: &str, zone: &str, (from, to): (&str, &str), times: &[&str]) {
        let (from, to) = (from.parse().expect("a time"), to.parse().expect("a time"));
        let timing = Timing::by(schedule, zone);
        let found: Vec<String> = timing.times(from, to).map(|time| time.to_string()).collect();
        assert_eq!(found, times, "{schedule} {zone}");
        assert_eq!(timing.last(None, to), timing.times(from, to).last(), "{schedule} {zone}");
    }

    const NIGHT_WITHOUT_TWO: (&str, &str) = ("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
    const NIGHT_WITH_TWO_TWICE: (&str, &str) = ("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");

    #[test]
    fn a_time_that_a_night_leaves_out_comes_right_after() {
        // 02:30 is not there on the 29th: clocks go from 02:00 to 03:00, which is 01:00 UTC.
        let times = ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"];
        check("30 2 * * *", "Europe/Berlin", NIGHT_WITHOUT_TWO, &times);
    }

    #[test]
    fn a_time_that_a_night_has_twice_comes_once() {
        // 02:30 is there at 00:30 and at 01:30 UTC on the 25th.
        let times = ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
        check("30 2 * * *", "Europe/Berlin", NIGHT_WITH_TWO_TWICE, &times);
    }

    #[test]
    fn what_comes_each_hour_comes_each_hour_whatever_clocks_do() {
        let hours = |schedule, between| check_hours(schedule, between);
        hours("0 * * * *", NIGHT_WITHOUT_TWO);
        hours("@hourly", NIGHT_WITH_TWO_TWICE);
    }

    fn check_hours(schedule: &str, (from, to): (&str, &str)) {
        let (from, to) = (from.parse().expect("a time"), to.parse().expect("a time"));
        let times: Vec<Timestamp> = Timing::by(schedule, "Europe/Berlin").times(from, to).collect();
        assert_eq!(times.len(), 48);
        let hour = SignedDuration::from_hours(1);
        assert!(times.windows(2).all(|two| two[0].duration_until(two[1]) == hour));
    }

    #[test]
    fn a_slot_is_part_of_a_name() {
        let slot: Timestamp = "2026-11-30T03:00:00Z".parse().expect("a time");
        assert_eq!(slot_name(slot), "20261130T0300Z");
        assert_eq!(slot_name(slot).len() + 1, SLOT_NAME);
    }

    #[test]
    fn a_schedule_that_came_never_yet_has_no_last_time() {
        let leap = Timing::by("0 0 29 2 *", "UTC");
        let now = "2026-06-01T00:00:00Z".parse().expect("a time");
        let last = leap.last(None, now).map(|time| time.to_string());
        assert_eq!(last.as_deref(), Some("2024-02-29T00:00:00Z"));
        assert_eq!(leap.last(last.and_then(|last| last.parse().ok()), now), None);
    }
}
