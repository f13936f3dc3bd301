//! What differs, as values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fields::{FieldValue, Secrecy};
use super::hook::Hooks;
use super::wanted::CanaryStage;
use crate::model::engine::{NetworkSpec, Service, ServiceMode, ServiceSpec, StringMap};
use crate::model::{
    ApiVersion, Condition, DesiredData, FieldRules, ImageRef, ObjectRef, Place, PrunePolicy, Rank,
    RecreatePolicy, Replicas, RolloutPolicy, ServicePolicy, ServiceRecord, SpecHash, StackName,
    Target, Timing, Wholeness,
};

/// Everything that differs in one stack, and what is left over of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StackChanges {
    /// The stack.
    pub stack: StackName,
    /// Whether it was loaded without an error.
    pub wholeness: Wholeness,
    /// Networks, by name.
    pub networks: Vec<NetworkChange>,
    /// Secrets and configs, by declared name.
    pub data: Vec<DataChange>,
    /// Services, by name.
    pub services: Vec<ServiceChange>,
    /// Services that can't be made, by full name, and where they stand.
    pub unmade: BTreeMap<String, Rank>,
    /// The run that its hooks have to make, where it has any.
    pub hooks: Option<Hooks>,
    /// Jobs of ours that are there and were run once, the oldest first.
    pub runs: Vec<Run>,
    /// Jobs that are run by a schedule, by name.
    pub jobs: Vec<JobChange>,
    /// Objects of ours that are not declared any more.
    pub leftovers: Vec<Leftover>,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Path of the field, in the words of a compose file.
    pub path: String,
    /// Observed value; `None` when the field is at its default or absent.
    pub old: Option<String>,
    /// Desired value; `None` when the field goes back to its default or is removed.
    pub new: Option<String>,
    /// Whether the values may be shown.
    pub masked: Masked,
}

/// Whether the values of a change may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Masked {
    /// They may.
    No,
    /// Only in text on a terminal.
    Yes,
}

impl FieldChange {
    /// Makes a change out of both sides of a field.
    #[must_use]
    pub fn new(path: &str, old: Option<&FieldValue>, new: Option<&FieldValue>) -> Self {
        let secret = [old, new].into_iter().flatten().any(|v| v.secrecy == Secrecy::Masked);
        Self {
            path: path.to_owned(),
            old: old.map(|value| value.text.clone()),
            new: new.map(|value| value.text.clone()),
            masked: if secret { Masked::Yes } else { Masked::No },
        }
    }
}

/// Who made something differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The declaration changed since it was last applied; the swarm is as it was left.
    GitMoved,
    /// The declaration is the one that was last applied; the swarm was changed by hand.
    ChangedByHand,
    /// Both moved since.
    Both,
    /// It was never applied.
    NeverApplied,
}

/// Whose an object is ("What is ours" in the architecture page).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Its id is in the inventory, or its owner label says so of itself.
    Ours,
    /// It has the stack's namespace label and no owner.
    Unowned,
    /// Somebody else's, with what its labels tell.
    Theirs(String),
}

/// A network.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkChange {
    /// What it should be.
    pub spec: NetworkSpec,
    /// The network that is there.
    pub live: Option<(Target, Owner)>,
    /// Fields that differ.
    pub fields: Vec<Arc<FieldChange>>,
    /// Where it is declared.
    pub place: Place,
}

/// A secret or config.
#[derive(Debug, Clone, PartialEq)]
pub struct DataChange {
    /// Kind and engine name, version suffix included.
    pub object: ObjectRef,
    /// Declared name, without a suffix.
    pub declared: String,
    /// What it should be.
    pub wanted: DesiredData,
    /// What is there under the engine name.
    pub live: DataLive,
    /// The version that it supersedes, when there is one.
    pub supersedes: Option<String>,
    /// Labels that differ; content never does, it has a name of its own.
    pub fields: Vec<Arc<FieldChange>>,
    /// Labels to send: the declared ones and those that are skep's own.
    pub labels: StringMap,
}

/// What is there of a secret or config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataLive {
    /// Nothing: it has to be made.
    Absent,
    /// The same content.
    Same {
        /// The object.
        target: Target,
        /// Whose it is.
        owner: Owner,
    },
    /// Its content can't be compared (a secret that skep did not make, or the key is missing).
    Unknown {
        /// The object.
        target: Target,
        /// Whose it is.
        owner: Owner,
    },
    /// Other content under a name that was given explicitly.
    Immutable {
        /// The object.
        target: Target,
        /// Whose it is.
        owner: Owner,
    },
    /// The name is somebody else's.
    Theirs(String),
}

/// A service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceChange {
    /// Full name.
    pub name: String,
    /// What is there.
    pub live: Option<LiveService>,
    /// What would be sent: the declaration in the shape of what is there.
    pub wanted: WantedSpec,
    /// Hash of what is wanted.
    pub hash: SpecHash,
    /// Hash of its replicas and service labels.
    pub loose: SpecHash,
    /// The same without a number of tasks that nobody declared: it moves by itself.
    pub declared: SpecHash,
    /// Whether the number of tasks is declared.
    pub replicas: Replicas,
    /// Fields in which the service that is there differs; none where none is.
    pub fields: Vec<Arc<FieldChange>>,
    /// Fields that others decide, and in which it differs from the declaration.
    pub ignored: Vec<Arc<FieldChange>>,
    /// Which fields others decide: hashes leave them out, and a write leaves them as they are.
    pub ignore: FieldRules,
    /// Fields whose values may be shown although they might be secret.
    pub reveal: FieldRules,
    /// What its author wants otherwise than for the stack.
    pub policy: ServicePolicy,
    /// What the ledger remembers of it, in hashes that leave out these fields, where its own leave
    /// out others.
    pub translated: Option<Box<ServiceRecord>>,
    /// What is known of its image.
    pub image: ImageState,
    /// Fields that this engine does not know; they are in neither spec nor comparison.
    pub unsupported: Vec<(String, ApiVersion)>,
    /// References to networks, secrets and configs that exist nowhere.
    pub missing: BTreeSet<ObjectRef>,
    /// Services of the stack with a lower one come first.
    pub rank: Rank,
    /// Of which hook it is a run; services are none.
    pub hook: Option<HookRun>,
    /// Services of the stack that come first, by full name, and how far they have to be.
    pub depends_on: BTreeMap<String, Condition>,
    /// How its rollouts are judged, and what follows when one failed.
    pub rollout: RolloutPolicy,
    /// Whether it may be made anew.
    pub recreate: RecreatePolicy,
    /// Where it is declared.
    pub place: Place,
}

/// A service that is a run of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRun {
    /// The hook, by full name.
    pub of: String,
    /// Whether it is known to have ended well.
    pub ended: Ended,
    /// How long it may run.
    pub limit: Option<Duration>,
}

/// Whether a run is known to have ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is.
    Well,
    /// It is not.
    NotYet,
}

impl ServiceChange {
    /// True for a hook that has done what it is for.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.hook.as_ref().is_some_and(|hook| hook.ended == Ended::Well)
    }
}

/// A job that is run once, as it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What it is a run of, by full name.
    pub of: String,
    /// The job.
    pub target: Target,
}

/// A job that is run by a schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct JobChange {
    /// What a run of it is made of, by the name of the job. Nothing of that name is there.
    pub change: ServiceChange,
    /// When it is run, and what is done about its runs.
    pub timing: Timing,
    /// Its runs that are there, the oldest first.
    pub runs: Vec<JobRun>,
}

/// A run of a job, as it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRun {
    /// The time that it was begun for.
    pub slot: Timestamp,
    /// The service.
    pub target: Target,
}

/// The service that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveService {
    /// The service.
    pub service: Arc<Service>,
    /// Whose it is.
    pub owner: Owner,
    /// Hash of its spec.
    pub hash: SpecHash,
    /// Hash of its replicas and service labels.
    pub loose: SpecHash,
    /// How far it is on its way by a canary.
    pub canary: Option<CanaryStage>,
}

impl LiveService {
    /// Tasks of a replicated service.
    #[must_use]
    pub fn replicas(&self) -> Option<u64> {
        match &self.service.spec.mode {
            Some(ServiceMode::Replicated(replicated)) => replicated.replicas,
            _ => None,
        }
    }

    /// The service as a target of a write.
    #[must_use]
    pub fn target(&self) -> Target {
        Target {
            name: self.service.spec.name.clone(),
            id: self.service.id.clone(),
            version: self.service.version,
        }
    }
}

/// A spec that is wanted. Most are there already, and a swarm has many.
#[derive(Debug, Clone, PartialEq)]
pub enum WantedSpec {
    /// That of the service that is there, to the letter.
    AsItIs(Arc<Service>),
    /// Another one.
    Other(Arc<ServiceSpec>),
}

impl WantedSpec {
    /// The spec.
    #[must_use]
    pub fn spec(&self) -> &ServiceSpec {
        match self {
            Self::AsItIs(service) => &service.spec,
            Self::Other(spec) => spec,
        }
    }

    /// The spec, for those who keep it.
    #[must_use]
    pub fn shared(&self) -> Arc<ServiceSpec> {
        match self {
            Self::AsItIs(service) => Arc::new(service.spec.clone()),
            Self::Other(spec) => Arc::clone(spec),
        }
    }
}

impl ServiceChange {
    /// True when a write of the service would start new tasks.
    #[must_use]
    pub fn touches_tasks(&self) -> bool {
        self.live.as_ref().is_none_or(|live| live.hash != self.hash)
    }

    /// The field that a service can't be given in place, if such a one differs: the engine refuses
    /// another mode, and another endpoint mode leaves stale addresses behind (moby#38575).
    #[must_use]
    pub fn unchangeable(&self) -> Option<&'static str> {
        const FIELDS: [&str; 2] = ["deploy.mode", "deploy.endpoint_mode"];
        FIELDS.into_iter().find(|path| self.fields.iter().any(|field| field.path == *path))
    }
}

/// What is known of a service's image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageState {
    /// It is decided, and this is what to remember: as declared, and pinned.
    Decided(String, ImageRef),
    /// The registry has to be asked.
    Unasked,
    /// The registry does not answer.
    Unreachable(String),
    /// The registry says no.
    Refused(String),
}

/// An object of ours that is not declared any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Kind and name.
    pub object: ObjectRef,
    /// The object.
    pub target: Target,
    /// Why it is left over.
    pub why: LeftoverKind,
    /// What its declaration said, or that of its stack, about this time.
    pub prune: PrunePolicy,
    /// The job that it is a run of, if it is one that was begun by a schedule.
    pub run_of: Option<String>,
}

/// Why an object is left over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftoverKind {
    /// Its declaration is gone: a removal, with all its guards.
    Undeclared,
    /// An older version of a secret or config that is still declared: garbage once unused.
    Superseded {
        /// Whether anything may still need it.
        used: Used,
    },
}

/// Whether a spec, previous spec or live task refers to a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Used {
    /// Something does.
    Still,
    /// Nothing does.
    NoMore,
}
