//! Objects that several stacks declare by one name.

use std::collections::{BTreeMap, BTreeSet};

use super::Claim;
use crate::model::{Desired, DesiredStack, Inventory, Kind, ObjectRef, Place, StackName};

/// Which stacks declare networks, secrets and configs, by full name, and where. An explicit `name:`
/// may stand in several of them. Of services only those whose name comes out of two stacks: of `b_c`
/// in the stack `a`, and of `c` in `a_b`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<ObjectRef, BTreeMap<StackName, String>>);

impl Claims {
    /// What the declarations say, and of stacks whose declaration can't be read what they had.
    #[must_use]
    pub fn new<'a>(
        desired: &Desired,
        unread: impl Iterator<Item = (&'a StackName, &'a Inventory)>,
    ) -> Self {
        let mut claims = Self::default();
        for stack in desired.stacks.values() {
            let networks =
                stack.networks.iter().map(|(n, object)| (Kind::Network, n, &object.place));
            let secrets = stack.secrets.iter().map(|(n, object)| (Kind::Secret, n, &object.place));
            let configs = stack.configs.iter().map(|(n, object)| (Kind::Config, n, &object.place));
            for (kind, name, place) in networks.chain(secrets).chain(configs) {
                claims.add(ObjectRef::new(kind, name), stack, place);
            }
        }
        for name in twice(desired) {
            for stack in desired.stacks.values() {
                let service = stack.services.get(name);
                let object = || ObjectRef::new(Kind::Service, name);
                service.inspect(|service| claims.add(object(), stack, &service.place));
            }
        }
        for (stack, inventory) in unread {
            let known = inventory.iter().flat_map(|(kind, ids)| ids.keys().map(|id| (*kind, id)));
            for (kind, name) in known {
                let stacks = claims.0.entry(ObjectRef::new(kind, name)).or_default();
                stacks.insert(stack.clone(), "its declaration can't be read".to_owned());
            }
        }
        claims
    }

    fn add(&mut self, object: ObjectRef, stack: &DesiredStack, place: &Place) {
        let text = format!("source {}, {}", stack.source, place.file);
        self.0.entry(object).or_default().insert(stack.name.clone(), text);
    }

    /// Whether a stack declares an object.
    #[must_use]
    pub fn has(&self, claim: Claim<'_>, stack: &str) -> bool {
        let stacks = self.0.get(&ObjectRef::new(claim.kind, claim.name));
        stacks.is_some_and(|stacks| stacks.contains_key(stack))
    }

    /// Whether another stack declares an object.
    #[must_use]
    pub fn elsewhere(&self, object: &ObjectRef, stack: &StackName) -> bool {
        self.0.get(object).is_some_and(|stacks| stacks.keys().any(|name| name != stack))
    }

    /// Who keeps an object that two stacks declare, for the one that does not get it: both places.
    #[must_use]
    pub fn both(&self, claim: Claim<'_>, (keeper, other): (&str, &str)) -> String {
        let stacks = self.0.get(&ObjectRef::new(claim.kind, claim.name));
        let place = |stack: &str| {
            let text = stacks.and_then(|stacks| stacks.get(stack));
            text.map_or_else(String::new, |text| format!(" ({text})"))
        };
        let (theirs, ours) = (place(keeper), place(other));
        format!("the stack {keeper}{theirs}; what {other} declares{ours} is not used")
    }
}

/// Names of services that two stacks come to.
fn twice(desired: &Desired) -> BTreeSet<&str> {
    let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
    for name in desired.stacks.values().flat_map(|stack| stack.services.keys()) {
        // Only a name in which a second underscore divides can come out of two stacks.
        if name.matches('_').nth(1).is_some() && !seen.insert(name.as_str()) {
            twice.insert(name.as_str());
        }
    }
    twice
}
