//! What is known of an instance without its sources: ledger and live swarm.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::{EngineView, JobView, PinView, ServiceView};
use crate::model::{Approval, HeldRevision};
use crate::view::veil::Veiled;

/// All stacks of an instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatusView {
    /// When the swarm was looked at.
    pub at: Timestamp,
    /// The engine that answered.
    pub engine: EngineView,
    /// The operator that holds the lease; absent when none does. Whether it is alive, only its
    /// renewals show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<String>,
    /// Writes stopped for the whole instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspension: Option<SuspensionView>,
    /// The stacks, by name.
    pub stacks: Vec<KnownStackView>,
}

/// One stack that the ledger knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KnownStackView {
    /// Its name.
    pub name: String,
    /// The source that declared it when it was last applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The revision that was last applied without anything held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The earlier revision that a person keeps it at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<PinView>,
    /// Whether something of that revision is still to be written, or was not healthy yet.
    pub under_way: bool,
    /// Why a revision that was read gets no further by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldRevisionView>,
    /// Specs of its services that failed by their own fault: why, by service.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub failed: BTreeMap<String, Veiled>,
    /// Changes that a person said yes to and that are not all made.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub approvals: BTreeSet<Approval>,
    /// Writes stopped for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspension: Option<SuspensionView>,
    /// Why nothing more is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Its services that are there.
    pub services: Vec<ServiceView>,
    /// Its jobs that are run by a schedule; absent without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobView>,
}

/// A revision that gets no further by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldRevisionView {
    /// The revision.
    pub revision: String,
    /// What keeps it.
    pub why: String,
}

impl HeldRevisionView {
    /// Draws what the ledger says of it.
    #[must_use]
    pub fn of(held: &HeldRevision) -> Self {
        Self { revision: held.revision.to_string(), why: held.why.clone() }
    }
}

/// Writes stopped by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuspensionView {
    /// In the person's words.
    pub reason: String,
    /// Until when; absent until resumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}
