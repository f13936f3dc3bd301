//! Objects of ours that are not declared any more, and versions that were superseded.

use std::collections::BTreeSet;

use super::change::{DataChange, Leftover, LeftoverKind, Owner, Used};
use super::data::Versions;
use super::owner::{Claim, Owners};
use super::snapshot::{LiveObject, View};
use crate::model::{Kind, ObjectRef};

/// What a stack declares, as far as leftovers go.
pub struct Declared<'a> {
    /// Whose things are.
    pub owners: Owners<'a>,
    /// Engine names of everything that is declared.
    pub names: BTreeSet<ObjectRef>,
    /// Secrets and configs as they were placed.
    pub data: &'a [DataChange],
}

impl Declared<'_> {
    /// Finds what is left over of the stack.
    #[must_use]
    pub fn leftovers(&self, view: &View<'_>) -> Vec<Leftover> {
        let labelled = view.of_stack(self.owners.stack.as_str());
        let mut left: Vec<Leftover> = labelled
            .iter()
            .filter(|object| !self.names.contains(&object.object) && self.is_ours(object))
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

    fn leftover(&self, object: &LiveObject<'_>, view: &View<'_>) -> Leftover {
        let why = if self.is_version(&object.object, view) {
            let used = view.is_used(&object.target.id);
            LeftoverKind::Superseded { used: if used { Used::Still } else { Used::NoMore } }
        } else {
            LeftoverKind::Undeclared
        };
        Leftover { object: object.object.clone(), target: object.target.clone(), why }
    }

    /// True when the object is another version of something that is still declared.
    fn is_version(&self, object: &ObjectRef, view: &View<'_>) -> bool {
        let live = match object.kind {
            Kind::Secret => &view.secrets,
            Kind::Config => &view.configs,
            Kind::Network | Kind::Service => return false,
        };
        let versions = Versions { kind: object.kind, live, owners: self.owners, key: None };
        self.data
            .iter()
            .filter(|data| data.object.kind == object.kind)
            .any(|data| versions.is_version_of(&object.name, &data.declared))
    }
}
