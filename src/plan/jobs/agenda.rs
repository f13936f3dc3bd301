//! Which time of a schedule is due: a function of the declaration, the ledger and the time.

use jiff::Timestamp;

use crate::model::{COUNTED, JobRecord, Timing};

/// What a schedule asks for at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agenda {
    /// The time for which a run is to be begun.
    pub(super) due: Option<Timestamp>,
    /// Times that passed without one since the last that was dealt with; from [`COUNTED`] on, at
    /// least so many.
    pub(super) missed: u64,
    /// When the next one comes.
    pub(super) next: Option<Timestamp>,
}

/// Looks at a schedule. Without a record of this very schedule no time has come yet: what was
/// declared a moment ago does not run for a time before. `lost` is the time of a run that was about
/// to be made when somebody died, and is not there.
pub(super) fn agenda(
    timing: &Timing,
    (record, lost): (Option<&JobRecord>, Option<Timestamp>),
    now: Timestamp,
) -> Agenda {
    let known = record.filter(|record| record.schedule == timing.words());
    let Some(known) = known else {
        return Agenda { due: None, missed: 0, next: timing.next(now) };
    };
    let lost = lost.filter(|slot| *slot <= now);
    let last = timing.last(Some(known.slot), now).or(lost);
    let due = last.filter(|slot| now.duration_since(*slot) <= timing.deadline);
    let most = usize::try_from(COUNTED).unwrap_or(usize::MAX);
    let passed = timing.times(known.slot, now).take(most).count() as u64;
    let passed = passed + u64::from(lost.is_some());
    // Where the clock was set back, times that were dealt with don't come again.
    let next = timing.next(now.max(known.slot));
    Agenda { due, missed: passed.saturating_sub(u64::from(due.is_some())), next }
}

/// From when on times of a schedule count that was not seen before.
pub(super) fn beginning(timing: &Timing, now: Timestamp) -> Timestamp {
    timing.last(None, now).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        format!("2026-{time}:00Z").parse().expect("a time")
    }

    /// After a slot that was dealt with, at a time: what is due, how many were missed, what is next.
    fn check((schedule, zone): (&str, &str), slot: &str, now: &str, expected: (&str, u64, &str)) {
        let timing = Timing::by(schedule, zone);
        let record = JobRecord::beginning(timing.words(), at(slot));
        let found = agenda(&timing, (Some(&record), None), at(now));
        let told = |time: Option<Timestamp>| {
            time.map_or_else(String::new, |time| time.strftime("%m-%dT%H:%M").to_string())
        };
        let (due, next) = (told(found.due), told(found.next));
        assert_eq!((due.as_str(), found.missed, next.as_str()), expected, "{slot} {now}");
    }

    const NIGHTLY: (&str, &str) = ("0 3 * * *", "UTC");
    const MINUTELY: (&str, &str) = ("* * * * *", "UTC");
    const BERLIN: (&str, &str) = ("30 2 * * *", "Europe/Berlin");

    #[test]
    fn a_time_is_due_from_its_moment_until_its_deadline() {
        check(NIGHTLY, "01-06T03:00", "01-07T02:59", ("", 0, "01-07T03:00"));
        check(NIGHTLY, "01-06T03:00", "01-07T03:00", ("01-07T03:00", 0, "01-08T03:00"));
        check(NIGHTLY, "01-06T03:00", "01-07T03:10", ("01-07T03:00", 0, "01-08T03:00"));
        check(NIGHTLY, "01-06T03:00", "01-07T03:11", ("", 1, "01-08T03:00"));
    }

    #[test]
    fn of_many_that_were_missed_the_last_one_is_due() {
        check(NIGHTLY, "01-04T03:00", "01-07T03:05", ("01-07T03:00", 2, "01-08T03:00"));
        check(MINUTELY, "01-07T03:00", "01-07T03:30", ("01-07T03:30", 29, "01-07T03:31"));
        // They are not counted without end.
        check(MINUTELY, "01-01T00:00", "06-01T00:00", ("06-01T00:00", 99, "06-01T00:01"));
    }

    #[test]
    fn a_clock_that_is_set_back_repeats_nothing() {
        check(MINUTELY, "01-07T03:00", "01-07T02:10", ("", 0, "01-07T03:01"));
        check(NIGHTLY, "01-07T03:00", "01-07T03:00", ("", 0, "01-08T03:00"));
    }

    #[test]
    fn nights_with_another_length_have_one_time_each() {
        check(BERLIN, "03-28T01:30", "03-29T01:00", ("03-29T01:00", 0, "03-30T00:30"));
        check(BERLIN, "03-29T01:00", "03-29T01:05", ("", 0, "03-30T00:30"));
        check(BERLIN, "10-24T00:30", "10-25T00:30", ("10-25T00:30", 0, "10-26T01:30"));
        check(BERLIN, "10-25T00:30", "10-25T01:35", ("", 0, "10-26T01:30"));
    }

    #[test]
    fn another_schedule_begins_with_its_next_time() {
        let (old, new) = (Timing::by("0 3 * * *", "UTC"), Timing::by("0 3 * * *", "Europe/Berlin"));
        let record =
            JobRecord { begins: true, ..JobRecord::beginning(old.words(), at("01-06T03:00")) };
        let found = agenda(&new, (Some(&record), Some(record.slot)), at("01-07T02:05"));
        assert_eq!((found.due, found.missed), (None, 0));
        assert_eq!(beginning(&new, at("01-07T02:05")), at("01-07T02:00"));
        assert_eq!(agenda(&new, (None, None), at("01-07T02:00")).due, None);
    }

    #[test]
    fn a_run_that_was_about_to_be_made_is_due_until_its_deadline() {
        let timing = Timing::by("0 3 * * *", "UTC");
        let record =
            JobRecord { begins: true, ..JobRecord::beginning(timing.words(), at("01-07T03:00")) };
        let found = |now| agenda(&timing, (Some(&record), Some(record.slot)), at(now));
        assert_eq!(found("01-07T03:04").due, Some(record.slot));
        assert_eq!((found("01-07T03:11").due, found("01-07T03:11").missed), (None, 1));
        // The clock was set back: its time comes again, and once.
        assert_eq!((found("01-07T02:55").due, found("01-07T02:55").missed), (None, 0));
    }
}
