//! What is known of an object besides both sides: the ledger's memory, the last write, and what a
//! running operator says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::HeldRevisionView;
use crate::model::engine::Service;
use crate::model::{LedgerRecord, ObjectRef, ServiceRecord, SpecHash};
use crate::view::veil::{Veil, Veiled};

/// What the ledger remembers of an object and its stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MemoryView {
    /// The source that declared the stack when it was last applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The revision that is applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Whether something of it is still to be written, or was not healthy yet.
    pub under_way: bool,
    /// Why a revision that was read gets no further by itself; it may be for another object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldRevisionView>,
    /// Id under which the object is ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it remembers of a service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<SpecsView>,
}

/// Specs of a service, by their hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SpecsView {
    /// Of the spec that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<SpecHash>,
    /// Of the spec that was written last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempted: Option<SpecHash>,
    /// Of the last spec whose tasks were all healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable: Option<SpecHash>,
    /// Of specs that failed by their own fault.
    pub quarantine: Vec<SpecHash>,
    /// Why the last of these failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The failed spec that a person wants to be tried once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<SpecHash>,
    /// The image as declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The digest that it was written with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<String>,
}

impl MemoryView {
    /// Draws what a record says of an object.
    #[must_use]
    pub fn of(record: &LedgerRecord, object: &ObjectRef) -> Self {
        let ids = record.inventory.get(&object.kind);
        Self {
            source: record.source.as_ref().map(ToString::to_string),
            revision: record.revision.as_ref().map(ToString::to_string),
            under_way: record.under_way,
            held: record.held.as_ref().map(HeldRevisionView::of),
            id: ids.and_then(|ids| ids.get(&object.name)).cloned(),
            service: None,
        }
    }
}

impl SpecsView {
    /// Draws what a record says of a service of which this spec is there.
    #[must_use]
    pub fn of(record: &ServiceRecord, observed: Option<SpecHash>) -> Self {
        let image = record.image.as_ref();
        Self {
            observed,
            attempted: record.attempted.clone(),
            stable: record.stable.clone(),
            quarantine: record.quarantine.iter().cloned().collect(),
            failure: record.failure.clone(),
            retry: record.retry.clone(),
            image: image.map(|(declared, _)| declared.clone()),
            pinned: image.map(|(_, pinned)| pinned.to_string()),
        }
    }
}

/// The last write of a service, as the engine remembers it: by whom, nobody does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrittenView {
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When it was written last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Its version since.
    pub version: u64,
    /// Whether the engine has a spec to go back to.
    pub previous: bool,
    /// How the rollout of that write stands, in the engine's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Veiled>,
}

impl WrittenView {
    /// Draws the last write of a service.
    #[must_use]
    pub fn of(service: &Service, veil: &Veil) -> Self {
        let rollout = service.update_status.as_ref().map(|status| {
            let state = serde_json::to_value(&status.state).unwrap_or_default();
            veil.over(format!("{}: {}", state.as_str().unwrap_or_default(), status.message))
        });
        Self {
            created: service.created_at,
            at: service.updated_at,
            version: service.version.index,
            previous: service.previous_spec.is_some(),
            rollout,
        }
    }
}

/// What a running operator says of an object in its last report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OperatorView {
    /// When the pass began that it tells of.
    pub at: Option<Timestamp>,
    /// Wanted and not done.
    pub held: Vec<ToldHeld>,
    /// What came of the steps of that pass.
    pub outcomes: Vec<ToldOutcome>,
}

/// A held change, as it is told over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldHeld {
    /// What would be changed.
    pub object: ObjectRef,
    /// Name of the reason.
    pub reason: String,
    /// The reason as a sentence.
    pub message: String,
    /// What would make it move.
    pub advice: String,
}

/// What came of a step, as it is told over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldOutcome {
    /// What kind of step it was.
    pub action: String,
    /// The object; absent for the ledger.
    #[serde(default)]
    pub object: Option<ObjectRef>,
    /// One word.
    pub outcome: String,
    /// The engine's words.
    pub messages: Vec<String>,
}

/// The part of a report that is read.
#[derive(Debug, Deserialize)]
struct Told {
    at: Timestamp,
    #[serde(default)]
    stacks: Vec<ToldStack>,
}

#[derive(Debug, Deserialize)]
struct ToldStack {
    #[serde(default)]
    held: Vec<ToldHeld>,
    #[serde(default)]
    outcomes: Vec<ToldOutcome>,
}

impl OperatorView {
    /// Reads what a report in JSON says of an object.
    ///
    /// # Errors
    /// When it is no report.
    pub fn read(report: &[u8], object: &ObjectRef) -> Result<Self, serde_json::Error> {
        let told: Told = serde_json::from_slice(report)?;
        let mut view = Self { at: Some(told.at), ..Self::default() };
        for stack in told.stacks {
            view.held.extend(stack.held.into_iter().filter(|held| held.object == *object));
            let own = |outcome: &ToldOutcome| outcome.object.as_ref() == Some(object);
            view.outcomes.extend(stack.outcomes.into_iter().filter(own));
        }
        Ok(view)
    }
}
