//! Differences of networks. The engine has no call that changes one, so each is held.

use std::sync::Arc;

use crate::diff::change::{FieldChange, NetworkChange, Owner};
use crate::diff::fields::Fields;
use crate::diff::owner::{Claim, NAMESPACE_LABEL, Owners};
use crate::model::engine::{Ipam, IpamConfig, LiveNetwork, NetworkSpec, Version};
use crate::model::{DesiredNetwork, Kind, Observed, Target};

/// Compares one network with what is there under its name.
#[must_use]
pub fn network(wanted: &DesiredNetwork, observed: &Observed, owners: Owners<'_>) -> NetworkChange {
    let spec = wanted.spec.clone();
    let Some(live) = observed.networks.get(&spec.name) else {
        return NetworkChange { spec, live: None, fields: Vec::new(), place: wanted.place.clone() };
    };
    let (id, labels) = (live.id.as_str(), &live.labels);
    let claim = Claim { kind: Kind::Network, name: &live.name, id, labels };
    let mut owner = owners.of(claim);
    let mut differing = match owner {
        Owner::Theirs(_) => Vec::new(),
        Owner::Ours | Owner::Unowned => differences(&in_the_stack_of(live, &spec), live),
    };
    if let Some(keeper) = owners.keeper(claim).filter(|_| !differing.is_empty()) {
        let both = owners.claims.both(claim, (keeper, owners.stack.as_str()));
        (owner, differing) = (Owner::Theirs(both), Vec::new());
    }
    let target =
        Target { name: live.name.clone(), id: live.id.clone(), version: Version::default() };
    NetworkChange {
        spec,
        live: Some((target, owner)),
        fields: differing,
        place: wanted.place.clone(),
    }
}

/// A network that stacks share names the one that made it, for ever: labels of networks stay.
fn in_the_stack_of(live: &LiveNetwork, wanted: &NetworkSpec) -> NetworkSpec {
    let mut wanted = wanted.clone();
    if let Some(stack) = live.labels.get(NAMESPACE_LABEL) {
        wanted.labels.insert(NAMESPACE_LABEL.to_owned(), stack.clone());
    }
    wanted
}

fn differences(wanted: &NetworkSpec, live: &LiveNetwork) -> Vec<Arc<FieldChange>> {
    let mut pictures = (live_fields(live), wanted_fields(wanted));
    // The engine names driver, options and addresses of a network once it has allocated it, a
    // moment after it was made (`networkFromGRPC` in moby): until then they can't differ.
    if !live.driver.is_empty() {
        pictures.0.extend(allocated(wanted, live));
        pictures.1.extend(to_allocate(wanted));
    }
    crate::diff::changed_fields(&pictures.0, &pictures.1)
}

fn wanted_fields(spec: &NetworkSpec) -> Fields {
    let mut fields = Fields::default();
    flags(&mut fields, (spec.internal, spec.attachable, spec.enable_ipv6));
    fields.put_map("labels", &spec.labels);
    fields
}

fn live_fields(live: &LiveNetwork) -> Fields {
    let mut fields = Fields::default();
    flags(&mut fields, (live.internal, live.attachable, live.enable_ipv6));
    let foreign = |key: &&String| !key.starts_with(crate::diff::fields::OWN_LABELS);
    fields.put_map("labels", live.labels.iter().filter(|(key, _)| foreign(key)));
    fields
}

fn to_allocate(spec: &NetworkSpec) -> Fields {
    let mut fields = Fields::default();
    fields.put("driver", if spec.driver.is_empty() { "overlay" } else { &spec.driver });
    fields.put_map("driver_opts", &spec.options);
    if let Some(ipam) = &spec.ipam {
        pools(&mut fields, ipam, &ipam.config);
    }
    fields
}

/// What was allocated, as far as it was declared: the engine adds options, subnets and gateways.
fn allocated(spec: &NetworkSpec, live: &LiveNetwork) -> Fields {
    let mut fields = Fields::default();
    fields.put("driver", &live.driver);
    let declared = live.options.iter().filter(|(key, _)| spec.options.contains_key(*key));
    fields.put_map("driver_opts", declared);
    let declared = spec.ipam.as_ref().filter(|ipam| !ipam.config.is_empty());
    if let (Some(ipam), Some(declared)) = (&live.ipam, declared) {
        pools(&mut fields, ipam, &declared.config);
    }
    fields
}

fn flags(fields: &mut Fields, (internal, attachable, ipv6): (bool, bool, bool)) {
    for (path, flag) in [("internal", internal), ("attachable", attachable), ("enable_ipv6", ipv6)]
    {
        fields.put_unless(path, flag, false);
    }
}

/// Address pools; the range and the gateway of one as far as they are declared for its subnet.
fn pools(fields: &mut Fields, ipam: &Ipam, declared: &[IpamConfig]) {
    for pool in ipam.config.iter().filter(|pool| !pool.subnet.is_empty()) {
        let path = format!("ipam.subnet[{}]", pool.subnet);
        fields.put(path.clone(), "present");
        let Some(declared) = declared.iter().find(|other| other.subnet == pool.subnet) else {
            continue;
        };
        for (key, there, wanted) in [
            ("ip_range", &pool.ip_range, &declared.ip_range),
            ("gateway", &pool.gateway, &declared.gateway),
        ] {
            if !wanted.is_empty() {
                fields.put_unless(&format!("{path}.{key}"), there.as_str(), "");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> NetworkSpec {
        let pool = IpamConfig { subnet: "10.5.0.0/24".to_owned(), ..IpamConfig::default() };
        NetworkSpec {
            name: "shop_back".to_owned(),
            driver: "overlay".to_owned(),
            options: [("encrypted".to_owned(), String::new())].into(),
            labels: [("tier".to_owned(), "back".to_owned())].into(),
            ipam: Some(Ipam { config: vec![pool], ..Ipam::default() }),
            ..NetworkSpec::default()
        }
    }

    /// The engine's answer in the moment after the network was made.
    fn not_allocated() -> LiveNetwork {
        let labels = wanted().labels;
        LiveNetwork { name: "shop_back".to_owned(), labels, ..LiveNetwork::default() }
    }

    fn paths(live: &LiveNetwork) -> Vec<String> {
        differences(&wanted(), live).iter().map(|change| change.path.clone()).collect()
    }

    #[test]
    fn a_network_that_is_not_allocated_yet_was_told_to_differ() {
        assert_eq!(paths(&not_allocated()), [""; 0]);
        let by_hand = LiveNetwork { internal: true, ..not_allocated() };
        assert_eq!(paths(&by_hand), ["internal"]);
    }

    #[test]
    fn an_allocated_network_differs_in_what_was_declared() {
        let live = |driver: &str, options| {
            let NetworkSpec { ipam, .. } = wanted();
            LiveNetwork { driver: driver.to_owned(), options, ipam, ..not_allocated() }
        };
        let added =
            ("com.docker.network.driver.overlay.vxlanid_list".to_owned(), "4097".to_owned());
        let encrypted = ("encrypted".to_owned(), String::new());
        assert_eq!(paths(&live("overlay", [encrypted, added.clone()].into())), [""; 0]);
        assert_eq!(paths(&live("macvlan", [added].into())), ["driver", "driver_opts.encrypted"]);
    }
}
