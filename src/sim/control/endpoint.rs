//! Published ports: duplicates in one service and clashes between services
//! (`validateEndpointSpec` and `checkPortConflicts` in `manager/controlapi/service.go`).

use std::collections::BTreeSet;

use crate::model::engine::{EndpointSpec, PortConfig, ServiceSpec};

use super::Refusal;
use crate::sim::store::Store;

/// Checks the ports of one spec, with the engine's defaults filled in.
pub(super) fn check(endpoint: Option<&EndpointSpec>) -> Result<(), Refusal> {
    let Some(endpoint) = endpoint else { return Ok(()) };
    let mut seen = BTreeSet::new();
    for port in &endpoint.ports {
        if endpoint.mode == "dnsrr" && port.publish_mode == "ingress" {
            return Err(Refusal::invalid(
                "EndpointSpec: port published with ingress mode can't be used with dnsrr mode",
            ));
        }
        if port.published_port != 0 && !seen.insert((port.published_port, &port.protocol)) {
            return Err(Refusal::invalid("EndpointSpec: duplicate published ports provided"));
        }
    }
    Ok(())
}

/// Checks a spec against all other services. Host ports may meet: the scheduler keeps them apart.
pub(super) fn check_clash(store: &Store, spec: &ServiceSpec) -> Result<(), Refusal> {
    let wanted = published(spec);
    if wanted.is_empty() {
        return Ok(());
    }
    let others = store.services.values().filter(|row| row.service.spec.name != spec.name);
    for other in others {
        let clash = published(&other.service.spec)
            .into_iter()
            .find(|taken| wanted.iter().any(|port| clashes(port, taken)));
        if let Some(port) = clash {
            let how = if port.publish_mode == "host" { "a host-published" } else { "an ingress" };
            return Err(Refusal::invalid(format!(
                "port '{}' is already in use by service '{}' ({}) as {how} port",
                port.published_port, other.service.spec.name, other.service.id
            )));
        }
    }
    Ok(())
}

fn published(spec: &ServiceSpec) -> Vec<&PortConfig> {
    let ports = spec.endpoint_spec.iter().flat_map(|endpoint| &endpoint.ports);
    ports.filter(|port| port.published_port != 0).collect()
}

fn clashes(wanted: &PortConfig, taken: &PortConfig) -> bool {
    wanted.published_port == taken.published_port
        && wanted.protocol == taken.protocol
        && !(wanted.publish_mode == "host" && taken.publish_mode == "host")
}
