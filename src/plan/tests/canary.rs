//! Canaries of the one service.

use std::sync::Arc;
use std::time::Duration;

use super::{WEB, World, asks_for, check, rollout, spec};
use crate::diff::{OWNER_LABEL, canary_form};
use crate::health::HealthState;
use crate::model::engine::{Replicated, ServiceMode, UpdateState};
use crate::model::{Canary, Held, HeldReason, Step};
use crate::plan::audit;

/// Git asks for the second version, with one canary of two tasks.
fn with_canary(promote_after: Option<Duration>) -> World {
    asks_for("2").runs("1").with(|world| {
        let mut web = world.desired.services[WEB].as_ref().clone();
        web.rollout.canary = Some(Canary { tasks: 1, promote_after });
        world.desired.services.insert(WEB.to_owned(), Arc::new(web));
    })
}

/// The canary was written, and this is how its rollout stands.
fn written(promote_after: Option<Duration>, state: UpdateState) -> World {
    let world = with_canary(promote_after).shows("2", |service| {
        let mut spec = spec("2");
        spec.labels.insert(OWNER_LABEL.into(), "skep/service/shop_web".into());
        service.previous_spec = Some(Box::new(service.spec.clone()));
        service.spec = canary_form(spec, 1);
        rollout(state)(service);
    });
    world.record(|record| record.attempted = Some(super::hash("2"))).with(|world| {
        world.health = HealthState::Progressing;
        world.running = 1;
    })
}

#[test]
fn a_new_spec_is_written_for_its_first_tasks() {
    let plan = with_canary(None).plan();
    let written = plan.steps.iter().find_map(|planned| match &planned.step {
        Step::UpdateService { spec, .. } => spec.update_config.clone(),
        _ => None,
    });
    let config = written.expect("a configuration");
    assert_eq!((config.parallelism, config.delay > 0), (1, true));
    check(&with_canary(None), &["remember attempted=2 stable=1 bad=[]", "update shop_web"]);
}

#[test]
fn one_task_has_no_first_ones_and_the_way_back_needs_none() {
    let one = |world: &mut World| {
        let mut web = world.desired.services[WEB].as_ref().clone();
        web.spec.mode = Some(ServiceMode::Replicated(Replicated { replicas: Some(1) }));
        world.desired.services.insert(WEB.to_owned(), Arc::new(web));
    };
    let back = |world: &mut World| {
        world.record.as_mut().expect("a record").services.get_mut(WEB).expect("it").stable =
            Some(super::hash("2"));
    };
    for world in [with_canary(None).with(one), with_canary(None).with(back)] {
        let plan = world.plan();
        let labelled = plan.steps.iter().any(|planned| match &planned.step {
            Step::UpdateService { spec, .. } => spec.labels.contains_key("skep.canary"),
            _ => false,
        });
        assert!(!labelled);
    }
}

#[test]
fn canaries_are_promoted_by_time_or_by_a_person_when_they_are_well() {
    let hour = Some(Duration::from_secs(3600));
    check(&written(None, UpdateState::Updating), &["held Canary"]);
    check(&written(hour, UpdateState::Updating), &["held Canary"]);
    check(&written(Some(Duration::ZERO), UpdateState::Updating), &["promote shop_web"]);
    let sick = |world: World| world.with(|world| world.running = 0);
    check(&sick(written(Some(Duration::ZERO), UpdateState::Updating)), &["held Canary"]);
    let all = written(None, UpdateState::Updating).with(|world| world.running = 2);
    check(&all, &["promote shop_web"]);
}

#[test]
fn a_paused_canary_is_not_resumed() {
    let paused = written(Some(Duration::ZERO), UpdateState::Paused);
    check(&paused, &["held RolloutRunning"]);
}

#[test]
fn the_audit_finds_a_promotion_of_something_else() {
    let world = written(Some(Duration::ZERO), UpdateState::Updating);
    let mut plan = world.plan();
    assert!(
        !plan.held.iter().any(|Held { reason, .. }| matches!(reason, HeldReason::Canary { .. }))
    );
    for planned in &mut plan.steps {
        if let Step::UpdateService { spec, .. } = &mut planned.step {
            Arc::make_mut(spec).task_template.force_update += 1;
        }
    }
    let desired = crate::model::Desired::default();
    let found = audit(&plan, &desired, &world.observed);
    assert_eq!(found, [crate::plan::Finding::NoPromotion(WEB.to_owned())]);
}
