//! Comparisons of the last pass. Comparing is most of what a pass costs, and it would come out the
//! same while neither the swarm, nor the answers of registries, nor a declaration moved.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diff::StackChanges;
use crate::model::engine::Service;
use crate::model::{Desired, DesiredStack, Images, Observed, StackName};

/// What was compared last, and what came of it. Ledgers and the key of hashes are among the
/// configs of a look, so nothing else has a say.
#[derive(Debug, Default)]
pub(super) struct Comparisons {
    world: Option<(Observed, Images)>,
    changes: BTreeMap<StackName, Compared>,
}

#[derive(Debug)]
struct Compared {
    desired: Option<Arc<DesiredStack>>,
    changes: Arc<StackChanges>,
}

impl Comparisons {
    /// Forgets all that does not hold for this look and these answers.
    pub(super) fn begin(&mut self, observed: &Observed, images: &Images) {
        let holds =
            |(before, asked): &(Observed, Images)| is_same(before, observed) && asked == images;
        if !self.world.as_ref().is_some_and(holds) {
            *self = Self::default();
        }
    }

    /// The comparison of a stack with its declaration, or with none, if it is known.
    pub(super) fn get(
        &self,
        stack: &StackName,
        desired: Option<&Arc<DesiredStack>>,
    ) -> Option<Arc<StackChanges>> {
        let known = self.changes.get(stack)?;
        let same = match (&known.desired, desired) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (None, None) => true,
            _ => false,
        };
        same.then(|| Arc::clone(&known.changes))
    }

    /// Keeps what was compared in this pass. Whether something is still used depends on tasks,
    /// which move without the rest: such a comparison is made anew.
    pub(super) fn keep<'a>(
        &mut self,
        desired: &Desired,
        compared: impl Iterator<Item = &'a Arc<StackChanges>>,
    ) {
        let settled = compared.filter(|changes| changes.leftovers.is_empty()).map(|changes| {
            let desired = desired.stacks.get(&changes.stack).cloned();
            (changes.stack.clone(), Compared { desired, changes: Arc::clone(changes) })
        });
        self.changes = settled.collect();
    }

    /// Ends a pass: what it saw is what the comparisons hold for.
    pub(super) fn end(&mut self, observed: Observed, images: Images) {
        self.world = Some((observed, images));
    }
}

/// Whether a comparison can't tell two looks apart.
fn is_same(before: &Observed, now: &Observed) -> bool {
    let services = || before.services.iter().zip(&now.services);
    let alike = |a: &Arc<Service>, b: &Arc<Service>| Arc::ptr_eq(a, b) || a == b;
    before.services.len() == now.services.len()
        && services().all(|((old, a), (new, b))| old == new && alike(a, b))
        && before.engine == now.engine
        && before.networks == now.networks
        && before.secrets == now.secrets
        && before.configs == now.configs
        && before.nodes == now.nodes
        && before.gaps == now.gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Leftover, LeftoverKind};
    use crate::model::engine::{Node, Version};
    use crate::model::{ApiVersion, Engine, Kind, ObjectRef, Target, Wholeness};

    fn observed(version: u64) -> Observed {
        let version = Version { index: version };
        let service = Service { id: "s1".to_owned(), version, ..Service::default() };
        Observed {
            at: jiff::Timestamp::UNIX_EPOCH,
            engine: Engine {
                version: "27.0.1".to_owned(),
                api: ApiVersion::v1(41),
                cluster: "c".to_owned(),
                node: "n".to_owned(),
            },
            services: BTreeMap::from([("shop_web".to_owned(), Arc::new(service))]),
            tasks: BTreeMap::new(),
            networks: BTreeMap::new(),
            secrets: BTreeMap::new(),
            configs: BTreeMap::new(),
            nodes: BTreeMap::new(),
            gaps: std::collections::BTreeSet::new(),
        }
    }

    fn stack() -> StackName {
        StackName::new("shop").expect("a name")
    }

    fn changes(leftovers: Vec<Leftover>) -> Arc<StackChanges> {
        Arc::new(StackChanges {
            stack: stack(),
            wholeness: Wholeness::Whole,
            networks: Vec::new(),
            data: Vec::new(),
            services: Vec::new(),
            leftovers,
        })
    }

    /// Whether a comparison with version 1 of a service is still known at a look.
    fn check(leftovers: Vec<Leftover>, now: &Observed) -> bool {
        let mut compared = Comparisons::default();
        compared.begin(&observed(1), &Images::default());
        compared.keep(&Desired::default(), [changes(leftovers)].iter());
        compared.end(observed(1), Images::default());
        compared.begin(now, &Images::default());
        compared.get(&stack(), None).is_some()
    }

    #[test]
    fn a_comparison_holds_until_something_that_it_looked_at_moves() {
        assert!(check(Vec::new(), &observed(1)));
        assert!(!check(Vec::new(), &observed(2)), "a service was written");
        let mut more = observed(1);
        more.services.insert("shop_api".to_owned(), Arc::default());
        assert!(!check(Vec::new(), &more), "a service came");
        let mut nodes = observed(1);
        nodes.nodes.insert("n".to_owned(), Node::default());
        assert!(!check(Vec::new(), &nodes), "a node came");
    }

    #[test]
    fn whether_an_old_version_is_used_is_asked_each_time() {
        let why = LeftoverKind::Superseded { used: crate::diff::Used::Still };
        let target = Target {
            name: "shop_motd".to_owned(),
            id: "c1".to_owned(),
            version: Version::default(),
        };
        let object = ObjectRef::new(Kind::Config, "shop_motd");
        assert!(!check(vec![Leftover { object, target, why }], &observed(1)));
    }
}
