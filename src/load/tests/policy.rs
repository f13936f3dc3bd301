//! What the author of a stack wants done, and when.

use super::{file_set, loaded};
use crate::model::{
    ApprovalPolicy, Condition, Place, Presence, PrunePolicy, RecreatePolicy, ServicePolicy,
    StackPolicy, WindowKind,
};

fn policy(settings: &str) -> StackPolicy {
    let compose = format!("services: {{a: {{image: 'x:1'}}}}\nx-skep: {{{settings}}}\n");
    let manifest = format!(
        "apiVersion: skep/v1\nkind: Stack\nmetadata: {{name: s}}\nspec: {{services: {{a: {{image: 'x:1'}}}}, {settings}}}\n"
    );
    let [compose, manifest] = [compose, manifest].map(|text| {
        let loaded = loaded(&file_set(&[("s.yml", &text)]), &[]);
        assert_eq!(loaded.problems, []);
        let mut policy = loaded.desired.stacks.values().next().expect("a stack").policy.clone();
        let needs = policy.order.depends_on.values_mut();
        needs.for_each(|need| need.place = Place::default());
        policy
    });
    let placeless = |policy: &StackPolicy| {
        let mut policy = policy.clone();
        let places = policy.moved_from.iter_mut();
        places.for_each(|moved| moved.place = crate::model::Place::default());
        policy
    };
    let both = (placeless(&compose), placeless(&manifest));
    assert_eq!(both.0, both.1, "both ways of writing mean the same");
    compose
}

#[test]
fn by_default_nobody_is_asked_and_every_time_is_good() {
    let policy = policy("profiles: []");
    assert_eq!((policy.approval, policy.windows.len()), (ApprovalPolicy::Automatic, 0));
    assert_eq!(policy.recreate, RecreatePolicy::Confirm);
}

#[test]
fn whether_something_may_be_made_anew_is_said_by_the_service_before_its_stack() {
    assert_eq!(policy("recreate: never").recreate, RecreatePolicy::Never);
    let text = "services: {a: {image: 'x:1', x-skep: {recreate: auto}}, b: {image: 'x:1'}}
x-skep: {recreate: never}
";
    let loaded = loaded(&file_set(&[("s.yml", text)]), &[]);
    assert_eq!(loaded.problems, []);
    let stack = loaded.desired.stacks.values().next().expect("a stack");
    let said = stack.services.values().map(|service| service.recreate);
    assert_eq!(said.collect::<Vec<_>>(), [RecreatePolicy::Auto, RecreatePolicy::Never]);
}

#[test]
fn a_service_has_a_policy_of_its_own() {
    let text = "services:
  a:
    image: 'x:1'
    x-skep: {suspend: later, approval: manual, windows: [], prune: never}
  b: {image: 'x:1'}
x-skep: {prune: confirm}
";
    let loaded = loaded(&file_set(&[("s.yml", text)]), &[]);
    assert_eq!(loaded.problems, []);
    let stack = loaded.desired.stacks.values().next().expect("a stack");
    assert_eq!(stack.policy.prune, PrunePolicy::Confirm);
    let own = ServicePolicy {
        suspend: Some("later".to_owned()),
        approval: Some(ApprovalPolicy::Manual),
        windows: Some(Vec::new()),
        prune: Some(PrunePolicy::Never),
    };
    assert_eq!(stack.services["s_a"].policy, own);
    assert_eq!(stack.services["s_b"].policy, ServicePolicy::default());
    assert_eq!(policy("prune: never").prune, PrunePolicy::Never);
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

#[test]
fn the_order_of_stacks_is_read() {
    let order =
        policy("wave: -2, depends_on: {base: {condition: service_healthy, required: false}}");
    assert_eq!(order.order.wave, -2);
    let (name, need) = order.order.depends_on.first_key_value().expect("one");
    assert_eq!((name.as_str(), need.until), ("base", Condition::Healthy));
    assert_eq!(need.presence, Presence::Optional);
    let order = policy("depends_on: [base, tools]");
    let until: Vec<Condition> = order.order.depends_on.values().map(|need| need.until).collect();
    assert_eq!(until, [Condition::Started, Condition::Started]);
}

/// All problems of these files: file, line and column, what is wrong, what to do.
fn told(files: &[(&str, &str)]) -> String {
    let loaded = loaded(&file_set(files), &[]);
    loaded.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn circles_and_other_mistakes_in_the_order_are_told_with_their_path() {
    let services = "services:
  api: {image: 'x:1', depends_on: [web]}
  web: {image: 'x:1', x-skep: {wave: 2}}
  job: {image: 'x:1', x-skep: {wave: first}}
";
    let manifest = "apiVersion: skep/v1
kind: Stack
metadata: {name: late}
spec:
  wave: 3
  services: {a: {image: 'x:1'}}
";
    let stacks = [
        ("early.yml", "services: {a: {image: 'x:1'}}\nx-skep:\n  depends_on: [middle]\n"),
        ("middle.yml", "services: {a: {image: 'x:1'}}\nx-skep: {depends_on: {late: {}}}\n"),
        ("alone.yml", "services: {a: {image: 'x:1'}}\nx-skep: {depends_on: [alone]}\n"),
        ("broken.yml", "services: {a: {image: 'x:1'}}\nx-skep: {depends_on: [no.name]}\n"),
        ("late.yml", manifest),
        ("services.yml", services),
    ];
    insta::assert_snapshot!(told(&stacks), @r"
    alone.yml:2:23: stacks wait for each other in a circle: alone → alone (take one of these steps away)
    broken.yml:2:23: no stack is called so: the name may hold letters, digits, '-' and '_', and must begin and end with a letter or digit
    early.yml:3:16: stacks wait for each other in a circle: early → middle → late → early (a later wave waits for all before it: 'early' has wave 0, 'middle' has wave 0, 'late' has wave 3)
    services.yml:2:35: services wait for each other in a circle: api → web → api ('web' has wave 2 and waits for all with a lower one; take the step away, or let 'api' come as late)
    services.yml:4:38: has to be a whole number, not text (write it without quotes)
    ");
}

#[test]
fn waves_alone_make_no_circle() {
    let of = |wave: i32| format!("services: {{a: {{image: 'x:1'}}}}\nx-skep: {{wave: {wave}}}\n");
    let files = [("a.yml", of(1)), ("b.yml", of(0)), ("c.yml", of(-1))];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    assert_eq!(told(&files), "");
}

#[test]
fn where_a_stack_was_before_is_read() {
    let moved = policy("moved_from: {stack: old, source: team.shop}").moved_from.expect("it moved");
    assert_eq!(moved.stack.as_ref().map(crate::model::StackName::as_str), Some("old"));
    assert_eq!(moved.source.as_ref().map(crate::model::SourceName::as_str), Some("team.shop"));
    assert_eq!(policy("profiles: []").moved_from, None);
}

#[test]
fn mistakes_in_hooks_are_told_at_their_place() {
    let long = "a".repeat(60);
    let text = format!(
        "services:
  web: {{image: 'x:1', depends_on: [test]}}
  test: {{image: 'x:1', x-skep: {{hook: post, timeout: 0s}}}}
  migrate: {{image: 'x:1', depends_on: [web], x-skep: {{hook: pre}}}}
  each: {{image: 'x:1', deploy: {{mode: global-job}}, x-skep: {{hook: pre}}}}
  {long}: {{image: 'x:1', x-skep: {{hook: pre}}}}
  plain: {{image: 'x:1', x-skep: {{timeout: 5m}}}}
  never: {{image: 'x:1', x-skep: {{hook: during}}}}
"
    );
    let told = told(&[("s.yml", &text)]);
    for (line, part) in [
        (2, "services wait for each other in a circle: web → test → web ('test' is run once all"),
        (3, "this is no time that something lasts"),
        (4, "in a circle: migrate → web → migrate ('web' is begun after all that is run before"),
        (5, "a hook is a replicated-job (remove the mode, or the hook)"),
        (6, "is too long for a hook: at most 52"),
        (7, "'timeout' is for hooks only (remove it, or write hook: pre)"),
        (8, "has to be one of: pre, post"),
    ] {
        let place = format!("s.yml:{line}:");
        let mut lines = told.lines();
        assert!(
            lines.any(|told| told.starts_with(&place) && told.contains(part)),
            "{part}: {told}"
        );
    }
}

/// The canaries of the services, with what was told.
fn canaries(text: &str) -> String {
    let loaded = loaded(&file_set(&[("s.yml", text)]), &[]);
    let stacks = loaded.desired.stacks.values();
    let services = stacks.flat_map(|stack| &stack.services).map(|(name, service)| {
        let canary = service.rollout.canary.map_or_else(
            || "none".to_owned(),
            |canary| format!("{} {:?}", canary.tasks, canary.promote_after),
        );
        format!("{name}: {canary}")
    });
    let told = loaded.problems.iter().map(|problem| {
        let at = problem.at.map_or(0, |at| at.line);
        format!("{at}: {} ({})", problem.message, problem.hint)
    });
    services.chain(told).collect::<Vec<_>>().join("\n")
}

#[test]
fn canaries_are_a_services_own_or_those_of_its_stack() {
    insta::assert_snapshot!(canaries("services:
  a: {image: 'x:1'}
  b: {image: 'x:1', x-skep: {rollout: {canary: 0}}}
  c: {image: 'x:1', x-skep: {rollout: {barrier: true}}}
  d: {image: 'x:1', x-skep: {rollout: {promote_after: 1h}}}
  e: {image: 'x:1', deploy: {mode: global}}
x-skep: {rollout: {canary: 2, promote_after: 10m}}
"), @r"
    s_a: 2 Some(600s)
    s_b: none
    s_c: 1 Some(0ns)
    s_d: 2 Some(3600s)
    s_e: none
    ");
}

#[test]
fn canaries_that_can_not_be_are_told() {
    insta::assert_snapshot!(canaries("services:
  a: {image: 'x:1', deploy: {mode: global}, x-skep: {rollout: {canary: 1}}}
  b: {image: 'x:1', deploy: {mode: replicated-job}, x-skep: {rollout: {barrier: true}}}
  c: {image: 'x:1', x-skep: {rollout: {canary: 1, barrier: true}}}
  d: {image: 'x:1', x-skep: {rollout: {promote_after: 1h}}}
  e: {image: 'x:1', x-skep: {rollout: {canary: 1, promote_after: -1h}}}
  f: {image: 'x:1', x-skep: {rollout: {canary: -1}}}
"), @r"
    2: a service of the mode global has no first tasks (remove it, or make the service replicated)
    3: a service of the mode replicated-job has no first tasks (remove it, or make the service replicated)
    4: 'canary' stands beside it (write one of the two: a barrier is one task)
    5: there are no first tasks that it could be about (write canary: 1 as well)
    6: this time can't be shorter than none (write 10m or the like)
    7: has to be 0 or more (write another number)
    ");
}

#[test]
fn what_may_be_shown_is_said_by_the_stack_and_by_the_service() {
    let text = "services:
  a: {image: 'x:1', x-skep: {reveal: [command]}}
  b: {image: 'x:1', x-skep: {reveal: false}}
  c: {image: 'x:1', x-skep: {reveal: true}}
x-skep: {reveal: ['environment.MODE']}
";
    let loaded = loaded(&file_set(&[("s.yml", text)]), &[]);
    assert_eq!(loaded.problems, []);
    let stack = loaded.desired.stacks.values().next().expect("a stack");
    let shown = |name: &str, path: &str| stack.services[name].reveal.cover(path);
    let all = |name| ["command", "environment.MODE", "environment.PW"].map(|p| shown(name, p));
    assert_eq!(all("s_a"), [true, true, false]);
    assert_eq!(all("s_b"), [false; 3]);
    assert_eq!(all("s_c"), [true; 3]);
}

/// Fields of the service `a` that others decide.
fn ignored(text: &str) -> Vec<String> {
    let loaded = loaded(&file_set(&[("s.yml", text)]), &[]);
    assert_eq!(loaded.problems, []);
    let stack = loaded.desired.stacks.values().next().expect("a stack");
    stack.services["s_a"].ignore.iter().map(ToString::to_string).collect()
}

#[test]
fn fields_are_left_to_others_by_the_stack_by_the_service_and_by_a_ready_form() {
    let text = "services: {a: {image: 'x:1', x-skep: {ignore: ['environment.BUILD_*']}}, b: {image: 'x:1'}}
x-skep: {ignore: [{preset: autoscaler}, {fields: [user], services: [b]}, {fields: ['labels.*'], services: ['*']}]}
";
    let expected = ["deploy.replicas", "environment.BUILD_*", "labels.*"];
    assert_eq!(ignored(text), expected);
    let manifest = "apiVersion: skep/v1
kind: Stack
metadata: {name: s}
spec:
  ignore: [{preset: swarm-cronjob}]
  services: {a: {image: 'x:1', x-skep: {ignore: [image]}}}
";
    assert_eq!(ignored(manifest), ["deploy.replicas", "image"]);
}

#[test]
fn rules_that_mean_nothing_are_told() {
    let text = "services:
  a:
    image: x:1
    x-skep:
      ignore: [replicas, {fields: [image], services: [a]}, {}, {preset: scaler}]
x-skep:
  ignore: [enviroment.A, {fields: [user], services: [aa]}]
";
    let loaded = loaded(&file_set(&[("s.yml", text)]), &[]);
    let told = loaded.problems.iter().map(ToString::to_string);
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
    s.yml:5:16: the pattern 'replicas' fits no field that a service can have (did you mean 'deploy.replicas'? paths are those that skep diff prints, such as deploy.replicas)
    s.yml:5:54: a service's own rule is for this service (remove services)
    s.yml:5:60: the rule names no fields (write fields: [deploy.replicas], or preset: autoscaler)
    s.yml:5:73: has to be one of: autoscaler, swarm-cronjob (write one of them)
    s.yml:7:12: the pattern 'enviroment.A' fits no field that a service can have (did you mean 'environment.*'? paths are those that skep diff prints, such as deploy.replicas)
    s.yml:7:54: no service fits 'aa' (did you mean 'a'?)
    ");
}
