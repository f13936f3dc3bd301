//! What one revision asks for, fully rendered. Names in it are full engine names; references from
//! services to networks, secrets and configs are by declared name, ids are empty.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::engine::{DataDriver, NetworkSpec, ServiceSpec, StringMap};
use super::follow::Follows;
use super::image::{ImageRef, PinnedImage};
use super::input::{Position, RepoPath};
use super::job::DesiredJob;
use super::name::{Kind, ObjectRef, SourceName, StackName};
use super::order::{Rank, StackOrder};
use super::pattern::FieldRules;
use super::policy::{PrunePolicy, ServicePolicy};
use super::rollout::RolloutPolicy;
use super::secret::{KeyedHash, SpecHash};
use super::window::Window;

/// Everything that the sources ask for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Desired {
    /// Stacks by name; shared, because each pass puts them together anew.
    pub stacks: BTreeMap<StackName, Arc<DesiredStack>>,
}

/// One stack.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredStack {
    /// Its name.
    pub name: StackName,
    /// The source that declares it.
    pub source: SourceName,
    /// The files that it was made from, sorted.
    pub files: Vec<RepoPath>,
    /// Whether every file was loaded without an error; if not, nothing of it is removed (law 4).
    pub wholeness: Wholeness,
    /// What its author wants skep to do and not to do.
    pub policy: StackPolicy,
    /// Networks to make, by full name.
    pub networks: BTreeMap<String, DesiredNetwork>,
    /// Secrets to make, by declared full name (without a version suffix).
    pub secrets: BTreeMap<String, DesiredData>,
    /// Configs to make, by declared full name (without a version suffix).
    pub configs: BTreeMap<String, DesiredData>,
    /// Services, by full name; shared, because they are large.
    pub services: BTreeMap<String, Arc<DesiredService>>,
    /// Jobs that are run at times of a schedule, by full name.
    pub jobs: BTreeMap<String, Arc<DesiredJob>>,
    /// Services that can't be made because they have a mistake, by full name, and where they stand.
    pub unmade: BTreeMap<String, Rank>,
    /// Hash of everything that is declared, where there are hooks and all of it is known.
    pub content: Option<SpecHash>,
    /// What is declared external, used or not: it is there already, and stays.
    pub external: BTreeSet<ObjectRef>,
}

impl DesiredStack {
    /// What runs in it, by full name: its services, and what its jobs run.
    pub fn all_services(&self) -> impl Iterator<Item = (&String, &DesiredService)> {
        let services = self.services.iter().map(|(name, service)| (name, &**service));
        services.chain(self.jobs.iter().map(|(name, job)| (name, &job.service)))
    }
}

/// Whether all of a stack could be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wholeness {
    /// Every declaration of the stack is there.
    Whole,
    /// Something had an error; what is here may be less than what was meant.
    Partial,
}

/// `x-skep` of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackPolicy {
    /// Writes are stopped by the declaration itself, with this reason.
    pub suspend: Option<String>,
    /// Who says yes to a plan.
    pub approval: ApprovalPolicy,
    /// When writes are made; without any, at all times.
    pub windows: Vec<Window>,
    /// Which stacks come first.
    pub order: StackOrder,
    /// What may be made anew; a service may say otherwise for itself.
    pub recreate: RecreatePolicy,
    /// Whether all services that one attempt changed go back when one of them failed.
    pub atomic: bool,
    /// What becomes of what left the stack.
    pub prune: PrunePolicy,
    /// Which stack of which source this one was before.
    pub moved_from: Option<MovedFrom>,
}

/// Whether what the engine can't change in place may be made anew, which interrupts those that use
/// it. The later of two is the more careful one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecreatePolicy {
    /// It may.
    Auto,
    /// When a person says yes to it.
    #[default]
    Confirm,
    /// It may not.
    Never,
}

/// What a stack was before it was moved: at least one of the two is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedFrom {
    /// Its name, when that was another one.
    pub stack: Option<StackName>,
    /// The source that declared it.
    pub source: Option<SourceName>,
    /// Where it says so.
    pub place: Place,
}

/// Who says yes to a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalPolicy {
    /// Nobody has to.
    #[default]
    #[serde(rename = "auto")]
    Automatic,
    /// A person does, to each.
    Manual,
}

/// Place of a declaration.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The file.
    pub file: RepoPath,
    /// Where in it.
    pub at: Option<Position>,
}

/// A network to make. `external` networks are not here: they only appear as references.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredNetwork {
    /// What to send; labels hold the stack's namespace.
    pub spec: NetworkSpec,
    /// Where it is declared.
    pub place: Place,
}

/// A secret or config to make.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredData {
    /// How its engine name is found.
    pub naming: Naming,
    /// Declared labels with the stack's namespace.
    pub labels: StringMap,
    /// Where the content comes from.
    pub content: Content,
    /// Template driver.
    pub templating: Option<DataDriver>,
    /// Where it is declared.
    pub place: Place,
}

/// How the engine name of a secret or config is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Naming {
    /// Docker's plain name for the first content, a hash suffix once the content changes.
    Versioned,
    /// An explicit `name:`, used as it is; changed content is held as immutable.
    Verbatim,
}

/// Content of a secret or config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Bytes in the side store.
    Stored {
        /// Which.
        data: DataRef,
        /// Their keyed hash; `None` while the key is not known.
        hash: Option<KeyedHash>,
    },
    /// An external secret driver, without content of ours.
    Driver(DataDriver),
}

/// Key of the side store: a secret or config of a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DataRef {
    /// The stack.
    pub stack: StackName,
    /// Secret or config.
    pub kind: Kind,
    /// Its declared full name.
    pub name: String,
}

/// A service.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredService {
    /// What to send, but: `image` is as declared, references are by declared name, and
    /// `Replicas` is `None` when it was not declared.
    pub spec: ServiceSpec,
    /// The image as declared; the registry's answer is found later.
    pub image: ImageRef,
    /// When the registry is asked again.
    pub pull: PullPolicy,
    /// The `Image` of its source that says what it runs; `image` is what it begins with.
    pub follows: Option<Follows>,
    /// Whether the number of tasks is declared.
    pub replicas: Replicas,
    /// Services of the stack with a lower one have to be healthy first.
    pub rank: Rank,
    /// How long a hook may run.
    pub limit: Option<Duration>,
    /// Services of the stack that have to be there first, by full name. There is no circle in them
    /// all; one that is not among the services of the stack has a mistake.
    pub depends_on: BTreeMap<String, Condition>,
    /// How its rollouts are judged, and what follows when one failed.
    pub rollout: RolloutPolicy,
    /// Whether it may be made anew, and what it uses with it.
    pub recreate: RecreatePolicy,
    /// Fields that others decide: neither compared nor written, but at creation.
    pub ignore: FieldRules,
    /// Fields whose values may be shown although they might be secret.
    pub reveal: FieldRules,
    /// What its author wants otherwise than for the stack.
    pub policy: ServicePolicy,
    /// Where it is declared.
    pub place: Place,
}

/// How far a service has to be before one that depends on it is begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// Its tasks run.
    #[default]
    Started,
    /// Its tasks are healthy.
    Healthy,
    /// It is a job that has ended well.
    Completed,
}

/// When a tag is resolved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PullPolicy {
    /// When the declaration changes and at creation.
    #[default]
    OnChange,
    /// At each check: the service follows its tag.
    Always,
}

/// Whether the number of tasks is declared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Replicas {
    /// Git decides.
    #[default]
    Declared,
    /// Created with one, then it belongs to whoever scales.
    Free,
}

/// Answers of registries, by reference as declared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Images(pub BTreeMap<ImageRef, ImageAnswer>);

/// What a registry said of one reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageAnswer {
    /// A digest.
    Pinned(PinnedImage),
    /// The registry answered that there is no such image, or not for us. The spec's own fault.
    Refused(String),
    /// No answer. Nobody's fault; tried again later.
    Unreachable(String),
}
