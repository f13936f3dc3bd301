//! Jobs that are run by a schedule.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{WEB, World, asks_for, declared, now, stack_name};
use crate::diff::{NAMESPACE_LABEL, OWNER_LABEL, RUN_LABEL};
use crate::model::engine::{JobMode, Service, ServiceMode, Task, TaskState, TaskStatus, Version};
use crate::model::{
    Desired, DesiredJob, JobRecord, LedgerRecord, Overlap, RunEnd, SLOT_LABEL, SeenTask, Standing,
    Step, Timing, slot_name,
};
use crate::plan::{Finding, RunState, StackPlan, audit};

const JOB: &str = "shop_tidy";

/// The minute that has begun, 40 seconds ago.
fn due() -> Timestamp {
    "1970-01-12T13:46:00Z".parse().expect("a time")
}

fn earlier(minutes: i64) -> Timestamp {
    due().checked_sub(SignedDuration::from_mins(minutes)).expect("a time")
}

fn timing(overlap: Overlap) -> Timing {
    let limit = Some(Duration::from_secs(3600));
    Timing { overlap, succeeded: 1, limit, ..Timing::by("* * * * *", "UTC") }
}

/// The shop as declared, with a job that was last run so many minutes before it is due.
fn ran(minutes: i64, overlap: Overlap) -> World {
    asks_for("1").runs("1").with(|world| {
        let mut service = declared("1");
        service.spec.name = JOB.to_owned();
        service.spec.mode = Some(ServiceMode::ReplicatedJob(JobMode::default()));
        let timing = timing(overlap);
        let job = JobRecord::beginning(timing.words(), earlier(minutes));
        world.desired.jobs.insert(JOB.to_owned(), Arc::new(DesiredJob { service, timing }));
        let record = world.record.as_mut().expect("a record");
        record.jobs.insert(JOB.to_owned(), job);
    })
}

/// A run that is there, with one task in a state.
fn with_run(world: World, slot: Timestamp, state: TaskState) -> World {
    world.with(|world| {
        let name = format!("{JOB}-{}", slot_name(slot));
        let mut spec = declared("1").spec;
        spec.name.clone_from(&name);
        let slot = slot.to_string();
        let owner = format!("skep/service/{name}");
        for (key, value) in [
            (NAMESPACE_LABEL, "shop"),
            (OWNER_LABEL, &owner),
            (RUN_LABEL, JOB),
            (SLOT_LABEL, &slot),
        ] {
            spec.labels.insert(key.to_owned(), value.to_owned());
        }
        let id = format!("id-{name}");
        let service =
            Service { id: id.clone(), version: Version { index: 3 }, spec, ..Service::default() };
        let status = TaskStatus { state, ..TaskStatus::default() };
        let task = Task { status, desired_state: TaskState::Complete, ..Task::default() };
        let seen = SeenTask { task: task.into(), standing: Standing::Current };
        world.observed.services.insert(name, Arc::new(service));
        world.observed.tasks.insert(id, vec![seen]);
    })
}

/// What is done about services, in short, and why the run is not begun.
fn decides(world: &World) -> (Vec<String>, Option<&'static str>) {
    let plan = world.plan();
    assert_eq!(plan.held, []);
    let steps = plan.steps.iter().filter_map(|planned| {
        let name = planned.step.object()?.name;
        Some(format!("{} {}", planned.step.kind(), name.replace("19700112T", "")))
    });
    let held = plan.jobs[0].held.as_ref().map(crate::model::HeldReason::name);
    (steps.filter(|step| step.contains(JOB)).collect(), held)
}

fn record(plan: &StackPlan) -> LedgerRecord {
    let written = plan.steps.iter().find_map(|planned| match &planned.step {
        Step::WriteLedger { record, .. } => Some((**record).clone()),
        _ => None,
    });
    written.expect("a record is written")
}

#[test]
fn the_ledger_knows_of_a_run_before_it_is_made() {
    let plan = ran(3, Overlap::Forbid).plan();
    assert_eq!(plan.steps[0].step.kind().to_string(), "ledger");
    let job = record(&plan).jobs[JOB].clone();
    assert_eq!((job.slot, job.begins, job.missed), (due(), true, 2));
    let Step::CreateService { spec } = &plan.steps[1].step else { panic!("{:?}", plan.steps) };
    assert_eq!(spec.name, "shop_tidy-19700112T1346Z");
    assert_eq!(spec.labels.get(SLOT_LABEL).map(String::as_str), Some("1970-01-12T13:46:00Z"));
    assert_eq!(spec.labels.get(RUN_LABEL).map(String::as_str), Some(JOB));
}

#[test]
fn a_run_is_begun_beside_another_one_as_is_said() {
    let open = |overlap| with_run(ran(1, overlap), earlier(1), TaskState::Running);
    let create = "create shop_tidy-1346Z".to_owned();
    assert_eq!(decides(&open(Overlap::Forbid)), (vec![], Some("Overlap")));
    assert_eq!(decides(&open(Overlap::Allow)), (vec![create.clone()], None));
    let removes = vec!["remove shop_tidy-1345Z".to_owned()];
    assert_eq!(decides(&open(Overlap::Replace)), (removes, Some("Waiting")));
    // One that is over is in nobody's way.
    let over = with_run(ran(1, Overlap::Forbid), earlier(1), TaskState::Complete).with(|world| {
        let jobs = &mut world.record.as_mut().expect("a record").jobs;
        let job = jobs.get_mut(JOB).expect("the job");
        job.ended.insert(earlier(1), RunEnd::default());
    });
    assert_eq!(decides(&over), (vec![create], None));
}

#[test]
fn a_run_that_is_there_is_not_made_again_whatever_the_ledger_says() {
    let world = with_run(ran(1, Overlap::Allow), due(), TaskState::Running);
    assert_eq!(decides(&world), (vec![], None));
    let begun = with_run(ran(0, Overlap::Allow), due(), TaskState::Running).with(|world| {
        let jobs = &mut world.record.as_mut().expect("a record").jobs;
        jobs.get_mut(JOB).expect("the job").begins = true;
    });
    assert!(!record(&begun.plan()).jobs[JOB].begins, "it was seen");
}

#[test]
fn runs_that_are_over_go_when_there_are_more_than_are_kept() {
    let mut world = ran(0, Overlap::Forbid);
    for (minutes, failure) in [(5, None), (4, Some("x")), (3, None), (2, Some("y")), (1, None)] {
        world = with_run(world, earlier(minutes), TaskState::Complete).with(|world| {
            let jobs = &mut world.record.as_mut().expect("a record").jobs;
            let end = RunEnd { failure: failure.map(str::to_owned) };
            jobs.get_mut(JOB).expect("the job").ended.insert(earlier(minutes), end);
        });
    }
    let expected = ["remove shop_tidy-1341Z", "remove shop_tidy-1342Z", "remove shop_tidy-1343Z"];
    assert_eq!(decides(&world), (expected.map(str::to_owned).to_vec(), None));
    let kept = record(&world.plan()).jobs[JOB].ended.len();
    assert_eq!(kept, 2);
}

/// After a change of its leader the engine begins a task for a job that had failed.
#[test]
fn a_failed_run_that_the_engine_begins_again_is_removed_and_the_next_one_waits_for_that() {
    let world = with_run(ran(1, Overlap::Forbid), earlier(1), TaskState::Running).with(|world| {
        let jobs = &mut world.record.as_mut().expect("a record").jobs;
        let end = RunEnd { failure: Some("x".to_owned()) };
        jobs.get_mut(JOB).expect("the job").ended.insert(earlier(1), end);
    });
    let removes = vec!["remove shop_tidy-1345Z".to_owned()];
    assert_eq!(decides(&world), (removes, Some("Overlap")));
}

#[test]
fn a_job_that_was_never_seen_is_not_run_for_a_time_before() {
    let world = ran(3, Overlap::Forbid).with(|world| {
        world.record.as_mut().expect("a record").jobs.clear();
    });
    assert_eq!(decides(&world), (vec![], None));
    assert_eq!(record(&world.plan()).jobs[JOB].slot, due());
}

#[test]
fn what_is_begun_at_a_wrong_time_is_found() {
    let world = ran(1, Overlap::Forbid);
    let find = |world: &World, change: &dyn Fn(&mut StackPlan)| {
        let mut plan = ran(1, Overlap::Forbid).plan();
        change(&mut plan);
        let mut desired = Desired::default();
        desired.stacks.insert(stack_name(), world.desired.clone().into());
        audit(&plan, &desired, &world.observed)
    };
    let nothing = |_: &mut StackPlan| {};
    let untimely = [Finding::Untimely("shop_tidy-19700112T1346Z".to_owned())];
    assert_eq!(find(&world, &nothing), []);
    let unknown = |plan: &mut StackPlan| {
        for planned in &mut plan.steps {
            if let Step::WriteLedger { record, .. } = &mut planned.step {
                record.jobs.clear();
            }
        }
    };
    let unrecorded = [Finding::Unrecorded("shop_tidy-19700112T1346Z".to_owned())];
    assert_eq!(find(&world, &unknown), unrecorded);
    let early = ran(1, Overlap::Forbid).with(|world| world.observed.at = earlier(1));
    assert_eq!(find(&early, &nothing), untimely);
    let beside = with_run(ran(1, Overlap::Forbid), earlier(1), TaskState::Running);
    assert_eq!(find(&beside, &nothing), untimely);
    let suspended = ran(1, Overlap::Forbid).with(|world| {
        let job = world.desired.jobs.get_mut(JOB).expect("the job");
        Arc::make_mut(job).service.policy.suspend = Some(String::new());
    });
    assert_eq!(find(&suspended, &nothing), untimely);
    let undeclared = ran(1, Overlap::Forbid).with(|world| world.desired.jobs.clear());
    assert_eq!(find(&undeclared, &nothing), untimely);
}

#[test]
fn how_the_last_run_stands_is_told() {
    let open = with_run(ran(1, Overlap::Forbid), earlier(1), TaskState::Running);
    let job = open.plan().jobs[0].clone();
    assert_eq!((job.name.as_str(), job.running), (JOB, 1));
    assert_eq!(job.last.map(|last| (last.slot, last.state)), Some((earlier(1), RunState::Running)));
    assert!(job.next.is_some_and(|next| next > now()));
    assert!(open.observed.services.contains_key(WEB));
}
