//! Steps: fully specified engine calls, as values without secret bytes (law 6).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ledger::LedgerRecord;
use super::stable::NewStable;
use crate::model::desired::DataRef;
use crate::model::engine::{DataDriver, NetworkSpec, NodeSpec, ServiceSpec, StringMap, Version};
use crate::model::name::{Kind, ObjectRef, StackName};
use crate::model::secret::KeyedHash;

/// An object as the plan saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Full name.
    pub name: String,
    /// Id: what the write is addressed to.
    pub id: String,
    /// Version that the write is conditional on.
    pub version: Version,
}

/// One engine call.
///
/// In service specs, networks, secrets and configs are named; ids are filled in by name when the
/// step is carried out, because some of them are made by earlier steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Remember something about a stack: create (no target) or compare-and-swap.
    WriteLedger {
        /// The stack; none for the instance's own record.
        stack: Option<StackName>,
        /// What to remember.
        record: Box<LedgerRecord>,
        /// The record that it replaces.
        target: Option<Target>,
    },
    /// Keep what a stack is now that it is as declared and healthy.
    KeepStable(NewStable),
    /// Make a network.
    CreateNetwork {
        /// Body.
        spec: NetworkSpec,
    },
    /// Make a secret.
    CreateSecret(NewData),
    /// Make a config.
    CreateConfig(NewData),
    /// Take over a secret whose content can't be read: its labels are written together with the
    /// content, which the engine takes only when it is the same (`manager/controlapi/secret.go`).
    AdoptSecret {
        /// The secret.
        target: Target,
        /// What it should be.
        new: NewData,
    },
    /// Change the labels of a secret or config.
    Label {
        /// Secret or config.
        kind: Kind,
        /// The object.
        target: Target,
        /// All its labels from now on.
        labels: StringMap,
    },
    /// Make a service.
    CreateService {
        /// Body.
        spec: Arc<ServiceSpec>,
    },
    /// Write a service.
    UpdateService {
        /// The service.
        target: Target,
        /// Body.
        spec: Arc<ServiceSpec>,
        /// How it stands to a rollout in flight.
        manner: UpdateManner,
    },
    /// Have the engine put back the spec that a service had before.
    RollBack {
        /// The service.
        target: Target,
        /// What it is now: the engine wants it said, and takes the spec before.
        spec: Arc<ServiceSpec>,
    },
    /// Take something away that is made anew: the engine can't change it in place, or it uses what
    /// the engine can't change.
    Withdraw {
        /// What kind of object.
        kind: Kind,
        /// Which.
        target: Target,
    },
    /// Write a node: its labels, availability and role.
    UpdateNode {
        /// The node.
        target: Target,
        /// Body.
        spec: Arc<NodeSpec>,
    },
    /// Remove a service, network, secret or config by id.
    Remove {
        /// What kind of object.
        kind: Kind,
        /// Which.
        target: Target,
    },
}

/// A secret or config to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewData {
    /// Engine name, version suffix included.
    pub name: String,
    /// Labels.
    pub labels: StringMap,
    /// Key of the bytes in the side store; `None` for secrets of a driver.
    pub data: Option<DataRef>,
    /// Keyed hash of the bytes.
    pub hash: Option<KeyedHash>,
    /// Secret driver.
    pub driver: Option<DataDriver>,
    /// Template driver.
    pub templating: Option<DataDriver>,
}

impl NewData {
    /// One that is named and labelled, and nothing else: its bytes are at hand where it is written.
    #[must_use]
    pub fn labelled(name: String, labels: StringMap) -> Self {
        Self { name, labels, data: None, hash: None, driver: None, templating: None }
    }
}

/// How a service write stands to a rollout in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UpdateManner {
    /// Nothing is in flight.
    Update,
    /// A newer spec replaces a rollout in flight (law 2).
    Supersede,
    /// The same spec goes on from its first tasks to the rest, or is left as it is declared.
    Promote,
    /// The same spec anew, so that the engine goes on with a rollout that it paused for something
    /// outside.
    Resume,
    /// The same spec, its tasks asked for anew, so that the engine spreads them over the nodes that
    /// are there now.
    Spread,
    /// A spec that was stable replaces one that failed, or one on its way back is given its own
    /// form again (law 2).
    Return,
}

/// Kind of a step: progress lines, metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Ledger.
    Ledger,
    /// Keep.
    Keep,
    /// Create.
    Create,
    /// Update.
    Update,
    /// Supersede.
    Supersede,
    /// Let the rest follow the canaries.
    Promote,
    /// Let a paused rollout go on.
    Resume,
    /// Spread tasks over the nodes anew.
    Spread,
    /// Roll back.
    #[serde(rename = "rollback")]
    RollBack,
    /// Adopt.
    Adopt,
    /// Take away, to be made anew.
    Withdraw,
    /// Remove.
    Remove,
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ledger => "ledger",
            Self::Keep => "keep",
            Self::Create => "create",
            Self::Update => "update",
            Self::Supersede => "supersede",
            Self::Promote => "promote",
            Self::Resume => "resume",
            Self::Spread => "spread",
            Self::RollBack => "rollback",
            Self::Adopt => "adopt",
            Self::Withdraw => "withdraw",
            Self::Remove => "remove",
        })
    }
}

impl Step {
    /// What kind of step it is.
    #[must_use]
    pub fn kind(&self) -> StepKind {
        match self {
            Self::WriteLedger { .. } => StepKind::Ledger,
            Self::KeepStable(_) => StepKind::Keep,
            Self::CreateNetwork { .. }
            | Self::CreateSecret(_)
            | Self::CreateConfig(_)
            | Self::CreateService { .. } => StepKind::Create,
            Self::Label { .. }
            | Self::UpdateNode { .. }
            | Self::UpdateService { manner: UpdateManner::Update, .. } => StepKind::Update,
            Self::UpdateService { manner: UpdateManner::Supersede, .. } => StepKind::Supersede,
            Self::UpdateService { manner: UpdateManner::Promote, .. } => StepKind::Promote,
            Self::UpdateService { manner: UpdateManner::Resume, .. } => StepKind::Resume,
            Self::UpdateService { manner: UpdateManner::Spread, .. } => StepKind::Spread,
            Self::RollBack { .. } | Self::UpdateService { manner: UpdateManner::Return, .. } => {
                StepKind::RollBack
            }
            Self::AdoptSecret { .. } => StepKind::Adopt,
            Self::Withdraw { .. } => StepKind::Withdraw,
            Self::Remove { .. } => StepKind::Remove,
        }
    }

    /// The object that it writes; `None` for what is only remembered.
    #[must_use]
    pub fn object(&self) -> Option<ObjectRef> {
        let (kind, name) = match self {
            Self::WriteLedger { .. } | Self::KeepStable(_) => return None,
            Self::CreateNetwork { spec } => (Kind::Network, &spec.name),
            Self::CreateSecret(new) | Self::AdoptSecret { new, .. } => (Kind::Secret, &new.name),
            Self::CreateConfig(new) => (Kind::Config, &new.name),
            Self::CreateService { spec } => (Kind::Service, &spec.name),
            Self::UpdateService { target, .. } | Self::RollBack { target, .. } => {
                (Kind::Service, &target.name)
            }
            Self::UpdateNode { target, .. } => (Kind::Node, &target.name),
            Self::Label { kind, target, .. }
            | Self::Withdraw { kind, target }
            | Self::Remove { kind, target } => (*kind, &target.name),
        };
        Some(ObjectRef::new(kind, name))
    }
}
