//! Services whose tasks crowd on some nodes, on one line each.

use super::paint::{DIM, paint};
use super::stack::held_lines;
use crate::view::clean;
use crate::view::picture::RebalancingView;
use crate::view::veil::Reveal;

/// `spread service/shop_web  n1 3, n2 3, n3 0`, with what holds it below.
pub(super) fn rebalancing(one: &RebalancingView, indent: &str, reveal: Reveal) -> String {
    let (object, tasks) = (&one.object, one.spread());
    let mut text = format!("{indent}{} {object}  {}\n", paint(DIM, "spread"), clean(&tasks));
    text.push_str(&held_lines(one.held.iter(), &format!("{indent}  "), reveal));
    text
}
