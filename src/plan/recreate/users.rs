//! Who uses a thing: services of the stack that come back to it, some that are about to leave it,
//! and others.

use std::collections::BTreeSet;

use super::PlanInput;
use super::thing::Thing;
use crate::diff::{LeftoverKind, Owner, ServiceChange};
use crate::model::Kind;
use crate::model::engine::{ServiceSpec, Task, TaskSpec, TaskState};

/// Services that use a thing, or are to.
pub(super) struct Users<'a> {
    /// Those of the stack that are declared to use it, there or not.
    pub(super) ours: Vec<&'a ServiceChange>,
    /// Those of the stack that use it, and are declared without it or not at all.
    pub(super) leaving: Vec<&'a str>,
    /// Names of all others that use it.
    pub(super) foreign: Vec<&'a str>,
    /// Names of all that are there.
    there: BTreeSet<&'a str>,
}

impl<'a> Users<'a> {
    pub(super) fn of(thing: &Thing<'_>, input: &PlanInput<'a>) -> Self {
        let changes = &input.changes.services;
        let uses =
            |spec: &ServiceSpec| refers(&spec.task_template, thing) || old_place(spec, thing);
        let ours = changes.iter().filter(|change| uses(change.wanted.spec()));
        let mut users = Self {
            ours: ours.filter(|change| !is_theirs(change)).collect(),
            leaving: Vec::new(),
            foreign: Vec::new(),
            there: input.view.observed.services.keys().map(String::as_str).collect(),
        };
        let live = input.view.observed.services.values().filter(|service| uses(&service.spec));
        for name in live.map(|service| service.spec.name.as_str()) {
            if users.ours.iter().any(|change| change.name == name) {
                continue;
            }
            let declared = changes.iter().any(|change| change.name == name && !is_theirs(change));
            let left = input.changes.leftovers.iter().any(|left| {
                let undeclared = left.why == LeftoverKind::Undeclared;
                undeclared && left.object.kind == Kind::Service && left.object.name == name
            });
            if declared || left { users.leaving.push(name) } else { users.foreign.push(name) }
        }
        users
    }

    pub(super) fn is_gone(&self, name: &str) -> bool {
        !self.there.contains(name)
    }

    /// Tasks that still use a network. The engine forgets a network while tasks of a service that is
    /// gone still stop, and new ones then find none (moby#29293). What is on a node that is down
    /// stops nobody.
    pub(super) fn tasks(&self, thing: &Thing<'_>, input: &PlanInput<'_>) -> usize {
        if thing.object.kind != Kind::Network {
            return 0;
        }
        let tasks = input.view.observed.tasks.values().flatten();
        let uses = tasks.filter(|seen| refers(&seen.task.spec, thing));
        uses.filter(|seen| is_alive(&seen.task, input)).count()
    }
}

/// True for a task that runs or is about to, on a node that can tell.
pub(super) fn is_alive(task: &Task, input: &PlanInput<'_>) -> bool {
    let node = input.view.observed.nodes.get(&task.node_id);
    let lost = node.is_some_and(|node| node.status.state == "down");
    task.status.state <= TaskState::Running && !lost
}

fn is_theirs(change: &ServiceChange) -> bool {
    change.live.as_ref().is_some_and(|live| matches!(live.owner, Owner::Theirs(_)))
}

/// Names are wanted, ids are read.
fn refers(task: &TaskSpec, thing: &Thing<'_>) -> bool {
    let (name, id) = (&thing.target.name, &thing.target.id);
    let container = || task.container_spec.iter();
    match thing.object.kind {
        Kind::Network => task.networks.iter().any(|n| n.target == *id || n.target == *name),
        Kind::Secret => container()
            .flat_map(|c| &c.secrets)
            .any(|s| s.secret_id == *id || s.secret_name == *name),
        Kind::Node => false,
        Kind::Config | Kind::Service => container()
            .flat_map(|c| &c.configs)
            .any(|c| c.config_id == *id || c.config_name == *name),
    }
}

fn old_place(spec: &ServiceSpec, thing: &Thing<'_>) -> bool {
    let named = |target: &String| *target == thing.target.id || *target == thing.target.name;
    thing.object.kind == Kind::Network && spec.networks.iter().any(|n| named(&n.target))
}

/// `; the named volumes a, b stay`, or nothing.
pub(super) fn volumes_that_stay<'a>(changes: impl Iterator<Item = &'a ServiceChange>) -> String {
    let live = changes.filter_map(|change| change.live.as_ref());
    let containers = live.filter_map(|l| l.service.spec.task_template.container_spec.as_ref());
    let mounts = containers.flat_map(|container| &container.mounts);
    let volumes = mounts.filter(|mount| mount.kind == "volume" && !mount.source.is_empty());
    let names: BTreeSet<&str> = volumes.map(|mount| mount.source.as_str()).collect();
    match names.len() {
        0 => String::new(),
        1 => format!("; the named volume {} stays", names.into_iter().collect::<String>()),
        _ => {
            format!("; the named volumes {} stay", names.into_iter().collect::<Vec<_>>().join(", "))
        }
    }
}
