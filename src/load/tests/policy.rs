//! What the author of a stack wants done, and when.

use super::{file_set, loaded};
use crate::model::{ApprovalPolicy, StackPolicy, WindowKind};

fn policy(settings: &str) -> StackPolicy {
    let compose = format!("services: {{a: {{image: 'x:1'}}}}\nx-skep: {{{settings}}}\n");
    let manifest = format!(
        "apiVersion: skep/v1\nkind: Stack\nmetadata: {{name: s}}\nspec: {{services: {{a: {{image: 'x:1'}}}}, {settings}}}\n"
    );
    let [compose, manifest] = [compose, manifest].map(|text| {
        let loaded = loaded(&file_set(&[("s.yml", &text)]), &[]);
        assert_eq!(loaded.problems, []);
        loaded.desired.stacks.values().next().expect("a stack").policy.clone()
    });
    assert_eq!(compose, manifest, "both ways of writing mean the same");
    compose
}

#[test]
fn by_default_nobody_is_asked_and_every_time_is_good() {
    let policy = policy("profiles: []");
    assert_eq!((policy.approval, policy.windows.len()), (ApprovalPolicy::Automatic, 0));
}

#[test]
fn approval_and_windows_are_read() {
    let policy = policy(
        "approval: manual, windows: [{kind: deny, schedule: '0 9 * * mon', duration: 1d, time_zone: Europe/Berlin}]",
    );
    assert_eq!(policy.approval, ApprovalPolicy::Manual);
    let window = &policy.windows[0];
    assert_eq!((window.kind, window.duration.as_hours()), (WindowKind::Deny, 24));
    // Nine o'clock there.
    let end = window.end("2026-01-05T08:00:00Z".parse().expect("a time"));
    assert_eq!(end, Some("2026-01-06T08:00:00Z".parse().expect("a time")));
}

#[test]
fn mistakes_in_windows_are_told_at_their_place() {
    let text = "services: {a: {image: 'x:1'}}
x-skep:
  approval: maybe
  windows:
    - {kind: open, schedule: 0 9 * * *, duration: 1h}
    - {kind: allow, schedule: 0 0 30 2 *, duration: -1h, time_zone: Mars/Olympus}
    - {schedule: nightly, length: 1h}
";
    let loaded = loaded(&file_set(&[("s.yml", text)]), &[]);
    let told = loaded.problems.iter().map(|problem| {
        let at = problem.at.map_or(0, |at| at.line);
        format!("{at}: {} ({})", problem.message, problem.hint)
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
    3: has to be one of: auto, manual (write one of them)
    5: has to be one of: allow, deny (write one of them)
    6: this is a time that never comes (write it like 0 22 * * mon-fri)
    6: this is no time that something lasts (write it like 4h)
    6: this is no known time zone, such as Europe/Berlin or UTC (write it in this form)
    7: the key 'duration' is missing (write duration: …)
    7: the key 'kind' is missing (write kind: …)
    7: this is no cron schedule of five fields (write it like 0 22 * * mon-fri)
    7: unknown key 'length' (the keys here are duration, kind, schedule, time_zone)
    ");
}
