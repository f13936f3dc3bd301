//! Fields that others decide: no drift, no write, no difference for what is remembered.

use std::sync::Arc;

use super::{WEB, World, asks_for, hash, rollout, spec};
use crate::diff::fields::{NamesById, fields};
use crate::model::engine::{Replicated, Service, ServiceMode, UpdateState};
use crate::model::{FieldRules, LedgerRecord, Pattern, SpecHash, Step};

fn rules(patterns: &[&str]) -> FieldRules {
    patterns.iter().copied().map(Pattern::new).collect()
}

/// What git asks for leaves these fields to others.
fn leaving(world: World, patterns: &[&str]) -> World {
    world.with(|world| {
        let web = world.desired.services.get_mut(WEB).expect("the service");
        Arc::make_mut(web).ignore = rules(patterns);
    })
}

/// The hash of a version without these fields.
fn hash_without(version: &str, patterns: &[&str]) -> SpecHash {
    fields(&spec(version), &NamesById::new()).without(&rules(patterns)).hash()
}

fn scaled(service: &mut Service) {
    service.spec.mode = Some(ServiceMode::Replicated(Replicated { replicas: Some(9) }));
}

/// Kinds of the steps on services, and the reasons for what is held.
fn services(world: &World) -> Vec<String> {
    let mut lines = world.decides();
    lines.retain(|line| !line.starts_with("remember") && !line.starts_with("keep"));
    lines
}

fn written(world: &World) -> LedgerRecord {
    let steps = world.plan().steps;
    let record = steps.into_iter().find_map(|planned| match planned.step {
        Step::WriteLedger { record, .. } => Some(record),
        _ => None,
    });
    *record.expect("a record is written")
}

#[test]
fn what_others_decide_is_no_drift_and_is_told_apart() {
    let world = leaving(asks_for("1").runs("1").shows("1", scaled), &["deploy.replicas"]);
    assert_eq!(services(&world), [""; 0]);
    let plan = world.plan();
    assert_eq!(plan.drift, []);
    let told = &plan.ignored[0].fields[0];
    assert_eq!((told.path.as_str(), told.old.as_deref()), ("deploy.replicas", Some("9")));
    assert_eq!(told.new.as_deref(), Some("2"));
}

#[test]
fn a_write_for_another_reason_leaves_them_as_they_are() {
    let world = leaving(asks_for("2").runs("1").shows("1", scaled), &["deploy.replicas"]);
    assert_eq!(services(&world), ["update shop_web"]);
    let plan = world.plan();
    let sent = plan.steps.iter().find_map(|planned| match &planned.step {
        Step::UpdateService { spec, .. } => spec.mode.clone(),
        _ => None,
    });
    assert_eq!(sent, Some(ServiceMode::Replicated(Replicated { replicas: Some(9) })));
}

#[test]
fn what_is_made_is_made_as_declared() {
    let world = leaving(asks_for("1"), &["*"]);
    let plan = world.plan();
    let made = plan.steps.iter().find_map(|planned| match &planned.step {
        Step::CreateService { spec } => spec.mode.clone(),
        _ => None,
    });
    assert_eq!(made, spec("1").mode);
}

#[test]
fn a_rule_that_comes_later_writes_the_ledger_and_nothing_else() {
    let world = leaving(asks_for("1").runs("1"), &["environment.VERSION"]);
    assert_eq!(services(&world), [""; 0]);
    let all = written(&world);
    let record = &all.services[WEB];
    let expected = Some(hash_without("1", &["environment.VERSION"]));
    assert_eq!((&record.attempted, &record.stable), (&expected, &expected));
    // Once that is known, nothing is written any more.
    let known = world.with(|world| world.record = Some(all.clone()));
    assert_eq!(known.decides(), ["keep 1"]);
}

#[test]
fn what_failed_stays_failed_when_a_rule_comes_and_when_it_goes() {
    let failed = |world: World| {
        world.record(|record| {
            record.attempted = Some(hash("2"));
            record.quarantine = [hash("2")].into();
        })
    };
    // The engine went back to version 1; another field than the one that failed is left to others.
    let world = failed(asks_for("2").runs("1")).shows("1", rollout(UpdateState::RollbackCompleted));
    assert_eq!(services(&leaving(world, &["deploy.labels.a"])), ["held Quarantined"]);
    let world = failed(asks_for("2").runs("1").shows("1", scaled));
    let world = leaving(world, &["user"]);
    assert_eq!(services(&world), ["held Quarantined"]);
    let record = written(&world).services[WEB].clone();
    let gone = leaving(world, &[]).with(|world| {
        world.record.get_or_insert_default().services.insert(WEB.to_owned(), record);
    });
    assert_eq!(services(&gone), ["held Quarantined"]);
}

#[test]
fn what_failed_is_not_tried_again_because_git_moves_what_others_decide() {
    let declares = |user: &str| {
        asks_for("2").runs("1").with(|world| {
            let web = world.desired.services.get_mut(WEB).expect("the service");
            let web = Arc::make_mut(web);
            let container = web.spec.task_template.container_spec.as_mut().expect("a container");
            container.user = user.to_owned();
        })
    };
    let world = leaving(declares("other"), &["user"]).record(|record| {
        record.ignore = rules(&["user"]);
        record.attempted = Some(hash_without("2", &["user"]));
        record.quarantine = [hash_without("2", &["user"])].into();
    });
    assert_eq!(services(&world), ["held Quarantined"]);
}

#[test]
fn our_rollout_is_left_alone_when_a_rule_comes() {
    let world = asks_for("2").runs("1").record(|record| record.attempted = Some(hash("2")));
    let world = world.shows("2", |service| {
        rollout(UpdateState::Updating)(service);
        service.spec.labels.insert("x".into(), "1".into());
    });
    assert_eq!(services(&leaving(world, &["environment.VERSION"])), ["held RolloutRunning"]);
}

#[test]
fn a_rule_that_goes_lets_git_decide_again() {
    let world = leaving(asks_for("1").runs("1").shows("1", scaled), &[]).record(|record| {
        record.ignore = rules(&["deploy.replicas"]);
    });
    assert_eq!(services(&world), ["update shop_web"]);
}

#[test]
fn whoever_decides_the_image_is_not_put_back_and_no_registry_is_asked() {
    let world = asks_for("1").runs("1").shows("1", |service| {
        let container = service.spec.task_template.container_spec.as_mut();
        container.expect("a container").image = "web:9".into();
    });
    assert_eq!(services(&world).len(), 1, "without a rule it is put back");
    assert_eq!(services(&leaving(world, &["image"])), [""; 0]);
}
