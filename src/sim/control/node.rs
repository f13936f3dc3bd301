//! Nodes: labels, availability and role (`manager/controlapi/node.go`).

use crate::model::Target;
use crate::model::engine::NodeSpec;
use crate::ports::Written;

use super::Refusal;
use crate::sim::store::{Id, MANAGER_STATUS, Store};

pub(super) fn update(
    store: &mut Store,
    target: &Target,
    spec: &NodeSpec,
) -> Result<Written, Refusal> {
    let id = Id::from(target.id.as_str());
    let Some(row) = store.nodes.get(&id) else {
        return Err(Refusal::gone("node", &target.id));
    };
    if row.node.version != target.version {
        return Err(Refusal::out_of_sequence());
    }
    store.change_node(&id, |row| {
        row.node.spec = spec.clone();
        if spec.role == "manager" {
            let status = serde_json::json!({ "Reachability": "reachable" });
            row.node.extra.entry(MANAGER_STATUS.to_owned()).or_insert(status);
        } else {
            row.node.extra.remove(MANAGER_STATUS);
        }
    });
    Ok(Written { id: target.id.clone(), warnings: Vec::new() })
}
