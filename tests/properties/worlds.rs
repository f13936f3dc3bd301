//! The worlds that all laws share: played once, judged by each law.

use std::sync::OnceLock;

use crate::laws::Law;
use crate::seeds::{Failure, run, tell};

/// Seeds of a plain `cargo test`; `tests/run` asks for more.
const SEEDS: u64 = 200;
/// The first of them.
const FIRST: u64 = 1;

static FAILURES: OnceLock<Vec<Failure>> = OnceLock::new();

#[expect(clippy::disallowed_methods, reason = "how many seeds are tried is said from outside")]
pub fn seeds() -> u64 {
    std::env::var("SKEP_SEEDS").map_or(SEEDS, |text| text.parse().expect("SKEP_SEEDS is a number"))
}

fn check(law: Law) {
    let told = tell(FAILURES.get_or_init(|| run(FIRST, seeds())), law);
    assert!(told.is_empty(), "{told}");
}

/// Law 1.
#[test]
fn a_write_that_changes_nothing_is_never_sent() {
    check(Law::NoChange);
}

/// Law 2.
#[test]
fn nothing_but_a_newer_spec_goes_into_a_rollout_of_ours() {
    check(Law::OwnRollout);
}

/// Law 3.
#[test]
fn what_failed_is_not_written_again_and_the_ledger_knows_before_each_attempt() {
    check(Law::Quarantine);
}

/// Law 4.
#[test]
fn nothing_is_removed_but_what_is_ours_and_left_the_declaration() {
    check(Law::Removal);
}

/// Law 5.
#[test]
fn the_same_world_gives_the_same_plan() {
    check(Law::SameWorld);
}

/// Law 6.
#[test]
fn exactly_what_was_planned_is_done() {
    check(Law::JustThePlan);
}

/// Law 7.
#[test]
fn what_differs_is_changed_or_held_for_a_reason() {
    check(Law::Reasons);
}

/// Law 8.
#[test]
fn each_write_is_conditional_on_the_look_that_it_was_planned_by() {
    check(Law::Conditional);
}

/// Law 10.
#[test]
fn secret_bytes_are_told_nowhere() {
    check(Law::Secrets);
}

/// Law 12.
#[test]
fn what_is_called_well_runs_what_is_declared() {
    check(Law::TasksCount);
}

#[test]
fn what_belongs_to_others_stays_as_it_was() {
    check(Law::Foreign);
}

#[test]
fn every_plan_passes_the_audit() {
    check(Law::Audited);
}

#[test]
fn everything_ends_well_or_held() {
    check(Law::Settles);
}

#[test]
fn what_has_settled_plans_nothing() {
    check(Law::SettledIsEmpty);
}
