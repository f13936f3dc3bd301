//! Times in which a stack may be written.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A time that comes again and again: from each time of a schedule on, for so long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Whether writes are made in it only, or outside of it only.
    pub kind: WindowKind,
    /// When it begins.
    pub schedule: Schedule,
    /// How long it is.
    pub duration: SignedDuration,
    /// The time zone of its schedule.
    pub zone: Zone,
}

/// What a window is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowKind {
    /// Writes are made in such windows only.
    Allow,
    /// Nothing is written in it.
    Deny,
}

impl Window {
    /// When the window ends in which a time lies; `None` when it lies in none.
    #[must_use]
    pub fn end(&self, now: Timestamp) -> Option<Timestamp> {
        let start = self.schedule.previous(&self.zone, now)?;
        let end = start.checked_add(self.duration).unwrap_or(Timestamp::MAX);
        (now < end).then_some(end)
    }

    /// When it begins next after a time; `None` when it never does.
    #[must_use]
    pub fn next_start(&self, now: Timestamp) -> Option<Timestamp> {
        self.schedule.next(&self.zone, now)
    }
}

/// A cron schedule of five fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule(Cron);

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.0.as_str().to_owned()
    }
}

impl TryFrom<String> for Schedule {
    type Error = NotASchedule;
    fn try_from(text: String) -> Result<Self, NotASchedule> {
        Self::parse(&text)
    }
}

impl Schedule {
    /// Reads `0 22 * * mon-fri`.
    ///
    /// # Errors
    /// When it is none, or one that never comes.
    pub fn parse(text: &str) -> Result<Self, NotASchedule> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed);
        let cron = parser.build().parse(text).map_err(|_| NotASchedule::Malformed)?;
        // Where the search begins changes nothing for what comes at all.
        let some_day = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        match cron.find_next_occurrence(&some_day, false) {
            Ok(_) => Ok(Self(cron)),
            Err(_) => Err(NotASchedule::Never),
        }
    }

    /// The first time after another one; `None` when it never comes again.
    #[must_use]
    pub fn next(&self, zone: &Zone, after: Timestamp) -> Option<Timestamp> {
        let after = after.to_zoned(zone.0.clone());
        let next = self.0.find_next_occurrence(&after, false).ok()?;
        Some(next.timestamp())
    }

    /// About the last time up to another one, this included.
    #[must_use]
    pub fn previous(&self, zone: &Zone, now: Timestamp) -> Option<Timestamp> {
        let now = now.to_zoned(zone.0.clone());
        let previous = self.0.find_previous_occurrence(&now, true).ok()?;
        Some(previous.timestamp())
    }
}

/// A text that is no schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotASchedule {
    /// It has another form.
    #[error("is no cron schedule of five fields")]
    Malformed,
    /// No time fits it.
    #[error("is a time that never comes")]
    Never,
}

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0.iana_name().unwrap_or("UTC").to_owned()
    }
}

impl TryFrom<String> for Zone {
    type Error = NotAZone;
    fn try_from(name: String) -> Result<Self, NotAZone> {
        Self::named(&name).ok_or(NotAZone(name))
    }
}

/// A text that is no time zone that the program knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no known time zone")]
pub struct NotAZone(String);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// Finds `Europe/Berlin`, in the database that is part of the program: the same on all nodes.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "UTC" => Some(Self::default()),
            _ => TimeZoneDatabase::bundled().get(name).ok().map(Self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(schedule: &str, hours: i64, zone: &str) -> Window {
        Window {
            kind: WindowKind::Allow,
            schedule: Schedule::parse(schedule).expect("a schedule"),
            duration: SignedDuration::from_hours(hours),
            zone: Zone::named(zone).expect("a zone"),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_window_ends_in_its_own_zone() {
        let night = window("0 22 * * mon-fri", 8, "Europe/Berlin");
        // A Friday in winter: 22:00 there is 21:00 UTC.
        assert_eq!(night.end(at("2026-01-09T20:59:59Z")), None);
        let end = Some(at("2026-01-10T05:00:00Z"));
        assert_eq!(night.end(at("2026-01-09T21:00:00Z")), end);
        assert_eq!(night.end(at("2026-01-10T04:59:59Z")), end);
        assert_eq!(night.end(at("2026-01-10T05:00:00Z")), None);
        // Saturday is none of its days; the next one begins on Monday.
        let next = Some(at("2026-01-12T21:00:00Z"));
        assert_eq!(night.next_start(at("2026-01-10T12:00:00Z")), next);
        // In summer it is 20:00 UTC.
        assert!(night.end(at("2026-07-10T20:00:00Z")).is_some());
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for wrong in ["", "* * * *", "0 0 0 * * *", "61 * * * *", "0 0 30 2 *", "nightly"] {
            assert!(Schedule::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Zone::named("Mars/Olympus"), None);
    }
}
