//! The scheduler (`manager/scheduler`): filters say which nodes may run a task, the least busy one
//! gets it. Not simulated: resources, placement preferences, plugins, avoiding nodes after failures.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::engine::{
    Node, NodeDescription, NodePlatform, NodeSpec, NodeStatus, StringMap, Task, TaskState,
    fits_platform, satisfies,
};
use crate::sim::agenda::Due;
use crate::sim::cluster::Cluster;
use crate::sim::store::{Agent, Id, NodeRow, Store, TaskKey};

/// A node to be added.
#[derive(Debug, Clone)]
pub(crate) struct NodeSetup {
    /// Host name.
    pub(crate) hostname: String,
    /// `manager` or `worker`.
    pub(crate) role: &'static str,
    /// Labels.
    pub(crate) labels: StringMap,
}

impl NodeSetup {
    /// The row of a node that is ready.
    pub(crate) fn into_row(self, store: &mut Store) -> NodeRow {
        let number = store.nodes.len() + 1;
        let addr = format!("10.77.0.{}", 10 + number);
        let mut node = Node {
            id: store.new_id().to_string(),
            spec: NodeSpec {
                labels: self.labels,
                role: self.role.to_owned(),
                availability: "active".to_owned(),
                ..NodeSpec::default()
            },
            description: NodeDescription {
                hostname: self.hostname,
                platform: NodePlatform { architecture: "x86_64".into(), os: "linux".into() },
                ..NodeDescription::default()
            },
            status: NodeStatus {
                state: "ready".into(),
                addr: addr.clone(),
                ..NodeStatus::default()
            },
            ..Node::default()
        };
        if self.role == "manager" {
            node.extra.insert(
                "ManagerStatus".into(),
                serde_json::json!({
                    "Leader": number == 1, "Reachability": "reachable", "Addr": format!("{addr}:2377")
                }),
            );
        }
        NodeRow { node, agent: Agent::Working }
    }
}

/// True when tasks have to leave the node (`InvalidNode` in `orchestrator/task.go`).
pub(crate) fn is_invalid(node: Option<&Node>) -> bool {
    node.is_none_or(|node| node.status.state == "down" || node.spec.availability == "drain")
}

/// Load of a node while tasks are being placed.
#[derive(Default)]
struct Load {
    total: u64,
    by_service: BTreeMap<Id, u64>,
    host_ports: BTreeSet<(u32, String)>,
}

impl Cluster {
    /// Gives waiting tasks to nodes, or notes on them why none fits.
    pub(crate) fn schedule(&mut self) {
        let waiting = std::mem::take(&mut self.unassigned);
        if waiting.is_empty() {
            return;
        }
        let mut loads = self.loads();
        for key in waiting {
            let Some(row) = self.store.task(&key) else { continue };
            let task = &row.task;
            if task.status.state != TaskState::Pending {
                continue;
            }
            match self.choose(&key, task, &loads) {
                Ok(node) => {
                    let ports = self.host_ports(&key);
                    loads.entry(Id::clone(&node)).or_default().add(&key.service, ports);
                    self.assign(&key, &node);
                }
                Err(why) => self.keep_waiting(key, why),
            }
        }
    }

    /// Plans a scheduler pass soon; many wishes make one pass.
    pub(crate) fn schedule_soon(&mut self) {
        if !self.unassigned.is_empty() && !self.scheduling {
            self.scheduling = true;
            let soon = self.store.random.millis(10, 50);
            self.plan(soon, Due::Schedule);
        }
    }

    fn loads(&self) -> BTreeMap<Id, Load> {
        let mut loads: BTreeMap<Id, Load> = BTreeMap::new();
        for (key, row) in self.store.all_tasks() {
            let task = &row.task;
            let there = (TaskState::Assigned..=TaskState::Running).contains(&task.status.state);
            if !there || task.node_id.is_empty() {
                continue;
            }
            let load = loads.entry(task.node_id.as_str().into()).or_default();
            load.host_ports.extend(self.host_ports(&key));
            if task.desired_state <= TaskState::Complete {
                load.count(&key.service);
            }
        }
        loads
    }

    /// The best node, or why there is none.
    fn choose(&self, key: &TaskKey, task: &Task, loads: &BTreeMap<Id, Load>) -> Result<Id, String> {
        let empty = Load::default();
        let mut obstacles: BTreeMap<Obstacle, usize> = BTreeMap::new();
        let mut best: Option<((u64, u64), &Id)> = None;
        for (id, row) in &self.store.nodes {
            if !task.node_id.is_empty() && task.node_id != **id {
                continue;
            }
            let load = loads.get(id).unwrap_or(&empty);
            if let Some(obstacle) = self.obstacle(key, task, &row.node, load) {
                *obstacles.entry(obstacle).or_default() += 1;
                continue;
            }
            let rank = (load.by_service.get(&key.service).copied().unwrap_or(0), load.total);
            if best.as_ref().is_none_or(|(least, _)| rank < *least) {
                best = Some((rank, id));
            }
        }
        best.map(|(_, id)| Id::clone(id)).ok_or_else(|| explain(&obstacles))
    }

    fn obstacle(&self, key: &TaskKey, task: &Task, node: &Node, load: &Load) -> Option<Obstacle> {
        let placement = task.spec.placement.as_ref();
        let most = placement.map_or(0, |placement| placement.max_replicas);
        let have = load.by_service.get(&key.service).copied().unwrap_or(0);
        if node.status.state != "ready" || node.spec.availability != "active" {
            Some(Obstacle::NotAvailable)
        } else if !satisfies(node, &task.spec) {
            Some(Obstacle::Constraints)
        } else if !fits_platform(node, &task.spec) {
            Some(Obstacle::Platform)
        } else if self.host_ports(key).iter().any(|port| load.host_ports.contains(port)) {
            Some(Obstacle::HostPort)
        } else if most != 0 && have >= most {
            Some(Obstacle::MaxReplicas)
        } else {
            None
        }
    }

    fn host_ports(&self, key: &TaskKey) -> Vec<(u32, String)> {
        let endpoint = self.store.task(key).and_then(|row| row.endpoint.as_ref());
        let ports = endpoint.into_iter().flat_map(|endpoint| &endpoint.ports);
        ports
            .filter(|port| port.publish_mode == "host" && port.published_port != 0)
            .map(|port| (port.published_port, port.protocol.clone()))
            .collect()
    }

    fn assign(&mut self, key: &TaskKey, node: &Id) {
        let now = self.store.now;
        self.store.change_task(key, |task| {
            node.as_ref().clone_into(&mut task.node_id);
            task.status.state = TaskState::Assigned;
            task.status.timestamp = Some(now);
            "scheduler assigned task to node".clone_into(&mut task.status.message);
            task.status.err.clear();
        });
    }

    /// Notes on a task why it waits. One that nobody wants any more, of an older spec, is shut down
    /// here, as no node will do it (`noSuitableNode`).
    fn keep_waiting(&mut self, key: TaskKey, why: String) {
        let now = self.store.now;
        if self.is_superseded(&key) {
            self.store.change_task(&key, |task| {
                task.status.state = TaskState::Shutdown;
                task.status.timestamp = Some(now);
                task.status.err.clear();
            });
            return;
        }
        if self.store.task(&key).is_some_and(|row| row.task.status.err != why) {
            self.store.change_task(&key, |task| {
                task.status.timestamp = Some(now);
                task.status.err = why;
            });
        }
        self.unassigned.insert(key);
    }
}

impl Cluster {
    fn is_superseded(&self, key: &TaskKey) -> bool {
        let Some(row) = self.store.task(key) else { return true };
        let version = self.store.service(&key.service).map(|service| service.spec_version);
        row.task.desired_state >= TaskState::Shutdown
            && version.is_none_or(|version| version > row.spec_version)
    }
}

impl Load {
    fn add(&mut self, service: &Id, ports: Vec<(u32, String)>) {
        self.count(service);
        self.host_ports.extend(ports);
    }

    fn count(&mut self, service: &Id) {
        self.total += 1;
        *self.by_service.entry(Id::clone(service)).or_default() += 1;
    }
}

/// Why a node does not do (`manager/scheduler/filter.go`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Obstacle {
    NotAvailable,
    Constraints,
    Platform,
    HostPort,
    MaxReplicas,
}

/// The engine's words, the most frequent obstacle first.
fn explain(obstacles: &BTreeMap<Obstacle, usize>) -> String {
    let mut sorted: Vec<_> = obstacles.iter().collect();
    sorted.sort_by_key(|(obstacle, count)| (std::cmp::Reverse(**count), **obstacle));
    let texts: Vec<String> = sorted
        .into_iter()
        .map(|(obstacle, count)| {
            let nodes = if *count == 1 { "node" } else { "nodes" };
            match obstacle {
                Obstacle::NotAvailable => format!("{count} {nodes} not available for new tasks"),
                Obstacle::Constraints => {
                    format!("scheduling constraints not satisfied on {count} {nodes}")
                }
                Obstacle::Platform => format!("unsupported platform on {count} {nodes}"),
                Obstacle::HostPort => format!("host-mode port already in use on {count} {nodes}"),
                Obstacle::MaxReplicas => "max replicas per node limit exceed".to_owned(),
            }
        })
        .collect();
    if texts.is_empty() {
        return "no suitable node".to_owned();
    }
    format!("no suitable node ({})", texts.join("; "))
}
