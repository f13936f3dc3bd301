//! Whose an object is.

mod claims;
mod labels;

pub use claims::Claims;
pub use labels::{
    HASH_LABEL, HOLD_LABEL, IMAGE_LABEL, KEEP_LABEL, NAMESPACE_LABEL, OWNER_LABEL, owner_label,
};

use super::change::Owner;
use crate::model::engine::StringMap;
use crate::model::{Instance, Inventory, Kind, StackName};

/// Tells whose objects are, for one stack.
#[derive(Debug, Clone, Copy)]
pub struct Owners<'a> {
    /// The instance that asks.
    pub instance: &'a Instance,
    /// The stack that declares.
    pub stack: &'a StackName,
    /// What the ledger knows to be ours.
    pub inventory: &'a Inventory,
    /// What all stacks declare.
    pub claims: &'a Claims,
}

/// An object, as far as ownership goes.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Kind.
    pub kind: Kind,
    /// Full name.
    pub name: &'a str,
    /// Id.
    pub id: &'a str,
    /// Labels.
    pub labels: &'a StringMap,
}

impl Owners<'_> {
    /// Whose it is. An owner label counts only when it names the object itself: a copied label
    /// proves nothing.
    #[must_use]
    pub fn of(&self, claim: Claim<'_>) -> Owner {
        let listed = self.inventory.get(&claim.kind).and_then(|names| names.get(claim.name));
        let namespace = claim.labels.get(NAMESPACE_LABEL).map(String::as_str);
        let label = claim.labels.get(OWNER_LABEL);
        let expected = owner_label(self.instance, claim.kind, claim.name);
        if claim.kind == Kind::Service
            && let Some(keeper) = self.keeper(claim)
        {
            return Owner::Theirs(self.claims.both(claim, (keeper, self.stack.as_str())));
        }
        if label == Some(&expected) || listed.is_some_and(|id| id == claim.id) {
            return Owner::Ours;
        }
        match (label, namespace) {
            (Some(label), _) if !is_copied(label, claim) => Owner::Theirs(label.clone()),
            // docker gives an object that two stacks name to the one that was deployed last.
            (_, Some(namespace))
                if namespace == self.stack.as_str() || self.claims.has(claim, namespace) =>
            {
                Owner::Unowned
            }
            (_, Some(namespace)) => Owner::Theirs(format!("the stack {namespace}")),
            (_, None) => Owner::Theirs("somebody without a stack".to_owned()),
        }
    }
}

impl Owners<'_> {
    /// The stack whose label an object carries, when that one declares it too: the label stays.
    #[must_use]
    pub fn sharer<'l>(&self, claim: Claim<'l>) -> Option<&'l str> {
        let stack = claim.labels.get(NAMESPACE_LABEL)?;
        self.claims.has(claim, stack).then_some(stack.as_str())
    }

    /// The other stack that has an object which both declare. It may be shared as it is there; where
    /// the declarations differ, that one's counts.
    #[must_use]
    pub fn keeper<'l>(&self, claim: Claim<'l>) -> Option<&'l str> {
        self.sharer(claim).filter(|stack| *stack != self.stack.as_str())
    }
}

/// True when an owner label speaks of another object than the one that carries it.
fn is_copied(label: &str, claim: Claim<'_>) -> bool {
    !label.ends_with(&format!("/{}/{}", claim.kind, claim.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(labels: &[(&str, &str)], inventory: &Inventory) -> Owner {
        let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let (instance, stack) = (Instance::default(), StackName::new("shop").expect("a name"));
        let owners =
            Owners { instance: &instance, stack: &stack, inventory, claims: &Claims::default() };
        owners.of(Claim { kind: Kind::Service, name: "shop_web", id: "i1", labels: &labels })
    }

    #[test]
    fn the_label_counts_only_for_the_object_that_it_names() {
        let none = Inventory::new();
        assert_eq!(owner(&[(OWNER_LABEL, "skep/service/shop_web")], &none), Owner::Ours);
        let copied = [(OWNER_LABEL, "skep/service/shop_api"), (NAMESPACE_LABEL, "shop")];
        assert_eq!(owner(&copied, &none), Owner::Unowned);
        let copied_elsewhere = [(OWNER_LABEL, "skep/service/shop_api")];
        assert!(matches!(owner(&copied_elsewhere, &none), Owner::Theirs(_)));
        let other = [(OWNER_LABEL, "blue/service/shop_web"), (NAMESPACE_LABEL, "shop")];
        assert_eq!(owner(&other, &none), Owner::Theirs("blue/service/shop_web".into()));
    }

    #[test]
    fn the_inventory_counts_by_id_and_not_by_name() {
        let listed = |id: &str| {
            Inventory::from([(Kind::Service, [("shop_web".to_owned(), id.to_owned())].into())])
        };
        assert_eq!(owner(&[], &listed("i1")), Owner::Ours);
        assert!(matches!(owner(&[], &listed("i2")), Owner::Theirs(_)));
    }
}
