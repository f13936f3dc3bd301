//! Decisions: steps to take, what came of them, changes that are held, and what is remembered.

mod approval;
mod held;
mod ledger;
mod outcome;
mod stable;
mod step;

pub use approval::{Approval, NotAnApproval};
pub use held::{Gate, Held, HeldReason, MODE};
pub use ledger::{
    Against, FailedRevision, HeldRevision, HookRecord, Inventory, JobRecord, LedgerRecord,
    NodeLabels, Pin, Removed, RunEnd, ServiceRecord, SuspendedBy, Suspension,
};
pub use outcome::{Outcome, StepOutcome};
pub use stable::{NewStable, StableJob, StableService, StableStack};
pub use step::{NewData, Step, StepKind, Target, UpdateManner};
