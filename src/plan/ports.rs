//! Published ports that move from one service to another.
//!
//! The engine takes a port for a service only while no other one has it (`checkPortConflicts` in
//! `manager/controlapi/service.go`), and does not care what the other is about to be. So a service
//! waits until the one that holds its port has given it up, by a write or by its removal. Where
//! several wait for each other, one of them gives up first what the others need: it is written
//! without the ports that it can't have yet, and gets them in a later pass.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{PlanInput, PlannedStep};
use crate::diff::LeftoverKind;
use crate::diff::fields::fields;
use crate::model::engine::{PortConfig, ServiceSpec};
use crate::model::{Held, HeldReason, Kind, ObjectRef, SpecHash, Step};

/// What comes of ports that move.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// Services whose removal frees a port that another one is about to get.
    pub(super) freeing: BTreeSet<String>,
    /// Hashes of what is written in between, by service.
    pub(super) between: BTreeMap<String, SpecHash>,
}

/// A port that a service is to get, and who has it.
struct Clash {
    port: PortConfig,
    holder: String,
}

/// Holds the writes that the engine would refuse.
pub(super) fn order(
    input: &PlanInput<'_>,
    steps: &mut Vec<PlannedStep>,
    held: &mut Vec<Held>,
) -> Moves {
    let mut moves = Moves::default();
    let blocked: BTreeMap<String, Vec<Clash>> = steps
        .iter()
        .filter_map(|planned| Some((name_of(planned)?, clashes(input, wanted(planned)?))))
        .filter(|(_, clashes)| !clashes.is_empty())
        .collect();
    let first = first_of_circles(&blocked, steps);
    for planned in &mut *steps {
        let Some(name) = name_of(planned).filter(|name| first.contains(name)) else { continue };
        let clashes = blocked.get(&name).map_or(&[][..], Vec::as_slice);
        if let Step::UpdateService { spec, .. } = &mut planned.step {
            give_up(Arc::make_mut(spec), clashes);
            moves.between.insert(name, fields(spec, &input.view.names).hash());
        }
    }
    steps.retain(|planned| {
        let Some(name) = name_of(planned).filter(|name| !first.contains(name)) else {
            return true;
        };
        let Some(clash) = blocked.get(&name).and_then(|clashes| clashes.first()) else {
            return true;
        };
        let object = ObjectRef::new(Kind::Service, name);
        if !is_backing_off(input, &object) {
            moves.freeing.insert(clash.holder.clone());
        }
        let by = ObjectRef::new(Kind::Service, &clash.holder);
        let reason = HeldReason::PortTaken { port: text(&clash.port), by };
        held.push(Held { object, reason });
        false
    });
    let left = |name: &String| {
        input.changes.leftovers.iter().any(|left| {
            let service = left.object.kind == Kind::Service && left.object.name == *name;
            service && left.why == LeftoverKind::Undeclared
        })
    };
    moves.freeing.retain(left);
    moves
}

/// A service that is not written for another reason takes no port away from anybody.
fn is_backing_off(input: &PlanInput<'_>, object: &ObjectRef) -> bool {
    input.memory.backoff.get(object).is_some_and(|(until, _)| input.now < *until)
}

fn name_of(planned: &PlannedStep) -> Option<String> {
    wanted(planned)?;
    planned.step.object().map(|object| object.name)
}

fn wanted(planned: &PlannedStep) -> Option<&ServiceSpec> {
    match &planned.step {
        Step::CreateService { spec } | Step::UpdateService { spec, .. } => Some(spec),
        _ => None,
    }
}

/// Ports of a spec that other services have now.
fn clashes(input: &PlanInput<'_>, wanted: &ServiceSpec) -> Vec<Clash> {
    let ports = published(wanted);
    if ports.is_empty() {
        return Vec::new();
    }
    let others = input.view.observed.services.values();
    let others = others.map(|other| &other.spec).filter(|other| other.name != wanted.name);
    let mut clashes = Vec::new();
    for other in others {
        for taken in published(other) {
            let wants = ports.iter().find(|port| exclude(port, taken));
            clashes.extend(
                wants.map(|port| Clash { port: (*port).clone(), holder: other.name.clone() }),
            );
        }
    }
    clashes
}

fn published(spec: &ServiceSpec) -> Vec<&PortConfig> {
    let ports = spec.endpoint_spec.iter().flat_map(|endpoint| &endpoint.ports);
    ports.filter(|port| port.published_port != 0).collect()
}

/// Ports of two services that can't be had at once. Ports of the nodes themselves can: the scheduler
/// keeps their tasks apart.
fn exclude(one: &PortConfig, other: &PortConfig) -> bool {
    let host = |port: &PortConfig| port.publish_mode == "host";
    one.published_port == other.published_port
        && protocol(one) == protocol(other)
        && !(host(one) && host(other))
}

fn protocol(port: &PortConfig) -> &str {
    if port.protocol.is_empty() { "tcp" } else { &port.protocol }
}

fn text(port: &PortConfig) -> String {
    format!("{}/{}", port.published_port, protocol(port))
}

/// Takes ports out of a spec.
fn give_up(spec: &mut ServiceSpec, clashes: &[Clash]) {
    if let Some(endpoint) = &mut spec.endpoint_spec {
        endpoint.ports.retain(|port| !clashes.iter().any(|clash| clash.port == *port));
    }
}

/// Of services that wait for each other in a circle the first by name.
fn first_of_circles(
    blocked: &BTreeMap<String, Vec<Clash>>,
    steps: &[PlannedStep],
) -> BTreeSet<String> {
    let specs: BTreeMap<String, &ServiceSpec> =
        steps.iter().filter_map(|planned| Some((name_of(planned)?, wanted(planned)?))).collect();
    let mut first = BTreeSet::new();
    for name in blocked.keys() {
        let circle = within_reach(name, blocked, &specs);
        if circle.contains(name.as_str()) && !circle.iter().any(|other| first.contains(*other)) {
            first.insert(name.clone());
        }
    }
    first
}

/// Services that one waits for, and those that they wait for, as far as each of them is about to
/// give up what is waited for.
fn within_reach<'a>(
    start: &str,
    blocked: &'a BTreeMap<String, Vec<Clash>>,
    specs: &BTreeMap<String, &ServiceSpec>,
) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        let clashes = blocked.get(name).into_iter().flatten();
        let gives = |clash: &&Clash| {
            let spec = specs.get(clash.holder.as_str());
            spec.is_some_and(|spec| !published(spec).iter().any(|p| exclude(p, &clash.port)))
        };
        for clash in clashes.filter(gives) {
            if reached.insert(clash.holder.as_str()) {
                open.push(&clash.holder);
            }
        }
    }
    reached
}
