//! Networks: no update, addresses from the swarm's pool, removal only when nothing uses them
//! (`manager/controlapi/network.go`, `daemon/cluster/convert/network.go`).

use crate::model::engine::{Ipam, IpamConfig, LiveNetwork, NetworkSpec, ServiceSpec, TaskState};
use crate::model::name::check_service_name;
use crate::ports::Written;

use super::Refusal;
use crate::sim::store::Store;

/// First number of an overlay's data plane (`libnetwork/drivers/overlay/ovmanager`).
const FIRST_VXLAN: usize = 4096;

pub(super) fn create(store: &mut Store, spec: &NetworkSpec) -> Result<Written, Refusal> {
    check_service_name(&spec.name)
        .map_err(|_| Refusal::invalid("name must be valid as a DNS name component"))?;
    if store.networks.values().any(|network| network.name == spec.name) {
        return Err(Refusal::Conflict(format!("network with name {} already exists", spec.name)));
    }
    let network = filled(store, spec);
    let id = network.id.clone();
    store.add_network(network);
    Ok(Written { id, warnings: Vec::new() })
}

pub(super) fn remove(store: &mut Store, id: &str) -> Result<(), Refusal> {
    if !store.networks.contains_key(id) {
        return Err(Refusal::gone("network", id));
    }
    let in_use = |by: &str, user: &str| {
        Refusal::InUse(format!(
            "rpc error: code = FailedPrecondition desc = network {id} is in use by {by} {user}"
        ))
    };
    let service = store.services.values().find(|row| refers(&row.service.spec, id));
    if let Some(row) = service {
        return Err(in_use("service", &row.service.id));
    }
    let task = store.all_tasks().find(|(_, row)| {
        row.task.desired_state <= TaskState::Running
            && row.task.status.state <= TaskState::Running
            && row.task.spec.networks.iter().any(|network| network.target == id)
    });
    if let Some((key, _)) = task {
        return Err(in_use("task", &key.task));
    }
    store.delete_network(id);
    Ok(())
}

/// Puts ids in the place of names, as the engine does on every service write. Ids win over names,
/// exact names over beginnings of ids (`daemon/cluster/helpers.go`).
pub(super) fn resolve(store: &Store, spec: &mut ServiceSpec) -> Result<(), Refusal> {
    if spec.task_template.networks.is_empty() {
        spec.task_template.networks = std::mem::take(&mut spec.networks);
    }
    spec.networks.clear();
    for attachment in &mut spec.task_template.networks {
        let network = find(store, &attachment.target)
            .ok_or_else(|| Refusal::gone("network", &attachment.target))?;
        if network.ingress {
            return Err(Refusal::invalid(format!(
                "Service cannot be explicitly attached to the ingress network \"{}\"",
                network.name
            )));
        }
        attachment.target.clone_from(&network.id);
    }
    Ok(())
}

fn find<'a>(store: &'a Store, target: &str) -> Option<&'a LiveNetwork> {
    let by_prefix = || {
        let mut found = store.networks.values().filter(|network| network.id.starts_with(target));
        found.next().filter(|_| !target.is_empty() && found.next().is_none())
    };
    store
        .networks
        .get(target)
        .or_else(|| store.networks.values().find(|network| network.name == target))
        .or_else(by_prefix)
}

fn refers(spec: &ServiceSpec, id: &str) -> bool {
    spec.task_template.networks.iter().any(|network| network.target == id)
}

/// What the engine makes of a request: driver and options as they are in effect, addresses
/// allocated.
fn filled(store: &mut Store, spec: &NetworkSpec) -> LiveNetwork {
    let id = store.new_id().to_string();
    let number = store.networks.values().filter(|network| network.driver == "overlay").count();
    let driver = if spec.driver.is_empty() { "overlay" } else { &spec.driver }.to_owned();
    let mut options = spec.options.clone();
    if driver == "overlay" {
        options
            .entry("com.docker.network.driver.overlay.vxlanid_list".to_owned())
            .or_insert_with(|| (FIRST_VXLAN + number).to_string());
    }
    LiveNetwork {
        id,
        name: spec.name.clone(),
        created: Some(store.now),
        scope: "swarm".to_owned(),
        driver,
        internal: spec.internal,
        attachable: spec.attachable,
        ingress: false,
        enable_ipv6: spec.enable_ipv6,
        options,
        labels: spec.labels.clone(),
        ipam: Some(allocated(spec.ipam.clone().unwrap_or_default(), number)),
    }
}

fn allocated(mut ipam: Ipam, number: usize) -> Ipam {
    if ipam.driver.is_empty() {
        "default".clone_into(&mut ipam.driver);
    }
    if ipam.config.is_empty() {
        ipam.config.push(IpamConfig::default());
    }
    for config in &mut ipam.config {
        if config.subnet.is_empty() {
            config.subnet = format!("10.{}.{}.0/24", number / 256, number % 256);
        }
        if config.gateway.is_empty() {
            config.gateway = first_address(&config.subnet);
        }
    }
    ipam
}

/// `10.1.2.0/24` → `10.1.2.1`. IPv6 pools get `…::1` in the same way.
fn first_address(subnet: &str) -> String {
    let network = subnet.split('/').next().unwrap_or(subnet);
    match network.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(ip)) => std::net::Ipv4Addr::from(u32::from(ip) | 1).to_string(),
        Ok(std::net::IpAddr::V6(ip)) => std::net::Ipv6Addr::from(u128::from(ip) | 1).to_string(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::engine::NetworkAttachment;
    use crate::model::{ApiVersion, Engine};
    use crate::sim::random::Random;

    use super::*;

    fn store() -> Store {
        let engine = Engine {
            version: String::new(),
            api: ApiVersion::v1(41),
            cluster: String::new(),
            node: String::new(),
        };
        Store::new(jiff::Timestamp::UNIX_EPOCH, engine, Random::new(1))
    }

    fn resolved(store: &Store, target: &str) -> Result<String, Refusal> {
        let mut spec = ServiceSpec::default();
        let target = target.to_owned();
        spec.networks = vec![NetworkAttachment { target, ..NetworkAttachment::default() }];
        resolve(store, &mut spec)?;
        assert!(spec.networks.is_empty());
        Ok(spec.task_template.networks.remove(0).target)
    }

    #[test]
    fn a_network_is_found_by_id_by_name_and_by_the_beginning_of_its_id() {
        let mut store = store();
        let spec = NetworkSpec { name: "net".to_owned(), ..NetworkSpec::default() };
        let id = create(&mut store, &spec).unwrap().id;
        for target in [&id, "net", &id[..8]] {
            assert_eq!(resolved(&store, target), Ok(id.clone()), "{target}");
        }
        for target in ["", "ne", "nothing"] {
            assert!(matches!(resolved(&store, target), Err(Refusal::Conflict(_))), "{target}");
        }
    }

    #[test]
    fn addresses_that_were_given_are_kept_and_the_rest_is_allocated() {
        let mut store = store();
        let pool = |subnet: &str| IpamConfig { subnet: subnet.into(), ..IpamConfig::default() };
        for (name, given, expected) in [
            ("a", vec![], ("10.0.0.0/24", "10.0.0.1")),
            ("b", vec![pool("10.9.0.0/16")], ("10.9.0.0/16", "10.9.0.1")),
            ("c", vec![pool("fd00::/64")], ("fd00::/64", "fd00::1")),
        ] {
            let ipam = Some(Ipam { config: given, ..Ipam::default() });
            let spec = NetworkSpec { name: name.into(), ipam, ..NetworkSpec::default() };
            let id = create(&mut store, &spec).unwrap().id;
            let ipam = store.networks[id.as_str()].ipam.clone().unwrap();
            let pool = &ipam.config[0];
            assert_eq!((pool.subnet.as_str(), pool.gateway.as_str()), expected);
            assert_eq!(ipam.driver, "default");
        }
    }
}
