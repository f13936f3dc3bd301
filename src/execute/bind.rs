//! Steps → writes: names become ids, keys of the side store become bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ledger::{
    LEDGER_DATA, RecordError, ledger_labels, ledger_name, pack_stable, stable_labels, stable_name,
};
use crate::model::engine::{ContainerSpec, NodeSpec, ServiceSpec};
use crate::model::{
    Instance, Kind, LedgerRecord, NewData, NewStable, ObjectRef, Observed, SecretBytes, SideStore,
    StackName, Step, Target,
};
use crate::ports::Write;

/// Ids of networks, secrets and configs by kind and name. Clones share what a look saw: each stack
/// has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bindings {
    seen: Arc<BTreeMap<ObjectRef, String>>,
    made: BTreeMap<ObjectRef, String>,
}

impl Bindings {
    /// Everything that a look saw.
    #[must_use]
    pub fn seen(observed: &Observed) -> Self {
        let networks = observed.networks.values().map(|n| (Kind::Network, &n.name, &n.id));
        let secrets = observed.secrets.values().map(|s| (Kind::Secret, &s.spec.name, &s.id));
        let configs = observed.configs.values().map(|c| (Kind::Config, &c.spec.name, &c.id));
        let all = networks.chain(secrets).chain(configs);
        let seen = all.map(|(kind, name, id)| (ObjectRef::new(kind, name), id.clone())).collect();
        Self { seen: Arc::new(seen), made: BTreeMap::new() }
    }

    /// Adds an object that was just made.
    pub fn insert(&mut self, object: ObjectRef, id: String) {
        self.made.insert(object, id);
    }

    fn id(&self, kind: Kind, name: &str) -> Result<String, BindError> {
        let object = ObjectRef::new(kind, name);
        let id = self.made.get(&object).or_else(|| self.seen.get(&object));
        id.cloned().ok_or(BindError::NoId(object))
    }
}

/// Why a step can't be made into a write.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A reference to something that is not there.
    #[error("{0} has no id")]
    NoId(ObjectRef),
    /// Content that load did not keep.
    #[error("the content of {0} is not at hand")]
    NoContent(String),
    /// A record that can't be written.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Fills in what a step leaves open.
///
/// # Errors
/// When a reference or a content is missing.
pub(super) fn bind(
    step: &Step,
    known: &Bindings,
    instance: &Instance,
    data: &SideStore,
) -> Result<Write, BindError> {
    Ok(match step {
        Step::WriteLedger { stack, record, target } => {
            ledger_write(instance, stack.as_ref(), record, target.as_ref())?
        }
        Step::KeepStable(new) => keep(instance, new)?,
        Step::CreateNetwork { spec } => Write::CreateNetwork(spec.clone()),
        Step::CreateSecret(new) => {
            Write::CreateSecret { new: new.clone(), bytes: content(new, data)? }
        }
        Step::CreateConfig(new) => {
            Write::CreateConfig { new: new.clone(), bytes: content(new, data)? }
        }
        Step::AdoptSecret { target, new } => Write::AdoptSecret {
            target: target.clone(),
            labels: new.labels.clone(),
            bytes: content(new, data)?,
        },
        Step::Label { kind, target, labels } => {
            Write::Label { kind: *kind, target: target.clone(), labels: labels.clone() }
        }
        Step::CreateService { spec } => {
            Write::CreateService { spec: Box::new(with_ids(spec, known)?) }
        }
        Step::UpdateService { target, spec, .. } => {
            Write::UpdateService { target: target.clone(), spec: Box::new(with_ids(spec, known)?) }
        }
        // As the look saw it, its ids included.
        Step::RollBack { target, spec } => {
            Write::RollBack { target: target.clone(), spec: Box::new(ServiceSpec::clone(spec)) }
        }
        Step::UpdateNode { target, spec } => {
            Write::UpdateNode { target: target.clone(), spec: Box::new(NodeSpec::clone(spec)) }
        }
        Step::Withdraw { kind, target } | Step::Remove { kind, target } => {
            Write::Remove { object: ObjectRef::new(*kind, &target.name), target: target.clone() }
        }
    })
}

/// The write that puts a record where it is kept: over the one that was read, or as the first.
///
/// # Errors
/// When the record is larger than a label may be.
pub fn ledger_write(
    instance: &Instance,
    stack: Option<&StackName>,
    record: &LedgerRecord,
    target: Option<&Target>,
) -> Result<Write, RecordError> {
    let labels = ledger_labels(instance, stack, record)?;
    Ok(match target {
        Some(target) => Write::Label { kind: Kind::Config, target: target.clone(), labels },
        None => {
            let new = NewData::labelled(ledger_name(instance, stack), labels);
            Write::CreateConfig { new, bytes: SecretBytes::new(LEDGER_DATA.to_vec()) }
        }
    })
}

fn keep(instance: &Instance, new: &NewStable) -> Result<Write, BindError> {
    let missing = || BindError::NoContent(stable_name(instance, new));
    let part = new.part.0.checked_sub(1).and_then(|part| usize::try_from(part).ok());
    let parts = pack_stable(&new.spec).map_err(RecordError::Pack)?;
    let bytes = part.and_then(|part| parts.into_iter().nth(part)).ok_or_else(missing)?;
    let data = NewData::labelled(stable_name(instance, new), stable_labels(instance, new));
    Ok(Write::CreateConfig { new: data, bytes: SecretBytes::new(bytes) })
}

fn content(new: &NewData, data: &SideStore) -> Result<SecretBytes, BindError> {
    let Some(key) = &new.data else { return Ok(SecretBytes::new(Vec::new())) };
    let missing = || BindError::NoContent(new.name.clone());
    data.get(key, new.hash.as_ref()).cloned().ok_or_else(missing)
}

/// References get the ids that belong to their names now.
fn with_ids(spec: &ServiceSpec, known: &Bindings) -> Result<ServiceSpec, BindError> {
    let mut spec = spec.clone();
    for network in &mut spec.task_template.networks {
        // Predefined networks and ids that were read back stay as they are.
        if let Ok(id) = known.id(Kind::Network, &network.target) {
            network.target = id;
        }
    }
    if let Some(container) = &mut spec.task_template.container_spec {
        bind_data(container, known)?;
    }
    Ok(spec)
}

fn bind_data(container: &mut ContainerSpec, known: &Bindings) -> Result<(), BindError> {
    for reference in &mut container.secrets {
        reference.secret_id = known.id(Kind::Secret, &reference.secret_name)?;
    }
    for reference in &mut container.configs {
        reference.config_id = known.id(Kind::Config, &reference.config_name)?;
    }
    let credentials =
        container.privileges.as_deref_mut().and_then(|p| p.credential_spec.as_deref_mut());
    if let Some(credentials) = credentials.filter(|spec| !spec.config.is_empty())
        && let Ok(id) = known.id(Kind::Config, &credentials.config)
    {
        credentials.config = id;
    }
    Ok(())
}
