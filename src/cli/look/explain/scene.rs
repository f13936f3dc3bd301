//! Both sides of an object: what its source declares, and what is there.

use std::collections::BTreeMap;

use super::known::{Known, flat};
use crate::cli::error::Failure;
use crate::cli::start::Ready;
use crate::diff::fields::{Fields, fields};
use crate::diff::{Claims, DiffInput, StackChanges, Unequal, View, diff};
use crate::health::{Clocks, Sight, health};
use crate::ledger::{Ledgers, decode};
use crate::model::engine::{Service, ServiceSpec};
use crate::model::{
    Desired, FieldRules, Images, Kind, LedgerRecord, ObjectRef, Observed, Place, StackName,
};
use crate::view::picture::masked;
use crate::view::{BothView, ExplainView, ReportView, ServiceView, StackView, Veil};

/// Both sides, and the comparison of every stack.
pub(super) struct Scene<'a> {
    pub(super) ready: &'a Ready,
    pub(super) observed: Observed,
    pub(super) ledgers: Ledgers,
    desired: Desired,
    changes: BTreeMap<StackName, StackChanges>,
}

impl<'a> Scene<'a> {
    pub(super) async fn new(ready: &'a mut Ready) -> Result<Self, Failure> {
        let observed =
            ready.engine.doors.swarm.look().await.map_err(|error| ready.engine.failure(error))?;
        let settings = &ready.settings;
        let mut ledgers = decode(&observed.configs, &settings.instance);
        ledgers.key = settings.key.clone().or(ledgers.key);
        let desired = ready.operator.desired(&ledgers);
        let key = ledgers.key.as_ref();
        let view = View::new(&observed);
        let (nothing, images) = (LedgerRecord::default(), Images::default());
        let (instance, unequal) = (&settings.instance, &Unequal::new());
        let claims = &Claims::new(&desired, std::iter::empty());
        let input = DiffInput { instance, view: &view, images: &images, key, unequal, claims };
        let compare = |stack: &crate::model::DesiredStack| {
            let record = ledgers.stacks.get(&stack.name).map_or(&nothing, |entry| &entry.record);
            (stack.name.clone(), diff(stack, record, input))
        };
        let changes = desired.stacks.values().map(|stack| compare(stack)).collect();
        Ok(Self { ready, observed, ledgers, desired, changes })
    }

    /// The side that is there, with what is declared to be shown of an object.
    pub(super) fn known(&self, object: &ObjectRef) -> Known<'_> {
        let reveal = self.revealed(&object.name);
        Known { observed: &self.observed, ledgers: &self.ledgers, reveal }
    }

    /// All objects that are declared, by their engine names.
    pub(super) fn objects(&self) -> impl Iterator<Item = ObjectRef> {
        self.changes.values().flat_map(|changes| {
            let networks = changes.networks.iter();
            let networks = networks.map(|n| ObjectRef::new(Kind::Network, &n.spec.name));
            let services = changes.services.iter();
            let services = services.chain(changes.jobs.iter().map(|job| &job.change));
            let services = services.map(|s| ObjectRef::new(Kind::Service, &s.name));
            networks.chain(changes.data.iter().map(|data| data.object.clone())).chain(services)
        })
    }

    pub(super) fn explain(&self, object: &ObjectRef, report: &ReportView) -> Option<ExplainView> {
        let of_report = |stack: &&StackView| {
            stack.drift.iter().any(|drift| drift.object == *object)
                || stack.held.iter().any(|held| held.object == *object)
        };
        let declared = self.place(object);
        let name = match &declared {
            Some((stack, _)) => stack.to_string(),
            None => report.stacks.iter().find(of_report)?.name.clone(),
        };
        let stack = report.stacks.iter().find(|stack| stack.name == name);
        let drift = stack.and_then(|s| s.drift.iter().find(|drift| drift.object == *object));
        let held = stack.map(|s| s.held.iter().filter(|held| held.object == *object));
        let ignored = stack.and_then(|s| s.ignored.iter().find(|one| one.object == *object));
        let source = stack.map(|stack| stack.source.clone()).unwrap_or_default();
        let read = report.sources.iter().find(|read| read.name == source);
        let revision = read.and_then(|read| read.revision.clone());
        let known = self.known(object);
        let service = known.service(object);
        Some(ExplainView {
            object: object.clone(),
            stack: name,
            from: format!("source {source} at {}", revision.unwrap_or_default()),
            declared: declared.map(|(_, place)| place_text(place)),
            id: known.id(object),
            health: service.map(|service| self.health(service)),
            job: stack.and_then(|s| s.jobs.iter().find(|job| job.name == object.name)).cloned(),
            drift: drift.cloned(),
            ignored: ignored.map(|one| one.fields.clone()).unwrap_or_default(),
            held: held.map(|held| held.cloned().collect()).unwrap_or_default(),
            tasks: service.map(|service| known.tasks(service)).unwrap_or_default(),
            fields: self.fields(object),
            memory: None,
            written: None,
            used_by: Vec::new(),
            operator: None,
            unknown: Vec::new(),
        })
    }

    fn place(&self, object: &ObjectRef) -> Option<(&StackName, &Place)> {
        let name = &object.name;
        self.changes.iter().find_map(|(stack, changes)| {
            let declared = self.desired.stacks.get(stack)?;
            let place = match object.kind {
                Kind::Network => &declared.networks.get(name)?.place,
                Kind::Service => {
                    let mut services = declared.all_services();
                    &services.find(|(service, _)| *service == name)?.1.place
                }
                Kind::Node => return None,
                Kind::Secret | Kind::Config => {
                    let data = changes.data.iter();
                    let data = data.filter(|data| data.object.kind == object.kind);
                    let mut data = data.filter(|d| d.object.name == *name || d.declared == *name);
                    &data.next()?.wanted.place
                }
            };
            Some((stack, place))
        })
    }

    fn health(&self, service: &Service) -> ServiceView {
        let verdict = health(service, Sight::of(&self.observed), self.clocks(&service.spec.name));
        ServiceView::of(&service.spec.name, &verdict, &self.veil(&service.spec))
    }

    /// What of a service's fields may be shown although it might be secret.
    fn revealed(&self, service: &str) -> FieldRules {
        let mut services = self.desired.stacks.values().flat_map(|stack| stack.all_services());
        let declared = services.find(|(name, _)| *name == service);
        declared.map(|(_, service)| service.reveal.clone()).unwrap_or_default()
    }

    fn veil(&self, spec: &ServiceSpec) -> Veil {
        Veil::of_spec_but(spec, &self.revealed(&spec.name))
    }

    /// The clocks of a service's own policy.
    fn clocks(&self, name: &str) -> Clocks {
        let declared = self.desired.stacks.values().find_map(|stack| stack.services.get(name));
        let clocks = self.ready.settings.clocks;
        declared.map_or(clocks, |service| clocks.under(&service.rollout))
    }

    fn fields(&self, object: &ObjectRef) -> Vec<BothView> {
        if object.kind != Kind::Service {
            let desired = self.wanted(object);
            return BothView::open(desired.as_ref(), self.known(object).plain(object).as_ref());
        }
        let view = View::new(&self.observed);
        let mut changes = self.changes.values().flat_map(|changes| {
            changes.services.iter().chain(changes.jobs.iter().map(|job| &job.change))
        });
        let wanted = changes.find(|change| change.name == object.name);
        let live = self.observed.services.get(&object.name);
        let reveal = self.revealed(&object.name);
        let wanted = wanted.map(|change| fields(change.wanted.spec(), &view.names));
        let wanted = wanted.map(|fields| fields.revealed(&reveal));
        let live = live.map(|service| fields(&service.spec, &view.names).revealed(&reveal));
        let nothing = Fields::default();
        BothView::of(wanted.as_ref().unwrap_or(&nothing), live.as_ref().unwrap_or(&nothing))
    }

    /// What is declared of a network, secret or config, without content.
    fn wanted(&self, object: &ObjectRef) -> Option<BTreeMap<String, String>> {
        let changes = || self.changes.values();
        if object.kind == Kind::Network {
            let mut networks = changes().flat_map(|changes| &changes.networks);
            let network = networks.find(|network| network.spec.name == object.name)?;
            return Some(flat(&masked(serde_json::to_value(&network.spec).ok()?)));
        }
        let mut data = changes().flat_map(|changes| &changes.data);
        let data = data.find(|data| data.object == *object)?;
        Some(flat(&serde_json::json!({"Name": object.name, "Labels": data.labels})))
    }
}

fn place_text(place: &Place) -> String {
    match place.at {
        Some(at) => format!("{}:{}:{}", place.file, at.line, at.column),
        None => place.file.to_string(),
    }
}
