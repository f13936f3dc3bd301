//! What a stack was when it was last as declared and healthy: enough to write it again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::desired::{Condition, Replicas};
use crate::model::engine::{NetworkSpec, ServiceSpec};
use crate::model::input::Revision;
use crate::model::job::Timing;
use crate::model::name::{ObjectRef, StackName};
use crate::model::order::Rank;
use crate::model::rollout::RolloutPolicy;
use crate::model::secret::SpecHash;

/// A stack as it settled. Objects are referred to by their engine names, never by ids: an object
/// that was made anew has another id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StableStack {
    /// Networks that the stack makes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<NetworkSpec>,
    /// Services by full name.
    pub services: BTreeMap<String, StableService>,
    /// Jobs by full name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub jobs: BTreeMap<String, StableJob>,
}

/// A job as it was when the rest of its stack settled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StableJob {
    /// What its runs are made of.
    pub service: StableService,
    /// When it is run.
    pub timing: Timing,
}

/// A service as it settled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StableService {
    /// Its spec, the image pinned as it ran. Replicas that nobody declared are left out.
    pub spec: Arc<ServiceSpec>,
    /// Hash of the spec, as the record has it.
    pub hash: Option<SpecHash>,
    /// The image as declared.
    pub image: String,
    /// Whether the number of tasks was declared.
    pub replicas: Replicas,
    /// Where it stands in the order of the stack.
    pub rank: Rank,
    /// Services of the stack that come first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub depends_on: BTreeMap<String, Condition>,
    /// How its rollouts are judged.
    pub rollout: RolloutPolicy,
}

/// A part of a stable stack that is kept as the data of one config.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewStable {
    /// The stack.
    pub stack: StackName,
    /// The revision that declared it.
    pub revision: Revision,
    /// Each set of a stack has a higher number than the one before it: two operators that keep one
    /// at the same time get in each other's way, and that is harmless.
    pub number: u32,
    /// Which part of how many, from 1 on.
    pub part: (u32, u32),
    /// Stands for all that is in it.
    pub content: SpecHash,
    /// Secrets and configs that it needs: they are no garbage while it is kept.
    pub uses: BTreeSet<ObjectRef>,
    /// What is kept; all parts of it.
    pub spec: Arc<StableStack>,
}
