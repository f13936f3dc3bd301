//! The last revisions of a stack.

use jiff::Timestamp;
use serde::Serialize;

use crate::ledger::{StableSet, current};
use crate::model::{FailedRevision, LedgerRecord, Pin, StackName};

/// What a stack was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryView {
    /// The stack.
    pub stack: String,
    /// The revision that it is pinned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<PinView>,
    /// Revisions, the newest first.
    pub revisions: Vec<PastView>,
}

/// A pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PinView {
    /// The revision.
    pub revision: String,
    /// In the person's words.
    pub reason: String,
}

impl PinView {
    /// Draws the picture of a pin.
    #[must_use]
    pub fn of(pin: &Pin) -> Self {
        Self { revision: pin.revision.to_string(), reason: pin.reason.clone() }
    }
}

/// One revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastView {
    /// The commit, or hash of a directory.
    pub revision: String,
    /// `stable` or `failed`.
    pub state: &'static str,
    /// When it was first seen healthy, or when the rollout began that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Hash of what is kept of it; absent for what failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Whether it is what was attempted last.
    pub current: bool,
    /// The service that failed, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl HistoryView {
    /// Draws the picture of what is kept and remembered.
    #[must_use]
    pub fn of(stack: &StackName, record: &LedgerRecord, sets: &[StableSet]) -> Self {
        let present = current(record, sets).map(|set| set.number);
        let stable = sets.iter().filter(|set| set.is_whole()).map(|set| stable(set, present));
        let mut revisions: Vec<PastView> = stable.chain(record.failed.iter().map(failed)).collect();
        revisions.sort_by_key(|past| std::cmp::Reverse(past.at));
        let pinned = record.pin.as_ref().map(PinView::of);
        Self { stack: stack.to_string(), pinned, revisions }
    }
}

fn stable(set: &StableSet, present: Option<u32>) -> PastView {
    PastView {
        revision: set.revision.to_string(),
        state: "stable",
        at: set.at,
        content: Some(set.content.as_str().to_owned()),
        current: present == Some(set.number),
        why: None,
    }
}

fn failed(failed: &FailedRevision) -> PastView {
    PastView {
        revision: failed.revision.to_string(),
        state: "failed",
        at: failed.at,
        content: None,
        current: false,
        why: Some(format!("{}: {}", failed.service, failed.why)),
    }
}
