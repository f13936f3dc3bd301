//! Networks: what services join, and what is made for them.

use std::collections::BTreeMap;

use super::{Declared, Stage};
use crate::load::compose::{
    Attachment, External, NETWORK_DRIVER, Network, ScalarText, Service, ServiceNetworks,
};
use crate::load::yaml::KeyPath;
use crate::model::engine::{
    Ipam, IpamConfig, NODE_NETWORKS, NetworkAttachment, NetworkSpec, StringMap,
};
use crate::model::name::check_service_name;
use crate::model::{DesiredNetwork, Kind, ObjectRef};

/// The network that a service joins when it names none.
const DEFAULT: &str = "default";

impl Stage<'_, '_> {
    /// Networks that a service joins, sorted by name. The networks are put among the objects to
    /// make, unless they are external.
    pub(super) fn networks(
        &mut self,
        (key, service): (&str, &Service),
        declared: &Declared,
        path: &KeyPath<'_>,
    ) -> Vec<NetworkAttachment> {
        let list = path.key("networks");
        let joined = self.joined(service, path);
        let mut attachments = Vec::with_capacity(joined.len());
        for (index, (network, attachment)) in joined.into_iter().enumerate() {
            let in_list = matches!(service.networks, Some(ServiceNetworks::Names(_)));
            let here = if in_list { list.index(index) } else { list.key(&network) };
            let Some(target) = self.network(&network, declared, &here) else { continue };
            let attachment = attachment.unwrap_or_default();
            let mut aliases = attachment.aliases.unwrap_or_default();
            // Services have no further names on the networks of the nodes.
            if !NODE_NETWORKS.contains(&target.as_str()) {
                aliases.push(key.to_owned());
            }
            let driver_opts = options(attachment.driver_opts.as_ref());
            attachments.push(NetworkAttachment {
                target,
                aliases,
                driver_opts,
                ..NetworkAttachment::default()
            });
        }
        attachments.sort_by(|a, b| a.target.cmp(&b.target));
        attachments
    }

    /// What a service names; the network `default` where it names nothing.
    fn joined(&mut self, service: &Service, path: &KeyPath<'_>) -> Vec<Joined> {
        let without = service.settings.as_ref().and_then(|settings| settings.default_network);
        let named = named(service);
        match (named.is_empty(), without) {
            (true, Some(false)) => named,
            (true, _) => vec![(DEFAULT.to_owned(), None)],
            (false, Some(false)) => {
                let settings = path.key("x-skep");
                let message = "the service names networks: it joins those, and no other";
                self.error(&settings.key("default_network"), (message, "remove it"));
                named
            }
            (false, _) => named,
        }
    }

    /// Networks that are there already, used or not.
    pub(super) fn external_networks(&mut self, declared: &Declared) {
        for (key, network) in &declared.networks {
            let external = network.external.as_ref();
            if external.is_some_and(External::is_external) {
                let name = self.object_name(key, network.name.as_deref(), external);
                self.objects.external.insert(ObjectRef::new(Kind::Network, name));
            }
        }
    }

    /// Full name of a network; makes it part of the stack if it is the stack's own.
    fn network(&mut self, key: &str, declared: &Declared, path: &KeyPath<'_>) -> Option<String> {
        if self.findings.is_spoiled("networks", key) {
            self.findings.spoil(super::service::entry_of(path));
            return None;
        }
        let network = match declared.networks.get(key) {
            Some(network) => network.clone(),
            None if key == DEFAULT => Network::default(),
            None => {
                let hint = "declare it under the top-level networks (external: true if it exists)";
                let quoted = self.quote(path, key);
                self.error(path, (format!("the network{quoted} is not declared"), hint));
                return None;
            }
        };
        let external = network.external.as_ref().is_some_and(External::is_external);
        let name = self.object_name(key, network.name.as_deref(), network.external.as_ref());
        if !external && !self.objects.networks.contains_key(&name) {
            self.make_network(key, &name, &network);
        }
        Some(name)
    }

    fn make_network(&mut self, key: &str, name: &str, network: &Network) {
        let root = KeyPath::root();
        let section = root.key("networks");
        let path = section.key(key);
        if let Err(error) = check_service_name(name) {
            let quoted = self.quote(&path, name);
            let message = format!("the full name{quoted} can't be used: {error}");
            self.error(&path, (message, "choose another name"));
        }
        let labels = network.labels.as_ref().map(|l| l.filled()).unwrap_or_default();
        let spec = NetworkSpec {
            name: name.to_owned(),
            driver: network
                .driver
                .clone()
                .filter(|d| !d.is_empty())
                .unwrap_or(NETWORK_DRIVER.into()),
            options: options(network.driver_opts.as_ref()),
            internal: network.internal.unwrap_or_default(),
            attachable: network.attachable.unwrap_or_default(),
            enable_ipv6: network.enable_ipv6.unwrap_or_default(),
            labels: self.stack_labels(labels),
            ipam: ipam(network),
            ..NetworkSpec::default()
        };
        let place = self.place(self.input.tree.locate(&path));
        self.objects.networks.insert(name.to_owned(), DesiredNetwork { spec, place });
    }
}

/// The key of a network, and how it is joined.
type Joined = (String, Option<Attachment>);

fn named(service: &Service) -> Vec<Joined> {
    match &service.networks {
        Some(ServiceNetworks::Names(names)) => {
            names.iter().map(|name| (name.clone(), None)).collect()
        }
        Some(ServiceNetworks::Attachments(map)) => {
            map.iter().map(|(name, attachment)| (name.clone(), attachment.clone())).collect()
        }
        None => Vec::new(),
    }
}

fn ipam(network: &Network) -> Option<Ipam> {
    let declared = network.ipam.as_ref()?;
    let driver = declared.driver.clone().unwrap_or_default();
    let pools = declared.config.clone().unwrap_or_default();
    if driver.is_empty() && pools.is_empty() {
        return None;
    }
    let config = pools.into_iter().map(|pool| IpamConfig {
        subnet: pool.subnet.unwrap_or_default(),
        ip_range: pool.ip_range.unwrap_or_default(),
        gateway: pool.gateway.unwrap_or_default(),
    });
    Some(Ipam { driver, config: config.collect(), ..Ipam::default() })
}

/// Options of a driver.
pub(super) fn options(options: Option<&BTreeMap<String, ScalarText>>) -> StringMap {
    options.into_iter().flatten().map(|(key, value)| (key.clone(), value.0.clone())).collect()
}
