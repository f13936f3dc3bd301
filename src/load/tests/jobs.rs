//! Jobs that are run by a schedule.

use super::{check, file_set, loaded};
use crate::model::engine::ServiceMode;
use crate::model::{DesiredJob, Overlap};

/// A job by its manifest.
fn manifest(spec: &str) -> String {
    format!(
        "apiVersion: skep/v1\nkind: Job\nmetadata: {{name: tidy, stack: shop, labels: {{team: a}}}}\nspec:\n{spec}"
    )
}

fn job(text: &str) -> DesiredJob {
    let loaded = loaded(&file_set(&[("shop.yml", text)]), &[]);
    assert_eq!(loaded.problems, []);
    let stack = loaded.desired.stacks.values().next().expect("a stack");
    assert_eq!((stack.services.len(), stack.unmade.len()), (0, 0));
    DesiredJob::clone(stack.jobs.get("shop_tidy").expect("a job"))
}

#[test]
fn a_job_is_declared_by_a_manifest_or_under_x_skep() {
    let all = "  schedule: 0 3 * * mon-fri\n  time_zone: Europe/Berlin\n  overlap: replace\n  \
               starting_deadline: 1h\n  timeout: 30m\n  retries: 2\n  history: {succeeded: 1, failed: 0}\n";
    let service = "    image: x:1\n    networks: [default]\n";
    let by_manifest = manifest(&format!("{all}  suspend: later\n  service:\n{service}"))
        .replace("labels: {team: a}", "labels: {}");
    let own = all.replace("\n  ", "\n        ");
    let by_file = format!(
        "services:\n  tidy:\n{service}    x-skep:\n      suspend: later\n      job:\n      {own}\n"
    );
    let (one, other) = (job(&by_manifest), job(&by_file));
    assert_eq!(one.timing, other.timing);
    assert_eq!(one.service.spec, other.service.spec);
    assert_eq!(one.service.policy.suspend.as_deref(), Some("later"));
    assert_eq!(one.timing.words(), "0 3 * * 1-5 Europe/Berlin");
    assert_eq!((one.timing.overlap, one.timing.deadline.as_mins()), (Overlap::Replace, 60));
    assert_eq!((one.timing.succeeded, one.timing.failed), (1, 0));
    let restart = one.service.spec.task_template.restart_policy.expect("a policy");
    assert_eq!((restart.condition.as_str(), restart.max_attempts), ("on-failure", Some(2)));
}

#[test]
fn what_a_job_does_not_say_is_careful() {
    let job = job(&manifest("  schedule: '@daily'\n  service: {image: 'x:1'}\n"));
    assert_eq!((job.timing.overlap, job.timing.deadline.as_mins()), (Overlap::Forbid, 10));
    assert_eq!((job.timing.succeeded, job.timing.failed, job.timing.limit), (3, 1, None));
    assert!(matches!(job.service.spec.mode, Some(ServiceMode::ReplicatedJob(_))));
    assert_eq!(job.service.spec.labels.get("team").map(String::as_str), Some("a"));
    let restart = job.service.spec.task_template.restart_policy.expect("a policy");
    assert_eq!(restart.condition, "none");
    assert!(job.timing.next(jiff::Timestamp::UNIX_EPOCH).is_some());
}

#[test]
fn mistakes_of_jobs_are_told_with_their_place() {
    let broken = "  schedule: 61 * * * *\n  time_zone: Mars/Olympus\n  overlap: never\n  \
                  starting_deadline: 1s\n  retires: 2\n  image: 'x:1'\n";
    let alone = "apiVersion: skep/v1\nkind: Job\nmetadata: {name: alone, stack: other}\nspec: {service: {image: 'x:1'}}\n";
    let files = [("shop.yml", manifest(broken)), ("alone.yml", alone.to_owned())];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    insta::assert_snapshot!(check(&files));
}

#[test]
fn a_job_has_nothing_of_a_service_that_stands() {
    let text = "services:
  web: {image: 'x:1', depends_on: [tidy]}
  tidy:
    image: x:1
    ports: ['80:80']
    restart: always
    depends_on: [other]
    deploy: {mode: replicated, restart_policy: {condition: any}}
    x-skep: {wave: 1, job: {schedule: '@hourly', starting_deadline: 5s}}
  other: {image: 'x:1', x-skep: {hook: post, job: {schedule: '@hourly'}}}
  whose-name-is-so-long-that-no-run-of-it-has-one: {image: 'x:1', x-skep: {job: {schedule: '@daily'}}}
";
    insta::assert_snapshot!(check(&[("shop.yml", text)]));
}

#[test]
fn a_mistake_in_a_job_leaves_the_rest_of_the_stack_alone() {
    let text = "services:\n  web: {image: 'x:1', x-skep: {wave: 1}}\n  tidy:\n    image: x:1\n    x-skep: {job: {schedule: nightly}}\n";
    let loaded = loaded(&file_set(&[("shop.yml", text)]), &[]);
    let stack = loaded.desired.stacks.values().next().expect("a stack");
    assert_eq!((stack.services.len(), stack.jobs.len(), stack.unmade.len()), (1, 0, 0));
    assert_eq!(loaded.problems.len(), 1, "{:?}", loaded.problems);
}
