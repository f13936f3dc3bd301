//! How large a simulated swarm is, and which engine it has.

use jiff::Timestamp;

use crate::model::engine::{Ipam, IpamConfig, LiveNetwork, NODE_NETWORK_MARK, StringMap};
use crate::model::{ApiVersion, Engine};

use crate::sim::cluster::Cluster;
use crate::sim::node::NodeSetup;
use crate::sim::random::Random;
use crate::sim::store::Store;

/// Size and engine of a swarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwarmShape {
    /// Managers; the first answers and leads.
    pub managers: usize,
    /// Workers. Hosts are called `n1`, `n2`, …, managers first.
    pub workers: usize,
    /// Release of the engine.
    pub version: String,
    /// API version that it speaks; fields of later versions are dropped without a word.
    pub api: ApiVersion,
}

impl Default for SwarmShape {
    fn default() -> Self {
        Self { managers: 1, workers: 2, version: "20.10.24".into(), api: ApiVersion::v1(41) }
    }
}

impl SwarmShape {
    /// A swarm of this shape, all nodes ready, with the network of the routing mesh.
    pub(super) fn cluster(&self, now: Timestamp, mut random: Random) -> Cluster {
        let engine = Engine {
            version: self.version.clone(),
            api: self.api,
            cluster: random.id(),
            node: String::new(),
        };
        let mut store = Store::new(now, engine, random);
        for number in 1..=self.managers + self.workers {
            let role = if number <= self.managers { "manager" } else { "worker" };
            let setup =
                NodeSetup { hostname: format!("n{number}"), role, labels: StringMap::new() };
            let row = setup.into_row(&mut store);
            if number == 1 {
                store.engine.node.clone_from(&row.node.id);
            }
            store.add_node(row);
        }
        let ingress = ingress(&mut store);
        store.add_network(ingress);
        for name in ["bridge", "host"] {
            let network = everywhere(&mut store, name);
            store.add_network(network);
        }
        store.changes.clear();
        Cluster::new(store)
    }
}

/// A network that every node has (`PredefinedNetworks` in moby's network allocator).
fn everywhere(store: &mut Store, name: &str) -> LiveNetwork {
    LiveNetwork {
        id: store.new_id().to_string(),
        name: name.into(),
        created: Some(store.now),
        scope: "swarm".into(),
        driver: name.into(),
        labels: [(NODE_NETWORK_MARK.into(), "true".into())].into(),
        ..LiveNetwork::default()
    }
}

fn ingress(store: &mut Store) -> LiveNetwork {
    LiveNetwork {
        id: store.new_id().to_string(),
        name: "ingress".into(),
        created: Some(store.now),
        scope: "swarm".into(),
        driver: "overlay".into(),
        ingress: true,
        options: [("com.docker.network.driver.overlay.vxlanid_list".into(), "4096".into())]
            .into_iter()
            .collect(),
        ipam: Some(Ipam {
            driver: "default".into(),
            config: vec![IpamConfig {
                subnet: "10.0.0.0/24".into(),
                gateway: "10.0.0.1".into(),
                ..IpamConfig::default()
            }],
            ..Ipam::default()
        }),
        ..LiveNetwork::default()
    }
}
