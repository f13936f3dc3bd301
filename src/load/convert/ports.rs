//! Published ports.

use super::Stage;
use crate::load::compose::{Port, Service, Text};
use crate::load::yaml::KeyPath;
use crate::model::engine::PortConfig;

impl Stage<'_, '_> {
    /// Ports sorted by the published one; within one, as written.
    pub(super) fn ports(&mut self, service: &Service, path: &KeyPath<'_>) -> Vec<PortConfig> {
        let list = path.key("ports");
        let mut ports = Vec::new();
        for (index, port) in service.ports.iter().flatten().enumerate() {
            match port {
                Port::Short(Text(range)) => {
                    if range.ip.is_some() {
                        let message = "the address has no effect: Swarm publishes on all addresses";
                        self.warning(&list.index(index), (message, "remove it"));
                    }
                    ports.extend(range.pairs.iter().map(|(published, target)| PortConfig {
                        protocol: range.protocol.as_str().to_owned(),
                        target_port: u32::from(*target),
                        published_port: u32::from(*published),
                        publish_mode: "ingress".to_owned(),
                        ..PortConfig::default()
                    }));
                }
                Port::Long(long) => ports.push(PortConfig {
                    protocol: long.protocol.clone().unwrap_or_default(),
                    target_port: long.target,
                    published_port: long.published.unwrap_or_default(),
                    publish_mode: long.mode.clone().unwrap_or_default(),
                    ..PortConfig::default()
                }),
            }
        }
        ports.sort_by_key(|port| port.published_port);
        ports
    }
}
