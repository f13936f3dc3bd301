//! Comparisons of the last pass, and what they asked registries. Comparing is most of what a pass
//! costs, and it would come out the same while neither the swarm, nor the answers of registries, nor
//! a declaration moved. A service that moved concerns the stacks that declare its name and those that
//! its label names; anything else that moved may concern all.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diff::{Claims, NAMESPACE_LABEL, StackChanges};
use crate::model::engine::Service;
use crate::model::{Desired, DesiredStack, ImageRef, Images, Observed, StackName};

type Named<'a> = (&'a String, &'a Arc<Service>);

/// What was compared last, and what came of it. Ledgers and the key of hashes are among the
/// configs of a look, so nothing else has a say.
#[derive(Debug, Default)]
pub(super) struct Comparisons {
    world: Option<Observed>,
    claims: Claims,
    questions: BTreeMap<StackName, Asked>,
    images: Images,
    changes: BTreeMap<StackName, Compared>,
}

/// What a stack asks registries; whatever they answer.
#[derive(Debug)]
struct Asked {
    desired: Arc<DesiredStack>,
    images: BTreeSet<ImageRef>,
}

#[derive(Debug)]
struct Compared {
    desired: Option<Arc<DesiredStack>>,
    changes: Arc<StackChanges>,
}

impl Comparisons {
    /// Forgets all that does not hold for this look and these declarations.
    pub(super) fn begin(&mut self, observed: &Observed, claims: &Claims) {
        let world = self.world.as_ref().filter(|before| is_same_beside_services(before, observed));
        let Some(before) = world.filter(|_| self.claims == *claims) else {
            *self = Self { claims: claims.clone(), ..Self::default() };
            return;
        };
        let moved = Moved::between(before, observed);
        self.questions.retain(|stack, asked| !moved.concerns(stack, Some(&asked.desired)));
        self.changes.retain(|stack, compared| !moved.concerns(stack, compared.desired.as_deref()));
    }

    /// What a stack asks registries, as far as that is known.
    pub(super) fn asks(&self, desired: &Arc<DesiredStack>) -> Option<&BTreeSet<ImageRef>> {
        let asked = self.questions.get(&desired.name)?;
        Arc::ptr_eq(&asked.desired, desired).then_some(&asked.images)
    }

    /// Forgets comparisons that do not hold for these answers of registries.
    pub(super) fn answered(&mut self, images: &Images) {
        if self.images != *images {
            self.changes.clear();
            self.images.clone_from(images);
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

    /// Keeps what was asked and compared in this pass. Whether something is still used depends on
    /// tasks, which move without the rest: such a comparison is made anew.
    pub(super) fn keep<'a>(
        &mut self,
        desired: &Desired,
        asked: BTreeMap<StackName, BTreeSet<ImageRef>>,
        compared: impl Iterator<Item = &'a Arc<StackChanges>>,
    ) {
        let of = |(stack, images)| {
            let desired = Arc::clone(desired.stacks.get(&stack)?);
            Some((stack, Asked { desired, images }))
        };
        self.questions = asked.into_iter().filter_map(of).collect();
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
        observed: Observed,
        written: impl Iterator<Item = &'a StackName>,
    ) {
        written.for_each(|stack| drop(self.changes.remove(stack)));
        self.world = Some(observed);
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
        let (mut old, mut new) =
            (before.services.iter().peekable(), now.services.iter().peekable());
        // Both are in the order of their names.
        while let Some(order) = next_of(old.peek(), new.peek()) {
            let old = old.next_if(|_| order != Ordering::Greater);
            let new = new.next_if(|_| order != Ordering::Less);
            match (old, new) {
                (Some((_, old)), Some((_, new))) if Arc::ptr_eq(old, new) || old == new => {}
                (old, new) => old.into_iter().chain(new).for_each(|one| moved.add(one)),
            }
        }
        moved
    }

    fn add(&mut self, (name, service): (&'a String, &'a Arc<Service>)) {
        self.names.insert(name);
        self.namespaces.extend(service.spec.labels.get(NAMESPACE_LABEL).map(String::as_str));
    }

    fn concerns(&self, stack: &StackName, desired: Option<&DesiredStack>) -> bool {
        let declared = |name: &&str| desired.is_some_and(|s| s.services.contains_key(*name));
        self.namespaces.contains(stack.as_str()) || self.names.iter().any(declared)
    }
}

/// Which of two services comes first by name; of none there is no order.
fn next_of(old: Option<&Named<'_>>, new: Option<&Named<'_>>) -> Option<Ordering> {
    match (old, new) {
        (Some((old, _)), Some((new, _))) => Some(old.cmp(new)),
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (None, None) => None,
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

    fn empty(name: &str) -> DesiredStack {
        DesiredStack {
            name: stack(name),
            source: crate::model::SourceName::new("root").expect("a name"),
            files: Vec::new(),
            wholeness: Wholeness::Whole,
            policy: crate::model::StackPolicy::default(),
            networks: BTreeMap::new(),
            secrets: BTreeMap::new(),
            configs: BTreeMap::new(),
            services: BTreeMap::new(),
            jobs: BTreeMap::new(),
            unmade: BTreeMap::new(),
            content: None,
            external: [].into(),
        }
    }

    /// Whether comparisons of the stacks shop and tools are still known at a look after another.
    fn known(before: Observed, leftovers: Vec<Leftover>, now: &Observed) -> [bool; 2] {
        let mut compared = Comparisons::default();
        compared.begin(&before, &Claims::default());
        let made = [changes("shop", leftovers), changes("tools", Vec::new())];
        compared.keep(&Desired::default(), BTreeMap::new(), made.iter());
        compared.end(before, std::iter::empty());
        compared.begin(now, &Claims::default());
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
            follows: None,
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
        let services = BTreeMap::from([("plain".to_owned(), Arc::new(service))]);
        let desired = DesiredStack { services, ..empty("shop") };
        let mut now = observed(1);
        now.services.insert("plain".to_owned(), Arc::default());
        let before = observed(1);
        let moved = Moved::between(&before, &now);
        assert!(moved.concerns(&stack("shop"), Some(&desired)));
        assert!(!moved.concerns(&stack("shop"), None));
    }

    #[test]
    fn what_a_stack_asks_is_known_until_it_or_the_swarm_moves() {
        let shop = || Arc::new(empty("shop"));
        let desired = shop();
        let known = |now: &Observed, declared: &Arc<DesiredStack>| {
            let mut compared = Comparisons::default();
            compared.begin(&observed(1), &Claims::default());
            let all = Desired { stacks: [(stack("shop"), Arc::clone(&desired))].into() };
            let image: ImageRef = "a".parse().expect("an image");
            let asked = BTreeMap::from([(stack("shop"), [image].into())]);
            compared.keep(&all, asked, std::iter::empty());
            compared.end(observed(1), std::iter::empty());
            compared.begin(now, &Claims::default());
            compared.answered(&Images::default());
            compared.asks(declared).is_some()
        };
        assert!(known(&observed(1), &desired));
        assert!(!known(&observed(2), &desired), "its service moved");
        assert!(!known(&observed(1), &shop()), "it is declared anew");
    }

    #[test]
    fn what_was_written_to_is_compared_anew() {
        let mut compared = Comparisons::default();
        compared.begin(&observed(1), &Claims::default());
        let made = [changes("shop", Vec::new())];
        compared.keep(&Desired::default(), BTreeMap::new(), made.iter());
        compared.end(observed(1), [stack("shop")].iter());
        compared.begin(&observed(1), &Claims::default());
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
