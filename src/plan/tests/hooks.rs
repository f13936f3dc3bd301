//! Jobs that are run once.

use std::sync::Arc;

use super::{WEB, World, asks_for, check};
use crate::model::engine::{JobMode, ServiceMode};
use crate::model::{ApiVersion, DesiredService, Phase, Rank, SpecHash};

const HOOK: &str = "shop_migrate";

/// The shop with a job before its service.
fn with_hook() -> World {
    asks_for("1").with(|world| {
        let web = &world.desired.services[WEB];
        let mut hook = DesiredService::clone(web);
        hook.spec.name = HOOK.to_owned();
        hook.spec.mode = Some(ServiceMode::ReplicatedJob(JobMode::default()));
        hook.rank = Rank { phase: Phase::Pre, wave: 0 };
        world.desired.services.insert(HOOK.to_owned(), Arc::new(hook));
        world.desired.content = Some(SpecHash::of(b"content"));
    })
}

#[test]
fn the_ledger_knows_of_a_run_before_it_is_made_and_nothing_else_is_touched() {
    let world = with_hook();
    let decides = world.decides();
    assert!(decides[1].starts_with("create shop_migrate-"), "{decides:?}");
    assert_eq!(decides[2..], ["held WaveNotReady"]);
    let plan = world.plan();
    let record = plan.steps.iter().find_map(|planned| match &planned.step {
        crate::model::Step::WriteLedger { record, .. } => Some((**record).clone()),
        _ => None,
    });
    let hooks = record.and_then(|record| record.hooks).expect("a run");
    assert_eq!(
        (decides[1].as_str(), hooks.done.len()),
        (&*format!("create {HOOK}-{}", hooks.run), 0)
    );
}

#[test]
fn an_engine_without_jobs_is_not_given_one() {
    let world = with_hook().with(|world| world.observed.engine.api = ApiVersion::v1(40));
    let noted = "remember attempted=- stable=- bad=[]";
    check(&world, &[noted, "held EngineTooOld", "held WaveNotReady"]);
}

#[test]
fn while_the_content_is_not_known_nothing_of_the_stack_is_touched() {
    check(&with_hook().with(|world| world.desired.content = None), &["held WaveNotReady"]);
}
