//! What moved on since a plan was made, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::{Basis, HeldBasis, StackBasis, StepBasis};
use crate::model::{ObjectRef, StepKind};

impl Basis {
    /// What is otherwise now; nothing when the plan still stands.
    #[must_use]
    pub fn moved(&self, now: &Self) -> Vec<String> {
        let mut moved = Vec::new();
        let is = |what: &str, old: &str, new: &str| {
            (old != new).then(|| format!("{what}: it was {old}, and is {new}"))
        };
        moved.extend(is("the instance", &self.instance, &now.instance));
        moved.extend(is("the swarm", &self.swarm, &now.swarm));
        for name in self.revisions.keys().chain(now.revisions.keys()).collect::<BTreeSet<_>>() {
            let (old, new) = (self.revisions.get(name), now.revisions.get(name));
            moved.extend(is(&format!("source {name}"), or_none(old), or_none(new)));
        }
        let names = self.stacks.keys().chain(now.stacks.keys());
        for name in names.collect::<BTreeSet<_>>() {
            let lines = match (self.stacks.get(name), now.stacks.get(name)) {
                (Some(old), Some(new)) => old.moved(new),
                (Some(_), None) => vec!["it is neither declared nor known any more".to_owned()],
                (None, Some(new)) if new == &StackBasis::default() => Vec::new(),
                (None, _) => vec!["it was not there when the plan was made".to_owned()],
            };
            moved.extend(lines.into_iter().map(|line| format!("stack {name}: {line}")));
        }
        moved
    }
}

fn or_none(text: Option<&String>) -> &str {
    text.map_or("none", String::as_str)
}

impl StackBasis {
    /// What is otherwise now.
    fn moved(&self, now: &Self) -> Vec<String> {
        let mut moved = Vec::new();
        let mut differs = |what: &str, old: &Option<String>, new: &Option<String>| {
            if old != new {
                let (old, new) = (or_none(old.as_ref()), or_none(new.as_ref()));
                moved.push(format!("{what}: it was {old}, and is {new}"));
            }
        };
        differs("its revision", &self.revision, &now.revision);
        differs("the revision that is applied", &self.applied, &now.applied);
        moved.extend(self.moved_decisions(now));
        moved
    }

    /// What is decided otherwise, or against something else.
    #[must_use]
    pub fn moved_decisions(&self, now: &Self) -> Vec<String> {
        let (old, new) = (by_object(&self.steps), by_object(&now.steps));
        let mut moved = Vec::new();
        for object in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            moved.extend(match (old.get(object), new.get(object)) {
                (Some(old), Some(new)) => old.moved(new),
                (Some(_), None) => Some(line(object, "it is not written any more")),
                (None, _) => Some(line(object, "it would be written now, and was not before")),
            });
        }
        let held: BTreeSet<&HeldBasis> = self.held.iter().collect();
        let holds: BTreeSet<&HeldBasis> = now.held.iter().collect();
        let ended = held.difference(&holds);
        let ended =
            ended.map(|one| line(&one.object, format!("{} holds it no longer", one.reason)));
        let began = holds.difference(&held);
        let began = began.map(|one| line(&one.object, format!("it is held now: {}", one.reason)));
        moved.extend(ended.chain(began));
        moved
    }
}

fn line(object: impl Display, what: impl Display) -> String {
    format!("{object}: {what}")
}

/// An object may be written twice in one plan, in different ways.
fn by_object(steps: &[StepBasis]) -> BTreeMap<Key<'_>, &StepBasis> {
    steps.iter().map(|step| (Key(&step.object, step.action), step)).collect()
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a>(&'a ObjectRef, StepKind);

impl Display for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.1, self.0)
    }
}

impl StepBasis {
    fn moved(&self, now: &Self) -> Option<String> {
        let number = |version: Option<u64>| version.map_or("none".to_owned(), |v| v.to_string());
        let what = if self.id != now.id {
            "it was made anew".to_owned()
        } else if self.version != now.version {
            let (old, new) = (number(self.version), number(now.version));
            format!("somebody wrote it meanwhile: version {old} became {new}")
        } else if self.content != now.content {
            "what would be written is something else".to_owned()
        } else {
            return None;
        };
        Some(format!("{} {}: {what}", self.action, self.object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, StackName};
    use crate::view::basis::{BASIS_FORMAT, SourceBasis};

    fn basis() -> Basis {
        let web = StepBasis {
            action: StepKind::Update,
            object: ObjectRef::new(Kind::Service, "shop_web"),
            id: Some("s1".into()),
            version: Some(10),
            content: "aa".into(),
        };
        let api = ObjectRef::new(Kind::Service, "shop_api");
        let held = HeldBasis { object: api, reason: "WaveNotReady".into(), approval: None };
        let stack = StackBasis {
            revision: Some("r2".into()),
            applied: Some("r1".into()),
            steps: vec![web],
            held: vec![held],
        };
        Basis {
            format: BASIS_FORMAT,
            instance: "skep".into(),
            swarm: "c".into(),
            source: SourceBasis::default(),
            prune: false,
            keyed: true,
            revisions: BTreeMap::from([("main".into(), "r2".into())]),
            stacks: BTreeMap::from([(StackName::new("shop").expect("a name"), stack)]),
        }
    }

    fn check(change: impl FnOnce(&mut Basis), expected: &[&str]) {
        let mut now = basis();
        change(&mut now);
        assert_eq!(basis().moved(&now), expected);
    }

    fn shop(basis: &mut Basis) -> &mut StackBasis {
        basis.stacks.values_mut().next().expect("a stack")
    }

    #[test]
    fn a_plan_stands_while_nothing_moves() {
        check(|_| {}, &[]);
    }

    #[test]
    fn all_that_moved_is_told() {
        check(
            |now| {
                now.swarm = "d".into();
                now.revisions.insert("main".into(), "r3".into());
                shop(now).applied = Some("r2".into());
            },
            &[
                "the swarm: it was c, and is d",
                "source main: it was r2, and is r3",
                "stack shop: the revision that is applied: it was r1, and is r2",
            ],
        );
    }

    #[test]
    fn an_object_that_somebody_wrote_or_that_would_be_written_otherwise_is_named() {
        let told = |what: &str| format!("stack shop: update service/shop_web: {what}");
        let version = told("somebody wrote it meanwhile: version 10 became 12");
        check(|now| shop(now).steps[0].version = Some(12), &[&version]);
        let anew = told("it was made anew");
        check(|now| shop(now).steps[0].id = Some("s2".into()), &[&anew]);
        let content = told("what would be written is something else");
        check(|now| shop(now).steps[0].content = "bb".into(), &[&content]);
    }

    #[test]
    fn another_decision_is_told_of_both_sides() {
        check(
            |now| {
                let mut step = shop(now).steps.remove(0);
                step.object = ObjectRef::new(Kind::Service, "shop_api");
                shop(now).steps.push(step);
                let web = ObjectRef::new(Kind::Service, "shop_web");
                shop(now).held =
                    vec![HeldBasis { object: web, reason: "Suspended".into(), approval: None }];
            },
            &[
                "stack shop: update service/shop_api: it would be written now, and was not before",
                "stack shop: update service/shop_web: it is not written any more",
                "stack shop: service/shop_api: WaveNotReady holds it no longer",
                "stack shop: service/shop_web: it is held now: Suspended",
            ],
        );
    }
}
