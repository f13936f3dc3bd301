//! What the engine can't change in place: the mode of the one service.

use super::{World, asks_for, check, hash};
use crate::model::engine::{EndpointSpec, ServiceMode, Task, TaskState, TaskStatus};
use crate::model::{Approval, Gap, Kind, RecreatePolicy, SeenTask, Standing};
use crate::plan::tests::WEB;
use std::sync::Arc;

/// Git asks for replicas, and one task on each node is there.
fn other_mode(policy: RecreatePolicy) -> World {
    let world = asks_for("1").runs("1").shows("1", |service| {
        service.spec.mode = Some(ServiceMode::Global {});
    });
    allow(world, policy)
}

fn allow(world: World, policy: RecreatePolicy) -> World {
    world.with(|world| {
        let mut web = world.desired.services[WEB].as_ref().clone();
        web.recreate = policy;
        world.desired.services.insert(WEB.to_owned(), Arc::new(web));
    })
}

/// The ledger says that the service is being made anew.
fn under_way(world: World) -> World {
    world.with(|world| {
        let record = world.record.as_mut().expect("a record");
        let ids = [(WEB.to_owned(), "s1".to_owned())].into();
        record.recreating = [(Kind::Service, ids)].into();
    })
}

#[test]
fn a_changed_mode_is_made_anew_where_that_is_allowed() {
    let taken = ["remember attempted=1 stable=1 bad=[]", "withdraw shop_web"];
    check(&other_mode(RecreatePolicy::Never), &["held Immutable"]);
    check(&other_mode(RecreatePolicy::Confirm), &["held NeedsApproval"]);
    check(&other_mode(RecreatePolicy::Auto), &taken);
    check(&under_way(other_mode(RecreatePolicy::Confirm)), &["withdraw shop_web"]);
}

#[test]
fn an_approval_is_for_one_declaration_and_one_service() {
    let world = other_mode(RecreatePolicy::Confirm);
    let live = crate::diff::fields::fields(
        &world.observed.services[WEB].spec,
        &crate::diff::fields::NamesById::new(),
    );
    let words = |into: &str| {
        Approval::of(&["make anew", WEB, "s1", live.hash().as_str(), hash(into).as_str()])
    };
    let given = |into: &str| {
        other_mode(RecreatePolicy::Confirm).with(|world| {
            let record = world.record.as_mut().expect("a record");
            record.approvals = [words(into)].into();
        })
    };
    check(&given("1"), &["remember attempted=1 stable=1 bad=[]", "withdraw shop_web"]);
    check(&given("2"), &["held NeedsApproval"]);
}

#[test]
fn another_endpoint_mode_is_made_anew_and_not_written_in_place() {
    let world = asks_for("1").runs("1").shows("1", |service| {
        let mode = "dnsrr".to_owned();
        service.spec.endpoint_spec = Some(EndpointSpec { mode, ..EndpointSpec::default() });
    });
    check(&world, &["held NeedsApproval"]);
}

#[test]
fn nothing_is_taken_away_while_something_could_not_be_seen() {
    let world = other_mode(RecreatePolicy::Auto).with(|world| {
        let gap = Gap::Ambiguous { kind: "network".to_owned(), name: "x".to_owned() };
        world.observed.gaps.insert(gap);
    });
    check(&world, &["held ViewIncomplete"]);
}

#[test]
fn what_was_taken_away_is_made_when_its_tasks_ended_with_the_size_that_it_had() {
    let task = |state| {
        let status = TaskStatus { state, ..TaskStatus::default() };
        let task =
            Task { id: "t1".to_owned(), service_id: "s1".to_owned(), status, ..Task::default() };
        SeenTask { task: Arc::new(task), standing: Standing::Current }
    };
    let away = |state| {
        under_way(asks_for("1").runs("1")).with(|world| {
            world.observed.services.clear();
            world.observed.tasks.insert("s1".to_owned(), vec![task(state)]);
        })
    };
    check(&away(TaskState::Running), &["held Waiting"]);
    check(&away(TaskState::Shutdown), &["create shop_web"]);
}

#[test]
fn what_was_taken_away_comes_back_when_the_window_has_closed() {
    let closed = |world: World| {
        world.with(|world| {
            world.lineage.policy.windows = vec![crate::model::Window {
                kind: crate::model::WindowKind::Deny,
                schedule: crate::model::Schedule::parse("* * * * *").expect("a schedule"),
                duration: jiff::SignedDuration::from_hours(1),
                zone: crate::model::Zone::default(),
            }];
        })
    };
    // The ledger keeps the windows for the time after the declaration.
    let told = |world: World| {
        let mut told = closed(world).decides();
        told.retain(|line| !line.starts_with("remember"));
        told
    };
    assert_eq!(told(other_mode(RecreatePolicy::Auto)), ["held OutsideWindow"]);
    let away = under_way(asks_for("1").runs("1")).with(|world| world.observed.services.clear());
    assert_eq!(told(away), ["create shop_web"]);
}
