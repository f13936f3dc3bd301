//! Objects of ours that are not declared any more, and versions that were superseded.

use std::collections::BTreeSet;

use super::data::is_version_of;
use crate::diff::change::{DataChange, Leftover, LeftoverKind, Owner, Used};
use crate::diff::hook::RUN_LABEL;
use crate::diff::owner::{Claim, Owners};
use crate::diff::snapshot::{LiveObject, View};
use crate::model::{Kind, LedgerRecord, ObjectRef, PrunePolicy, SLOT_LABEL};

/// What a stack declares, as far as leftovers go.
pub struct Declared<'a> {
    /// Whose things are.
    pub owners: Owners<'a>,
    /// Engine names of everything that is declared.
    pub names: BTreeSet<ObjectRef>,
    /// Secrets and configs as they were placed.
    pub data: &'a [DataChange],
    /// What the ledger remembers of it.
    pub record: &'a LedgerRecord,
    /// What becomes of what left it.
    pub prune: PrunePolicy,
}

impl Declared<'_> {
    /// Finds what is left over of the stack.
    #[must_use]
    pub fn leftovers(&self, view: &View<'_>) -> Vec<Leftover> {
        let stack = self.owners.stack;
        let wanted = |object: &ObjectRef| {
            self.names.contains(object) || self.owners.claims.elsewhere(object, stack)
        };
        let labelled = view.of_stack(stack.as_str());
        // What another stack shared with this one carries that one's label.
        let mut shared = view.listed(self.owners.inventory);
        shared.retain(|object| object.stack() != Some(stack.as_str()));
        let mut left: Vec<Leftover> = labelled
            .iter()
            .chain(&shared)
            .filter(|object| !wanted(&object.object) && self.is_ours(object))
            .filter(|object| !self.is_kept_version(object, view))
            .map(|object| self.leftover(object, view))
            .collect();
        left.sort_by(|a, b| a.object.cmp(&b.object));
        left
    }

    fn is_ours(&self, object: &LiveObject<'_>) -> bool {
        let owner = self.owners.of(Claim {
            kind: object.object.kind,
            name: &object.object.name,
            id: &object.target.id,
            labels: object.labels,
        });
        owner == Owner::Ours
    }

    /// Versions that a rollback may need are not told of: that there are some is as it should be.
    fn is_kept_version(&self, object: &LiveObject<'_>, view: &View<'_>) -> bool {
        view.is_kept(&object.object) && self.is_version(&object.object)
    }

    fn leftover(&self, object: &LiveObject<'_>, view: &View<'_>) -> Leftover {
        let why = if self.is_version(&object.object) {
            let used = view.is_used(&object.target.id);
            LeftoverKind::Superseded { used: if used { Used::Still } else { Used::NoMore } }
        } else {
            LeftoverKind::Undeclared
        };
        let (object, target) = (object.object.clone(), object.target.clone());
        let run_of = run_of(&object, view);
        let prune = self.prune_of(&object, run_of.as_ref());
        Leftover { object, target, why, prune, run_of }
    }

    /// A service may have a policy of its own; all else goes by that of the stack.
    fn prune_of(&self, object: &ObjectRef, run_of: Option<&String>) -> PrunePolicy {
        let service = || self.record.services.get(&object.name).map(|service| &service.policy);
        let own = match run_of {
            Some(job) => self.record.jobs.get(job).map(|job| &job.policy),
            None => service().filter(|_| object.kind == Kind::Service),
        };
        own.and_then(|policy| policy.prune).unwrap_or(self.prune)
    }

    /// True when the object is another version of something that is still declared.
    fn is_version(&self, object: &ObjectRef) -> bool {
        self.data
            .iter()
            .filter(|data| data.object.kind == object.kind)
            .any(|data| is_version_of(&object.name, &data.declared))
    }
}

/// The job that a service is a run of, if a schedule began it.
fn run_of(object: &ObjectRef, view: &View<'_>) -> Option<String> {
    let service = view.observed.services.get(&object.name);
    let labels = &service.filter(|_| object.kind == Kind::Service)?.spec.labels;
    labels.get(SLOT_LABEL)?;
    labels.get(RUN_LABEL).cloned()
}
