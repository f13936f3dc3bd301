//! A second look at a plan for nodes, with other code than the one that made it.

use crate::model::engine::Node;
use crate::model::{DesiredNode, Enforce, Observed, Step};

use super::{NodesInput, NodesPlan};
use crate::plan::Finding;

/// Everything that is wrong with a plan for nodes.
#[must_use]
pub fn audit_nodes(plan: &NodesPlan, input: &NodesInput<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !plan.steps.is_sorted_by_key(|planned| planned.stage) {
        findings.push(Finding::OutOfOrder);
    }
    let mut roles = 0;
    for planned in &plan.steps {
        let Step::UpdateNode { target, spec } = &planned.step else { continue };
        let name = target.name.clone();
        let Some(node) = input.observed.nodes.get(&target.id) else {
            findings.push(Finding::StaleTarget(name));
            continue;
        };
        if node.version != target.version {
            findings.push(Finding::StaleTarget(name.clone()));
        }
        if node.spec == **spec {
            findings.push(Finding::NoChange(name.clone()));
        }
        let lost = |key: &&String| !spec.labels.contains_key(*key);
        if node.spec.labels.keys().filter(lost).any(|key| !is_ours(node, key, input)) {
            findings.push(Finding::RemovesDeclared(name.clone()));
        }
        let moved = (node.spec.role != spec.role, node.spec.availability != spec.availability);
        if (moved.0 || moved.1) && !input.declared.iter().any(enforces) {
            findings.push(Finding::NotAsked(name.clone()));
        }
        roles += usize::from(moved.0);
        if spec.role == "worker" && moved.0 && !quorum_without(node, input.observed) {
            findings.push(Finding::LosesQuorum(name));
        }
    }
    if roles > 1 {
        findings.push(Finding::LosesQuorum("more than one manager".to_owned()));
    }
    findings
}

fn enforces(declared: &DesiredNode) -> bool {
    declared.enforce == Enforce::Yes
}

fn is_ours(node: &Node, key: &str, input: &NodesInput<'_>) -> bool {
    let noted = input.ledger.and_then(|entry| entry.record.nodes.get(&node.id));
    noted.is_some_and(|labels| labels.get(key) == node.spec.labels.get(key))
}

/// Whether the managers that are left still decide, counted by their own words.
fn quorum_without(node: &Node, observed: &Observed) -> bool {
    let left =
        observed.nodes.values().filter(|other| other.id != node.id && other.spec.role == "manager");
    let votes = |other: &&Node| {
        let text = other.extra.get("ManagerStatus").map(ToString::to_string);
        text.is_some_and(|text| text.contains("\"reachable\""))
    };
    let (all, votes) = (left.clone().count(), left.filter(votes).count());
    2 * votes > all
}
