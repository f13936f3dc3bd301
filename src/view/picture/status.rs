//! What is known of an instance without its sources: ledger and live swarm.

use jiff::Timestamp;
use serde::Serialize;

use super::{EngineView, PinView, ServiceView};

/// All stacks of an instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatusView {
    /// When the swarm was looked at.
    pub at: Timestamp,
    /// The engine that answered.
    pub engine: EngineView,
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
    /// Writes stopped for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspension: Option<SuspensionView>,
    /// Why nothing more is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Its services that are there.
    pub services: Vec<ServiceView>,
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
