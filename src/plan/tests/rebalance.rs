//! Tasks that are spread anew: what the audit says by itself. The decisions are told as stories
//! (`tests/stories/rebalancing.rs`).

use std::sync::Arc;

use super::{WEB, World, asks_for, audit, rollout};
use crate::model::engine::{Mount, ServiceSpec, UpdateState};
use crate::model::{Desired, Step, Target, UpdateManner};
use crate::plan::{Finding, PlannedStep, Stage};

/// What the audit finds in a plan that spreads the service anew, with this changed.
fn found(world: &World, change: impl FnOnce(&mut ServiceSpec)) -> bool {
    let live = &world.observed.services[WEB];
    let mut spec = live.spec.clone();
    spec.task_template.force_update += 1;
    change(&mut spec);
    let target = Target { name: WEB.into(), id: live.id.clone(), version: live.version };
    let (spec, manner) = (Arc::new(spec), UpdateManner::Spread);
    let step = Step::UpdateService { target, spec, manner };
    let mut plan = world.plan();
    plan.steps.push(PlannedStep { stage: Stage::Services, step, needs: [].into() });
    let findings = audit(&plan, &Desired::default(), &world.observed);
    findings.contains(&Finding::Unspreadable(WEB.to_owned()))
}

#[test]
fn the_audit_finds_tasks_that_are_not_to_be_spread() {
    let world = || asks_for("1").runs("1");
    assert!(!found(&world(), |_| {}));
    assert!(found(&world(), |spec| spec.labels.clear()));
    assert!(found(&world(), |spec| spec.task_template.force_update -= 1));
    let volume = Mount { kind: "volume".into(), ..Mount::default() };
    let keeps = world().with(|world| {
        let web = Arc::make_mut(world.observed.services.get_mut(WEB).expect("the service"));
        let container = web.spec.task_template.container_spec.get_or_insert_default();
        container.mounts = vec![volume];
    });
    assert!(found(&keeps, |_| {}));
    let moves = world().with(|world| {
        let web = world.observed.services.get_mut(WEB).expect("the service");
        rollout(UpdateState::Updating)(Arc::make_mut(web));
    });
    assert!(found(&moves, |_| {}));
}
