//! The lease on values: no swarm, no clock.

use std::time::Duration;

use proptest::prelude::*;

use super::machine::{Act, Came, HOLD, Machine, RENEW, Sighting, TAKE};
use crate::ledger::Lease;
use crate::model::engine::Version;

const SECOND: Duration = Duration::from_secs(1);

fn seconds(number: u64) -> Duration {
    SECOND * u32::try_from(number).expect("a short time")
}

fn seen(index: u64, lease: Option<Lease>) -> Sighting {
    Sighting { version: Version { index }, lease }
}

fn of(index: u64, holder: &str, beat: u64) -> Sighting {
    seen(index, Some(Lease::of(holder, beat)))
}

/// One that holds the lease: it made it at second 100.
fn holder() -> Machine {
    let mut me = Machine::new("me");
    assert_eq!(me.see(None, seconds(100)), Act::Create(Lease::of("me", 1)));
    me.came(Came::Done);
    assert_eq!(me.until(), seconds(100) + HOLD);
    me
}

/// One that follows another, whose lease it saw first at second 100, and each second until then.
fn follower(until: u64) -> Machine {
    let mut me = Machine::new("me");
    for second in 100..=until {
        assert_eq!(me.see(Some(&of(7, "other", 3)), seconds(second)), Act::Nothing);
    }
    assert_eq!(me.until(), Duration::ZERO);
    me
}

fn takes(index: u64) -> Act {
    Act::Write(Version { index }, Lease::of("me", 1))
}

#[test]
fn a_holder_renews_after_a_while_and_not_before() {
    let mut me = holder();
    let early = seconds(100) + RENEW - SECOND;
    assert_eq!(me.see(Some(&of(1, "me", 1)), early), Act::Nothing);
    let due = seconds(100) + RENEW;
    let renewal = Act::Write(Version { index: 1 }, Lease::of("me", 2));
    assert_eq!(me.see(Some(&of(1, "me", 1)), due), renewal);
    assert_eq!(me.until(), seconds(100) + HOLD, "it is not confirmed yet");
    me.came(Came::Done);
    assert_eq!(me.until(), due + HOLD);
}

#[test]
fn a_lease_that_does_not_change_is_taken_and_not_before_its_time() {
    let mut me = follower(100 + TAKE.as_secs() - 1);
    assert_eq!(me.see(Some(&of(7, "other", 3)), seconds(100) + TAKE), takes(7));
    me.came(Came::Done);
    assert_eq!(me.until(), seconds(100) + TAKE + HOLD);
}

#[test]
fn a_renewal_begins_the_wait_anew() {
    let mut me = follower(109);
    for second in 110..=120 {
        let renewed = of(8, "other", 4);
        assert_eq!(me.see(Some(&renewed), seconds(second)), Act::Nothing, "{second}");
    }
    assert_eq!(me.see(Some(&of(8, "other", 4)), seconds(121)), takes(8));
}

#[test]
fn a_lease_that_was_given_up_is_taken_at_once() {
    let mut me = follower(101);
    assert_eq!(me.see(Some(&seen(8, Some(Lease::free(4)))), seconds(102)), takes(8));
}

#[test]
fn a_holder_gives_up_what_is_its_own_and_stops_at_once() {
    let mut me = holder();
    let free = Act::Write(Version { index: 1 }, Lease::free(2));
    assert_eq!(me.give_up(Some(&of(1, "me", 1))), free);
    assert_eq!(me.until(), Duration::ZERO);
    assert_eq!(holder().give_up(Some(&of(2, "other", 1))), Act::Nothing);
    assert_eq!(holder().give_up(None), Act::Nothing);
}

#[test]
fn a_renewal_whose_answer_was_lost_counts_from_its_beginning_once_it_is_seen() {
    let mut me = holder();
    let due = seconds(100) + RENEW;
    me.see(Some(&of(1, "me", 1)), due);
    me.came(Came::Unknown);
    assert_eq!(me.until(), seconds(100) + HOLD, "nobody knows");
    assert_eq!(me.see(Some(&of(2, "me", 2)), due + SECOND), Act::Nothing);
    assert_eq!(me.until(), due + HOLD);
}

#[test]
fn a_renewal_that_was_lost_is_made_again_and_counts_for_nothing() {
    let mut me = holder();
    let due = seconds(100) + RENEW;
    me.see(Some(&of(1, "me", 1)), due);
    me.came(Came::Unknown);
    let again = Act::Write(Version { index: 1 }, Lease::of("me", 3));
    assert_eq!(me.see(Some(&of(1, "me", 1)), due + SECOND), again);
    assert_eq!(me.until(), seconds(100) + HOLD);
}

#[test]
fn one_whose_renewals_all_fail_stops_before_another_may_begin() {
    let mut me = holder();
    // The other one sees the lease at the moment at which it was made, at the earliest.
    let mut other = Machine::new("other");
    for second in 100..100 + TAKE.as_secs() {
        assert_eq!(other.see(Some(&of(1, "me", 1)), seconds(second)), Act::Nothing);
        me.see(Some(&of(1, "me", 1)), seconds(second));
        me.came(Came::Not);
    }
    assert!(me.until() < seconds(100) + TAKE);
}

#[test]
fn one_that_was_paused_wakes_without_permission_and_stands_down() {
    let mut me = holder();
    let woken = seconds(1000);
    assert!(me.until() < woken, "nothing has to be seen for that");
    assert_eq!(me.see(Some(&of(5, "other", 9)), woken), Act::Nothing);
    assert_eq!(me.until(), Duration::ZERO);
}

#[test]
fn one_that_was_paused_goes_on_when_nobody_took_the_lease() {
    let mut me = holder();
    let again = Act::Write(Version { index: 1 }, Lease::of("me", 2));
    assert_eq!(me.see(Some(&of(1, "me", 1)), seconds(1000)), again);
    me.came(Came::Done);
    assert_eq!(me.until(), seconds(1000) + HOLD);
}

#[test]
fn a_follower_that_was_paused_or_got_no_answers_watches_on_and_takes_nothing_by_surprise() {
    let mut me = follower(101);
    for second in [200, 300] {
        assert_eq!(me.see(Some(&of(7, "other", 3)), seconds(second)), Act::Nothing);
    }
    for second in 301..=304 {
        me.see(Some(&of(7, "other", 3)), seconds(second));
    }
    assert_eq!(me.until(), Duration::ZERO);
}

#[test]
fn of_two_that_start_at_once_one_holds_it() {
    let (mut one, mut two) = (Machine::new("one"), Machine::new("two"));
    assert_eq!(one.see(None, SECOND), Act::Create(Lease::of("one", 1)));
    assert_eq!(two.see(None, SECOND), Act::Create(Lease::of("two", 1)));
    one.came(Came::Done);
    two.came(Came::Not);
    assert_eq!(two.see(Some(&of(1, "one", 1)), SECOND), Act::Nothing);
    assert_eq!((one.until(), two.until()), (SECOND + HOLD, Duration::ZERO));
}

#[test]
fn a_lease_that_was_deleted_is_made_again_by_its_holder_and_by_nobody_else() {
    let mut me = holder();
    assert_eq!(me.see(None, seconds(101)), Act::Create(Lease::of("me", 2)));
    let mut other = follower(105);
    assert_eq!(other.see(None, seconds(106)), Act::Nothing);
    for second in 107..106 + TAKE.as_secs() {
        assert_eq!(other.see(None, seconds(second)), Act::Nothing);
    }
    let left = other.see(None, seconds(106) + TAKE);
    assert_eq!(left, Act::Create(Lease::of("me", 1)), "its holder is gone, too");
}

#[test]
fn garbage_is_mended_by_the_holder_and_waited_out_by_others() {
    let mut me = holder();
    let mended = Act::Write(Version { index: 9 }, Lease::of("me", 2));
    assert_eq!(me.see(Some(&seen(9, None)), seconds(101)), mended);
    let mut other = follower(105);
    for second in 106..106 + TAKE.as_secs() {
        assert_eq!(other.see(Some(&seen(9, None)), seconds(second)), Act::Nothing);
    }
    assert_eq!(other.see(Some(&seen(9, None)), seconds(106) + TAKE), takes(9));
}

/// What goes wrong in one turn of one operator.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    /// The look is not answered.
    Blind,
    /// The write never arrives.
    Lost,
    /// The write is made, its answer never arrives.
    Unanswered,
    /// The write arrives so many seconds later, its answer never.
    Late(u64),
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        6 => Just(Fault::None),
        1 => Just(Fault::Blind),
        1 => Just(Fault::Lost),
        1 => Just(Fault::Unanswered),
        1 => (1..30u64).prop_map(Fault::Late),
    ]
}

/// A lease in a swarm, with the writes that are still on their way.
#[derive(Default)]
struct Store {
    lease: Option<Sighting>,
    version: u64,
    late: Vec<(Duration, Act)>,
}

impl Store {
    fn write(&mut self, act: &Act) -> Came {
        let lease = match (act, &self.lease) {
            (Act::Create(lease), None) => lease,
            (Act::Write(version, lease), Some(now)) if now.version == *version => lease,
            _ => return Came::Not,
        };
        self.version += 1;
        self.lease = Some(seen(self.version, Some(lease.clone())));
        Came::Done
    }

    fn arrive(&mut self, now: Duration) {
        let late = std::mem::take(&mut self.late);
        let (arrived, late) = late.into_iter().partition(|(at, _)| *at <= now);
        self.late = late;
        let arrived: Vec<(Duration, Act)> = arrived;
        for (_, act) in arrived {
            self.write(&act);
        }
    }

    fn turn(&mut self, machine: &mut Machine, now: Duration, fault: Fault) {
        if matches!(fault, Fault::Blind) {
            return;
        }
        let act = machine.see(self.lease.clone().as_ref(), now);
        if act == Act::Nothing {
            return;
        }
        let came = match fault {
            Fault::Lost => Came::Unknown,
            Fault::Late(seconds) => {
                self.late.push((now + SECOND * u32::try_from(seconds).expect("few"), act));
                Came::Unknown
            }
            Fault::Unanswered => {
                self.write(&act);
                Came::Unknown
            }
            _ => self.write(&act),
        };
        machine.came(came);
    }
}

proptest! {
    /// Whoever is paused, whatever is lost or comes late: nobody acts while another one does. And
    /// once nothing goes wrong any more, somebody acts.
    #[test]
    fn two_never_act_at_once(
        turns in prop::collection::vec((0..3usize, 0..4000u64, fault()), 1..200),
    ) {
        let mut store = Store::default();
        let mut all = ["a", "b", "c"].map(Machine::new);
        let mut now = seconds(50);
        let acting = |all: &[Machine; 3], now| all.iter().filter(|one| now < one.until()).count();
        for (who, millis, fault) in turns {
            now += Duration::from_millis(millis);
            store.arrive(now);
            store.turn(&mut all[who], now, fault);
            prop_assert!(acting(&all, now) <= 1, "at {now:?}: {all:?}");
        }
        for _ in 0..60 {
            now += SECOND;
            store.arrive(now);
            for who in 0..all.len() {
                store.turn(&mut all[who], now, Fault::None);
                prop_assert!(acting(&all, now) <= 1, "at {now:?}: {all:?}");
            }
        }
        prop_assert_eq!(acting(&all, now), 1);
    }
}
