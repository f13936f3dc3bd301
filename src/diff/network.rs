//! Differences of networks. The engine has no call that changes one, so each is held.

use std::sync::Arc;

use super::change::{FieldChange, NetworkChange, Owner};
use super::fields::Fields;
use super::owner::{Claim, Owners};
use crate::model::engine::{Ipam, LiveNetwork, NetworkSpec, StringMap, Version};
use crate::model::{DesiredNetwork, Kind, Observed, Target};

/// Compares one network with what is there under its name.
#[must_use]
pub fn network(wanted: &DesiredNetwork, observed: &Observed, owners: Owners<'_>) -> NetworkChange {
    let spec = wanted.spec.clone();
    let Some(live) = observed.networks.get(&spec.name) else {
        return NetworkChange { spec, live: None, fields: Vec::new(), place: wanted.place.clone() };
    };
    let (id, labels) = (live.id.as_str(), &live.labels);
    let owner = owners.of(Claim { kind: Kind::Network, name: &live.name, id, labels });
    let differing = match owner {
        Owner::Theirs(_) => Vec::new(),
        Owner::Ours | Owner::Unowned => differences(&spec, live),
    };
    let target =
        Target { name: live.name.clone(), id: live.id.clone(), version: Version::default() };
    NetworkChange {
        spec,
        live: Some((target, owner)),
        fields: differing,
        place: wanted.place.clone(),
    }
}

fn differences(wanted: &NetworkSpec, live: &LiveNetwork) -> Vec<Arc<FieldChange>> {
    let (ours, theirs) = (wanted_fields(wanted), live_fields(wanted, live));
    super::changed_fields(&theirs, &ours)
}

fn wanted_fields(spec: &NetworkSpec) -> Fields {
    let mut fields = Fields::default();
    let driver = if spec.driver.is_empty() { "overlay" } else { &spec.driver };
    fields.put("driver", driver);
    flags(&mut fields, (spec.internal, spec.attachable, spec.enable_ipv6));
    fields.put_map("driver_opts", &spec.options);
    fields.put_map("labels", &spec.labels);
    if let Some(ipam) = &spec.ipam {
        subnets(&mut fields, ipam);
    }
    fields
}

/// What is there, as far as it was declared: the engine adds options, subnets and gateways.
fn live_fields(spec: &NetworkSpec, live: &LiveNetwork) -> Fields {
    let mut fields = Fields::default();
    fields.put("driver", &live.driver);
    flags(&mut fields, (live.internal, live.attachable, live.enable_ipv6));
    let declared = |map: &StringMap, live: &StringMap| -> StringMap {
        live.iter()
            .filter(|(key, _)| map.contains_key(*key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    fields.put_map("driver_opts", &declared(&spec.options, &live.options));
    let foreign = |key: &&String| !key.starts_with(super::fields::OWN_LABELS);
    fields.put_map("labels", live.labels.iter().filter(|(key, _)| foreign(key)));
    let declared_subnets = spec.ipam.as_ref().is_some_and(|ipam| !ipam.config.is_empty());
    if let Some(ipam) = live.ipam.as_ref().filter(|_| declared_subnets) {
        subnets(&mut fields, ipam);
    }
    fields
}

fn flags(fields: &mut Fields, (internal, attachable, ipv6): (bool, bool, bool)) {
    for (path, flag) in [("internal", internal), ("attachable", attachable), ("enable_ipv6", ipv6)]
    {
        fields.put_unless(path, flag, false);
    }
}

fn subnets(fields: &mut Fields, ipam: &Ipam) {
    let subnets: Vec<&String> = ipam.config.iter().map(|config| &config.subnet).collect();
    fields.put_set("ipam.subnet", subnets.into_iter().filter(|subnet| !subnet.is_empty()));
}
