//! Managers, and what may not be done to them.

use super::HeldReason;
use crate::model::engine::Node;
use crate::model::{Availability, Observed, Role};

/// The managers of a swarm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Managers {
    /// Nodes that are to be managers.
    all: usize,
    /// Those of them that the others reach.
    reachable: usize,
    /// Whether a node is on its way to become one, or to be one no longer.
    moving: bool,
}

/// What is left of managers after a change.
struct After {
    all: usize,
    reachable: usize,
}

impl After {
    fn needed(&self) -> usize {
        self.all / 2 + 1
    }

    fn against(&self) -> Option<HeldReason> {
        let needed = self.needed();
        (self.reachable < needed).then(|| {
            let (reachable, all) = (self.reachable, self.all);
            let why =
                format!("{reachable} of {all} managers would be reachable, {needed} are needed");
            HeldReason::Quorum { why }
        })
    }
}

impl Managers {
    pub(super) fn of(observed: &Observed) -> Self {
        let managers = observed.nodes.values().filter(|node| is_manager(node));
        let reachable = managers.clone().filter(|node| is_reachable(node));
        let moving = |node: &Node| is_manager(node) != node.extra.contains_key(STATUS);
        Self {
            all: managers.clone().count(),
            reachable: reachable.count(),
            moving: observed.nodes.values().any(moving),
        }
    }

    /// One role changes in a pass; the others wait until the swarm has taken it in.
    pub(super) fn changes(&mut self) {
        self.moving = true;
    }

    /// A drained manager goes on voting, but whoever drains it is about to take it away.
    pub(super) fn against_availability(
        &self,
        node: &Node,
        wanted: Availability,
    ) -> Option<HeldReason> {
        let after = After { all: self.all, reachable: self.reachable };
        let risky = wanted == Availability::Drain && is_manager(node);
        risky.then(|| after.against()).flatten()
    }

    pub(super) fn against_role(&self, node: &Node, wanted: Role, own: &str) -> Option<HeldReason> {
        if self.moving {
            let on = "another node, whose role changes".to_owned();
            return Some(HeldReason::Waiting { on });
        }
        match wanted {
            Role::Manager if node.status.state != READY => {
                let why =
                    format!("the node is {}, and would count without voting", node.status.state);
                Some(HeldReason::Quorum { why })
            }
            Role::Manager => After { all: self.all + 1, reachable: self.reachable + 1 }.against(),
            Role::Worker if node.id == own => {
                let why = "skep speaks to the swarm through this manager".to_owned();
                Some(HeldReason::Quorum { why })
            }
            Role::Worker => {
                let votes = usize::from(is_reachable(node));
                let all = self.all.saturating_sub(1);
                After { all, reachable: self.reachable.saturating_sub(votes) }.against()
            }
        }
    }
}

/// The engine's word for a node that answers.
pub(super) const READY: &str = "ready";
/// The engine's word for a node that does not answer any more.
const DOWN: &str = "down";
/// What the engine tells of a node that is a manager.
const STATUS: &str = "ManagerStatus";

fn is_manager(node: &Node) -> bool {
    node.spec.role == Role::Manager.as_str()
}

/// The others may not have noticed yet that a node is down which the swarm already misses.
fn is_reachable(node: &Node) -> bool {
    if node.status.state == DOWN {
        return false;
    }
    let status = node.extra.get(STATUS).and_then(|status| status.get("Reachability"));
    status.and_then(serde_json::Value::as_str) == Some("reachable")
}
