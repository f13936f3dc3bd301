//! What a person decides about a stack. All of it goes into the ledger in the swarm, so that neither
//! git nor an operator is needed.

pub(in crate::cli) mod approve;
pub(in crate::cli) mod resume;
pub(in crate::cli) mod retry;
pub(in crate::cli) mod rollback;
pub(in crate::cli) mod suspend;
pub(super) mod switch;
pub(in crate::cli) mod sync;
