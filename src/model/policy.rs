//! What the author of a service or stack wants skep to do by itself, and what not.

use serde::{Deserialize, Serialize};

use super::desired::{ApprovalPolicy, StackPolicy};
use super::window::Window;

/// What becomes of an object that left its declaration.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum PrunePolicy {
    /// It is removed, with all guards of a removal.
    #[default]
    Auto,
    /// It is removed once a person says yes.
    Confirm,
    /// It stays until somebody removes it by hand.
    Never,
}

impl PrunePolicy {
    /// Whether it is the one that holds without any.
    #[must_use]
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

/// What is wanted otherwise for a service than for its stack; `None` is as the stack says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServicePolicy {
    /// Writes to it are stopped by the declaration, with this reason.
    pub suspend: Option<String>,
    /// Who says yes to what is planned for it.
    pub approval: Option<ApprovalPolicy>,
    /// When it is written; an empty list is at all times.
    pub windows: Option<Vec<Window>>,
    /// What becomes of it when it leaves its declaration.
    pub prune: Option<PrunePolicy>,
}

/// What of a policy has to outlast its declaration: it says how the removal goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptPolicy {
    /// Who says yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalPolicy>,
    /// When it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<Vec<Window>>,
    /// Whether it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prune: Option<PrunePolicy>,
}

impl KeptPolicy {
    /// True when there is nothing to keep.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl From<&StackPolicy> for KeptPolicy {
    fn from(policy: &StackPolicy) -> Self {
        Self {
            approval: Some(policy.approval).filter(|policy| *policy != ApprovalPolicy::Automatic),
            windows: Some(policy.windows.clone()).filter(|windows| !windows.is_empty()),
            prune: Some(policy.prune).filter(|policy| !policy.is_auto()),
        }
    }
}

impl From<&ServicePolicy> for KeptPolicy {
    fn from(policy: &ServicePolicy) -> Self {
        let ServicePolicy { suspend: _, approval, windows, prune } = policy.clone();
        Self { approval, windows, prune }
    }
}

impl From<&KeptPolicy> for StackPolicy {
    fn from(kept: &KeptPolicy) -> Self {
        let KeptPolicy { approval, windows, prune } = kept.clone();
        Self {
            approval: approval.unwrap_or_default(),
            windows: windows.unwrap_or_default(),
            prune: prune.unwrap_or_default(),
            ..Self::default()
        }
    }
}

impl From<&KeptPolicy> for ServicePolicy {
    fn from(kept: &KeptPolicy) -> Self {
        let KeptPolicy { approval, windows, prune } = kept.clone();
        Self { suspend: None, approval, windows, prune }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Schedule, WindowKind, Zone};

    #[test]
    fn what_is_kept_comes_back_as_it_was() {
        let window = Window {
            kind: WindowKind::Deny,
            schedule: Schedule::parse("0 22 * * mon-fri").expect("a schedule"),
            duration: jiff::SignedDuration::from_hours(6),
            zone: Zone::named("Europe/Berlin").expect("a zone"),
        };
        let policy = StackPolicy {
            approval: ApprovalPolicy::Manual,
            windows: vec![window],
            prune: PrunePolicy::Confirm,
            ..StackPolicy::default()
        };
        let json = serde_json::to_string(&KeptPolicy::from(&policy)).expect("JSON");
        insta::assert_snapshot!(json, @r#"{"approval":"manual","windows":[{"kind":"deny","schedule":"0 22 * * 1-5","duration":"PT6H","zone":"Europe/Berlin"}],"prune":"confirm"}"#);
        let kept: KeptPolicy = serde_json::from_str(&json).expect("what was written");
        assert_eq!(StackPolicy::from(&kept), policy);
        let nothing = serde_json::to_string(&KeptPolicy::from(&StackPolicy::default()));
        assert_eq!(nothing.expect("JSON"), "{}");
    }
}
