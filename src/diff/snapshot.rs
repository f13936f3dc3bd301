//! The swarm as the comparison looks at it: by name, and by id.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::OnceLock;

use super::fields::NamesById;
use super::owner::NAMESPACE_LABEL;
use crate::model::engine::{ServiceSpec, StringMap, TaskState, Version};
use crate::model::{Inventory, Kind, ObjectRef, Observed, Target};

/// One look at the swarm with the indexes that a comparison needs; made once for all stacks.
pub struct View<'a> {
    /// The look itself.
    pub observed: &'a Observed,
    /// Names of networks, secrets and configs by id.
    pub names: NamesById,
    /// Secrets.
    pub secrets: LiveData<'a>,
    /// Configs.
    pub configs: LiveData<'a>,
    by_stack: BTreeMap<&'a str, Vec<LiveObject<'a>>>,
    kept: BTreeSet<ObjectRef>,
    used: OnceLock<BTreeSet<String>>,
}

/// Any object that carries labels.
#[derive(Debug, Clone)]
pub struct LiveObject<'a> {
    /// Kind and name.
    pub object: ObjectRef,
    /// The object as a target.
    pub target: Target,
    /// Its labels.
    pub labels: &'a StringMap,
}

impl LiveObject<'_> {
    /// The stack that its label names.
    #[must_use]
    pub fn stack(&self) -> Option<&str> {
        self.labels.get(NAMESPACE_LABEL).map(String::as_str)
    }
}

impl<'a> View<'a> {
    /// Builds the indexes.
    #[must_use]
    pub fn new(observed: &'a Observed) -> Self {
        let mut by_stack: BTreeMap<&'a str, Vec<LiveObject<'a>>> = BTreeMap::new();
        for object in objects(observed) {
            if let Some(stack) = object.labels.get(NAMESPACE_LABEL) {
                by_stack.entry(stack).or_default().push(object);
            }
        }
        Self {
            observed,
            names: names_by_id(observed),
            secrets: LiveData::secrets(observed),
            configs: LiveData::configs(observed),
            by_stack,
            kept: BTreeSet::new(),
            used: OnceLock::new(),
        }
    }

    /// The same, where these secrets and configs are no garbage although nothing uses them: a
    /// stable spec that is kept refers to them.
    #[must_use]
    pub fn keeping(mut self, kept: BTreeSet<ObjectRef>) -> Self {
        self.kept = kept;
        self
    }

    /// True when a stable spec that is kept refers to an object.
    #[must_use]
    pub fn is_kept(&self, object: &ObjectRef) -> bool {
        self.kept.contains(object)
    }

    /// Everything with the namespace label of a stack.
    #[must_use]
    pub fn of_stack(&self, stack: &str) -> &[LiveObject<'a>] {
        self.by_stack.get(stack).map_or(&[], Vec::as_slice)
    }

    /// What is there of an inventory.
    #[must_use]
    pub fn listed(&self, inventory: &Inventory) -> Vec<LiveObject<'a>> {
        let known = |(kind, ids): (&Kind, &BTreeMap<String, String>)| {
            let objects = ids.iter().filter_map(|(name, id)| self.object(*kind, name, id));
            objects.collect::<Vec<_>>()
        };
        inventory.iter().flat_map(known).collect()
    }

    fn object(&self, kind: Kind, name: &str, id: &str) -> Option<LiveObject<'a>> {
        let observed = self.observed;
        let (known, version, labels) = match kind {
            Kind::Service => {
                observed.services.get(name).map(|s| (&s.id, s.version, &s.spec.labels))?
            }
            Kind::Node => return None,
            Kind::Network => {
                observed.networks.get(name).map(|n| (&n.id, Version::default(), &n.labels))?
            }
            Kind::Secret => {
                observed.secrets.get(name).map(|s| (&s.id, s.version, &s.spec.labels))?
            }
            Kind::Config => {
                observed.configs.get(name).map(|c| (&c.id, c.version, &c.spec.labels))?
            }
        };
        let target = Target { name: name.to_owned(), id: known.clone(), version };
        (known == id).then(|| LiveObject { object: ObjectRef::new(kind, name), target, labels })
    }

    /// True when an object of this kind and name is there.
    #[must_use]
    pub fn has(&self, object: &ObjectRef) -> bool {
        match object.kind {
            // A service may name a network by id.
            Kind::Network => {
                self.observed.networks.contains_key(&object.name)
                    || self.names.contains_key(&object.name)
            }
            Kind::Secret => self.observed.secrets.contains_key(&object.name),
            Kind::Config => self.observed.configs.contains_key(&object.name),
            Kind::Service => self.observed.services.contains_key(&object.name),
            Kind::Node => false,
        }
    }

    /// True when a spec, a previous spec or a live task refers to a secret or config by id. A
    /// rollback needs what only the previous spec names (swarmkit#2509).
    #[must_use]
    pub fn is_used(&self, id: &str) -> bool {
        self.used.get_or_init(|| used(self.observed)).contains(id)
    }
}

fn objects(observed: &Observed) -> impl Iterator<Item = LiveObject<'_>> {
    let make = |kind, name: &String, id: &String, version, labels| LiveObject {
        object: ObjectRef::new(kind, name),
        target: Target { name: name.clone(), id: id.clone(), version },
        labels,
    };
    let services = observed.services.iter().map(move |(name, service)| {
        make(Kind::Service, name, &service.id, service.version, &service.spec.labels)
    });
    let networks = observed.networks.iter().map(move |(name, network)| {
        make(Kind::Network, name, &network.id, Version::default(), &network.labels)
    });
    let secrets = observed.secrets.iter().map(move |(name, secret)| {
        make(Kind::Secret, name, &secret.id, secret.version, &secret.spec.labels)
    });
    let configs = observed.configs.iter().map(move |(name, config)| {
        make(Kind::Config, name, &config.id, config.version, &config.spec.labels)
    });
    services.chain(networks).chain(secrets).chain(configs)
}

fn used(observed: &Observed) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for service in observed.services.values() {
        take_ids(&mut used, &service.spec);
        if let Some(previous) = &service.previous_spec {
            take_ids(&mut used, previous);
        }
    }
    let tasks = observed.tasks.values().flatten().map(|seen| &seen.task);
    for task in tasks.filter(|task| task.status.state <= TaskState::Running) {
        if let Some(container) = &task.spec.container_spec {
            used.extend(container.secrets.iter().map(|secret| secret.secret_id.clone()));
            used.extend(container.configs.iter().map(|config| config.config_id.clone()));
        }
    }
    used
}

fn take_ids(used: &mut BTreeSet<String>, spec: &ServiceSpec) {
    if let Some(container) = &spec.task_template.container_spec {
        used.extend(container.secrets.iter().map(|secret| secret.secret_id.clone()));
        used.extend(container.configs.iter().map(|config| config.config_id.clone()));
    }
}

fn names_by_id(observed: &Observed) -> NamesById {
    let networks = observed.networks.values().map(|n| (n.id.clone(), n.name.clone()));
    let secrets = observed.secrets.values().map(|s| (s.id.clone(), s.spec.name.clone()));
    let configs = observed.configs.values().map(|c| (c.id.clone(), c.spec.name.clone()));
    networks.chain(secrets).chain(configs).collect()
}

/// Secrets or configs that are there.
#[derive(Debug, Clone, Default)]
pub struct LiveData<'a>(BTreeMap<&'a str, SeenData<'a>>);

/// One of them.
#[derive(Debug, Clone)]
pub struct SeenData<'a> {
    /// The object.
    pub target: Target,
    /// Its labels.
    pub labels: &'a StringMap,
    /// Its content in base64; only configs have one that can be read.
    pub data: Option<&'a str>,
}

impl<'a> LiveData<'a> {
    /// All secrets.
    #[must_use]
    pub fn secrets(observed: &'a Observed) -> Self {
        let seen = observed.secrets.iter().map(|(name, secret)| {
            let target =
                Target { name: name.clone(), id: secret.id.clone(), version: secret.version };
            (name.as_str(), SeenData { target, labels: &secret.spec.labels, data: None })
        });
        Self(seen.collect())
    }

    /// All configs.
    #[must_use]
    pub fn configs(observed: &'a Observed) -> Self {
        let seen = observed.configs.iter().map(|(name, config)| {
            let target =
                Target { name: name.clone(), id: config.id.clone(), version: config.version };
            let data = Some(config.spec.data.as_str());
            (name.as_str(), SeenData { target, labels: &config.spec.labels, data })
        });
        Self(seen.collect())
    }

    /// The one with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&SeenData<'a>> {
        self.0.get(name)
    }

    /// All names that begin so.
    pub fn names(&self, prefix: &str) -> impl Iterator<Item = &'a str> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        self.0
            .range::<str, _>(from)
            .map(|(name, _)| *name)
            .take_while(move |n| n.starts_with(prefix))
    }
}
