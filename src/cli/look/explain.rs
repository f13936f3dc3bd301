//! `skep explain KIND/NAME SOURCE`: everything about one object, and what would make it move.

use std::collections::BTreeMap;

use crate::cli::args::{Format, OutputArgs, SourceArgs, SwarmArgs};
use crate::cli::error::Failure;
use crate::cli::start::{Environment, Ready, one_shot};
use crate::cli::{Exit, last_words, output};
use crate::diff::fields::{Fields, fields};
use crate::diff::{Claims, DiffInput, StackChanges, Unequal, View, diff};
use crate::health::{Clocks, Sight, health};
use crate::ledger::decode;
use crate::model::engine::TaskState;
use crate::model::{
    Desired, FieldRules, Images, Kind, LedgerRecord, ObjectRef, Observed, Place, StackName,
};
use crate::view::{
    BothView, ExplainView, ReportView, ServiceView, StackView, TaskView, Veil, text,
};

/// Show what is wanted of one object, what is there, and what would make it move
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The object: service/NAME, network/NAME, secret/NAME or config/NAME, by its full name
    #[arg(value_name = "KIND/NAME", value_parser = object)]
    object: ObjectRef,
    /// Directory, git repository (path or URL), file, or `-` for standard input
    source: String,
    #[command(flatten)]
    source_args: SourceArgs,
    #[command(flatten)]
    swarm: SwarmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let source = (args.source.as_str(), &args.source_args);
    let mut ready = one_shot(source, &args.swarm, environment).await?;
    let report = ready.preview().await?;
    let scene = Scene::new(&mut ready).await?;
    let Some(view) = scene.explain(&args.object, &report) else {
        let known: Vec<String> = scene.objects().map(|object| object.to_string()).collect();
        let why = if known.is_empty() {
            "the source declares nothing".to_owned()
        } else {
            format!("the source declares {}", known.join(", "))
        };
        return Err(Failure::new(format!("explain {}", args.object), why));
    };
    let mut view = view;
    if let Some(health) = &mut view.health
        && let Some(task) = health.culprit.clone().or_else(|| scene.failed(&args.object.name))
    {
        let reveal = scene.revealed(&args.object.name);
        health.log = Some(last_words::read(&*scene.ready.engine.logs, &task, &reveal).await);
    }
    match args.output.output {
        Format::Text => output::text(&text::explain(&view, output::reveal()))?,
        Format::Json => output::json(&view)?,
        Format::Markdown | Format::Html => {
            return Err(Failure::plain("explanations are written as text or json"));
        }
    }
    Ok(Exit::Fine)
}

/// Reads `service/shop_web`.
fn object(text: &str) -> Result<ObjectRef, String> {
    let kinds = [Kind::Service, Kind::Network, Kind::Secret, Kind::Config];
    let parts = text.split_once('/').filter(|(_, name)| !name.is_empty());
    parts
        .and_then(|(kind, name)| {
            let kind = kinds.into_iter().find(|known| known.as_str() == kind)?;
            Some(ObjectRef::new(kind, name))
        })
        .ok_or_else(|| "say service/NAME, network/NAME, secret/NAME or config/NAME".to_owned())
}

/// Both sides, and the comparison of every stack.
struct Scene<'a> {
    ready: &'a Ready,
    observed: Observed,
    desired: Desired,
    changes: BTreeMap<StackName, StackChanges>,
}

impl<'a> Scene<'a> {
    async fn new(ready: &'a mut Ready) -> Result<Self, Failure> {
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
        Ok(Self { ready, observed, desired, changes })
    }

    /// All objects that are declared, by their engine names.
    fn objects(&self) -> impl Iterator<Item = ObjectRef> {
        self.changes.values().flat_map(|changes| {
            let networks = changes.networks.iter();
            let networks = networks.map(|n| ObjectRef::new(Kind::Network, &n.spec.name));
            let services = changes.services.iter();
            let services = services.map(|s| ObjectRef::new(Kind::Service, &s.name));
            networks.chain(changes.data.iter().map(|data| data.object.clone())).chain(services)
        })
    }

    fn explain(&self, object: &ObjectRef, report: &ReportView) -> Option<ExplainView> {
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
        let service = self.observed.services.get(&object.name).filter(|_| is_service(object));
        Some(ExplainView {
            object: object.clone(),
            stack: name,
            from: format!("source {source} at {}", revision.unwrap_or_default()),
            declared: declared.map(|(_, place)| place_text(place)),
            id: self.id(object),
            health: service.map(|service| self.health(service)),
            drift: drift.cloned(),
            ignored: ignored.map(|one| one.fields.clone()).unwrap_or_default(),
            held: held.map(|held| held.cloned().collect()).unwrap_or_default(),
            tasks: service.map(|service| self.tasks(service)).unwrap_or_default(),
            fields: if is_service(object) { self.fields(&object.name) } else { Vec::new() },
        })
    }

    fn place(&self, object: &ObjectRef) -> Option<(&StackName, &Place)> {
        let name = &object.name;
        self.changes.iter().find_map(|(stack, changes)| {
            let declared = self.desired.stacks.get(stack)?;
            let place = match object.kind {
                Kind::Network => &declared.networks.get(name)?.place,
                Kind::Service => &declared.services.get(name)?.place,
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

    fn id(&self, object: &ObjectRef) -> Option<String> {
        let (name, observed) = (&object.name, &self.observed);
        match object.kind {
            Kind::Network => observed.networks.get(name).map(|network| network.id.clone()),
            Kind::Secret => observed.secrets.get(name).map(|secret| secret.id.clone()),
            Kind::Config => observed.configs.get(name).map(|config| config.id.clone()),
            Kind::Service => observed.services.get(name).map(|service| service.id.clone()),
        }
    }

    fn health(&self, service: &crate::model::engine::Service) -> ServiceView {
        let verdict = health(service, Sight::of(&self.observed), self.clocks(&service.spec.name));
        ServiceView::of(&service.spec.name, &verdict, &self.veil(&service.spec))
    }

    /// What of a service's fields may be shown although it might be secret.
    fn revealed(&self, service: &str) -> FieldRules {
        let mut stacks = self.desired.stacks.values();
        let declared = stacks.find_map(|stack| stack.services.get(service));
        declared.map(|service| service.reveal.clone()).unwrap_or_default()
    }

    fn veil(&self, spec: &crate::model::engine::ServiceSpec) -> Veil {
        Veil::of_spec_but(spec, &self.revealed(&spec.name))
    }

    /// The clocks of a service's own policy.
    fn clocks(&self, name: &str) -> Clocks {
        let declared = self.desired.stacks.values().find_map(|stack| stack.services.get(name));
        let clocks = self.ready.settings.clocks;
        declared.map_or(clocks, |service| clocks.under(&service.rollout))
    }

    fn tasks(&self, service: &crate::model::engine::Service) -> Vec<TaskView> {
        let veil = self.veil(&service.spec);
        let mut seen: Vec<_> = self.observed.tasks.get(&service.id).into_iter().flatten().collect();
        seen.sort_by_key(|seen| std::cmp::Reverse(seen.task.created_at));
        let host = |node: &str| {
            let node = self.observed.nodes.get(node);
            node.map(|node| node.description.hostname.clone()).unwrap_or_default()
        };
        seen.iter().map(|seen| TaskView::of(seen, &host(&seen.task.node_id), &veil)).collect()
    }

    /// The newest task of a service that failed; what it wrote says more than nothing.
    fn failed(&self, service: &str) -> Option<String> {
        let service = self.observed.services.get(service)?;
        let tasks = self.observed.tasks.get(&service.id)?.iter();
        let failed = tasks.filter(|seen| seen.task.status.state == TaskState::Failed);
        failed.max_by_key(|seen| seen.task.created_at).map(|seen| seen.task.id.clone())
    }

    fn fields(&self, service: &str) -> Vec<BothView> {
        let view = View::new(&self.observed);
        let mut changes = self.changes.values().flat_map(|changes| &changes.services);
        let wanted = changes.find(|change| change.name == service);
        let live = self.observed.services.get(service);
        let reveal = self.revealed(service);
        let wanted = wanted.map(|change| fields(change.wanted.spec(), &view.names));
        let wanted = wanted.map(|fields| fields.revealed(&reveal));
        let live = live.map(|service| fields(&service.spec, &view.names).revealed(&reveal));
        let nothing = Fields::default();
        BothView::of(wanted.as_ref().unwrap_or(&nothing), live.as_ref().unwrap_or(&nothing))
    }
}

fn is_service(object: &ObjectRef) -> bool {
    object.kind == Kind::Service
}

fn place_text(place: &Place) -> String {
    match place.at {
        Some(at) => format!("{}:{}:{}", place.file, at.line, at.column),
        None => place.file.to_string(),
    }
}
