//! Tasks whose logs tell why services failed. A report names such a task while the service is
//! unwell; once it was rolled back nothing in the swarm points to it any more.

use std::collections::{BTreeMap, BTreeSet};

use super::{Report, Settled, StackReport, settled};
use crate::health::HealthState;
use crate::model::{Held, HeldReason, Kind};

/// What reports named, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Culprits {
    /// The last one of each service, until its stack is well again.
    named: BTreeMap<String, String>,
    /// Services whose failure was given as new.
    told: BTreeSet<String>,
}

impl Culprits {
    /// Takes a report; gives services whose failure is new, each with the task that tells of it.
    pub fn note(&mut self, report: &Report) -> Vec<(String, String)> {
        let mut failed = BTreeSet::new();
        for stack in report.stacks.values() {
            let well = settled(stack) == Settled::Well;
            for (name, health) in &stack.health {
                match &health.culprit {
                    Some(task) => drop(self.named.insert(name.clone(), task.clone())),
                    None if well => drop(self.named.remove(name)),
                    None => {}
                }
            }
            failed.extend(failures(stack));
        }
        let there =
            |name: &str| report.stacks.values().any(|stack| stack.health.contains_key(name));
        self.named.retain(|name, _| there(name));
        self.told.retain(|name| failed.contains(name.as_str()));
        let new = failed.iter().filter_map(|name| Some((name, self.named.get(*name)?)));
        let new = new.filter(|(name, _)| !self.told.contains(**name));
        let new: Vec<(String, String)> =
            new.map(|(name, task)| ((*name).to_owned(), task.clone())).collect();
        self.told.extend(new.iter().map(|(name, _)| name.clone()));
        new
    }

    /// The task that tells why a service failed.
    #[must_use]
    pub fn of(&self, service: &str) -> Option<&str> {
        self.named.get(service).map(String::as_str)
    }
}

/// Services of a stack that failed, or are held because they did.
pub fn failures(stack: &StackReport) -> BTreeSet<&str> {
    let unwell = stack.health.iter().filter(|(_, health)| health.state == HealthState::Failed);
    let quarantined = |held: &&Held| {
        held.object.kind == Kind::Service && matches!(held.reason, HeldReason::Quarantined { .. })
    };
    let held = stack.plan.held.iter().filter(quarantined);
    unwell
        .map(|(name, _)| name.as_str())
        .chain(held.map(|held| held.object.name.as_str()))
        .collect()
}
