//! Windows: times in which a stack may be written.

use jiff::Timestamp;

use crate::model::{HeldReason, Window, WindowKind};

/// Changes of windows that are looked ahead to, for the time that is told.
const AHEAD: usize = 100;

/// Why nothing is written now, if so. A window that denies wins over one that allows.
pub(super) fn closed(windows: &[Window], now: Timestamp) -> Option<HeldReason> {
    let mut at = now;
    for _ in 0..AHEAD {
        match shut(windows, at) {
            None if at == now => return None,
            None => return Some(HeldReason::OutsideWindow { until: Some(at) }),
            Some(Some(next)) => at = next,
            Some(None) => break,
        }
    }
    Some(HeldReason::OutsideWindow { until: None })
}

/// When that which shuts at a time ends: `None` when nothing does, `Some(None)` when it never ends.
fn shut(windows: &[Window], at: Timestamp) -> Option<Option<Timestamp>> {
    let of = |kind| windows.iter().filter(move |window| window.kind == kind);
    if let Some(end) = of(WindowKind::Deny).filter_map(|window| window.end(at)).max() {
        return Some(Some(end));
    }
    let mut allowed = of(WindowKind::Allow).peekable();
    if allowed.peek().is_none() || allowed.clone().any(|window| window.end(at).is_some()) {
        return None;
    }
    Some(allowed.filter_map(|window| window.next_start(at)).min())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::model::{Schedule, Zone};

    fn window(kind: WindowKind, schedule: &str, hours: i64) -> Window {
        Window {
            kind,
            schedule: Schedule::parse(schedule).expect("a schedule"),
            duration: SignedDuration::from_hours(hours),
            zone: Zone::default(),
        }
    }

    /// Until when a Wednesday's time is closed: `open`, a time, or `for ever`.
    fn check(windows: &[Window], time: &str) -> String {
        let now = format!("2026-01-07T{time}:00Z").parse().expect("a time");
        match closed(windows, now) {
            None => "open".to_owned(),
            Some(HeldReason::OutsideWindow { until: Some(until) }) => until.to_string(),
            Some(_) => "for ever".to_owned(),
        }
    }

    use WindowKind::{Allow, Deny};

    #[test]
    fn without_windows_everything_is_open() {
        assert_eq!(check(&[], "12:00"), "open");
    }

    #[test]
    fn writes_are_made_in_windows_that_allow() {
        let night = [window(Allow, "0 22 * * *", 4), window(Allow, "0 6 * * *", 1)];
        assert_eq!(check(&night, "23:30"), "open");
        assert_eq!(check(&night, "01:59"), "open");
        assert_eq!(check(&night, "02:00"), "2026-01-07T06:00:00Z");
        assert_eq!(check(&night, "12:00"), "2026-01-07T22:00:00Z");
    }

    #[test]
    fn one_that_denies_wins() {
        let denied = [window(Deny, "0 9 * * *", 8)];
        assert_eq!(check(&denied, "08:59"), "open");
        assert_eq!(check(&denied, "09:00"), "2026-01-07T17:00:00Z");
        let both = [window(Allow, "0 8 * * *", 2), window(Deny, "0 9 * * *", 8)];
        assert_eq!(check(&both, "08:30"), "open");
        assert_eq!(check(&both, "09:30"), "2026-01-08T08:00:00Z");
    }

    #[test]
    fn windows_that_leave_no_time_are_closed_for_ever() {
        let never = [window(Allow, "0 9 * * *", 1), window(Deny, "0 * * * *", 1)];
        assert_eq!(check(&never, "09:30"), "for ever");
    }
}
