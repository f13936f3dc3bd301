//! Jobs that are run by a schedule, on a real engine.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use skep::execute::ledger_write;
use skep::ledger::decode;
use skep::model::{Instance, LedgerRecord, StackName};
use skep::plan::{JobPlan, RunState};
use skep::status::{Settled, StackReport, settled};

use crate::doors::doors;
use crate::lab::{Lab, within};
use crate::process::call;
use crate::world::{PATIENCE, World};

/// A service, and a job.
const SHOP: &str = "\
services:
  web: {image: WEB, deploy: {replicas: 0}}
  tidy:
    image: TIDY
    x-skep: {job: {schedule: 'SCHEDULE', starting_deadline: 1h, history: {succeeded: 9, failed: 9}}}
";

/// Whose time comes in no test.
const YEARLY: &str = "0 0 1 1 *";
const MINUTELY: &str = "* * * * *";

/// As if nobody had been there for so many minutes, in which the jobs had their times each minute: what
/// the ledger says of them is older.
fn away(world: &World<'_>, minutes: i64) {
    let change = |record: &mut LedgerRecord, now: Timestamp| {
        for job in record.jobs.values_mut() {
            job.schedule = format!("{MINUTELY} UTC");
            let before = now.checked_sub(SignedDuration::from_mins(minutes));
            job.slot = before.expect("a time");
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let swarm = doors(&world.node().socket, world.lab.logins()).swarm;
        let observed = swarm.look().await.expect("a look");
        let instance = Instance::new(world.name.clone()).expect("a name");
        let stack = StackName::new(world.name.clone()).expect("a name");
        let entry = decode(&observed.configs, &instance).stacks.remove(&stack).expect("a ledger");
        let mut record = LedgerRecord::clone(&entry.record);
        change(&mut record, observed.at);
        let write = ledger_write(&instance, Some(&stack), &record, Some(&entry.target));
        swarm.write(&write.expect("it fits")).await.expect("a write");
    });
}

/// Waits for a state of the job's last run, and gives how the job stands then.
fn job(world: &World<'_>, wanted: impl Fn(&RunState) -> bool) -> JobPlan {
    let name = world.full("tidy");
    let of = |stack: &StackReport| stack.plan.jobs.iter().find(|job| job.name == name).cloned();
    let fits = |stack: &StackReport| {
        assert_ne!(settled(stack), Settled::Badly, "{:?}", stack.conditions);
        of(stack).and_then(|job| job.last).is_some_and(|last| wanted(&last.state))
    };
    let found = world.skep().wait(0, PATIENCE, |report| report.stacks.values().any(&fits));
    let report = found.expect("the run is told").report;
    report.stacks.values().find_map(of).expect("the job")
}

/// What the ledger alone tells, and what is told beside the source.
fn tells(world: &World<'_>) {
    let status = call(world, &["status", "-o", "json"]);
    let status: serde_json::Value = serde_json::from_str(&status.out).expect("JSON");
    let job = &status["stacks"][0]["jobs"][0];
    assert_eq!(job["name"], world.full("tidy"), "{status}");
    assert!(job["last"]["slot"].is_string() && job["next"].is_string(), "{job}");
    let name = format!("service/{}", world.full("tidy"));
    let repo = world.repo.path();
    let repo = repo.to_str().expect("text");
    for words in [&["explain", &name][..], &["explain", &name, repo][..]] {
        let told = call(world, words);
        assert!(told.out.contains("* * * * * UTC"), "{words:?}: {told:?}");
    }
}

/// Runs that were begun, each with its name.
fn begun(world: &World<'_>, mark: usize) -> Vec<String> {
    let wrote = world.wrote(mark).into_iter();
    wrote.filter(|line| line.starts_with("create service tidy-")).collect()
}

#[test]
fn a_run_that_was_missed_is_made_up_for_once_and_a_failed_one_is_told_and_harms_nothing() {
    let lab = Lab::open();
    let mut world = World::on(&lab, "one", "jobs");
    let of = |image: &str, schedule: &str| {
        let text = SHOP.replace("WEB", lab.image("1")).replace("TIDY", lab.image(image));
        text.replace("SCHEDULE", schedule)
    };
    world.commit(&[(&world.file(), &of("done", YEARLY))]);
    world.start();
    world.converged();
    world.stop();
    world.commit(&[(&world.file(), &of("done", MINUTELY))]);
    away(&world, 5);
    let mark = world.proxy.mark();
    world.start();
    let done = job(&world, |state| *state == RunState::Succeeded);
    assert!(done.missed >= 4, "{done:?}");
    world.stop();
    let runs = begun(&world, mark);
    let slot = done.last.expect("a run").slot.strftime("create service tidy-%Y%m%dT%H%MZ");
    assert!(runs.contains(&slot.to_string()), "{runs:?}");
    // Another start finds it where it is; a minute may have passed meanwhile.
    world.commit(&[(&world.file(), &of("crash", MINUTELY))]);
    away(&world, 2);
    world.start();
    let failed = job(&world, |state| matches!(state, RunState::Failed { .. }));
    let Some(RunState::Failed { why }) = failed.last.map(|last| last.state) else { unreachable!() };
    assert!(why.contains("non-zero exit (1)"), "{why}");
    tells(&world);
    let mut all = begun(&world, mark);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), begun(&world, mark).len(), "none was begun twice");
    // What left git goes, run by run, and nobody has to say yes to it.
    world.commit(&[(
        &world.file(),
        &format!("services:\n  web: {{image: '{}', deploy: {{replicas: 0}}}}\n", lab.image("1")),
    )]);
    world.stop();
    world.start();
    let alone = || world.names("service") == ["web"];
    assert!(within(Duration::from_secs(60), alone), "{:?}", world.names("service"));
}
