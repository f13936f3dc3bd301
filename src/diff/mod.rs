//! Desired × observed → changes, field by field.
//!
//! Nothing is decided here: a change says what differs and whose the object is, `plan` says what
//! is done about it.

mod change;
mod declaration;
pub mod fields;
mod hook;
mod job;
mod objects;
mod owner;
mod snapshot;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use change::{
    Cause, DataChange, DataLive, Ended, FieldChange, HookRun, ImageState, JobChange, JobRun,
    Leftover, LeftoverKind, LiveService, Masked, NetworkChange, Owner, Run, ServiceChange,
    StackChanges, Used, WantedSpec,
};
pub use declaration::declaration;
pub use hook::{Hooks, RUN_LABEL};
pub use objects::{all_fields, references};
pub use owner::{
    Claim, Claims, HASH_LABEL, HOLD_LABEL, IMAGE_LABEL, KEEP_LABEL, NAMESPACE_LABEL, OWNER_LABEL,
    Owners, owner_label,
};
pub use snapshot::View;
pub use wanted::{CANARY_LABEL, CanaryStage, canary_form, declared_form, rest_form};
pub use wanted::{in_shape_of, named, with_live};

use fields::Fields;
use objects::{Declared, ServiceCase, Versions, network};
use wanted::ImageCase;

use crate::model::{
    DesiredStack, HashKey, ImageRef, Images, Instance, Inventory, KeyedHash, Kind, LedgerRecord,
    ObjectRef, StackName,
};

/// What a comparison needs beside the declaration.
#[derive(Clone, Copy)]
pub struct DiffInput<'a> {
    /// The instance that compares.
    pub instance: &'a Instance,
    /// The swarm.
    pub view: &'a View<'a>,
    /// Answers of registries so far.
    pub images: &'a Images,
    /// Key of the hashes over content, when known.
    pub key: Option<&'a HashKey>,
    /// Contents that secrets were found not to have.
    pub unequal: &'a Unequal,
    /// What all stacks declare.
    pub claims: &'a Claims,
}

impl<'a> DiffInput<'a> {
    fn owners(&self, stack: &'a StackName, inventory: &'a Inventory) -> Owners<'a> {
        Owners { instance: self.instance, stack, inventory, claims: self.claims }
    }
}

/// Contents that secrets were found not to have, by the secret's id. A secret's content can't be
/// read; it never changes.
pub type Unequal = BTreeMap<String, KeyedHash>;

/// Compares one stack with the swarm.
#[must_use]
pub fn diff(stack: &DesiredStack, record: &LedgerRecord, input: DiffInput<'_>) -> StackChanges {
    let owners = input.owners(&stack.name, &record.inventory);
    let networks: Vec<_> = stack
        .networks
        .values()
        .map(|wanted| network(wanted, input.view.observed, owners))
        .collect();
    let data = place_data(stack, owners, input);
    let case = ServiceCase {
        view: input.view,
        owners,
        record,
        images: input.images,
        versions: data.iter().map(|d| (declared_ref(d), d.object.name.clone())).collect(),
        own: own_objects(stack, &data),
    };
    let hooks = Hooks::of(stack, record);
    let compared = stack.services.iter();
    let mut services: Vec<_> = compared
        .filter_map(|(name, service)| match service.rank.is_hook() {
            true => case.compare_run((name, service), hooks.as_ref()?),
            false => Some(case.compare(name, service)),
        })
        .collect();
    let unmade = hook::unmade(stack, hooks.as_ref());
    if let Some(hooks) = &hooks {
        let needs = services.iter_mut().map(|change| &mut change.depends_on);
        needs.for_each(|needs| hooks.rename(needs, stack));
    }
    let mut names = declared_names(stack, &data);
    names.extend(foreign(stack, &data));
    names.extend(services.iter().map(|change| ObjectRef::new(Kind::Service, &change.name)));
    let prune = stack.policy.prune;
    let declared = Declared { owners, names, data: &data, record, prune };
    let mut leftovers = declared.leftovers(input.view);
    let jobs = stack.jobs.iter();
    let jobs = jobs.map(|(name, job)| case.compare_job((name, job), &mut leftovers)).collect();
    let runs = hook::take_runs(&mut leftovers, input.view);
    let (stack, wholeness) = (stack.name.clone(), stack.wholeness);
    StackChanges {
        stack,
        wholeness,
        networks,
        data,
        services,
        unmade,
        hooks,
        runs,
        jobs,
        leftovers,
    }
}

/// What is left of a stack that is not declared any more.
#[must_use]
pub fn remains(stack: &StackName, record: &LedgerRecord, input: DiffInput<'_>) -> StackChanges {
    let owners = input.owners(stack, &record.inventory);
    let prune = record.policy.prune.unwrap_or_default();
    let declared = Declared { owners, names: BTreeSet::new(), data: &[], record, prune };
    StackChanges {
        stack: stack.clone(),
        wholeness: crate::model::Wholeness::Whole,
        networks: Vec::new(),
        data: Vec::new(),
        services: Vec::new(),
        unmade: BTreeMap::new(),
        hooks: None,
        runs: Vec::new(),
        jobs: Vec::new(),
        leftovers: declared.leftovers(input.view),
    }
}

/// References that a registry has to be asked about before the images of a stack can be decided.
#[must_use]
pub fn questions(
    stack: &DesiredStack,
    record: &LedgerRecord,
    view: &View<'_>,
) -> BTreeSet<ImageRef> {
    let images = Images::default();
    let mut questions = BTreeSet::new();
    let hooks = Hooks::of(stack, record);
    for (name, service) in &stack.services {
        let run = hooks.as_ref().filter(|_| service.rank.is_hook());
        if run.is_some_and(|hooks| hooks.done.contains(name)) {
            continue;
        }
        let name = &run.map_or_else(|| name.clone(), |hooks| hooks.name(name));
        let case = ImageCase {
            desired: service,
            live: view.observed.services.get(name).map(AsRef::as_ref),
            record: record.services.get(name),
            images: &images,
        };
        if case.decide().state == ImageState::Unasked {
            questions.insert(service.image.clone());
        }
    }
    let jobs = stack.jobs.iter().map(|(name, job)| job::pinned(job, record.jobs.get(name)));
    questions.extend(jobs.filter(|service| service.image.digest().is_none()).map(|s| s.image));
    questions
}

/// All fields that differ between two pictures, by path.
fn changed_fields(old: &Fields, new: &Fields) -> Vec<Arc<FieldChange>> {
    let paths: BTreeSet<&String> = old.iter().chain(new.iter()).map(|(path, _)| path).collect();
    paths
        .into_iter()
        .filter(|path| old.get(path) != new.get(path))
        .map(|path| Arc::new(FieldChange::new(path, old.get(path), new.get(path))))
        .collect()
}

fn place_data(stack: &DesiredStack, owners: Owners<'_>, input: DiffInput<'_>) -> Vec<DataChange> {
    let versions =
        |kind, live| Versions { kind, live, owners, key: input.key, unequal: input.unequal };
    let secrets = versions(Kind::Secret, &input.view.secrets);
    let configs = versions(Kind::Config, &input.view.configs);
    let secrets = stack.secrets.iter().map(|(name, wanted)| secrets.place(name, wanted));
    let configs = stack.configs.iter().map(|(name, wanted)| configs.place(name, wanted));
    secrets.chain(configs).collect()
}

fn declared_ref(data: &DataChange) -> ObjectRef {
    ObjectRef::new(data.object.kind, &data.declared)
}

/// What the stack makes, and its services may therefore refer to.
fn own_objects(stack: &DesiredStack, data: &[DataChange]) -> BTreeSet<ObjectRef> {
    let networks = stack.networks.keys().map(|name| ObjectRef::new(Kind::Network, name));
    networks.chain(data.iter().map(|change| change.object.clone())).collect()
}

/// What is external, or what services refer to although the stack does not make it: whatever was
/// ours of that was given up, and nothing that is in use is left over.
fn foreign(stack: &DesiredStack, data: &[DataChange]) -> BTreeSet<ObjectRef> {
    let own: BTreeSet<ObjectRef> = data.iter().map(declared_ref).collect();
    let used = stack.all_services().flat_map(|(_, service)| references(&service.spec));
    used.chain(stack.external.iter().cloned()).filter(|object| !own.contains(object)).collect()
}

fn declared_names(stack: &DesiredStack, data: &[DataChange]) -> BTreeSet<ObjectRef> {
    let services = stack.services.keys().map(|name| ObjectRef::new(Kind::Service, name));
    own_objects(stack, data).into_iter().chain(services).collect()
}
