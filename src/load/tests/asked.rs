//! Profiles, order, and values from files and variables.

use super::{check, check_with, file_set, loaded, spec_of};
use crate::model::{Content, PullPolicy, StackName};

/// Which service waits for which, and what is wrong.
fn order(file: &str) -> String {
    let loaded = loaded(&file_set(&[("s.yml", file)]), &[]);
    let stacks = loaded.desired.stacks.values();
    let services = stacks.flat_map(|stack| stack.services.iter());
    let lines = services.filter(|(_, service)| !service.depends_on.is_empty());
    let lines = lines.map(|(name, service)| format!("{name}: {:?}", service.depends_on));
    lines.chain(loaded.problems.iter().map(ToString::to_string)).collect::<Vec<_>>().join("\n")
}

const PROFILES: &str = "services:\n  web: {image: x}\n  debug: {image: 'x:${DEBUG_TAG}', profiles: [debug, test], imgae: x}\n  seed: {image: x, profiles: [test]}\n";

#[test]
fn services_of_profiles_are_there_when_they_are_asked_for() {
    insta::assert_snapshot!(check(&[("s.yml", PROFILES)]), @"
    stack s Whole from s.yml
      service s_web x:latest
      network s_default
    ");
    let asked = format!("x-skep: {{profiles: [test]}}\n{}", PROFILES.replace(", imgae: x", ""));
    insta::assert_snapshot!(check_with(&[("s.yml", &asked)], &[("DEBUG_TAG", "1")]), @"
    stack s Whole from s.yml
      service s_debug x:1
      service s_seed x:latest
      service s_web x:latest
      network s_default
    ");
    insta::assert_snapshot!(check_with(&[("s.yml", PROFILES)], &[("COMPOSE_PROFILES", "x, test")]), @"
    stack s Partial from s.yml
      service s_seed x:latest
      service s_web x:latest
      network s_default
    error: s.yml:3:18: the variable 'DEBUG_TAG' is not set and has no default (set it in .env beside the file or in the stack's variables, or write ${DEBUG_TAG:-default})
          debug: {image: 'x:${DEBUG_TAG}', profiles: [debug, test], imgae: x}
    error: s.yml:3:61: unknown key 'imgae' (did you mean 'image'?)
          debug: {image: 'x:${DEBUG_TAG}', profiles: [debug, test], imgae: x}
    ");
    insta::assert_snapshot!(check(&[
        ("m.yml", "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: m}\nspec: {files: [s.yml], profiles: ['*', tset], variables: {DEBUG_TAG: '2'}}\n"),
        ("s.yml", &PROFILES.replace(", imgae: x", "")),
    ]), @"
    stack m Whole from m.yml, s.yml
      service m_debug x:2
      service m_seed x:latest
      service m_web x:latest
      network m_default
    warning: m.yml:4:40: no service of the stack has this profile (did you mean 'test'?)
        spec: {files: [s.yml], profiles: ['*', tset], variables: {DEBUG_TAG: …}}
    ");
}

#[test]
fn a_mistake_that_a_left_out_service_shares_is_still_told() {
    insta::assert_snapshot!(check(&[(
        "s.yml",
        "x-a: &a {image: x, user: 1}\nservices:\n  a: {<<: *a, profiles: [p]}\n  b: *a\n",
    )]), @"
    stack s Partial from s.yml
    error: s.yml:1:26: has to be text, not a number (put it in quotes)
        x-a: &a {image: x, user: 1}
    ");
}

#[test]
fn a_mistake_of_a_base_that_is_left_out_is_still_told() {
    insta::assert_snapshot!(check(&[(
        "s.yml",
        "x-skep: {profiles: [q]}\nservices:\n  base: {image: x, user: 1, profiles: [p]}\n  web: {extends: base, profiles: [q]}\n",
    )]), @"
    stack s Partial from s.yml
    error: s.yml:3:26: has to be text, not a number (put it in quotes)
          base: {image: x, user: 1, profiles: [p]}
    ");
}

#[test]
fn services_wait_for_others() {
    insta::assert_snapshot!(order("services:\n  web: {image: x, depends_on: [db]}\n  db: {image: x, depends_on: {job: {condition: service_completed_successfully}, cache: {condition: service_healthy, required: true, restart: false}, gone: {condition: service_started, required: false}}}\n  job: {image: x}\n  cache: {image: x}\n"), @r#"
    s_db: {"s_cache": Healthy, "s_job": Completed}
    s_web: {"s_db": Started}
    "#);
}

#[test]
fn what_services_wait_for_has_to_be_there() {
    insta::assert_snapshot!(order("services:\n  web: {image: x, depends_on: [bd]}\n  api: {image: x, depends_on: {bd: {condition: service_healthy}}}\n  old: {image: x, depends_on: [opt]}\n  new: {image: x, depends_on: {opt: {condition: service_started, required: false}}}\n  odd: {image: x, depends_on: {db: {condition: healthy, restart: true}}}\n  db: {image: x}\n  opt: {image: x, profiles: [p]}\n"), @"
    s.yml:2:32: there is no service 'bd' to wait for (did you mean 'db'?)
    s.yml:3:32: there is no service 'bd' to wait for (did you mean 'db'?)
    s.yml:4:32: the service 'opt' is left out: nobody asks for its profiles (ask for one of them (p) in profiles of x-skep, or write required: false)
    s.yml:6:48: has to be one of: service_started, service_healthy, service_completed_successfully (write one of them)
    s.yml:6:66: 'restart' has no effect: Swarm restarts no service because another one changed (remove it)
    ");
}

#[test]
fn circles_of_depends_on_are_told_with_their_way() {
    insta::assert_snapshot!(order("services:\n  c: {image: x, depends_on: {a: {condition: service_healthy}}}\n  a: {image: x, depends_on: [b, ok]}\n  b: {image: x, depends_on: [c]}\n  ok: {image: x}\n  up: {image: x, depends_on: [a]}\n"), @r#"
    s_up: {"s_a": Started}
    s.yml:3:29: services wait for each other in a circle: a → b → c → a (take one of these steps away)
    "#);
    insta::assert_snapshot!(order("services:\n  c: {image: x, depends_on: [a]}\n  a: {image: x, depends_on: [c, ok]}\n  ok: {image: x}\n  self: {image: x, depends_on: [self]}\n"), @r#"
    s_a: {"s_ok": Started}
    s.yml:3:29: services wait for each other in a circle: a → c → a (take one of these steps away; none of them waits for the next one now)
    s.yml:5:32: services wait for each other in a circle: self → self (take one of these steps away; none of them waits for the next one now)
    "#);
}

#[test]
fn files_of_variables_and_labels_may_be_missing_only_when_they_say_so() {
    let files = [
        (
            "s.yml",
            "services:\n  a:\n    image: x\n    env_file: [{path: a.env, format: raw}, {path: none.env, required: false}, b.env]\n    label_file: l.env\n    environment: {FLAG: true, OFF: false, N: 1}\n    labels: {own: '1'}\n    deploy: {labels: [tier=web, bare]}\n    ports: [{target: 80, published: 80, name: http, app_protocol: http}]\n",
        ),
        ("a.env", "A=\"1\"\nB=1\n"),
        ("b.env", "B=2\n"),
        ("l.env", "own=file\nfile=1\n"),
    ];
    let (spec, problems) = spec_of(&files, "s_a");
    let container = &spec["TaskTemplate"]["ContainerSpec"];
    insta::assert_snapshot!(container["Env"], @r#"["A=\"1\"","B=2","FLAG=true","N=1","OFF=false"]"#);
    insta::assert_snapshot!(container["Labels"], @r#"{"com.docker.stack.namespace":"s","file":"1","own":"1"}"#);
    insta::assert_snapshot!(spec["Labels"], @r#"{"bare":"","com.docker.stack.image":"x","com.docker.stack.namespace":"s","tier":"web"}"#);
    insta::assert_snapshot!(spec["EndpointSpec"], @r#"{"Ports":[{"Name":"http","PublishedPort":80,"TargetPort":80}]}"#);
    insta::assert_snapshot!(problems.join("\n"), @"s.yml:9:53: 'app_protocol' has no effect: Swarm balances connections, whatever they carry (remove it)");
    insta::assert_snapshot!(check(&[("s.yml", "services:\n  a: {image: x, env_file: [{path: none.env}]}\n  b: {image: x, env_file: [{path: a.env, format: yaml}]}\n  c: {image: x, label_file: none}\n")]), @"
    stack s Partial from s.yml
    error: s.yml:2:28: there is no file 'none.env' in the source (paths are relative to the file that names them, and stay inside the repository)
          a: {image: x, env_file: [{path: none.env}]}
    error: s.yml:3:28: there is no file 'a.env' in the source (paths are relative to the file that names them, and stay inside the repository)
          b: {image: x, env_file: [{path: a.env, format: yaml}]}
    error: s.yml:3:50: has to be one of: raw (write one of them)
          b: {image: x, env_file: [{path: a.env, format: yaml}]}
    error: s.yml:4:29: there is no file 'none' in the source (paths are relative to the file that names them, and stay inside the repository)
          c: {image: x, label_file: none}
    ");
}

#[test]
fn content_comes_from_variables() {
    let files = file_set(&[
        (
            "s.yml",
            "services: {a: {image: x, secrets: [s], configs: [c]}}\nsecrets: {s: {environment: PW}}\nconfigs: {c: {environment: CONF}}\n",
        ),
        (".env", "CONF=conf\n"),
    ]);
    let given = loaded(&files, &[("PW", "hunter2")]);
    let stack = &given.desired.stacks[&StackName::new("s").unwrap()];
    let Content::Stored { data, hash } = &stack.secrets["s_s"].content else { panic!() };
    assert_eq!(given.data.get(data, hash.as_ref()).unwrap().reveal(), b"hunter2");
    assert!(!format!("{given:?}").contains("hunter2"));
    assert!(stack.configs.contains_key("s_c"));
    insta::assert_snapshot!(super::show(&loaded(&files, &[])), @"
    stack s Partial from s.yml
      config s_c
    error: s.yml:2:28: the variable 'PW' is not set (set it in .env beside the file or in the stack's variables)
        secrets: {s: {environment: …}}
    ");
}

#[test]
fn policies_of_pulling_say_what_to_use_instead() {
    let policy = |word: &str| {
        let file = format!("services: {{a: {{image: x, pull_policy: {word}}}}}\n");
        let loaded = loaded(&file_set(&[("s.yml", &file)]), &[]);
        let stack = loaded.desired.stacks.values().next();
        let pull = stack.and_then(|stack| stack.services.get("s_a")).map(|service| service.pull);
        (pull, loaded.problems.iter().map(|problem| problem.message.clone()).collect::<String>())
    };
    for (word, pull) in [
        ("always", PullPolicy::Always),
        ("missing", PullPolicy::OnChange),
        ("if_not_present", PullPolicy::OnChange),
    ] {
        assert_eq!(policy(word), (Some(pull), String::new()), "{word}");
    }
    for (word, instead) in [
        ("never", "write missing"),
        ("build", "write missing"),
        ("daily", "write always"),
        ("weekly", "write always"),
        ("every_12h", "write always"),
        ("sometimes", "write missing or always"),
    ] {
        let (pull, told) = policy(word);
        assert!(pull.is_none() && told.contains(instead), "{word}: {told}");
    }
}

#[test]
fn keys_without_effect_are_told_with_the_reason() {
    insta::assert_snapshot!(check(&[(
        "s.yml",
        "services:\n  a:\n    image: x\n    annotations: {a: b}\n    develop: {watch: []}\n    stop_grace_period: 1d\n",
    )]), @"
    stack s Whole from s.yml
      service s_a x:latest
      network s_default
    warning: s.yml:4:5: 'annotations' has no effect: Swarm hands none to containers; labels can say the same (remove it)
            annotations: {a: b}
    warning: s.yml:5:5: 'develop' has no effect: it is for development with docker compose (remove it)
            develop: {watch: []}
    ");
}
