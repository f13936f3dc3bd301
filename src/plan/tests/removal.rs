//! What may be removed, and what has to be true first.

use super::{Removals, World, asks_for, check};
use crate::diff::{KEEP_LABEL, OWNER_LABEL};
use crate::model::engine::Mount;
use crate::model::{Ancestry, Held, HeldReason, LedgerRecord, Removed, Revision, Step};
use crate::plan::{Custody, Declared, Guard, Quota, Scope};

/// What is about to be removed is noted first.
const NOTED: &str = "remember attempted=1 stable=1 bad=[]";

fn gone() -> World {
    asks_for("1").runs("1").gone()
}

/// The record that a plan writes.
fn written(world: &World) -> LedgerRecord {
    let steps = world.plan().steps;
    let record = steps.into_iter().find_map(|planned| match planned.step {
        Step::WriteLedger { record, .. } => Some(*record),
        _ => None,
    });
    record.expect("the ledger is written")
}

/// The same world once a person said yes to all that waits for it.
fn approved(mut world: World) -> World {
    for Held { reason, .. } in world.plan().held {
        let HeldReason::NeedsApproval { approval, .. } = reason else { continue };
        world.record.get_or_insert_default().approvals.insert(approval);
    }
    world
}

fn keeps_data(world: World) -> World {
    world.shows("1", |service| {
        let container = service.spec.task_template.container_spec.get_or_insert_default();
        let (kind, source) = ("volume".to_owned(), "shop_data".to_owned());
        container.mounts.push(Mount { kind, source, ..Mount::default() });
    })
}

#[test]
fn a_stack_that_left_git_is_removed_and_then_forgotten() {
    check(&asks_for("1").runs("1").gone(), &[NOTED, "remove shop_web"]);
    let empty = asks_for("1").runs("1").gone().with(|world| world.observed.services.clear());
    check(&empty, &["forget"]);
}

#[test]
fn an_operator_whose_stack_left_git_does_not_remove_itself() {
    let kept = |version| {
        asks_for(version).runs("1").shows("1", |service| {
            service.spec.labels.insert(KEEP_LABEL.into(), "skep itself".into());
        })
    };
    check(&kept("1").gone(), &["held NeedsApproval"]);
    check(&kept("2"), &["remember attempted=2 stable=1 bad=[]", "update shop_web"]);
}

#[test]
fn a_removal_waits_for_a_safe_moment() {
    let guarded = |change: fn(&mut World)| asks_for("1").runs("1").gone().with(change);
    for (change, reason) in [
        ((|w| w.orders.removals = Removals::NotAsked) as fn(&mut World), "PruneNotAsked"),
        (|w| w.lineage.declared = Declared::Broken, "ViewIncomplete"),
        (|w| w.lineage.ancestry = Ancestry::Rewritten, "HistoryRewritten"),
        (|w| w.lineage.ancestry = Ancestry::Unknown, "ViewIncomplete"),
        (|w| w.lineage.ancestry = Ancestry::Unordered, "PruneNotAsked"),
        (|w| w.orders.quota = Quota::Exceeded { removed: 9, there: 10 }, "NeedsApproval"),
        (
            |w| {
                w.observed.gaps.insert(crate::model::Gap::Ambiguous {
                    kind: "network".into(),
                    name: "x".into(),
                });
            },
            "ViewIncomplete",
        ),
    ] {
        check(&guarded(change), &[&format!("held {reason}")]);
    }
}

#[test]
fn a_service_with_a_foreign_owner_is_no_leftover() {
    let world = asks_for("1").runs("1").gone().shows("1", |service| {
        service.spec.labels.insert(OWNER_LABEL.into(), "blue/service/shop_web".into());
    });
    check(&world, &["forget"]);
}

#[test]
fn what_was_removed_is_forgotten_only_when_its_revision_counts_no_more() {
    let record = written(&gone());
    let of = |revision: &str, record: &LedgerRecord| {
        let (record, revision) = (record.clone(), Revision::Commit(revision.into()));
        gone().with(|world| {
            world.observed.services.clear();
            world.record = Some(record);
            world.lineage.revision = revision;
        })
    };
    check(&of("c2", &record), &[]);
    check(&of("c3", &record), &["forget"]);
}

#[test]
fn what_a_person_asked_for_is_not_counted() {
    let world = gone().with(|world| world.orders.removals = Removals::Asked);
    check(&world, &["remove shop_web"]);
}

#[test]
fn what_was_removed_for_a_revision_counts_with_what_is_left_of_it() {
    let world = gone().with(|world| {
        let services = ["s0".to_owned()].into();
        let removed = Removed { revision: world.lineage.revision.clone(), services };
        world.record.get_or_insert_default().removed = Some(removed);
    });
    let removed = written(&world).removed.expect("it is noted");
    assert_eq!(removed.services, ["s0".to_owned(), "s1".to_owned()].into());
    let next = world.with(|world| world.lineage.revision = Revision::Commit("c3".into()));
    let removed = written(&next).removed.expect("it is noted");
    assert_eq!(removed.services, ["s1".to_owned()].into());
}

#[test]
fn a_stack_with_named_volumes_waits_for_a_person_and_says_which() {
    let world = keeps_data(gone());
    let [Held { reason: HeldReason::NeedsApproval { to, .. }, .. }] = &world.plan().held[..] else {
        panic!("{:?}", world.plan().held)
    };
    assert_eq!(to, "remove the stack shop, which keeps data in shop_data (volumes stay)");
    check(&approved(world), &[NOTED, "remove shop_web"]);
    let asked = keeps_data(gone()).with(|world| world.orders.removals = Removals::Asked);
    check(&asked, &["held NeedsApproval"]);
}

#[test]
fn one_service_with_a_volume_of_a_stack_that_stays_goes_without_a_question() {
    let world = keeps_data(asks_for("1").runs("1")).with(|world| {
        world.desired.services.clear();
    });
    assert_eq!(world.decides().last().map(String::as_str), Some("remove shop_web"));
}

#[test]
fn an_approval_stands_until_the_last_of_what_it_was_given_for_is_gone() {
    let both = keeps_data(gone()).with(|world| {
        let listed =
            world.record.get_or_insert_default().inventory.entry(crate::model::Kind::Service);
        let listed = listed.or_default();
        listed.insert("shop_web".into(), "s1".into());
        listed.insert("shop_api".into(), "s2".into());
        world.orders.quota = Quota::Exceeded { removed: 9, there: 10 };
    });
    let approved = approved(both);
    // The quota is looked at first; then the volumes.
    let approved = self::approved(approved);
    check(&approved, &[NOTED, "remove shop_web"]);
}

#[test]
fn a_stack_of_a_vanished_source_waits_for_a_person() {
    let world = gone().with(|world| world.lineage.declared = Declared::Vanished);
    check(&world, &["held NeedsApproval"]);
    check(&approved(world), &[NOTED, "remove shop_web"]);
}

#[test]
fn a_stack_is_not_forgotten_while_something_could_not_be_seen() {
    let world = gone().with(|world| {
        world.observed.services.clear();
        let (kind, name) = ("network".into(), "x".into());
        world.observed.gaps.insert(crate::model::Gap::Ambiguous { kind, name });
    });
    check(&world, &[]);
}

#[test]
fn each_guard_says_what_it_has_against_a_removal() {
    let world = gone().with(|world| {
        world.orders.removals = Removals::NotAsked;
        world.lineage.ancestry = Ancestry::Rewritten;
        world.orders.quota = Quota::Exceeded { removed: 9, there: 10 };
    });
    let removals = world.plan().removals;
    let against: Vec<Guard> = removals[0].against.iter().map(|(guard, _)| *guard).collect();
    assert_eq!(against, [Guard::Asked, Guard::History, Guard::Quota]);
}

#[test]
fn a_stack_of_another_source_is_not_written_until_it_is_handed_over() {
    let of = |custody: Custody| asks_for("2").runs("1").with(|w| w.lineage.custody = custody);
    check(&of(Custody::Foreign("team".into())), &["held NotOurs"]);
    check(&of(Custody::Waits("team".into())), &["held Waiting"]);
}

#[test]
fn a_record_of_an_older_skep_is_not_written_for_who_declares_its_source() {
    let root = || crate::model::SourceName::new("main").ok();
    let settled =
        |world: &World| asks_for("1").runs("1").with(|next| next.record = Some(written(world)));
    let older = settled(&asks_for("1").runs("1")).with(|world| world.lineage.root = root());
    let writes = |world: &World| {
        let steps = world.plan().steps;
        steps.iter().any(|planned| matches!(planned.step, Step::WriteLedger { .. }))
    };
    assert!(!writes(&older));
    let changed = asks_for("2").runs("1").with(|world| world.lineage.root = root());
    assert_eq!(written(&changed).root, root());
}

#[test]
fn to_prune_removes_and_writes_nothing_else() {
    let prune = |world: World| {
        world.with(|world| {
            world.orders.removals = Removals::Asked;
            world.orders.scope = Scope::Removals;
        })
    };
    check(&prune(asks_for("2").runs("1")), &[]);
    check(&prune(gone()), &["remove shop_web"]);
    let suspended = prune(gone()).with(|world| {
        let suspension = crate::model::Suspension { reason: "patch".into(), until: None };
        world.orders.suspension = Some(suspension);
    });
    let against: Vec<Guard> = suspended.plan().removals[0].against.iter().map(|a| a.0).collect();
    assert_eq!(against, [Guard::Stack]);
}
