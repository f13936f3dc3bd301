//! Whatever happens on the way, the end is the same: each comparison in many worlds.

use crate::ends::{Comparison, after_a_crash, beside_a_bad_one, compare, same_bytes, two_at_once};
use crate::worlds::seeds;

/// One seed of so many of the shared worlds is compared: a comparison plays two.
const SHARE: u64 = 4;

fn check(comparison: Comparison) {
    let wrong = (1..=(seeds() / SHARE).max(1)).find_map(|seed| compare(seed, comparison));
    assert_eq!(wrong, None, "{}", wrong.as_deref().unwrap_or_default());
}

/// Law 5.
#[test]
fn the_same_input_gives_the_same_bytes() {
    check(same_bytes);
}

#[test]
fn an_operator_that_dies_at_any_write_is_followed_by_one_that_comes_to_the_same_end() {
    check(after_a_crash);
}

#[test]
fn two_operators_at_once_come_to_the_same_end_and_write_nothing_twice() {
    check(two_at_once);
}

/// Law 9.
#[test]
fn a_bad_stack_changes_nothing_for_the_others() {
    check(beside_a_bad_one);
}
