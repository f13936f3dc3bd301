//! Rollouts that failed: back, stay, or go on.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{StackPlan, WEB, World, asks_for, audit, check, hash, now, rollout, spec};
use crate::diff::HOLD_LABEL;
use crate::diff::fields::{NamesById, fields};
use crate::health::HealthState;
use crate::model::engine::{JobMode, ServiceMode, ServiceSpec, UpdateState};
use crate::model::{Desired, OnFailure, Step};
use crate::plan::Finding;

/// Version 2 is written after the stable 1, and fails.
fn fails_with(on_failure: OnFailure) -> World {
    let world = asks_for("2").runs("1").record(|record| record.attempted = Some(hash("2")));
    let world = world.shows("2", |service| service.previous_spec = Some(Box::new(spec("1"))));
    world.with(|world| {
        world.health = HealthState::Failed;
        let web = world.desired.services.get_mut(WEB).expect("the service");
        Arc::make_mut(web).rollout.on_failure = on_failure;
    })
}

/// Nothing follows but that the revision is the one that was applied.
const TOLD: &str = "remember attempted=2 stable=1 bad=[]";
const FAILED: &str = "remember attempted=2 stable=1 bad=[\"2\"]";

#[test]
fn what_failed_goes_back_to_the_stable_spec_that_the_engine_kept() {
    let world = fails_with(OnFailure::Rollback);
    check(&world, &[FAILED, "rollback shop_web", "held Quarantined"]);
    // A rollout in flight is no obstacle: nobody else ends it.
    let world = fails_with(OnFailure::Rollback).with(|world| {
        let web = world.observed.services.get_mut(WEB).expect("the service");
        rollout(UpdateState::Updating)(Arc::make_mut(web));
    });
    check(&world, &[FAILED, "rollback shop_web", "held Quarantined"]);
}

#[test]
fn a_crash_after_the_ledger_knew_changes_nothing_about_the_rollback() {
    let world = fails_with(OnFailure::Rollback);
    let world = world.record(|record| record.quarantine = [hash("2")].into());
    check(&world, &["rollback shop_web", "held Quarantined"]);
}

#[test]
fn without_the_stable_spec_what_failed_stays_and_is_held() {
    for previous in [None, Some(Box::new(spec("3")))] {
        let world = fails_with(OnFailure::Rollback).with(|world| {
            let web = world.observed.services.get_mut(WEB).expect("the service");
            Arc::make_mut(web).previous_spec = previous;
        });
        check(&world, &[FAILED, "held Quarantined"]);
    }
}

#[test]
fn a_policy_may_leave_what_failed_as_it_is_or_only_tell() {
    check(&fails_with(OnFailure::Pause), &[FAILED, "held Quarantined"]);
    check(&fails_with(OnFailure::Continue), &[TOLD]);
}

#[test]
fn what_was_stable_once_is_not_at_fault_for_what_happens_later() {
    let world = fails_with(OnFailure::Rollback);
    let world = world.record(|record| record.stable = Some(hash("2")));
    check(&world, &["remember attempted=2 stable=2 bad=[]"]);
}

#[test]
fn what_waits_for_something_outside_is_neither_rolled_back_nor_quarantined() {
    let world = fails_with(OnFailure::Rollback).with(|world| world.health = HealthState::Waiting);
    check(&world, &[TOLD]);
}

/// The engine paused a rollout this long ago, and something outside is waited for.
fn paused(seconds: i64) -> World {
    fails_with(OnFailure::Rollback).with(|world| {
        world.health = HealthState::Waiting;
        let web = Arc::make_mut(world.observed.services.get_mut(WEB).expect("the service"));
        rollout(UpdateState::Paused)(web);
        let began = now().checked_sub(SignedDuration::from_secs(seconds)).expect("a time");
        web.update_status.as_mut().expect("a rollout").started_at = Some(began);
    })
}

#[test]
fn what_paused_for_something_outside_is_let_go_on_and_not_too_often() {
    check(&paused(119), &["held BackOff"]);
    check(&paused(120), &["resume shop_web"]);
    let at_fault = paused(120).with(|world| world.health = HealthState::Failed);
    assert!(!at_fault.decides().contains(&"resume shop_web".to_owned()));
    // The audit knows by itself what may go on.
    let found = |world: &World, plan: &StackPlan| audit(plan, &Desired::default(), &world.observed);
    let (world, plan) = (paused(120), paused(120).plan());
    let ended = paused(120).with(|world| {
        let web = world.observed.services.get_mut(WEB).expect("the service");
        rollout(UpdateState::Completed)(Arc::make_mut(web));
    });
    let not_paused = Finding::NotPaused(WEB.to_owned());
    assert!(!found(&world, &plan).contains(&not_paused));
    assert!(found(&ended, &plan).contains(&not_paused));
}

#[test]
fn a_person_who_holds_a_failing_service_is_obeyed() {
    let world = fails_with(OnFailure::Rollback).with(|world| {
        let web = world.observed.services.get_mut(WEB).expect("the service");
        Arc::make_mut(web).spec.labels.insert(HOLD_LABEL.into(), "looking".into());
    });
    check(&world, &[FAILED, "held Suspended"]);
}

#[test]
fn a_failed_job_is_not_run_again_by_going_back() {
    let job = |spec: &mut ServiceSpec| {
        spec.mode = Some(ServiceMode::ReplicatedJob(JobMode::default()));
    };
    let mut failed = spec("2");
    job(&mut failed);
    let hash = fields(&failed, &NamesById::new()).hash();
    let world = fails_with(OnFailure::Rollback).with(|world| {
        let web = world.observed.services.get_mut(WEB).expect("the service");
        job(&mut Arc::make_mut(web).spec);
        let web = world.desired.services.get_mut(WEB).expect("the service");
        job(&mut Arc::make_mut(web).spec);
    });
    let world = world.record(|record| record.attempted = Some(hash));
    check(&world, &["remember attempted=? stable=1 bad=[\"?\"]", "held Quarantined"]);
}

#[test]
fn what_may_be_secret_in_the_engines_words_goes_neither_into_the_ledger_nor_into_the_reason() {
    let world = asks_for("hunter2-2").runs("1");
    let world = world.record(|record| record.attempted = Some(hash("hunter2-2")));
    let world = world.shows("hunter2-2", |_| {}).with(|world| {
        world.health = HealthState::Failed;
        world.why = format!("exec hunter2-2: no such file {}", "x".repeat(999));
    });
    let plan = world.plan();
    assert!(plan.held[0].reason.to_string().contains("exec (hidden): no such file"));
    let Step::WriteLedger { record, .. } = &plan.steps[0].step else { panic!("{plan:?}") };
    let why = record.services[WEB].failure.as_deref().expect("a reason");
    assert!(why.starts_with("exec (hidden): no such file"), "{why}");
    assert_eq!(why.chars().count(), 300);
}
