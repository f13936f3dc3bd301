//! Everything about one object: what is wanted, what is there, why it does not move.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{DriftView, HeldView, JobView, MemoryView, OperatorView, ServiceView, WrittenView};
use crate::diff::FieldChange;
use crate::diff::fields::{FieldValue, Fields, Secrecy};
use crate::model::{ObjectRef, SeenTask, Standing};
use crate::view::veil::{Veil, Veiled};

/// Everything about one object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainView {
    /// The object.
    pub object: ObjectRef,
    /// The stack that it belongs to.
    pub stack: String,
    /// Source and revision.
    pub from: String,
    /// `file:line:column` of its declaration; absent when it is not declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<String>,
    /// Id in the swarm; absent when it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How it does, for services that are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<ServiceView>,
    /// When it is run, and how its last run stands, for a job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobView>,
    /// What differs; absent when nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftView>,
    /// Fields that others decide, and that are not as declared; absent without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<BothView>,
    /// Wanted and not done now.
    pub held: Vec<HeldView>,
    /// Its tasks, the newest first.
    pub tasks: Vec<TaskView>,
    /// All fields on both sides.
    pub fields: Vec<BothView>,
    /// What the ledger remembers; absent where it does not know the stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryView>,
    /// The last write, for services that are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<WrittenView>,
    /// Services that use it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
    /// What a running operator says of it; absent where none was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<OperatorView>,
    /// What is not known here, and what would tell it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// A field on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BothView {
    /// Its path.
    pub path: String,
    /// What is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired: Option<Veiled>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Veiled>,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskView {
    /// Number among the service's tasks, or the node's id for global services.
    pub slot: String,
    /// The engine's word for where it stands.
    pub state: String,
    /// Where it should stand.
    pub wanted: String,
    /// Host name of its node, where it is known.
    pub node: String,
    /// Whether it runs what its service asks for.
    pub standing: Standing,
    /// What went wrong, in the engine's words.
    pub message: Veiled,
}

impl BothView {
    /// Puts both sides together, by path.
    #[must_use]
    pub fn of(desired: &Fields, observed: &Fields) -> Vec<Self> {
        let paths = desired.iter().chain(observed.iter()).map(|(path, _)| path);
        let paths: std::collections::BTreeSet<&String> = paths.collect();
        paths
            .into_iter()
            .map(|path| Self {
                path: path.clone(),
                desired: desired.get(path).map(veiled),
                observed: observed.get(path).map(veiled),
            })
            .collect()
    }
}

impl BothView {
    /// The picture of a field that differs.
    #[must_use]
    pub fn of_change(change: &FieldChange) -> Self {
        let value =
            |text: &Option<String>| text.as_ref().map(|t| Veiled::of(t.clone(), change.masked));
        let (desired, observed) = (value(&change.new), value(&change.old));
        Self { path: change.path.clone(), desired, observed }
    }

    /// Puts both sides of an object together whose fields nobody hides.
    #[must_use]
    pub fn open(
        desired: Option<&BTreeMap<String, String>>,
        observed: Option<&BTreeMap<String, String>>,
    ) -> Vec<Self> {
        let paths = desired.or(observed).into_iter().flat_map(BTreeMap::keys);
        let value = |side: Option<&BTreeMap<String, String>>, path: &String| {
            side.and_then(|side| side.get(path)).map(Veiled::open)
        };
        let both = |path: &String| Self {
            path: path.clone(),
            desired: value(desired.or(observed), path),
            observed: value(observed, path),
        };
        paths.map(both).collect()
    }
}

fn veiled(value: &FieldValue) -> Veiled {
    match value.secrecy {
        Secrecy::Open => Veiled::open(value.text.clone()),
        Secrecy::Masked => Veiled::hidden(value.text.clone()),
    }
}

impl TaskView {
    /// Draws the picture of a task on a node of this name.
    #[must_use]
    pub fn of(seen: &SeenTask, node: &str, veil: &Veil) -> Self {
        let task = &seen.task;
        let words = [task.status.err.as_str(), task.status.message.as_str()];
        let message = words.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        Self {
            slot: if task.slot == 0 { task.node_id.clone() } else { task.slot.to_string() },
            state: word(&task.status.state),
            wanted: word(&task.desired_state),
            node: node.to_owned(),
            standing: seen.standing,
            message: veil.over(message),
        }
    }
}

/// The engine's word for a state.
fn word(state: &impl Serialize) -> String {
    let value = serde_json::to_value(state).ok();
    value.as_ref().and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}
