//! A service's own policy over that of its stack, and what outlasts a declaration.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{WEB, World, asks_for, check};
use crate::model::{
    ApprovalPolicy, HeldReason, KeptPolicy, PrunePolicy, Schedule, ServicePolicy, StackPolicy,
    Step, Window, WindowKind, Zone,
};
use crate::plan::{Quota, Removals};

const WRITTEN: [&str; 2] = ["remember attempted=2 stable=1 bad=[]", "update shop_web"];

/// Version 2 is asked for while 1 runs, under these policies.
fn under(stack: StackPolicy, service: ServicePolicy) -> World {
    asks_for("2").runs("1").with(|world| {
        world.record.get_or_insert_default().policy = KeptPolicy::from(&stack);
        world.lineage.policy = stack;
        let web = world.desired.services.get_mut(WEB).expect("the service");
        Arc::make_mut(web).policy = service;
    })
}

fn manual() -> StackPolicy {
    StackPolicy { approval: ApprovalPolicy::Manual, ..StackPolicy::default() }
}

/// A window that is shut now: the test's time is in the afternoon.
fn night() -> Vec<Window> {
    vec![Window {
        kind: WindowKind::Allow,
        schedule: Schedule::parse("0 3 * * *").expect("a schedule"),
        duration: SignedDuration::from_hours(1),
        zone: Zone::default(),
    }]
}

/// The kinds of what is decided about the service, without the ledger.
fn decided(world: &World) -> Vec<String> {
    let mut lines = world.decides();
    lines.retain(|line| !line.starts_with("remember") && !line.starts_with("keep"));
    lines
}

#[test]
fn a_service_can_be_suspended_alone() {
    let suspend = ServicePolicy { suspend: Some("why".into()), ..ServicePolicy::default() };
    assert_eq!(decided(&under(StackPolicy::default(), suspend)), ["held Suspended"]);
}

#[test]
fn a_service_that_says_nothing_goes_by_its_stack() {
    let world = under(manual(), ServicePolicy::default());
    assert_eq!(decided(&world), ["held NeedsApproval"]);
}

#[test]
fn a_services_own_approval_wins() {
    let own = |approval| ServicePolicy { approval: Some(approval), ..ServicePolicy::default() };
    let free = under(manual(), own(ApprovalPolicy::Automatic));
    assert_eq!(decided(&free), ["update shop_web"]);
    let asked = under(StackPolicy::default(), own(ApprovalPolicy::Manual));
    assert_eq!(decided(&asked), ["held NeedsApproval"]);
    let held = asked.plan().held.remove(0).reason;
    let HeldReason::NeedsApproval { approval, .. } = held else { panic!("{held:?}") };
    let given = asked.with(|world| {
        world.record.get_or_insert_default().approvals.insert(approval);
    });
    assert_eq!(decided(&given), ["update shop_web"]);
}

#[test]
fn a_services_own_windows_win() {
    let shut = StackPolicy { windows: night(), ..StackPolicy::default() };
    let own = |windows| ServicePolicy { windows: Some(windows), ..ServicePolicy::default() };
    assert_eq!(decided(&under(shut.clone(), ServicePolicy::default())), ["held OutsideWindow"]);
    assert_eq!(decided(&under(shut, own(Vec::new()))), ["update shop_web"]);
    assert_eq!(decided(&under(StackPolicy::default(), own(night()))), ["held OutsideWindow"]);
}

#[test]
fn what_has_to_outlast_a_declaration_is_in_the_ledger() {
    let prune = ServicePolicy { prune: Some(PrunePolicy::Never), ..ServicePolicy::default() };
    let world = under(StackPolicy { windows: Vec::new(), ..manual() }, prune);
    let plan = world.plan();
    let record = plan.steps.iter().find_map(|planned| match &planned.step {
        Step::WriteLedger { record, .. } => Some(record),
        _ => None,
    });
    let record = record.expect("a record is written");
    assert_eq!(record.policy, KeptPolicy::from(&manual()));
    assert_eq!(record.services[WEB].policy.prune, Some(PrunePolicy::Never));
    check(&under(StackPolicy::default(), ServicePolicy::default()), &WRITTEN);
}

/// The stack left git; this is what its ledger says of prune, for the stack and for the service.
fn gone(stack: PrunePolicy, service: Option<PrunePolicy>) -> World {
    asks_for("1").runs("1").gone().record(|record| record.policy.prune = service).with(|world| {
        world.record.get_or_insert_default().policy.prune = Some(stack);
        world.lineage.policy.prune = stack;
    })
}

#[test]
fn what_left_git_goes_as_its_declaration_said() {
    use PrunePolicy::{Auto, Confirm, Never};
    // What goes by itself counts in the quota, and is noted before it goes.
    let goes: &[&str] = &["remember attempted=1 stable=1 bad=[]", "remove shop_web"];
    let (never, waits): (&[&str], &[&str]) = (&["held PruneNever"], &["held NeedsApproval"]);
    for (stack, service, expected) in [
        (Auto, None, goes),
        (Never, None, never),
        (Confirm, None, waits),
        (Never, Some(Auto), goes),
        (Auto, Some(Never), never),
        (Auto, Some(Confirm), waits),
    ] {
        check(&gone(stack, service), expected);
    }
    let asked = |prune| gone(prune, None).with(|world| world.orders.removals = Removals::Asked);
    check(&asked(Confirm), &["remove shop_web"]);
    check(&asked(Never), &["held PruneNever"]);
}

#[test]
fn what_is_never_removed_is_no_reason_for_others_to_wait() {
    let view_of = |prune| {
        let left = |n: u32| crate::diff::Leftover {
            object: crate::model::ObjectRef::new(crate::model::Kind::Service, format!("s{n}")),
            target: crate::model::Target {
                name: format!("s{n}"),
                id: n.to_string(),
                version: crate::model::engine::Version::default(),
            },
            why: crate::diff::LeftoverKind::Undeclared,
            prune,
            run_of: None,
        };
        crate::diff::StackChanges {
            stack: super::stack_name(),
            wholeness: crate::model::Wholeness::Whole,
            networks: Vec::new(),
            data: Vec::new(),
            services: Vec::new(),
            unmade: std::collections::BTreeMap::new(),
            hooks: None,
            runs: std::default::Default::default(),
            jobs: Vec::new(),
            leftovers: (0..9).map(left).collect(),
        }
    };
    assert_eq!(Quota::of([(&view_of(PrunePolicy::Never), None)]), Quota::Within);
    assert_ne!(Quota::of([(&view_of(PrunePolicy::Auto), None)]), Quota::Within);
}

#[test]
fn a_stack_that_left_git_keeps_its_approval() {
    let world = asks_for("1").runs("1").gone().with(|world| world.lineage.policy = manual());
    check(&world, &["held NeedsApproval"]);
}
