//! Services, networks, secrets, configs and nodes: reading and writing rows.

use std::sync::Arc;

use crate::model::engine::{LiveConfig, LiveNetwork, Service, ServiceSpec};

use super::{Change, Id, NodeRow, SecretRow, ServiceRow, Store};

impl Store {
    /// A service by id.
    pub(crate) fn service(&self, id: &str) -> Option<&ServiceRow> {
        self.services.get(id)
    }

    /// Id of a service by its exact name.
    pub(crate) fn service_id(&self, name: &str) -> Option<Id> {
        self.service_ids.get(name).cloned()
    }

    /// Adds a service.
    pub(crate) fn add_service(&mut self, spec: ServiceSpec) -> Id {
        let id = self.new_id();
        let name = spec.name.clone();
        let job_iteration = spec.mode.as_ref().filter(|mode| mode.is_job()).map(|_| 0);
        let service = Service {
            id: id.to_string(),
            version: self.next_version(),
            created_at: Some(self.now),
            updated_at: Some(self.now),
            spec,
            ..Service::default()
        };
        self.service_ids.insert(name.clone(), Arc::clone(&id));
        self.services.insert(
            Arc::clone(&id),
            ServiceRow {
                service: Arc::new(service),
                spec_version: 0,
                previous_spec_version: 0,
                job_iteration,
            },
        );
        self.uncounted.insert(Arc::clone(&id));
        self.changes.push_back(Change::Told("service", name, "create"));
        self.changes.push_back(Change::Service(Arc::clone(&id)));
        id
    }

    /// Changes a service, raises its version and tells.
    pub(crate) fn change_service(&mut self, id: &Id, change: impl FnOnce(&mut ServiceRow)) {
        let version = self.next_version();
        let Some(row) = self.services.get_mut(id) else { return };
        change(row);
        let service = Arc::make_mut(&mut row.service);
        service.version = version;
        service.updated_at = Some(self.now);
        let name = service.spec.name.clone();
        self.uncounted.insert(Arc::clone(id));
        self.changes.push_back(Change::Told("service", name, "update"));
        self.changes.push_back(Change::Service(Arc::clone(id)));
    }

    /// Removes a service; its tasks stay until they are stopped.
    pub(crate) fn delete_service(&mut self, id: &Id) -> Option<ServiceRow> {
        let row = self.services.remove(id)?;
        let name = row.service.spec.name.clone();
        self.service_ids.remove(&name);
        self.uncounted.remove(id);
        self.changes.push_back(Change::Told("service", name, "remove"));
        self.changes.push_back(Change::ServiceGone(Arc::clone(id)));
        Some(row)
    }

    /// Adds a network.
    pub(crate) fn add_network(&mut self, network: LiveNetwork) {
        self.next_version();
        self.changes.push_back(Change::Told("network", network.name.clone(), "create"));
        self.networks.insert(network.id.as_str().into(), network);
    }

    /// Removes a network.
    pub(crate) fn delete_network(&mut self, id: &str) {
        if let Some(network) = self.networks.remove(id) {
            self.changes.push_back(Change::Told("network", network.name, "remove"));
        }
    }

    /// Adds a secret, or replaces the row of one.
    pub(crate) fn put_secret(&mut self, mut row: SecretRow) {
        row.live.version = self.next_version();
        let (name, id) = (row.live.spec.name.clone(), Id::from(row.live.id.as_str()));
        let action = action(self.secrets.insert(id, row).as_ref());
        self.changes.push_back(Change::Told("secret", name, action));
    }

    /// Removes a secret.
    pub(crate) fn delete_secret(&mut self, id: &str) {
        if let Some(row) = self.secrets.remove(id) {
            self.changes.push_back(Change::Told("secret", row.live.spec.name, "remove"));
        }
    }

    /// Adds a config, or replaces the row of one.
    pub(crate) fn put_config(&mut self, mut config: LiveConfig) {
        config.version = self.next_version();
        let (name, id) = (config.spec.name.clone(), Id::from(config.id.as_str()));
        let action = action(self.configs.insert(id, Arc::new(config)).as_ref());
        self.changes.push_back(Change::Told("config", name, action));
    }

    /// Removes a config.
    pub(crate) fn delete_config(&mut self, id: &str) {
        if let Some(config) = self.configs.remove(id) {
            self.changes.push_back(Change::Told("config", config.spec.name.clone(), "remove"));
        }
    }

    /// Adds a node.
    pub(crate) fn add_node(&mut self, mut row: NodeRow) {
        row.node.version = self.next_version();
        let id = Id::from(row.node.id.as_str());
        self.changes.push_back(Change::Told(
            "node",
            row.node.description.hostname.clone(),
            "create",
        ));
        self.changes.push_back(Change::Node(Arc::clone(&id)));
        self.nodes.insert(id, row);
    }

    /// Changes a node and tells.
    pub(crate) fn change_node(&mut self, id: &Id, change: impl FnOnce(&mut NodeRow)) {
        let version = self.next_version();
        let Some(row) = self.nodes.get_mut(id) else { return };
        change(row);
        row.node.version = version;
        let name = row.node.description.hostname.clone();
        self.changes.push_back(Change::Told("node", name, "update"));
        self.changes.push_back(Change::Node(Arc::clone(id)));
    }
}

fn action<T>(replaced: Option<&T>) -> &'static str {
    if replaced.is_some() { "update" } else { "create" }
}
