//! Objects that several stacks declare by one name.

use std::collections::{BTreeMap, BTreeSet};

use super::Claim;
use crate::model::{Desired, Inventory, Kind, ObjectRef, StackName};

/// Which stacks declare networks, secrets and configs, by full name. An explicit `name:` may stand
/// in several of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<ObjectRef, BTreeSet<StackName>>);

impl Claims {
    /// What the declarations say, and of stacks whose declaration can't be read what they had.
    #[must_use]
    pub fn new<'a>(
        desired: &Desired,
        unread: impl Iterator<Item = (&'a StackName, &'a Inventory)>,
    ) -> Self {
        let mut claims = Self::default();
        for (name, stack) in &desired.stacks {
            let networks = stack.networks.keys().map(|object| (Kind::Network, object));
            let secrets = stack.secrets.keys().map(|object| (Kind::Secret, object));
            let configs = stack.configs.keys().map(|object| (Kind::Config, object));
            claims.add(name, networks.chain(secrets).chain(configs));
        }
        for (name, inventory) in unread {
            let known = inventory.iter().flat_map(|(kind, ids)| ids.keys().map(|id| (*kind, id)));
            claims.add(name, known);
        }
        claims
    }

    fn add<'a>(&mut self, stack: &StackName, objects: impl Iterator<Item = (Kind, &'a String)>) {
        for (kind, name) in objects {
            self.0.entry(ObjectRef::new(kind, name)).or_default().insert(stack.clone());
        }
    }

    /// Whether a stack declares an object.
    #[must_use]
    pub fn has(&self, claim: Claim<'_>, stack: &str) -> bool {
        let stacks = self.0.get(&ObjectRef::new(claim.kind, claim.name));
        stacks.is_some_and(|stacks| stacks.iter().any(|name| name.as_str() == stack))
    }

    /// Whether another stack declares an object.
    #[must_use]
    pub fn elsewhere(&self, object: &ObjectRef, stack: &StackName) -> bool {
        self.0.get(object).is_some_and(|stacks| stacks.iter().any(|name| name != stack))
    }
}
