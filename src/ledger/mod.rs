//! What is remembered of a stack, as labels of a swarm config and back.
//!
//! The swarm's raft store is the database: one config for each stack, one for the instance, one
//! that holds the hash key, and the lease. Labels of a config change by compare-and-swap on its
//! version, its data never changes. Ledger configs carry no stack namespace label, because
//! `docker stack rm` would take them along.

mod lease;
mod objects;
mod record;
mod stable;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{HashKey, LedgerRecord, ObjectRef, StackName, Suspension, Target};

pub use crate::model::name::is_ledger_name;
pub use lease::{LEASE_DATA, LEASE_LABEL, Lease, is_lease_name, lease_name};
pub use objects::{
    INSTANCE_LABEL, KEY_BYTES, LEDGER_DATA, RECORD_LABEL, STACK_LABEL, key_name, ledger_labels,
    ledger_name,
};
pub use record::{RECORD_LIMIT, RecordError, Records, decode};
pub use stable::{
    KEPT_SETS, STABLE_LABEL, StableSet, current, pack_stable, stable_labels, stable_name,
};

/// Version of the record's format that this skep writes.
pub const FORMAT: u32 = 1;

/// Everything that an instance remembers.
#[derive(Debug, Clone, Default)]
pub struct Ledgers {
    /// Records of the stacks.
    pub stacks: BTreeMap<StackName, Entry>,
    /// Records that could not be read, by stack: nothing of these is removed.
    pub unreadable: BTreeMap<StackName, String>,
    /// What stacks were when they settled, the last ones, in their order.
    pub stable: BTreeMap<StackName, Vec<StableSet>>,
    /// Writes stopped for the whole instance.
    pub suspension: Option<Suspension>,
    /// Times that somebody asked for a look at the sources (`skep sync`).
    pub sync: u64,
    /// The instance's own record.
    pub instance: Option<Entry>,
    /// Key of the hashes over secret content.
    pub key: Option<HashKey>,
}

impl Ledgers {
    /// What a stack was when it settled, the last times, in their order.
    #[must_use]
    pub fn stable_of(&self, stack: &StackName) -> &[StableSet] {
        self.stable.get(stack).map_or(&[], Vec::as_slice)
    }

    /// Secrets and configs that something that is kept refers to.
    #[must_use]
    pub fn kept(&self) -> BTreeSet<ObjectRef> {
        self.stable.values().flatten().flat_map(|set| set.uses.iter().cloned()).collect()
    }
}

/// One stack's record, and the config that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is remembered; shared with those who look again.
    pub record: Arc<LedgerRecord>,
    /// Where it is kept, for the next compare-and-swap.
    pub target: Target,
}
