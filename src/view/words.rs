//! Words for causes and actions, the same in all renderings.

use crate::plan::{Action, Cause};

/// Who made something differ.
#[must_use]
pub fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::GitMoved => "git moved",
        Cause::ChangedByHand => "changed by hand",
        Cause::Both => "git moved and changed by hand",
        Cause::NeverApplied => "never applied",
    }
}

/// What has to happen to an object.
#[must_use]
pub fn action(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Recreate => "make anew",
        Action::Adopt => "take over",
        Action::Remove => "remove",
    }
}
