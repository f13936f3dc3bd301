//! Networks, secrets and configs: made before the services that use them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Action, Cause, CausedField, Differing, Drift, PlannedStep, Stage};
use crate::diff::{
    DataChange, DataLive, FieldChange, HASH_LABEL, NetworkChange, OWNER_LABEL, Owner, owner_label,
};
use crate::model::{
    Content, Held, HeldReason, Instance, Inventory, Kind, NewData, ObjectRef, Step, Target,
};

/// What is done about one object of the foundation.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) step: Option<PlannedStep>,
    pub(super) held: Option<Held>,
    pub(super) drift: Option<Drift>,
}

/// What decisions about the foundation are made with.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) instance: &'a Instance,
    /// What was there when the stack last settled.
    pub(super) inventory: &'a Inventory,
    /// What is made anew.
    pub(super) recreating: &'a Inventory,
}

impl Case<'_> {
    /// Decides about a network. There is no call that changes one.
    pub(super) fn network(&self, change: &NetworkChange) -> Outcome {
        let object = ObjectRef::new(Kind::Network, &change.spec.name);
        match &change.live {
            None => {
                let mut spec = change.spec.clone();
                let label = owner_label(self.instance, Kind::Network, &spec.name);
                spec.labels.insert(OWNER_LABEL.to_owned(), label);
                let cause = self.absence(&object);
                create(object, Step::CreateNetwork { spec }, cause)
            }
            Some((_, Owner::Theirs(owner))) => {
                hold(object, HeldReason::NotOurs { owner: owner.clone() })
            }
            Some((_, owner)) if change.fields.is_empty() => self.as_declared(object, owner),
            Some(_) => to_recreate(object, &change.fields),
        }
    }

    /// Decides about a secret or config.
    pub(super) fn data(&self, change: &DataChange) -> Outcome {
        let object = change.object.clone();
        match &change.live {
            DataLive::Absent => {
                let changed = change.supersedes.is_some();
                let cause = if changed { Cause::GitMoved } else { self.absence(&object) };
                create(object, creation(change, self.instance), cause)
            }
            DataLive::Same { owner, .. } if change.fields.is_empty() => {
                self.as_declared(object, owner)
            }
            DataLive::Same { target, .. } => label(object, change, target),
            DataLive::Theirs(owner) => hold(object, HeldReason::NotOurs { owner: owner.clone() }),
            DataLive::Immutable { .. } => to_recreate(object, &change.fields),
            DataLive::Unknown { target, .. } if can_be_proven(change) => {
                adopt(object, proof(change, self.instance, target))
            }
            DataLive::Unknown { .. } => {
                let missing = "the key of the content hashes".to_owned();
                hold(object, HeldReason::ViewIncomplete { missing })
            }
        }
    }

    /// What was deployed by hand and is as declared is taken over by being remembered.
    fn as_declared(&self, object: ObjectRef, owner: &Owner) -> Outcome {
        match owner {
            Owner::Unowned => Outcome { drift: Some(adoption(object)), ..Outcome::default() },
            _ => Outcome::default(),
        }
    }

    /// Why something that is declared is not there.
    fn absence(&self, object: &ObjectRef) -> Cause {
        let among = |objects: &Inventory| {
            objects.get(&object.kind).is_some_and(|names| names.contains_key(&object.name))
        };
        if among(self.recreating) {
            return Cause::GitMoved;
        }
        if among(self.inventory) { Cause::ChangedByHand } else { Cause::NeverApplied }
    }
}

/// It can't be changed: whether it is made anew is decided once it is known who uses it.
fn to_recreate(object: ObjectRef, fields: &[Arc<FieldChange>]) -> Outcome {
    let cause = Cause::GitMoved;
    let differing = in_fields(fields, cause);
    let drift = Drift { object, action: Action::Recreate, differing, cause };
    Outcome { drift: Some(drift), ..Outcome::default() }
}

/// Labels are the one thing of a secret or config that can be changed.
fn label(object: ObjectRef, change: &DataChange, target: &Target) -> Outcome {
    let cause = Cause::Both;
    let differing = in_fields(&change.fields, cause);
    let step =
        Step::Label { kind: object.kind, target: target.clone(), labels: change.labels.clone() };
    let drift = Drift { object, action: Action::Update, differing, cause };
    let step = PlannedStep { stage: Stage::Foundation, step, needs: BTreeSet::new() };
    Outcome { step: Some(step), held: None, drift: Some(drift) }
}

fn new_data(change: &DataChange, instance: &Instance) -> NewData {
    let object = &change.object;
    let mut labels = change.wanted.labels.clone();
    let owner = owner_label(instance, object.kind, &object.name);
    labels.insert(OWNER_LABEL.to_owned(), owner);
    let (data, hash, driver) = match &change.wanted.content {
        Content::Stored { data, hash } => (Some(data.clone()), hash.clone(), None),
        Content::Driver(driver) => (None, None, Some(driver.clone())),
    };
    if let Some(hash) = &hash {
        labels.insert(HASH_LABEL.to_owned(), hash.as_str().to_owned());
    }
    let templating = change.wanted.templating.clone();
    NewData { name: object.name.clone(), labels, data, hash, driver, templating }
}

fn creation(change: &DataChange, instance: &Instance) -> Step {
    let new = new_data(change, instance);
    match change.object.kind {
        Kind::Secret => Step::CreateSecret(new),
        Kind::Config | Kind::Network | Kind::Service | Kind::Node => Step::CreateConfig(new),
    }
}

fn proof(change: &DataChange, instance: &Instance, target: &Target) -> Step {
    Step::AdoptSecret { target: target.clone(), new: new_data(change, instance) }
}

fn create(object: ObjectRef, step: Step, cause: Cause) -> Outcome {
    let differing = Differing::In(Vec::new());
    let drift = Drift { object, action: Action::Create, differing, cause };
    let step = PlannedStep { stage: Stage::Foundation, step, needs: BTreeSet::new() };
    Outcome { step: Some(step), held: None, drift: Some(drift) }
}

/// A write that carries the content tells equal from different, where the content is at hand.
fn can_be_proven(change: &DataChange) -> bool {
    let known = matches!(&change.wanted.content, Content::Stored { hash: Some(_), .. });
    change.object.kind == Kind::Secret && known
}

fn adopt(object: ObjectRef, step: Step) -> Outcome {
    let step = PlannedStep { stage: Stage::Foundation, step, needs: BTreeSet::new() };
    Outcome { step: Some(step), held: None, drift: Some(adoption(object)) }
}

/// An object that is as declared, and not ours yet.
pub(super) fn adoption(object: ObjectRef) -> Drift {
    let differing = Differing::In(Vec::new());
    Drift { object, action: Action::Adopt, differing, cause: Cause::NeverApplied }
}

fn hold(object: ObjectRef, reason: HeldReason) -> Outcome {
    let held = Held { object: object.clone(), reason };
    let (differing, cause) = (Differing::In(Vec::new()), Cause::NeverApplied);
    let drift = Drift { object, action: Action::Update, differing, cause };
    Outcome { step: None, held: Some(held), drift: Some(drift) }
}

fn in_fields(fields: &[Arc<FieldChange>], cause: Cause) -> Differing {
    let caused = |change: &Arc<FieldChange>| CausedField { change: Arc::clone(change), cause };
    Differing::In(fields.iter().map(caused).collect())
}
