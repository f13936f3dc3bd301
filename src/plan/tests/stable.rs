//! What is kept of a stack, and how a service goes back to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{LEDGER, WEB, World, asks_for, check, hash, rollout, spec};
use crate::diff::fields::{NamesById, fields};
use crate::diff::{HOLD_LABEL, named};
use crate::health::HealthState;
use crate::ledger::{StableSet, decode, pack_stable, stable_labels, stable_name};
use crate::model::engine::{
    ConfigSpec, LiveConfig, Service, ServiceSpec, UpdateConfig, UpdateState,
};
use crate::model::{
    Instance, Kind, NewStable, ObjectRef, OnFailure, Replicas, Revision, ServiceRecord, SpecHash,
    StableService, StableStack, Step,
};

/// Version of a spec that the engine is to roll back by itself.
fn daring(version: &str) -> ServiceSpec {
    with_action(version, "rollback")
}

fn with_action(version: &str, action: &str) -> ServiceSpec {
    let config = UpdateConfig { failure_action: action.to_owned(), ..UpdateConfig::default() };
    ServiceSpec { update_config: Some(Box::new(config)), ..spec(version) }
}

fn hash_of(spec: &ServiceSpec) -> SpecHash {
    fields(spec, &NamesById::new()).hash()
}

/// The part of a set that holds the service as this spec.
fn part(number: u32, spec: &ServiceSpec, parts: u32) -> (String, Arc<LiveConfig>) {
    let service = StableService {
        spec: Arc::new(named(spec.clone(), Replicas::Declared, &NamesById::new())),
        hash: Some(hash_of(spec)),
        ..StableService::default()
    };
    let stack = StableStack {
        services: [(WEB.to_owned(), service)].into(),
        networks: Vec::new(),
        jobs: [].into(),
    };
    let new = NewStable {
        stack: super::stack_name(),
        revision: Revision::Commit(format!("c{number}")),
        number,
        part: (1, parts),
        content: hash_of(spec),
        uses: [ObjectRef::new(Kind::Secret, format!("shop_key-{number}"))].into(),
        spec: Arc::new(stack),
    };
    let instance = Instance::default();
    let data = pack_stable(&new.spec).expect("packed").remove(0);
    let name = stable_name(&instance, &new);
    let labels = stable_labels(&instance, &new);
    let spec = ConfigSpec {
        name: name.clone(),
        labels,
        data: STANDARD.encode(data),
        ..ConfigSpec::default()
    };
    let id = format!("k{number}");
    (name, Arc::new(LiveConfig { id, spec, ..LiveConfig::default() }))
}

impl World {
    /// Sets are kept, in this order.
    fn keeps(mut self, parts: impl IntoIterator<Item = (String, Arc<LiveConfig>)>) -> Self {
        self.observed.configs.extend(parts);
        let ledgers = decode(&self.observed.configs, &Instance::default());
        self.stable = ledgers.stable.into_values().next().unwrap_or_default();
        self
    }

    /// What runs is changed.
    fn web(mut self, change: impl FnOnce(&mut Service)) -> Self {
        change(Arc::make_mut(self.observed.services.get_mut(WEB).expect("the service")));
        self
    }
}

/// Version 1 was stable, 2 was superseded by 3 before anybody knew, and 3 fails.
fn two_bad_ones(stable: &ServiceSpec) -> World {
    let world = asks_for("3").runs("1").record(|record| {
        record.attempted = Some(hash("3"));
        record.stable = Some(hash_of(stable));
    });
    let world = world.shows("3", |service| service.previous_spec = Some(Box::new(spec("2"))));
    world.keeps([part(4, stable, 1)]).with(|world| world.health = HealthState::Failed)
}

/// The spec that the plan writes.
fn written(world: &World) -> ServiceSpec {
    let plan = world.plan();
    let spec = plan.steps.iter().find_map(|planned| match &planned.step {
        Step::UpdateService { spec, .. } => Some((**spec).clone()),
        _ => None,
    });
    spec.expect("a write")
}

/// What the ledger is told of the service.
fn told(world: &World) -> ServiceRecord {
    let plan = world.plan();
    let record = plan.steps.iter().find_map(|planned| match &planned.step {
        Step::WriteLedger { record, .. } => record.services.get(WEB).cloned(),
        _ => None,
    });
    record.expect("a record")
}

#[test]
fn two_bad_commits_in_a_row_go_back_to_the_spec_that_was_kept() {
    let world = two_bad_ones(&spec("1"));
    let failed = "remember attempted=? stable=1 bad=[\"?\"]";
    check(&world, &[failed, "rollback shop_web", "held Quarantined"]);
    assert_eq!(hash_of(&written(&world)), hash("1"));
    let world = world.with(|world| {
        let web = world.desired.services.get_mut(WEB).expect("the service");
        Arc::make_mut(web).rollout.on_failure = OnFailure::Pause;
    });
    check(&world, &[failed, "held Quarantined"]);
}

#[test]
fn what_comes_back_pauses_where_it_fails_and_gets_its_own_action_once_it_is_healthy() {
    let world = two_bad_ones(&daring("1"));
    let paused = written(&world);
    assert_eq!(paused.update_config.as_ref().expect("a config").failure_action, "pause");
    let record = told(&world);
    assert_eq!(record.back, Some(hash_of(&paused)));
    assert_eq!(record.stable, Some(hash_of(&daring("1"))));
    // A fresh start between any two steps finds this and goes on.
    let on_its_way = |state: UpdateState, health: HealthState| {
        two_bad_ones(&daring("1"))
            .record(|before| *before = record.clone())
            .web(|service| service.spec.update_config.clone_from(&paused.update_config))
            .web(|service| service.spec.task_template = paused.task_template.clone())
            .web(rollout(state))
            .with(|world| world.health = health)
    };
    for (state, health) in [
        (UpdateState::Updating, HealthState::Progressing),
        (UpdateState::Paused, HealthState::Failed),
        (UpdateState::Updating, HealthState::Healthy),
    ] {
        check(&on_its_way(state, health), &["held Quarantined"]);
    }
    let arrived = on_its_way(UpdateState::Completed, HealthState::Healthy);
    check(&arrived, &["rollback shop_web", "held Quarantined"]);
    assert_eq!(hash_of(&written(&arrived)), hash_of(&daring("1")));
    let there = arrived.web(|service| service.spec.update_config = daring("1").update_config);
    check(&there, &["remember attempted=? stable=? bad=[\"?\"]", "held Quarantined"]);
    assert_eq!(told(&there).back, None);
    let done = there.record(|record| record.back = None);
    check(&done, &["held Quarantined"]);
}

#[test]
fn what_the_engine_went_back_to_is_no_end_when_it_fails_as_well() {
    // The engine itself rolled back from 3 to 2.
    let left = |state, health| {
        two_bad_ones(&spec("1"))
            .record(|record| record.quarantine = [hash("3")].into())
            .shows("2", rollout(state))
            .with(|world| world.health = health)
    };
    let known = "remember attempted=? stable=1 bad=[\"?\"]";
    let back = [known, "rollback shop_web", "held Quarantined"];
    check(&left(UpdateState::RollbackCompleted, HealthState::Failed), &back);
    check(&left(UpdateState::RollbackPaused, HealthState::Failed), &back);
    // It may still get well, or is well.
    for (state, health) in [
        (UpdateState::RollbackStarted, HealthState::Failed),
        (UpdateState::RollbackCompleted, HealthState::Progressing),
        (UpdateState::RollbackCompleted, HealthState::Healthy),
    ] {
        check(&left(state, health), &["held Quarantined"]);
    }
    let held = left(UpdateState::RollbackCompleted, HealthState::Failed);
    let held = held.web(|service| {
        service.spec.labels.insert(HOLD_LABEL.into(), "looking".into());
    });
    check(&held, &["held Suspended"]);
}

#[test]
fn nothing_is_written_back_that_is_not_kept_or_failed_itself() {
    let failed = "remember attempted=? stable=1 bad=[\"?\"]";
    let lost = two_bad_ones(&spec("1")).keeps([]).with(|world| world.stable.clear());
    check(&lost, &[failed, "held Quarantined"]);
    let bad = two_bad_ones(&spec("1"));
    let bad = bad.record(|record| record.quarantine = [hash("1"), hash("3")].into());
    check(&bad, &["held Quarantined"]);
    // The last stable one may never have been one of a whole stack: an older one is better than none.
    let older = two_bad_ones(&spec("1")).record(|record| record.stable = Some(hash("2")));
    let older = older.web(|service| service.previous_spec = None);
    assert_eq!(hash_of(&written(&older)), hash("1"));
}

fn settled() -> World {
    asks_for("1").runs("1")
}

#[test]
fn what_settled_is_kept_once_and_anew_when_it_is_another() {
    let kept = |world: &World| {
        let lines = world.decides();
        lines.into_iter().filter(|line| !line.starts_with("remember")).collect::<Vec<_>>()
    };
    assert_eq!(kept(&settled()), ["keep 1"]);
    let plan = settled().plan();
    let new = plan.steps.iter().find_map(|planned| match &planned.step {
        Step::KeepStable(new) => Some(new.clone()),
        _ => None,
    });
    let new = new.expect("a set");
    assert_eq!(new.revision, Revision::Commit("c2".into()));
    let as_kept = |number: u32| {
        let (name, config) = part(number, &spec("1"), 1);
        let mut config = (*config).clone();
        let content = new.content.as_str().to_owned();
        config.spec.labels.insert("skep.content".to_owned(), content);
        (name, Arc::new(config))
    };
    assert_eq!(kept(&settled().keeps([as_kept(3)])), [""; 0]);
    assert_eq!(kept(&settled().keeps([as_kept(3), part(4, &spec("2"), 1)])), ["keep 5"]);
    for health in [HealthState::Progressing, HealthState::Waiting, HealthState::Failed] {
        assert_eq!(kept(&settled().with(|world| world.health = health)), [""; 0]);
    }
    let scaled = settled().with(|world| {
        let web = world.desired.services.get_mut(WEB).expect("the service");
        Arc::make_mut(web).replicas = Replicas::Free;
    });
    let contents = [2, 9].map(|replicas| {
        let mode = crate::model::engine::Replicated { replicas: Some(replicas) };
        let mode = Some(crate::model::engine::ServiceMode::Replicated(mode));
        let world = settled().web(|service| service.spec.mode.clone_from(&mode));
        let world = world.with(|world| {
            let web = world.desired.services.get_mut(WEB).expect("the service");
            let web = Arc::make_mut(web);
            (web.replicas, web.spec.mode) = (Replicas::Free, mode);
        });
        world.plan().steps.iter().find_map(|planned| match &planned.step {
            Step::KeepStable(new) => Some(new.content.clone()),
            _ => None,
        })
    });
    assert_eq!(contents[0], contents[1], "whoever scales makes nothing new");
    assert_eq!(kept(&scaled), ["keep 1"]);
}

#[test]
fn the_last_five_are_kept_and_the_others_are_garbage() {
    let versions = BTreeMap::from([(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e"), (6, "f")]);
    let parts = versions.iter().map(|(number, version)| part(*number, &spec(version), 1));
    let world = settled().keeps(parts);
    let removed = ["remove skep.stable.skep.shop.1.1", "remove skep.stable.skep.shop.2.1"];
    let lines = world.decides();
    assert_eq!(lines[1..], [&["keep 7"][..], &removed[..]].concat());
    let gone = settled().keeps([part(1, &spec("1"), 1)]).gone();
    let gone = gone.with(|world| world.observed.services.clear());
    check(&gone, &["remove skep.stable.skep.shop.1.1"]);
    let observed = |name: &str| world.observed.configs.contains_key(name);
    assert!(observed(LEDGER) && observed("skep.stable.skep.shop.1.1"));
}

#[test]
fn a_set_of_which_a_part_is_missing_is_of_no_use() {
    let lost = two_bad_ones(&spec("1")).with(|world| world.observed.configs.clear());
    let lost = lost.keeps([part(4, &spec("1"), 2)]);
    check(&lost, &["remember attempted=? stable=1 bad=[\"?\"]", "held Quarantined"]);
    let broken = settled().keeps([part(4, &spec("2"), 2), part(5, &spec("3"), 1)]);
    let lines = broken.decides();
    assert_eq!(lines[1..], ["keep 6", "remove skep.stable.skep.shop.4.1"]);
}

#[test]
fn sets_are_told_by_their_stack() {
    let stable: Vec<StableSet> = settled().keeps([part(2, &spec("1"), 1)]).stable;
    assert_eq!(stable.len(), 1);
    assert!(stable[0].uses.contains(&ObjectRef::new(Kind::Secret, "shop_key-2")));
}
