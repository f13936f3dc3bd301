//! Nouns: values only, without behaviour that needs a clock, an environment, a file or a network.
//!
//! Every other room names this one; this one names none of ours. The engine's own vocabulary
//! (`ServiceSpec`, `Task`, …) is in [`engine`], with the engine's exact JSON names.

pub mod decision;
pub mod desired;
pub mod engine;
pub mod follow;
pub mod guard;
pub mod image;
pub mod input;
mod job;
mod last_words;
pub mod login;
pub mod name;
pub mod node;
pub mod observed;
pub mod order;
pub mod pattern;
pub mod policy;
pub mod rollout;
pub mod secret;
mod window;

pub use decision::{
    Against, Approval, FailedRevision, Gate, Held, HeldReason, HeldRevision, HookRecord, Inventory,
    JobRecord, LedgerRecord, MODE, NewData, NewStable, NodeLabels, NotAnApproval, Outcome, Pin,
    Removed, RunEnd, ServiceRecord, StableJob, StableService, StableStack, Step, StepKind,
    StepOutcome, SuspendedBy, Suspension, Target, UpdateManner,
};
pub use desired::{
    ApprovalPolicy, Condition, Content, DataRef, Desired, DesiredData, DesiredNetwork,
    DesiredService, DesiredStack, ImageAnswer, Images, MovedFrom, Naming, Place, PullPolicy,
    RecreatePolicy, Replicas, StackPolicy, Wholeness,
};
pub use follow::{
    Chosen, DesiredImage, Follows, ImagePolicy, PreReleases, RangeError, Stays, TagOrder,
    TagPattern, TagPatternError, VersionRange,
};
pub use image::{ImageRef, ImageRefError, PinnedImage, Platform, Repository, TagsAnswer};
pub use input::{
    Ancestry, CredentialFiles, DeclaredSource, Entry, FileError, FileSet, Position, Problem,
    RepoPath, RepoPathError, Revision, Severity,
};
pub use job::{
    COUNTED, DesiredJob, Overlap, SLOT_LABEL, SLOT_NAME, Timing, next_by_words, slot_name,
};
pub use last_words::{LAST_LINES, LINE_BYTES, LOG, LastWords};
pub use login::{Credential, LoginsError, RegistryLogin, RegistryLogins};
pub use name::{Instance, Kind, NameError, ObjectRef, SourceName, StackName};
pub use node::{Availability, DesiredNode, Enforce, NodeMatch, Role};
pub use observed::{ApiVersion, Engine, Gap, Observed, SeenTask, Standing};
pub use order::{Phase, Presence, Rank, StackNeed, StackOrder};
pub use pattern::{FieldRules, Pattern};
pub use policy::{KeptPolicy, PrunePolicy, ServicePolicy};
pub use rollout::{Canary, OnFailure, RolloutPolicy};
pub use secret::{HashKey, KeyedHash, SecretBytes, SideStore, SpecHash};
pub use window::{NotASchedule, Schedule, Window, WindowKind, Zone};
