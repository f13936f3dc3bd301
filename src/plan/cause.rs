//! Who made something differ: git or somebody's hand.
//!
//! The ledger knows the hash of what was written last. A declaration that still has it did not
//! move; a live spec that still has it was not touched.

use std::sync::Arc;

use super::{Action, Cause, CausedField, Differing, Drift};
use crate::diff::fields::is_loose;
use crate::diff::{FieldChange, ServiceChange};
use crate::model::{Kind, ObjectRef, ServiceRecord, SpecHash};

/// A service's drift with causes; `None` when nothing differs.
pub(super) fn service_drift(
    change: &ServiceChange,
    record: Option<&ServiceRecord>,
) -> Option<Drift> {
    let object = ObjectRef::new(Kind::Service, &change.name);
    let Some(live) = &change.live else {
        let cause =
            if written(record).is_some() { Cause::ChangedByHand } else { Cause::NeverApplied };
        let differing = Differing::Everywhere(change.wanted.shared());
        return Some(Drift { object, action: Action::Create, differing, cause });
    };
    if change.fields.is_empty() {
        return None;
    }
    let tight = moved(written(record), &change.hash, &live.hash);
    let loose = moved(record.and_then(|r| r.loose.as_ref()), &change.loose, &live.loose);
    let of = |path: &str| if is_loose(path) { loose } else { tight };
    let mut causes = change.fields.iter().map(|field| of(&field.path));
    let first = causes.next().unwrap_or(tight);
    let cause = causes.fold(first, |all, one| if all == one { all } else { Cause::Both });
    let caused = |field: &Arc<FieldChange>| CausedField {
        change: Arc::clone(field),
        cause: of(&field.path),
    };
    let differing = Differing::In(change.fields.iter().map(caused).collect());
    Some(Drift { object, action: Action::Update, differing, cause })
}

fn written(record: Option<&ServiceRecord>) -> Option<&SpecHash> {
    record.and_then(|record| record.attempted.as_ref())
}

fn moved(written: Option<&SpecHash>, wanted: &SpecHash, live: &SpecHash) -> Cause {
    match written {
        None => Cause::NeverApplied,
        Some(hash) if hash == wanted => Cause::ChangedByHand,
        Some(hash) if hash == live => Cause::GitMoved,
        Some(_) => Cause::Both,
    }
}
