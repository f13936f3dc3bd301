//! Decisions about small worlds: one stack `shop` with the service `shop_web`.

mod canary;
mod failure;
mod hooks;
mod ignore;
mod jobs;
mod policy;
mod rebalance;
mod recreate;
mod removal;
mod stable;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    Basis, Contested, Custody, Declared, Lineage, Memory, Orders, PlanInput, Quota, Removals,
    Scope, StackPlan, Turns, Writes, audit, plan,
};
use crate::diff::fields::{NamesById, fields};
use crate::diff::{
    Claims, DiffInput, HOLD_LABEL, IMAGE_LABEL, NAMESPACE_LABEL, OWNER_LABEL, Unequal, View, diff,
    remains,
};
use crate::health::{Health, HealthState};
use crate::ledger::{Entry, StableSet};
use crate::model::engine::{
    ContainerSpec, LiveConfig, Replicated, Service, ServiceMode, ServiceSpec, UpdateState,
    UpdateStatus, Version,
};
use crate::model::{
    Ancestry, ApiVersion, Desired, DesiredService, DesiredStack, Engine, FieldRules, ImageRef,
    Images, Instance, LedgerRecord, Observed, Place, PullPolicy, Rank, Replicas, Revision,
    RolloutPolicy, ServicePolicy, ServiceRecord, SourceName, SpecHash, StackName, StackPolicy,
    Step, Suspension, Target, Wholeness,
};

const WEB: &str = "shop_web";
const LEDGER: &str = "skep.ledger.skep.shop";

fn now() -> Timestamp {
    Timestamp::from_second(1_000_000).expect("a time")
}

fn stack_name() -> StackName {
    StackName::new("shop").expect("a name")
}

/// A spec of `shop_web` with one environment variable, by whose value versions are told apart.
fn spec(version: &str) -> ServiceSpec {
    let mut spec = ServiceSpec {
        name: WEB.to_owned(),
        mode: Some(ServiceMode::Replicated(Replicated { replicas: Some(2) })),
        ..ServiceSpec::default()
    };
    for (key, value) in [(NAMESPACE_LABEL, "shop"), (IMAGE_LABEL, "web:1")] {
        spec.labels.insert(key.to_owned(), value.to_owned());
    }
    spec.task_template.container_spec = Some(ContainerSpec {
        image: image().familiar(),
        env: vec![format!("VERSION={version}")],
        ..ContainerSpec::default()
    });
    spec
}

fn hash(version: &str) -> SpecHash {
    fields(&spec(version), &NamesById::new()).hash()
}

fn image() -> ImageRef {
    format!("web:1@sha256:{}", "a".repeat(64)).parse().expect("an image")
}

/// One world before the decision.
struct World {
    desired: DesiredStack,
    observed: Observed,
    record: Option<LedgerRecord>,
    lineage: Lineage,
    orders: Orders,
    memory: Memory,
    stable: Vec<StableSet>,
    turns: Turns,
    health: HealthState,
    running: u64,
    why: String,
}

fn declared(version: &str) -> DesiredService {
    DesiredService {
        spec: spec(version),
        image: image(),
        pull: PullPolicy::OnChange,
        follows: None,
        replicas: Replicas::Declared,
        rank: Rank::default(),
        limit: None,
        depends_on: BTreeMap::new(),
        rollout: RolloutPolicy::default(),
        recreate: crate::model::RecreatePolicy::default(),
        ignore: FieldRules::default(),
        reveal: FieldRules::default(),
        policy: ServicePolicy::default(),
        place: Place::default(),
    }
}

/// Git asks for a version; nothing runs, nothing is remembered.
fn asks_for(version: &str) -> World {
    let service = declared(version);
    let ledger = LiveConfig { id: "l1".into(), ..LiveConfig::default() };
    let source = SourceName::new("root").expect("a name");
    World {
        desired: DesiredStack {
            name: stack_name(),
            source: source.clone(),
            files: Vec::new(),
            wholeness: Wholeness::Whole,
            policy: StackPolicy::default(),
            networks: BTreeMap::new(),
            secrets: BTreeMap::new(),
            configs: BTreeMap::new(),
            services: [(WEB.to_owned(), Arc::new(service))].into(),
            jobs: BTreeMap::new(),
            unmade: BTreeMap::new(),
            content: None,
            external: [].into(),
        },
        observed: Observed {
            at: now(),
            engine: Engine {
                version: "28.2".into(),
                api: ApiVersion::v1(50),
                cluster: "c".into(),
                node: "n".into(),
            },
            services: BTreeMap::new(),
            tasks: BTreeMap::new(),
            networks: BTreeMap::new(),
            secrets: BTreeMap::new(),
            configs: [(LEDGER.to_owned(), Arc::new(ledger))].into(),
            nodes: BTreeMap::new(),
            gaps: BTreeSet::new(),
        },
        record: None,
        lineage: Lineage {
            source,
            root: None,
            custody: Custody::Own,
            revision: Revision::Commit("c2".into()),
            ancestry: Ancestry::Later,
            declared: Declared::Here,
            policy: StackPolicy::default(),
            basis: Basis::Declared,
        },
        orders: Orders {
            writes: Writes::Allowed,
            removals: Removals::Guarded,
            suspension: None,
            quota: Quota::Within,
            guards: super::guard::Verdicts::default(),
            scope: Scope::Everything,
            rebalance: None,
        },
        memory: Memory::default(),
        stable: Vec::new(),
        turns: Turns::default(),
        health: HealthState::Healthy,
        running: 2,
        why: String::new(),
    }
}

impl World {
    /// A version runs, as ours, and the ledger knows that it was written and stable.
    fn runs(mut self, version: &str) -> Self {
        self.record = Some(LedgerRecord {
            format: crate::ledger::FORMAT,
            services: [(
                WEB.to_owned(),
                ServiceRecord {
                    attempted: Some(hash(version)),
                    loose: Some(fields(&spec(version), &NamesById::new()).loose_hash()),
                    stable: Some(hash(version)),
                    image: Some(("web:1".into(), image())),
                    ..ServiceRecord::default()
                },
            )]
            .into(),
            source: Some(self.lineage.source.clone()),
            revision: Some(self.lineage.revision.clone()),
            ..LedgerRecord::default()
        });
        self.shows(version, |service| {
            service.spec.labels.insert(OWNER_LABEL.into(), "skep/service/shop_web".into());
        })
    }

    /// A version is there, with something about it changed.
    fn shows(mut self, version: &str, change: impl FnOnce(&mut Service)) -> Self {
        let mut service = Service {
            id: "s1".into(),
            version: Version { index: 7 },
            spec: spec(version),
            ..Service::default()
        };
        if self.record.is_some() {
            service.spec.labels.insert(OWNER_LABEL.into(), "skep/service/shop_web".into());
        }
        change(&mut service);
        self.observed.services.insert(WEB.to_owned(), Arc::new(service));
        self
    }

    fn record(mut self, change: impl FnOnce(&mut ServiceRecord)) -> Self {
        let record = self.record.get_or_insert_default();
        change(record.services.entry(WEB.to_owned()).or_default());
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The stack left its source.
    fn gone(mut self) -> Self {
        self.lineage.declared = Declared::Gone;
        self
    }

    /// The plan; every plan passes the audit.
    fn plan(&self) -> StackPlan {
        let instance = Instance::default();
        let view = View::new(&self.observed);
        let images = Images::default();
        let (images, key) = (&images, None);
        let (unequal, claims) = (&Unequal::new(), &Claims::default());
        let input = DiffInput { instance: &instance, view: &view, images, key, unequal, claims };
        let nothing = LedgerRecord::default();
        let record = self.record.as_ref().unwrap_or(&nothing);
        let here = self.lineage.declared == Declared::Here;
        let changes = if here {
            diff(&self.desired, record, input)
        } else {
            remains(&stack_name(), record, input)
        };
        let health = Health {
            state: self.health,
            running: self.running,
            wanted: 2,
            since: Some(now()),
            started: 2,
            why: self.why.clone(),
            ..Health::default()
        };
        let health = [(WEB.to_owned(), health)].into();
        let target = Target { name: LEDGER.into(), id: "l1".into(), version: Version::default() };
        let ledger = self.record.clone().map(|record| Entry { record: Arc::new(record), target });
        let plan = plan(
            &PlanInput {
                changes: &changes,
                declared: None,
                view: &view,
                ledger: ledger.as_ref(),
                stable: &self.stable,
                health: &health,
                lineage: &self.lineage,
                orders: &self.orders,
                memory: &self.memory,
                turns: &self.turns,
                now: now(),
            },
            &instance,
        );
        let mut desired = Desired::default();
        if here {
            desired.stacks.insert(stack_name(), self.desired.clone().into());
        }
        assert_eq!(audit(&plan, &desired, &self.observed), []);
        plan
    }

    /// The revision that the ledger holds after the plan.
    fn applied(&self) -> Option<Revision> {
        let plan = self.plan();
        let written = plan.steps.iter().find_map(|planned| match &planned.step {
            Step::WriteLedger { record, .. } => Some(record.revision.clone()),
            _ => None,
        });
        written.unwrap_or_else(|| self.record.as_ref().and_then(|record| record.revision.clone()))
    }

    /// The plan in short lines.
    fn decides(&self) -> Vec<String> {
        let plan = self.plan();
        let steps = plan.steps.iter().map(|planned| match &planned.step {
            Step::WriteLedger { record, .. } => ledger_line(record),
            Step::Remove { target, .. } if target.name == LEDGER => "forget".to_owned(),
            Step::KeepStable(new) => format!("keep {}", new.number),
            step => {
                format!("{} {}", step.kind(), step.object().map_or_else(String::new, |o| o.name))
            }
        });
        let held = plan.held.iter().map(|held| format!("held {}", held.reason.name()));
        steps.chain(held).collect()
    }
}

fn ledger_line(record: &LedgerRecord) -> String {
    let service = record.services.get(WEB).cloned().unwrap_or_default();
    let word = |wanted: Option<&SpecHash>| match wanted {
        None => "-",
        Some(found) if *found == hash("1") => "1",
        Some(found) if *found == hash("2") => "2",
        Some(_) => "?",
    };
    let bad: Vec<&str> = service.quarantine.iter().map(|bad| word(Some(bad))).collect();
    format!(
        "remember attempted={} stable={} bad={bad:?}",
        word(service.attempted.as_ref()),
        word(service.stable.as_ref())
    )
}

fn rollout(state: UpdateState) -> impl FnOnce(&mut Service) {
    move |service| {
        service.update_status = Some(UpdateStatus { state, ..UpdateStatus::default() });
    }
}

/// `check(world, lines)`: the decision is exactly this.
fn check(world: &World, expected: &[&str]) {
    assert_eq!(world.decides(), expected);
}

#[test]
fn what_is_missing_is_created_after_the_ledger_knows_of_it() {
    check(&asks_for("1"), &["remember attempted=1 stable=- bad=[]", "create shop_web"]);
}

#[test]
fn what_is_as_declared_is_left_alone_and_remembered_once() {
    let world = asks_for("1").runs("1");
    check(&world, &["remember attempted=1 stable=1 bad=[]", "keep 1"]);
}

#[test]
fn a_newer_declaration_is_written() {
    check(&asks_for("2").runs("1"), &["remember attempted=2 stable=1 bad=[]", "update shop_web"]);
}

#[test]
fn what_was_changed_by_hand_is_put_back() {
    let world = asks_for("1").runs("1").shows("2", |_| ());
    check(&world, &["update shop_web"]);
}

#[test]
fn our_own_rollout_is_left_alone_even_for_a_label_or_a_replica() {
    let world = asks_for("1").runs("1").shows("1", |service| {
        rollout(UpdateState::Updating)(service);
        service.spec.labels.insert("x".into(), "1".into());
    });
    check(&world, &["held RolloutRunning"]);
}

#[test]
fn a_paused_rollout_is_not_resumed_by_a_label() {
    let world = asks_for("1").runs("1").shows("1", |service| {
        rollout(UpdateState::Paused)(service);
        service.spec.labels.insert("x".into(), "1".into());
    });
    // It was stable once: it is no fault of it that the engine stopped now.
    check(&world, &["held RolloutRunning"]);
}

#[test]
fn a_newer_declaration_supersedes_our_rollout() {
    let world = asks_for("2").runs("1").shows("1", rollout(UpdateState::Updating));
    check(&world, &["remember attempted=2 stable=1 bad=[]", "supersede shop_web"]);
}

#[test]
fn somebody_elses_rollout_is_superseded_at_once() {
    let world = asks_for("1").runs("1").shows("2", rollout(UpdateState::Updating));
    check(&world, &["supersede shop_web"]);
}

#[test]
fn a_rolled_back_spec_is_held_and_not_healed() {
    let attempted = |record: &mut ServiceRecord| record.attempted = Some(hash("2"));
    for state in [UpdateState::RollbackStarted, UpdateState::RollbackCompleted] {
        let world = asks_for("2").runs("1").record(attempted).shows("1", rollout(state));
        check(&world, &["remember attempted=2 stable=1 bad=[\"2\"]", "held Quarantined"]);
    }
}

#[test]
fn quarantine_outlives_the_engines_memory() {
    let world = asks_for("2").runs("1").record(|record| {
        record.attempted = Some(hash("2"));
        record.quarantine.insert(hash("2"));
    });
    check(&world, &["held Quarantined"]);
}

#[test]
fn a_different_spec_ends_the_quarantine() {
    let world = asks_for("1").runs("2").record(|record| {
        record.quarantine.insert(hash("2"));
    });
    check(&world, &["remember attempted=1 stable=2 bad=[\"2\"]", "update shop_web"]);
}

#[test]
fn a_person_stops_writes_with_a_label_a_command_or_the_declaration() {
    let label = asks_for("2").runs("1").shows("1", |service| {
        service.spec.labels.insert(HOLD_LABEL.into(), "patching".into());
    });
    check(&label, &["held Suspended"]);
    let suspension = || Some(Suspension { reason: String::new(), until: None });
    let command = asks_for("2").runs("1").with(|world| {
        world.record.get_or_insert_default().suspension = suspension();
    });
    check(&command, &["held Suspended"]);
    let all = asks_for("2").runs("1").with(|world| world.orders.suspension = suspension());
    check(&all, &["held Suspended"]);
    let declaration = asks_for("2").runs("1").with(|world| {
        world.lineage.policy.suspend = Some("migration".into());
    });
    check(&declaration, &["held Suspended"]);
}

#[test]
fn a_suspension_ends_at_its_time() {
    let until = |seconds| {
        let until = now().checked_add(SignedDuration::from_secs(seconds)).ok();
        asks_for("2").runs("1").with(|world| {
            world.orders.suspension = Some(Suspension { reason: String::new(), until });
        })
    };
    check(&until(1), &["held Suspended"]);
    check(&until(0), &["remember attempted=2 stable=1 bad=[]", "update shop_web"]);
}

#[test]
fn observing_writes_nothing_at_all() {
    let world = asks_for("1").with(|world| world.orders.writes = Writes::ObserveOnly);
    check(&world, &["held ObserveOnly"]);
}

#[test]
fn a_service_of_somebody_else_is_not_touched() {
    let world = asks_for("1").shows("2", |service| {
        service.spec.labels.remove(NAMESPACE_LABEL);
    });
    // The ledger says why the revision gets no further.
    check(&world, &["remember attempted=- stable=- bad=[]", "held NotOurs"]);
}

#[test]
fn a_hand_deployed_service_is_adopted_without_a_write_or_waits_for_approval() {
    let same = asks_for("1").shows("1", |_| ());
    check(&same, &["remember attempted=1 stable=1 bad=[]", "keep 1"]);
    let other = asks_for("1").shows("2", |_| ());
    assert_eq!(other.decides().last().map(String::as_str), Some("held NeedsApproval"));
}

#[test]
fn a_failed_write_waits_and_is_tried_again() {
    let backoff = |seconds| {
        let until = now().checked_add(SignedDuration::from_secs(seconds)).expect("a time");
        asks_for("1").runs("1").shows("2", |_| ()).with(|world| {
            let object = crate::model::ObjectRef::new(crate::model::Kind::Service, WEB);
            world.memory.backoff.insert(object, (until, "no".into()));
        })
    };
    check(&backoff(5), &["held BackOff"]);
    check(&backoff(0), &["update shop_web"]);
}

#[test]
fn a_fought_over_replica_count_is_left_to_the_other_side() {
    let scaled = |version: &str, git: &str| {
        asks_for(git).runs("1").shows(version, |service| {
            service.spec.mode = Some(ServiceMode::Replicated(Replicated { replicas: Some(9) }));
        })
    };
    let fight = |world: World| {
        world.with(|world| {
            for _ in 0..3 {
                let values = Contested { ours: "2".into(), theirs: "9".into() };
                world.memory.contests.repaired(WEB, "deploy.replicas", values, now());
            }
        })
    };
    check(&fight(scaled("1", "1")), &["held Contested"]);
    let expected = ["remember attempted=2 stable=1 bad=[]", "update shop_web", "held Contested"];
    check(&fight(scaled("1", "2")), &expected);
}

#[test]
fn a_rewritten_history_was_forgotten_once_a_step_was_taken_and_the_next_pass_removed() {
    let before = Revision::Commit("c1".into());
    for (ancestry, remembered) in [
        (Ancestry::Later, "c2"),
        (Ancestry::Unordered, "c2"),
        (Ancestry::Rewritten, "c1"),
        (Ancestry::Unknown, "c1"),
    ] {
        let world = asks_for("2").runs("1").with(|world| {
            world.record.get_or_insert_default().revision = Some(before.clone());
            world.lineage.ancestry = ancestry;
        });
        assert_eq!(world.applied(), Some(Revision::Commit(remembered.into())), "{ancestry:?}");
    }
}
