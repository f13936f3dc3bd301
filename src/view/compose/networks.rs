//! Networks: their keys, and what they are.

use std::net::IpAddr;

use crate::diff::NAMESPACE_LABEL;
use crate::model::engine::{Ipam, IpamConfig, LiveNetwork};
use crate::model::{Kind, ObjectRef};
use crate::view::yaml::{Map, Yaml};

use super::sheet::{COMMENT, Section, Sheet, listed};
use super::{own_labels, strings};

/// What the engine adds to the options of an overlay.
const VXLAN: &str = "com.docker.network.driver.overlay.vxlanid_list";

impl Sheet<'_> {
    /// The name of a network that a spec names by id.
    pub(super) fn network_name(&self, target: &str) -> String {
        self.view.names.get(target).map_or(target, String::as_str).to_owned()
    }

    /// The key of a network; it is declared with it.
    pub(super) fn network_key(&mut self, name: &str) -> String {
        let wish = self.short(name).unwrap_or(name).to_owned();
        let key = self.key(Section::Networks, name, &wish);
        self.declared(Section::Networks, key, |sheet, key| sheet.network(name, key))
    }

    /// The entry of a network. One that is not the stack's own exists already.
    fn network(&mut self, name: &str, key: &str) -> Map {
        let live = self.view.observed.networks.get(name);
        let own = live.filter(|network| self.is_own(network));
        let Some(network) = own else { return external(name, key) };
        let mut map = Map::new();
        map.put_some("name", (self.scoped(key) != name).then_some(name));
        map.put_unless("driver", network.driver.as_str(), "overlay");
        let options = network.options.iter().filter(|(key, _)| *key != VXLAN);
        map.put_filled("driver_opts", strings(options));
        map.put_unless("internal", network.internal, false);
        map.put_unless("attachable", network.attachable, false);
        map.put_unless("enable_ipv6", network.enable_ipv6, false);
        if let Some(ipam) = &network.ipam {
            self.ipam(&mut map, name, ipam);
        }
        map.put_filled("labels", own_labels(&network.labels));
        map
    }

    /// Address pools that a person chose. The engine says of none whether it chose it itself: one
    /// that looks like its own choice is told above the entry and not pinned.
    fn ipam(&mut self, map: &mut Map, name: &str, ipam: &Ipam) {
        let mut addresses = Map::new();
        if !matches!(ipam.driver.as_str(), "" | "default") {
            addresses.put("driver", ipam.driver.as_str());
        }
        let pools = || ipam.config.iter().filter(|pool| !pool.subnet.is_empty());
        let networks = self.view.observed.networks.len();
        if pools().all(|pool| is_engines_choice(pool, networks)) {
            let subnets: Vec<&str> = pools().map(|pool| pool.subnet.as_str()).collect();
            if !subnets.is_empty() {
                let line = format!(
                    "Its subnet is {}, which the engine seems to have chosen.",
                    subnets.join(", ")
                );
                map.put(COMMENT, line);
            }
        } else {
            addresses.put("config", pools().map(|one| pool(one).into()).collect::<Vec<Yaml>>());
        }
        if !ipam.options.is_empty() {
            let object = ObjectRef::new(Kind::Network, name);
            let options = listed(&ipam.options);
            self.remark_on(object, format!("no key says the options of its addresses: {options}"));
        }
        map.put_filled("ipam", addresses);
    }

    fn is_own(&self, network: &LiveNetwork) -> bool {
        network.labels.get(NAMESPACE_LABEL).map(String::as_str) == Some(self.stack.as_str())
    }

    /// Networks that no service joins stand in the file, from which nothing makes them.
    pub(super) fn unused_networks(&mut self) {
        let networks = self.view.observed.networks.values().filter(|network| self.is_own(network));
        let unused = networks.filter(|network| !self.has_key(Section::Networks, &network.name));
        let names: Vec<String> = unused.map(|network| network.name.clone()).collect();
        for name in names {
            self.network_key(&name);
            let object = ObjectRef::new(Kind::Network, name);
            self.remark_on(object, "no service joins it: it is kept, and not made from this file");
        }
    }
}

/// Something that is there already, under its own name.
pub(super) fn external(name: &str, key: &str) -> Map {
    let mut map = Map::new();
    map.put("external", true);
    map.put_some("name", (name != key).then_some(name));
    map
}

/// A pool, with its gateway where that is not the one that the engine takes, the first.
fn pool(pool: &IpamConfig) -> Map {
    let mut map = Map::from_iter([("subnet", pool.subnet.as_str())]);
    map.put_unless("ip_range", pool.ip_range.as_str(), "");
    let (gateway, _) = pool.gateway.split_once('/').unwrap_or((&pool.gateway, ""));
    if !gateway.is_empty() && !is_first(gateway, &pool.subnet) {
        map.put("gateway", gateway);
    }
    map
}

/// True for the address after that of the subnet itself.
fn is_first(address: &str, subnet: &str) -> bool {
    let (subnet, _) = subnet.split_once('/').unwrap_or((subnet, ""));
    match (address.parse(), subnet.parse()) {
        (Ok(IpAddr::V4(address)), Ok(IpAddr::V4(subnet))) => {
            u32::from(address).checked_sub(u32::from(subnet)) == Some(1)
        }
        (Ok(IpAddr::V6(address)), Ok(IpAddr::V6(subnet))) => {
            u128::from(address).checked_sub(u128::from(subnet)) == Some(1)
        }
        _ => false,
    }
}

/// The engine's own pool is 10.0.0.0/8, in parts of 256 addresses, of which it takes the first free
/// one (`DefaultAddrPool` in swarmkit): what lies far behind the number of networks, a person chose.
fn is_engines_choice(pool: &IpamConfig, networks: usize) -> bool {
    let part = pool.subnet.strip_prefix("10.").and_then(|rest| rest.strip_suffix(".0/24"));
    let Some((second, third)) = part.and_then(|part| part.split_once('.')) else { return false };
    let number = |text: &str| text.parse::<usize>().ok();
    let Some(index) = number(second).zip(number(third)).map(|(b, c)| b * 256 + c) else {
        return false;
    };
    pool.ip_range.is_empty() && index < networks.saturating_mul(4).max(256)
}
