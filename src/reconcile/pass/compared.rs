//! Comparisons of the last pass. Comparing is most of what a pass costs, and it would come out the
//! same while neither the swarm, nor the answers of registries, nor a declaration moved. A service
//! that moved concerns the stacks that declare its name and those that its label names; anything
//! else that moved may concern all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diff::{Claims, NAMESPACE_LABEL, StackChanges};
use crate::model::engine::Service;
use crate::model::{Desired, DesiredStack, Images, Observed, StackName};

type Services = BTreeMap<String, Arc<Service>>;

/// What was compared last, and what came of it. Ledgers and the key of hashes are among the
/// configs of a look, so nothing else has a say.
#[derive(Debug, Default)]
pub(super) struct Comparisons {
    world: Option<(Observed, Images)>,
    claims: Claims,
    changes: BTreeMap<StackName, Compared>,
}

#[derive(Debug)]
struct Compared {
    desired: Option<Arc<DesiredStack>>,
    changes: Arc<StackChanges>,
}

impl Comparisons {
    /// Forgets all that does not hold for this look, these answers and these declarations.
    pub(super) fn begin(&mut self, observed: &Observed, images: &Images, claims: &Claims) {
        if self.claims != *claims {
            *self = Self { claims: claims.clone(), ..Self::default() };
        }
        let holds = |(before, asked): &&(Observed, Images)| {
            is_same_beside_services(before, observed) && asked == images
        };
        let Some((before, _)) = self.world.as_ref().filter(holds) else {
            *self = Self { claims: claims.clone(), ..Self::default() };
            return;
        };
        let moved = Moved::between(before, observed);
        self.changes.retain(|stack, compared| !moved.concerns(stack, compared.desired.as_deref()));
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

    /// Ends a pass: what it saw is what the comparisons hold for. Those of the stacks that it
    /// wrote to are of no use any more.
    pub(super) fn end<'a>(
        &mut self,
        (observed, images): (Observed, Images),
        written: impl Iterator<Item = &'a StackName>,
    ) {
        written.for_each(|stack| drop(self.changes.remove(stack)));
        self.world = Some((observed, images));
    }
}

/// Services that are not what they were, by what connects stacks with them.
#[derive(Debug, Default)]
struct Moved<'a> {
    names: BTreeSet<&'a str>,
    namespaces: BTreeSet<&'a str>,
}

impl<'a> Moved<'a> {
    fn between(before: &'a Observed, now: &'a Observed) -> Self {
        let mut moved = Self::default();
        moved.add(&before.services, &now.services);
        moved.add(&now.services, &before.services);
        moved
    }

    /// Adds those of one look that the other does not show like this.
    fn add(&mut self, these: &'a Services, others: &Services) {
        for (name, service) in these {
            let alike = |other: &Arc<Service>| Arc::ptr_eq(service, other) || service == other;
            if !others.get(name).is_some_and(alike) {
                self.names.insert(name);
                self.namespaces
                    .extend(service.spec.labels.get(NAMESPACE_LABEL).map(String::as_str));
            }
        }
    }

    fn concerns(&self, stack: &StackName, desired: Option<&DesiredStack>) -> bool {
        let declared = |name: &&str| desired.is_some_and(|s| s.services.contains_key(*name));
        self.namespaces.contains(stack.as_str()) || self.names.iter().any(declared)
    }
}

/// Whether a comparison can't tell the rest of two looks apart.
fn is_same_beside_services(before: &Observed, now: &Observed) -> bool {
    before.engine == now.engine
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
        let mut service = Service { id: "s1".to_owned(), version, ..Service::default() };
        service.spec.labels.insert(NAMESPACE_LABEL.to_owned(), "shop".to_owned());
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

    fn stack(name: &str) -> StackName {
        StackName::new(name).expect("a name")
    }

    fn changes(name: &str, leftovers: Vec<Leftover>) -> Arc<StackChanges> {
        Arc::new(StackChanges {
            stack: stack(name),
            wholeness: Wholeness::Whole,
            networks: Vec::new(),
            data: Vec::new(),
            services: Vec::new(),
            unmade: BTreeMap::new(),
            hooks: None,
            runs: Vec::new(),
            jobs: Vec::new(),
            leftovers,
        })
    }

    /// Whether comparisons of the stacks shop and tools are still known at a look after another.
    fn known(before: Observed, leftovers: Vec<Leftover>, now: &Observed) -> [bool; 2] {
        let mut compared = Comparisons::default();
        compared.begin(&before, &Images::default(), &Claims::default());
        let made = [changes("shop", leftovers), changes("tools", Vec::new())];
        compared.keep(&Desired::default(), made.iter());
        compared.end((before, Images::default()), std::iter::empty());
        compared.begin(now, &Images::default(), &Claims::default());
        ["shop", "tools"].map(|name| compared.get(&stack(name), None).is_some())
    }

    fn of_stack(version: u64, namespace: &str) -> Arc<Service> {
        let mut service = Service { version: Version { index: version }, ..Service::default() };
        service.spec.labels.insert(NAMESPACE_LABEL.to_owned(), namespace.to_owned());
        Arc::new(service)
    }

    #[test]
    fn a_comparison_holds_until_something_that_it_looked_at_moves() {
        let check = |now: &Observed| known(observed(1), Vec::new(), now);
        assert_eq!(check(&observed(1)), [true, true]);
        assert_eq!(check(&observed(2)), [false, true], "a service of the shop was written");
        let mut more = observed(1);
        more.services.insert("shop_api".to_owned(), of_stack(1, "tools"));
        assert_eq!(check(&more), [true, false], "a service of the tools came");
        let mut taken = observed(1);
        taken.services.insert("shop_web".to_owned(), of_stack(2, "tools"));
        assert_eq!(check(&taken), [false, false], "a service went over to the tools");
        let mut gone = observed(1);
        gone.services.clear();
        assert_eq!(check(&gone), [false, true], "a service of the shop went");
        let mut nodes = observed(1);
        nodes.nodes.insert("n".to_owned(), Node::default());
        assert_eq!(check(&nodes), [false, false], "a node came");
    }

    #[test]
    fn a_service_that_a_stack_declares_concerns_it_whatever_its_labels_say() {
        let image: crate::model::ImageRef = "a".parse().expect("an image");
        let service = crate::model::DesiredService {
            spec: crate::model::engine::ServiceSpec::default(),
            image,
            pull: crate::model::PullPolicy::default(),
            replicas: crate::model::Replicas::default(),
            rank: crate::model::Rank::default(),
            limit: None,
            depends_on: BTreeMap::new(),
            rollout: crate::model::RolloutPolicy::default(),
            recreate: crate::model::RecreatePolicy::default(),
            ignore: crate::model::FieldRules::default(),
            reveal: crate::model::FieldRules::default(),
            policy: crate::model::ServicePolicy::default(),
            place: crate::model::Place::default(),
        };
        let desired = DesiredStack {
            name: stack("shop"),
            source: crate::model::SourceName::new("root").expect("a name"),
            files: Vec::new(),
            wholeness: Wholeness::Whole,
            policy: crate::model::StackPolicy::default(),
            networks: BTreeMap::new(),
            secrets: BTreeMap::new(),
            configs: BTreeMap::new(),
            services: BTreeMap::from([("plain".to_owned(), Arc::new(service))]),
            jobs: BTreeMap::new(),
            unmade: BTreeMap::new(),
            content: None,
            external: [].into(),
        };
        let mut now = observed(1);
        now.services.insert("plain".to_owned(), Arc::default());
        let before = observed(1);
        let moved = Moved::between(&before, &now);
        assert!(moved.concerns(&stack("shop"), Some(&desired)));
        assert!(!moved.concerns(&stack("shop"), None));
    }

    #[test]
    fn what_was_written_to_is_compared_anew() {
        let mut compared = Comparisons::default();
        compared.begin(&observed(1), &Images::default(), &Claims::default());
        compared.keep(&Desired::default(), [changes("shop", Vec::new())].iter());
        compared.end((observed(1), Images::default()), [stack("shop")].iter());
        compared.begin(&observed(1), &Images::default(), &Claims::default());
        assert_eq!(compared.get(&stack("shop"), None), None);
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
        let left = vec![Leftover {
            object,
            target,
            why,
            prune: crate::model::PrunePolicy::Auto,
            run_of: None,
        }];
        assert_eq!(known(observed(1), left, &observed(1)), [false, true]);
    }
}
