//! What is remembered of a stack in the swarm itself. It holds no clock that moves by itself: a
//! record is written only when something in it changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::approval::Approval;
use crate::model::engine::StringMap;
use crate::model::image::ImageRef;
use crate::model::input::Revision;
use crate::model::name::{Kind, SourceName, StackName};
use crate::model::pattern::FieldRules;
use crate::model::policy::KeptPolicy;
use crate::model::secret::SpecHash;

/// Ledger of one stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LedgerRecord {
    /// Format of the record.
    pub format: u32,
    /// Source that declared the stack when it was last applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceName>,
    /// The source whose manifest declares that source; none for one that skep was started with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<SourceName>,
    /// Revision that was last applied without anything held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// From the first step for `revision` on, until everything of it is written and was healthy.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub under_way: bool,
    /// Times that somebody asked for a look at the sources; counted in the instance's own record.
    #[serde(skip_serializing_if = "is_zero")]
    pub sync: u64,
    /// Objects that are ours, by kind and name, with their ids.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inventory: Inventory,
    /// Objects that are being made anew, with the ids of those that go.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub recreating: Inventory,
    /// What is known of each service, by full name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, ServiceRecord>,
    /// Writes stopped by a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspension: Option<Suspension>,
    /// Services that were removed for one revision: they count when its quota is counted again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<Removed>,
    /// The last run of its hooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hooks: Option<HookRecord>,
    /// What is known of its jobs, by full name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub jobs: BTreeMap<String, JobRecord>,
    /// An earlier revision that a person keeps the stack at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// The last revisions of which something failed by its own fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedRevision>,
    /// In the instance's record: labels that were put on nodes, by the node's id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub nodes: NodeLabels,
    /// A revision that gets no further by itself, as long as nothing of it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldRevision>,
    /// Changes that a person said yes to and that are not all made.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub approvals: BTreeSet<Approval>,
    /// How it goes when the declaration of the stack is gone, as the declaration said.
    #[serde(skip_serializing_if = "KeptPolicy::is_none")]
    pub policy: KeptPolicy,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// An earlier revision that a person keeps a stack at: until it is resumed, or something newer is
/// declared than what was when the pin was first seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Number of the stable set.
    pub number: u32,
    /// Its revision.
    pub revision: Revision,
    /// Why, in the person's words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What was declared when an operator first saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
}

/// What a source declared of a stack at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Against {
    /// The source's revision.
    pub revision: Revision,
    /// Hash of the declaration: other stacks of the source move its revision, too.
    pub declared: SpecHash,
}

/// A revision of which something is held until a person, a time or another commit lets it go on. It
/// is for those who wait for it and read nothing but the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRevision {
    /// The revision.
    pub revision: Revision,
    /// Why, without anything that may be secret.
    pub why: String,
    /// The stack that comes first, where that is the only reason. Whether that one moves, its own
    /// record says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<StackName>,
}

/// A revision of which something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRevision {
    /// The revision.
    pub revision: Revision,
    /// Full name of the service.
    pub service: String,
    /// When its rollout began, as the engine tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Why, in the engine's words.
    pub why: String,
}
/// Labels that were put on nodes, by the node's id.
pub type NodeLabels = BTreeMap<String, StringMap>;

/// Objects that are ours: id by name by kind.
pub type Inventory = BTreeMap<Kind, BTreeMap<String, String>>;

impl LedgerRecord {
    /// Services that were removed for this revision.
    #[must_use]
    pub fn removed_for(&self, revision: &Revision) -> Option<&Removed> {
        self.removed.as_ref().filter(|removed| removed.revision == *revision)
    }
}

/// Services that were removed for one revision. They are noted before they are removed, so that
/// several passes, or several operators, never remove piece by piece what is too much at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// The revision.
    pub revision: Revision,
    /// Ids of the services.
    pub services: BTreeSet<String>,
}

/// What is remembered of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceRecord {
    /// Spec that was last written, or is about to be: in the ledger before the write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempted: Option<SpecHash>,
    /// Its replicas and service labels, which the spec hash leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loose: Option<SpecHash>,
    /// Last spec whose tasks were all healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable: Option<SpecHash>,
    /// A stable spec on its way back, in the form that the engine never rolls back from. It is
    /// given its own form again once it is healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back: Option<SpecHash>,
    /// A failed spec that a person wants to be tried once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<SpecHash>,
    /// Specs that failed by their own fault.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub quarantine: BTreeSet<SpecHash>,
    /// Why the last of these failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Hash of the nodes among which its tasks were spread anew last, while these are those that fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<SpecHash>,
    /// Tasks that somebody had scaled it to, while it is being made anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u64>,
    /// Image as declared, and the digest that it was pinned to at the last write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<(String, ImageRef)>,
    /// Fields that the hashes here leave out, because others decide them.
    #[serde(skip_serializing_if = "FieldRules::is_empty")]
    pub ignore: FieldRules,
    /// How it goes when its declaration is gone, as far as it said so itself.
    #[serde(skip_serializing_if = "KeptPolicy::is_none")]
    pub policy: KeptPolicy,
}

/// What is remembered of the hooks of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookRecord {
    /// What the stack declared.
    pub content: SpecHash,
    /// The end of the names of its jobs.
    pub run: String,
    /// Hooks that have ended well in it, by full name: they are not run again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub done: BTreeSet<String>,
}

/// What is remembered of a job that is run by a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Its schedule and time zone: by another one no earlier time counts.
    pub schedule: String,
    /// The time of the schedule that was dealt with last: no run is begun for it, or for any before
    /// it, but the one that is about to be.
    pub slot: Timestamp,
    /// The run for it is about to be made, and was not seen yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begins: bool,
    /// Times that passed without a run before that one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missed: u64,
    /// How runs ended that are still there, and the last one, by their times.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ended: BTreeMap<Timestamp, RunEnd>,
    /// What its runs are made of, as it was taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<SpecHash>,
    /// Image as declared, and the digest that it was pinned to when that was taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<(String, ImageRef)>,
    /// What becomes of its runs when its declaration is gone, as far as that said so itself.
    #[serde(default, skip_serializing_if = "KeptPolicy::is_none")]
    pub policy: KeptPolicy,
}

impl JobRecord {
    /// Of a job by a schedule that was not seen before; the time is the last that is left alone.
    #[must_use]
    pub fn beginning(schedule: String, slot: Timestamp) -> Self {
        Self {
            schedule,
            slot,
            begins: false,
            missed: 0,
            ended: BTreeMap::new(),
            spec: None,
            image: None,
            policy: KeptPolicy::default(),
        }
    }
}

/// How a run of a job ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// Why it failed; `None` for one that ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Writes stopped by a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Suspension {
    /// Why, in the person's words; may be empty.
    pub reason: String,
    /// Until when; `None` is until resumed.
    pub until: Option<Timestamp>,
}

impl Suspension {
    /// True while it stands.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// The switch that stopped writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SuspendedBy {
    /// `skep suspend --all`.
    Instance,
    /// `skep suspend STACK`.
    Stack,
    /// `suspend` in the declaration.
    Declaration,
    /// The label `skep.hold` on the service.
    Label,
    /// A manual `docker service rollback`.
    Rollback,
}

impl fmt::Display for SuspendedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instance => "`skep suspend --all`",
            Self::Stack => "`skep suspend`",
            Self::Declaration => "the declaration",
            Self::Label => "the label skep.hold",
            Self::Rollback => "a manual rollback",
        })
    }
}
