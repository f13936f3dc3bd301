//! What ledger and swarm tell of an object, without its source.

use std::collections::BTreeMap;

use super::reasons::{Suspensions, in_flight, label, pinned, quarantined};
use crate::cli::look::job::known_job;
use crate::diff::fields::fields;
use crate::diff::{NAMESPACE_LABEL, View};
use crate::health::{Clocks, Sight, health};
use crate::ledger::{Entry, Ledgers};
use crate::model::engine::{ContainerSpec, Node, Service, TaskState};
use crate::model::{
    FieldRules, Held, Kind, LedgerRecord, ObjectRef, Observed, ServiceRecord, StackName,
};
use crate::plan::node_name;
use crate::view::picture::masked;
use crate::view::{
    BothView, ExplainView, HeldView, JobView, MemoryView, ServiceView, SpecsView, TaskView, Veil,
    WrittenView,
};

/// A look, and what the ledger says beside it.
pub(super) struct Known<'a> {
    pub(super) observed: &'a Observed,
    pub(super) ledgers: &'a Ledgers,
    /// Fields whose values may be shown.
    pub(super) reveal: FieldRules,
}

impl Known<'_> {
    /// All of it; `None` for an object that is neither there nor remembered.
    pub(super) fn explain(&self, object: &ObjectRef) -> Option<ExplainView> {
        let stack = self.stack(object)?;
        let service = self.service(object);
        let entry = self.ledgers.stacks.get(&stack);
        let from = match entry.map(|entry| &*entry.record) {
            Some(LedgerRecord { source: Some(source), revision: Some(revision), .. }) => {
                format!("source {source} at {revision}, as the ledger remembers it")
            }
            _ => "the ledger does not know from where".to_owned(),
        };
        let view = View::new(self.observed);
        let picture = |service: &Service| {
            let live = fields(&service.spec, &view.names).revealed(&self.reveal);
            BothView::of(&live, &live)
        };
        Some(ExplainView {
            object: object.clone(),
            from,
            declared: None,
            id: self.id(object),
            health: service.map(|service| self.health(service)),
            job: entry.and_then(|entry| self.job(&entry.record, object)),
            drift: None,
            ignored: Vec::new(),
            held: self.held(object, &stack, entry),
            tasks: service.map(|service| self.tasks(service)).unwrap_or_default(),
            fields: match service {
                Some(service) => picture(service),
                None => BothView::open(None, self.plain(object).as_ref()),
            },
            stack: stack.to_string(),
            memory: None,
            written: None,
            used_by: Vec::new(),
            operator: None,
            unknown: vec![
                "what is declared, and what differs from it: give the SOURCE".to_owned(),
                "the deadlines of its rollout: they stand in the declaration".to_owned(),
            ],
        })
    }

    /// Adds what is remembered, the last write, and who uses the object.
    pub(super) fn add(&self, view: &mut ExplainView) {
        let object = view.object.clone();
        let stack = StackName::new(view.stack.clone()).ok();
        let entry = stack.and_then(|stack| self.ledgers.stacks.get(&stack));
        view.memory = entry.map(|entry| self.memory(&entry.record, &object));
        if let Some(service) = self.service(&object) {
            view.written = Some(WrittenView::of(service, &self.veil(service)));
            view.unknown.push("who wrote it last: the engine does not keep that".to_owned());
        }
        view.used_by = self.used_by(&object);
    }

    fn memory(&self, record: &LedgerRecord, object: &ObjectRef) -> MemoryView {
        let mut memory = MemoryView::of(record, object);
        if object.kind == Kind::Service {
            let names = View::new(self.observed).names;
            let live = |record: &ServiceRecord| {
                let live = fields(&self.service(object)?.spec, &names);
                Some(live.without(&record.ignore).hash())
            };
            let service = record.services.get(&object.name);
            memory.service = service.map(|service| SpecsView::of(service, live(service)));
        }
        memory
    }

    /// The newest task of a service that failed.
    pub(super) fn failed(&self, object: &ObjectRef) -> Option<String> {
        let tasks = self.observed.tasks.get(&self.service(object)?.id)?.iter();
        let failed = tasks.filter(|seen| seen.task.status.state == TaskState::Failed);
        failed.max_by_key(|seen| seen.task.created_at).map(|seen| seen.task.id.clone())
    }

    fn job(&self, record: &LedgerRecord, object: &ObjectRef) -> Option<JobView> {
        let job = record.jobs.get(&object.name).filter(|_| object.kind == Kind::Service)?;
        Some(known_job(&object.name, job, self.observed))
    }

    fn stack(&self, object: &ObjectRef) -> Option<StackName> {
        let remembers = |record: &LedgerRecord| {
            let ids = record.inventory.get(&object.kind);
            ids.is_some_and(|ids| ids.contains_key(&object.name))
                || (object.kind == Kind::Service && record.services.contains_key(&object.name))
                || (object.kind == Kind::Service && record.jobs.contains_key(&object.name))
        };
        let mut stacks = self.ledgers.stacks.iter();
        let remembered = stacks.find(|(_, entry)| remembers(&entry.record));
        let labels = || self.labels(object)?.get(NAMESPACE_LABEL).cloned();
        remembered.map(|(name, _)| name.clone()).or_else(|| StackName::new(labels()?).ok())
    }

    fn labels(&self, object: &ObjectRef) -> Option<&crate::model::engine::StringMap> {
        let (name, observed) = (&object.name, self.observed);
        match object.kind {
            Kind::Network => observed.networks.get(name).map(|network| &network.labels),
            Kind::Secret => observed.secrets.get(name).map(|secret| &secret.spec.labels),
            Kind::Config => observed.configs.get(name).map(|config| &config.spec.labels),
            Kind::Service => observed.services.get(name).map(|service| &service.spec.labels),
            Kind::Node => None,
        }
    }

    pub(super) fn id(&self, object: &ObjectRef) -> Option<String> {
        let (name, observed) = (&object.name, self.observed);
        match object.kind {
            Kind::Network => observed.networks.get(name).map(|network| network.id.clone()),
            Kind::Secret => observed.secrets.get(name).map(|secret| secret.id.clone()),
            Kind::Config => observed.configs.get(name).map(|config| config.id.clone()),
            Kind::Service => observed.services.get(name).map(|service| service.id.clone()),
            Kind::Node => self.node(name).map(|node| node.id.clone()),
        }
    }

    /// A node by its host name, or by its id where several have that.
    fn node(&self, name: &str) -> Option<&Node> {
        let mut nodes = self.observed.nodes.values();
        nodes.find(|node| node_name(node, self.observed) == name)
    }

    pub(super) fn service(&self, object: &ObjectRef) -> Option<&Service> {
        let service = self.observed.services.get(&object.name);
        service.filter(|_| object.kind == Kind::Service).map(AsRef::as_ref)
    }

    fn health(&self, service: &Service) -> ServiceView {
        let verdict = health(service, Sight::of(self.observed), Clocks::default());
        ServiceView::of(&service.spec.name, &verdict, &self.veil(service))
    }

    fn veil(&self, service: &Service) -> Veil {
        Veil::of_spec_but(&service.spec, &self.reveal)
    }

    pub(super) fn tasks(&self, service: &Service) -> Vec<TaskView> {
        let veil = self.veil(service);
        let mut seen: Vec<_> = self.observed.tasks.get(&service.id).into_iter().flatten().collect();
        seen.sort_by_key(|seen| std::cmp::Reverse(seen.task.created_at));
        let host = |node: &str| {
            let node = self.observed.nodes.get(node);
            node.map(|node| node.description.hostname.clone()).unwrap_or_default()
        };
        seen.iter().map(|seen| TaskView::of(seen, &host(&seen.task.node_id), &veil)).collect()
    }

    /// Fields of a network, secret or config that everybody may see, without content.
    pub(super) fn plain(&self, object: &ObjectRef) -> Option<BTreeMap<String, String>> {
        let (name, observed) = (&object.name, self.observed);
        let body = match object.kind {
            Kind::Network => serde_json::to_value(observed.networks.get(name)?),
            Kind::Secret => serde_json::to_value(&observed.secrets.get(name)?.spec),
            Kind::Config => serde_json::to_value(&observed.configs.get(name)?.spec),
            Kind::Node => serde_json::to_value(&self.node(name)?.spec),
            Kind::Service => return None,
        };
        Some(flat(&masked(body.ok()?)))
    }

    /// Services whose specs name an object.
    fn used_by(&self, object: &ObjectRef) -> Vec<String> {
        let id = self.id(object);
        let means = |name: &str| name == object.name || Some(name) == id.as_deref();
        let nothing = ContainerSpec::default();
        let uses = |service: &&std::sync::Arc<Service>| {
            let task = &service.spec.task_template;
            let container = task.container_spec.as_ref().unwrap_or(&nothing);
            match object.kind {
                Kind::Network => task.networks.iter().any(|network| means(&network.target)),
                Kind::Secret => container.secrets.iter().any(|one| means(&one.secret_name)),
                Kind::Config => container.configs.iter().any(|one| means(&one.config_name)),
                Kind::Service | Kind::Node => false,
            }
        };
        let services = self.observed.services.values().filter(uses);
        services.map(|service| service.spec.name.clone()).collect()
    }

    /// Reasons that stand in ledger and swarm themselves, and what would make the object move.
    fn held(&self, object: &ObjectRef, stack: &StackName, entry: Option<&Entry>) -> Vec<HeldView> {
        let service = self.service(object);
        let veil = service.map(|live| self.veil(live)).unwrap_or_default();
        let suspensions = Suspensions {
            all: self.ledgers.suspension.as_ref(),
            stack: entry.and_then(|entry| entry.record.suspension.as_ref()),
            now: self.observed.at,
        };
        let record = entry.map(|entry| &*entry.record);
        let of_stack = suspensions.reasons().chain(pinned(record));
        let of_service = record.and_then(|record| record.services.get(&object.name));
        let of_service = of_service.filter(|_| object.kind == Kind::Service);
        let reasons = of_stack.chain(label(service)).chain(in_flight(service));
        let reasons = reasons.chain(quarantined(of_service));
        let held = reasons.map(|reason| Held { object: object.clone(), reason });
        held.map(|held| HeldView::of(&held, (stack.as_str(), &[]), &veil)).collect()
    }
}

/// A JSON body as paths and values, without what is empty.
pub(super) fn flat(body: &serde_json::Value) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    let mut open = vec![(String::new(), body)];
    while let Some((path, value)) = open.pop() {
        let below = |key: &str| match path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        match value {
            serde_json::Value::Object(map) => {
                open.extend(map.iter().map(|(key, value)| (below(key), value)));
            }
            serde_json::Value::Array(list) => {
                let each = list.iter().enumerate();
                open.extend(each.map(|(index, value)| (below(&index.to_string()), value)));
            }
            serde_json::Value::Null => {}
            serde_json::Value::String(text) => drop(flat.insert(path, text.clone())),
            other => drop(flat.insert(path, other.to_string())),
        }
    }
    flat
}
