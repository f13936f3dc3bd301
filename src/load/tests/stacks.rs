//! Which stacks there are, and what belongs to them.

use std::fmt::Write as _;

use super::{check, check_with, file_set, loaded};
use crate::model::{Content, Naming, PullPolicy, Replicas, RolloutPolicy, StackName};

#[test]
fn files_become_stacks_under_their_names() {
    insta::assert_snapshot!(check(&[
        ("shop.yml", "services: {web: {image: web:1}}\n"),
        ("blog/compose.yml", "services: {web: {image: web:1}}\n"),
        ("other.yaml", "name: named\nservices: {web: {image: web:1}}\n"),
        ("values.yml", "a: 1\n"),
        ("shop.override.yml", "services: {web: {image: web:2}}\n"),
        ("compose.yml", "services: {}\n"),
    ]), @"
    stack blog Whole from blog/compose.yml
      service blog_web web:1
      network blog_default
    stack named Whole from other.yaml
      service named_web web:1
      network named_default
    stack repo Whole from compose.yml
    stack shop Whole from shop.yml
      service shop_web web:1
      network shop_default
    ");
}

#[test]
fn two_declarations_of_one_name_are_both_left_out() {
    insta::assert_snapshot!(check(&[
        ("a/shop.yml", "services: {web: {image: web:1}}\n"),
        ("b/shop.yml", "services: {web: {image: web:2}}\n"),
        ("c.yml", "services: {web: {image: web:1}}\n"),
    ]), @"
    stack c Whole from c.yml
      service c_web web:1
      network c_default
    broken shop
    error: a/shop.yml:1:1: the stack 'shop' is declared here and in b/shop.yml (line 1) (give one of them another name; none of them is used)
        services: {web: {image: web:1}}
    error: b/shop.yml:1:1: the stack 'shop' is declared here and in a/shop.yml (line 1) (give one of them another name; none of them is used)
        services: {web: {image: web:2}}
    ");
}

#[test]
fn a_bad_service_leaves_the_others_of_its_stack() {
    insta::assert_snapshot!(check(&[(
        "shop.yml",
        "services:\n  web: {image: web:1}\n  bad: {imgae: web:1}\n  uses: {image: x, networks: [n]}\nnetworks:\n  n: {drivr: x}\n",
    )]), @"
    stack shop Partial from shop.yml
      service shop_web web:1
      network shop_default
    error: shop.yml:3:3: the service has no image (write image: NAME:TAG; stacks run images that exist already)
          bad: {imgae: web:1}
    error: shop.yml:3:9: unknown key 'imgae' (did you mean 'image'?)
          bad: {imgae: web:1}
    error: shop.yml:6:7: unknown key 'drivr' (did you mean 'driver'?)
          n: {drivr: x}
    ");
}

#[test]
fn a_file_with_an_error_of_its_own_is_left_out_and_its_stack_is_known() {
    insta::assert_snapshot!(check(&[
        ("shop.yml", "version: '2.4'\nservices:\n  web: {image: web:1}\n"),
        ("good.yml", "services: {web: {image: web:1}}\n"),
    ]), @"
    stack good Whole from good.yml
      service good_web web:1
      network good_default
    broken shop
    error: shop.yml:1:10: this version of the compose format is not known (remove the line: files without a version are read as the newest of version 3)
        version: '2.4'
    ");
}

#[test]
fn a_file_that_is_no_yaml_harms_only_itself() {
    insta::assert_snapshot!(check(&[
        ("bad.yml", "services:\n  web: {image: web:1\n"),
        ("template.yml", "a: {{ if }}\n"),
        ("good.yml", "services: {web: {image: web:1}}\n"),
    ]), @"
    stack good Whole from good.yml
      service good_web web:1
      network good_default
    nameless bad.yml
    error: bad.yml:3:1: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}' (check indentation, quotes and brackets of this line and the one before)
    warning: template.yml:1:5: a list or mapping can't be a key (nothing marks it as a declaration, so it is left alone; .skepignore can name it)
        a: …
    ");
}

#[test]
fn content_of_secrets_and_configs_lies_beside_under_its_hash() {
    let files = file_set(&[
        (
            "a/shop.yml",
            "services: {web: {image: x, secrets: [s], configs: [c]}}\nsecrets: {s: {file: ../s.txt}}\nconfigs: {c: {content: hi, name: fixed}}\n",
        ),
        ("s.txt", "hunter2"),
    ]);
    let loaded = loaded(&files, &[]);
    let stack = &loaded.desired.stacks[&StackName::new("shop").unwrap()];
    let Content::Stored { data, hash } = &stack.secrets["shop_s"].content else { panic!() };
    assert_eq!(loaded.data.get(data, hash.as_ref()).unwrap().reveal(), b"hunter2");
    assert!(hash.is_some());
    assert_eq!(stack.secrets["shop_s"].naming, Naming::Versioned);
    assert_eq!(stack.configs["fixed"].naming, Naming::Verbatim);
    assert!(!format!("{loaded:?}").contains("hunter2"));
}

#[test]
fn replicas_and_pull_policy_are_told_apart_from_their_absence() {
    let files = file_set(&[(
        "s.yml",
        "services:\n  a: {image: x}\n  b: {image: x, deploy: {replicas: 0}, pull_policy: always}\n  g: {image: x, deploy: {mode: global}}\n",
    )]);
    let loaded = loaded(&files, &[]);
    let services = &loaded.desired.stacks[&StackName::new("s").unwrap()].services;
    assert_eq!(services["s_a"].replicas, Replicas::Free);
    assert_eq!(services["s_b"].replicas, Replicas::Declared);
    assert_eq!(services["s_g"].replicas, Replicas::Declared);
    assert_eq!(services["s_a"].pull, PullPolicy::OnChange);
    assert_eq!(services["s_b"].pull, PullPolicy::Always);
}

#[test]
fn a_declaration_can_suspend_its_stack() {
    insta::assert_snapshot!(check(&[(
        "s.yml",
        "x-skep: {suspend: moving house}\nservices: {a: {image: x}}\n",
    )]), @"
    stack s Whole from s.yml
      suspended: moving house
      service s_a x:latest
      network s_default
    ");
    insta::assert_snapshot!(check(&[("s.yml", "x-skep: {supsend: x}\nservices: {a: {image: x}}\n")]), @"
    broken s
    error: s.yml:1:10: unknown key 'supsend' (did you mean 'suspend'?)
        x-skep: {supsend: x}
    ");
}

#[test]
fn variables_come_from_the_process_then_from_dot_env() {
    let files = [
        ("s.yml", "services: {a: {image: 'x:$A', hostname: '$B', user: '${C:-c}'}}\n"),
        (".env", "A=file\nB=file\n"),
    ];
    insta::assert_snapshot!(check_with(&files, &[("A", "process")]), @"
    stack s Whole from s.yml
      service s_a x:process
      network s_default
    ");
    insta::assert_snapshot!(check(&[("s.yml", "services: {a: {image: x}}\n"), (".env", "oops\n")]), @"
    broken s
    error: .env:1:1: '=' is missing (one NAME=value per line; '#' begins a comment)
        oops
    ");
}

#[test]
fn a_directory_that_could_not_be_listed_may_declare_anything() {
    use crate::model::{Entry, RepoPath};
    let mut files = file_set(&[(".skepignore", "left\n")]);
    for name in ["shut", "left", ".cache"] {
        let entry = Entry::Closed("the directory can't be listed: denied".to_owned());
        files.insert(RepoPath::new(name).unwrap(), entry);
    }
    insta::assert_snapshot!(super::show(&loaded(&files, &[])), @"
    nameless shut
    error: shut: 'shut' could not be read: the directory can't be listed: denied
    ");
}

#[test]
fn links_that_stay_inside_are_followed_and_others_are_told() {
    use crate::model::{Entry, RepoPath};
    let mut files = file_set(&[("real/x.txt", "services: {a: {image: x}}\n")]);
    for (name, target) in
        [("in.yml", "real/x.txt"), ("out.yml", "../../etc/passwd"), ("loop.yml", "loop.yml")]
    {
        files.insert(RepoPath::new(name).unwrap(), Entry::Link(target.to_owned()));
    }
    files.insert(RepoPath::new("big.yml").unwrap(), Entry::TooLarge(1 << 30));
    insta::assert_snapshot!(super::show(&loaded(&files, &[])), @"
    stack in Whole from in.yml
      service in_a x:latest
      network in_default
    nameless big.yml
    nameless loop.yml
    nameless out.yml
    error: big.yml: 'big.yml' has 1073741824 bytes, more than skep reads
    error: loop.yml: the symbolic link 'loop.yml' leads in a circle
    error: out.yml: the symbolic link 'out.yml' leads out of the source
    ");
}

/// How rollouts of the services of the stack `s` are judged, with what was told.
fn rollouts(text: &str) -> String {
    let loaded = loaded(&file_set(&[("s.yml", text)]), &[]);
    let mut out = String::new();
    for stack in loaded.desired.stacks.values() {
        for (name, service) in &stack.services {
            let RolloutPolicy {
                min_healthy, healthy_deadline, progress_deadline, on_failure, ..
            } = service.rollout;
            let times = [min_healthy, healthy_deadline, progress_deadline];
            let times = times.map(|time| time.map_or("-".to_owned(), |time| format!("{time:?}")));
            let _ = writeln!(out, "{name} {} {}", times.join(" "), on_failure.as_str());
        }
    }
    let told = loaded.problems.iter().map(|problem| format!("{problem}\n"));
    out + &told.collect::<String>()
}

#[test]
fn a_service_says_how_its_rollouts_are_judged_and_its_stack_for_all() {
    insta::assert_snapshot!(rollouts(
        "services:\n\
         \x20 a: {image: 'x:1', x-skep: {rollout: {min_healthy: 3s, on_failure: continue}}}\n\
         \x20 b: {image: 'x:1'}\n\
         \x20 c: {image: 'x:1', deploy: {update_config: {failure_action: rollback}}}\n\
         \x20 d: {image: 'x:1', deploy: {update_config: {failure_action: continue}}, x-skep: {rollout: {on_failure: rollback}}}\n\
         x-skep: {rollout: {healthy_deadline: 1m30s, progress_deadline: 1h, on_failure: pause}}\n",
    ), @"
    s_a 3s 90s 3600s continue
    s_b - 90s 3600s pause
    s_c - 90s 3600s rollback
    s_d - 90s 3600s rollback
    ");
    insta::assert_snapshot!(rollouts(
        "services:\n  a: {image: 'x:1'}\n  b: {image: 'x:1', deploy: {update_config: {failure_action: pause}}}\n",
    ), @"
    s_a - - - rollback
    s_b - - - pause
    ");
}

#[test]
fn what_can_not_be_a_rollout_is_told_at_its_place() {
    insta::assert_snapshot!(rollouts(
        "services:\n\
         \x20 a: {image: 'x:1', x-skep: {rollout: {min_healthy: 10m}}}\n\
         \x20 b: {image: 'x:1', x-skep: {rollout: {healthy_deadline: 0s}}}\n\
         \x20 c: {image: 'x:1', x-skep: {rollout: {min_helthy: 3s, progress_deadline: soon}}}\n\
         \x20 d: {image: 'x:1', x-skep: {rollout: {on_failure: retreat}}}\n\
         \x20 e: {image: 'x:1', x-skep: {rollout: {atomic: true}}}\n\
         \x20 f: {image: 'x:1', deploy: {update_config: {failure_action: rollback}}, x-skep: {rollout: {on_failure: pause}}}\n",
    ), @"
    s_f - - - pause
    s.yml:2:53: 'min_healthy' (600s) is not shorter than 'healthy_deadline' (300s) (a task has to last within its deadline, and tasks become healthy one by one)
    s.yml:3:58: this time has to be longer than none (write 10s or the like)
    s.yml:4:40: unknown key 'min_helthy' (did you mean 'min_healthy'?)
    s.yml:4:75: this is not a duration such as 30s, 1m30s or 1.5h (write it in this form)
    s.yml:5:52: has to be one of: rollback, pause, continue (write one of them)
    s.yml:6:48: a stack is atomic, not one of its services (write it under x-skep.rollout at the top of the file)
    s.yml:7:105: the engine rolls back by itself: failure_action says so (write failure_action: pause or continue as well)
    ");
    insta::assert_snapshot!(rollouts(
        "services: {a: {image: 'x:1'}, b: {image: 'x:1'}}\nx-skep: {rollout: {progress_deadline: 1m}}\n",
    ), @"s.yml:2:39: 'healthy_deadline' (300s) is not shorter than 'progress_deadline' (60s) (a task has to last within its deadline, and tasks become healthy one by one)");
}
