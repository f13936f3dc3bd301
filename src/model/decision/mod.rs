//! Decisions: steps to take, changes that are held, and what is remembered of both.

mod held;
mod ledger;
mod step;

pub use held::{Held, HeldReason};
pub use ledger::{Inventory, LedgerRecord, ServiceRecord, SuspendedBy, Suspension};
pub use step::{NewData, Step, StepKind, Target, UpdateManner};
