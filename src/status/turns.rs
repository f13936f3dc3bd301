//! Stacks that wait for each other: which of them get no further by themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::{Settled, StackReport, settled};
use crate::model::{HeldReason, StackName};

/// Says of each stack which of those that it waits for don't move by themselves: they have failed,
/// are held, are not declared, or wait in a circle. Nobody waits for these. Gives the stacks that
/// wait for any.
pub fn look_around(stacks: &mut BTreeMap<StackName, StackReport>) -> BTreeSet<StackName> {
    for report in stacks.values_mut() {
        report.idle = awaited(report);
    }
    let waiting = stacks.iter().filter(|(_, report)| !report.idle.is_empty());
    let waiting = waiting.map(|(name, _)| name.clone()).collect();
    tell_moving(stacks);
    waiting
}

/// Takes away those that move, and then those that move once these do.
fn tell_moving(stacks: &mut BTreeMap<StackName, StackReport>) {
    loop {
        let waiting: BTreeSet<&StackName> = stacks.values().flat_map(|r| &r.idle).collect();
        let moves = |name: &&&StackName| {
            stacks.get(**name).is_some_and(|report| settled(report) == Settled::OnTheWay)
        };
        let moving: BTreeSet<StackName> =
            waiting.iter().filter(moves).map(|name| (*name).clone()).collect();
        if moving.is_empty() {
            return;
        }
        stacks.values_mut().for_each(|report| report.idle.retain(|name| !moving.contains(name)));
    }
}

/// Stacks that a stack waits for.
fn awaited(report: &StackReport) -> BTreeSet<StackName> {
    let of = |reason: &HeldReason| match reason {
        HeldReason::StackNotReady { stack, .. } => Some(stack.clone()),
        _ => None,
    };
    report.plan.held.iter().filter_map(|held| of(&held.reason)).collect()
}
