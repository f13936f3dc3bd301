//! Fields that somebody else changes back again and again (an autoscaler, a cron tool).
//!
//! Three repairs of one field in ten minutes are a fight. It ends by standing back: the field is
//! held with both values until git asks for another value, or nobody touched it for ten minutes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// Repairs of one field after which it is contested.
const REPAIRS: usize = 3;
/// Time in which repairs count.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// Repairs so far, by service and field path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contests(BTreeMap<(String, String), Fight>);

/// Both sides of a contested field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contested {
    /// What git says.
    pub ours: String,
    /// What the other side says.
    pub theirs: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fight {
    ours: String,
    theirs: String,
    repairs: Vec<Timestamp>,
    seen: Timestamp,
}

impl Contests {
    /// Notes that a field was put back to `ours` after somebody had set `theirs`.
    pub fn repaired(&mut self, service: &str, path: &str, values: Contested, now: Timestamp) {
        let key = (service.to_owned(), path.to_owned());
        let fight = self.0.entry(key).or_insert_with(|| Fight {
            ours: values.ours.clone(),
            theirs: String::new(),
            repairs: Vec::new(),
            seen: now,
        });
        if fight.ours != values.ours {
            fight.repairs.clear();
            fight.ours = values.ours;
        }
        fight.theirs = values.theirs;
        fight.seen = now;
        fight.repairs.retain(|at| at.duration_until(now) < WINDOW);
        fight.repairs.push(now);
    }

    /// Notes that a contested field still differs, so that the fight is not forgotten.
    pub fn seen(&mut self, service: &str, path: &str, now: Timestamp) {
        if let Some(fight) = self.0.get_mut(&(service.to_owned(), path.to_owned())) {
            fight.seen = now;
        }
    }

    /// Forgets fights that ended.
    pub fn forget(&mut self, now: Timestamp) {
        self.0.retain(|_, fight| fight.seen.duration_until(now) < WINDOW);
    }

    /// The fight over a field, if it is one and git still asks for the same.
    #[must_use]
    pub fn over(&self, service: &str, path: &str, ours: &str) -> Option<Contested> {
        let fight = self.0.get(&(service.to_owned(), path.to_owned()))?;
        (fight.ours == ours && fight.repairs.len() >= REPAIRS)
            .then(|| Contested { ours: fight.ours.clone(), theirs: fight.theirs.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn repaired(contests: &mut Contests, ours: &str, second: i64) {
        let values = Contested { ours: ours.into(), theirs: "9".into() };
        contests.repaired("shop_web", "deploy.replicas", values, at(second));
    }

    #[test]
    fn the_third_repair_in_ten_minutes_is_a_fight() {
        let mut contests = Contests::default();
        repaired(&mut contests, "2", 0);
        repaired(&mut contests, "2", 100);
        assert_eq!(contests.over("shop_web", "deploy.replicas", "2"), None);
        repaired(&mut contests, "2", 200);
        let fight = contests.over("shop_web", "deploy.replicas", "2").expect("a fight");
        assert_eq!((fight.ours.as_str(), fight.theirs.as_str()), ("2", "9"));
        assert_eq!(contests.over("shop_web", "deploy.replicas", "4"), None);
    }

    #[test]
    fn slow_repairs_are_no_fight() {
        let mut contests = Contests::default();
        for second in [0, 500, 1000, 1500] {
            repaired(&mut contests, "2", second);
        }
        assert_eq!(contests.over("shop_web", "deploy.replicas", "2"), None);
    }

    #[test]
    fn a_fight_is_forgotten_once_nobody_touched_the_field_for_ten_minutes() {
        let mut contests = Contests::default();
        for second in [0, 1, 2] {
            repaired(&mut contests, "2", second);
        }
        contests.seen("shop_web", "deploy.replicas", at(300));
        contests.forget(at(800));
        assert!(contests.over("shop_web", "deploy.replicas", "2").is_some());
        contests.forget(at(901));
        assert!(contests.over("shop_web", "deploy.replicas", "2").is_none());
    }
}
