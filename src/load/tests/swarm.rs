//! What Swarm can't do, and what it can do beyond compose.

use serde_json::Value;

use super::{check, file_set, loaded};
use crate::model::StackName;

const KEYS: &str = "services:\n  a:\n    image: x:1\n    privileged: true\n    devices: ['/dev/x']\n    shm_size: 1g\n    links: [b]\n";

#[test]
fn what_swarm_cannot_do_is_an_error_with_what_to_use_instead() {
    insta::assert_snapshot!(check(&[("s.yml", KEYS)]));
}

#[test]
fn what_the_author_gives_up_is_a_warning() {
    let own =
        format!("{KEYS}    x-skep: {{ignore_unsupported: [privileged, devices, shm_size]}}\n");
    insta::assert_snapshot!(check(&[("s.yml", &own)]));
    let of_the_file = format!(
        "{KEYS}  b: {{image: 'x:1', pid: host, x-skep: {{ignore_unsupported: [pid]}}}}\n\
         x-skep: {{ignore_unsupported: [privileged, devices, shm_size]}}\n"
    );
    let told = check(&[("s.yml", &of_the_file)]);
    assert!(told.starts_with("stack s Whole"), "{told}");
}

#[test]
fn a_name_that_is_ignored_in_vain_or_by_mistake_is_told() {
    insta::assert_snapshot!(check(&[(
        "s.yml",
        "services:\n  a: {image: 'x:1', privileged: false, x-skep: {ignore_unsupported: [privileged]}}\n  b: {image: 'x:1', x-skep: {ignore_unsupported: [privilegd]}}\nx-skep: {ignore_unsupported: [pid]}\n",
    )]));
}

#[test]
fn links_that_rename_are_missed_and_others_are_not() {
    let file = |links: &str| format!("services: {{a: {{image: 'x:1', links: [{links}]}}}}\n");
    assert!(check(&[("s.yml", &file("b, 'c:c'"))]).contains("stack s Whole"));
    assert!(check(&[("s.yml", &file("'b:db'"))]).contains("'links' can't be used in a swarm"));
}

/// The task template of the service `a`, whose file has no mistake.
fn task(service: &str, rest: &str) -> Value {
    let text = format!("services:\n  a: {service}\n{rest}");
    let files = file_set(&[("s.yml", &text), ("seccomp.json", r#"{"defaultAction": 1}"#)]);
    let loaded = loaded(&files, &[]);
    assert!(loaded.problems.iter().all(|problem| !problem.is_error()), "{:?}", loaded.problems);
    let stack = &loaded.desired.stacks[&StackName::new("s").unwrap()];
    serde_json::to_value(&stack.services["s_a"].spec).unwrap()
}

#[test]
fn a_service_may_join_no_network() {
    let networks = |service: &str| task(service, "")["TaskTemplate"]["Networks"].take();
    assert_eq!(networks("{image: x}")[0]["Target"], "s_default");
    assert_eq!(networks("{image: x, x-skep: {default_network: true}}")[0]["Target"], "s_default");
    assert_eq!(networks("{image: x, x-skep: {default_network: false}}"), Value::Null);
    assert_eq!(networks("{image: x, networks: [], x-skep: {default_network: false}}"), Value::Null);
    let both = "services: {a: {image: x, networks: [n], x-skep: {default_network: false}}}\n\
                networks: {n: {}}\n";
    assert!(check(&[("s.yml", both)]).contains("the service names networks"));
}

#[test]
fn security_options_become_privileges() {
    let privileges =
        |service: &str| task(service, "")["TaskTemplate"]["ContainerSpec"]["Privileges"].take();
    let by_options = privileges(
        "{image: x, security_opt: ['no-new-privileges:true', 'seccomp=seccomp.json', 'apparmor:unconfined', 'label:type:svirt_t']}",
    );
    insta::assert_json_snapshot!(by_options);
    let by_settings = privileges(
        "{image: x, x-skep: {no_new_privileges: true, seccomp: seccomp.json, apparmor: unconfined}}",
    );
    assert_eq!(by_settings["Seccomp"], by_options["Seccomp"]);
    assert_eq!(by_settings["AppArmor"], by_options["AppArmor"]);
    assert_eq!(by_settings["NoNewPrivileges"], true);
    let plain = privileges("{image: x}");
    let ignored = "{image: x, security_opt: ['no-new-privileges'], x-skep: {ignore_unsupported: [security_opt]}}";
    assert_eq!(privileges(ignored), plain);
}

#[test]
fn swap_jobs_groups_and_resolver_options_go_to_the_engine() {
    let service = "{image: x, dns_opt: ['ndots:1'], group_add: [audio, 12], \
                   deploy: {mode: replicated-job, replicas: 9, resources: {limits: {memory: 1g}}}, \
                   x-skep: {max_concurrent: 3, swap: 512m, swappiness: 10}}";
    let spec = task(service, "x-skep: {logging: {driver: journald}}\n");
    insta::assert_json_snapshot!(spec);
    let own =
        task("{image: x, logging: {driver: none}}", "x-skep: {logging: {driver: journald}}\n");
    assert_eq!(own["TaskTemplate"]["LogDriver"]["Name"], "none");
    let unlimited =
        "{image: x, deploy: {resources: {limits: {memory: 1g}}}, x-skep: {swap: unlimited}}";
    assert_eq!(task(unlimited, "")["TaskTemplate"]["Resources"]["SwapBytes"], -1);
}

#[test]
fn settings_that_fit_nothing_are_told() {
    insta::assert_snapshot!(check(&[(
        "s.yml",
        "services:\n  a: {image: 'x:1', x-skep: {swap: 1g, max_concurrent: 2, seccomp: none.json, swappiness: 200}}\n  b: {image: 'x:1', x-skep: {swap: much}}\n",
    )]));
}

#[test]
fn a_network_may_have_ipv6_a_range_and_a_gateway() {
    let pool = "{subnet: 10.9.0.0/24, ip_range: 10.9.0.128/25, gateway: 10.9.0.1}";
    let text = format!(
        "services: {{a: {{image: 'x:1', networks: [n]}}}}\nnetworks: {{n: {{enable_ipv6: true, ipam: {{config: [{pool}]}}}}}}\n"
    );
    let loaded = loaded(&file_set(&[("s.yml", &text)]), &[]);
    assert_eq!(loaded.problems, []);
    let stack = &loaded.desired.stacks[&StackName::new("s").unwrap()];
    insta::assert_json_snapshot!(stack.networks["s_n"].spec);
}

#[test]
fn a_path_that_swarm_never_makes_is_told() {
    let told = |flag: &str| {
        let bind =
            format!("{{type: bind, source: /x, target: /y, bind: {{create_host_path: {flag}}}}}");
        check(&[("s.yml", &format!("services: {{a: {{image: 'x:1', volumes: [{bind}]}}}}\n"))])
    };
    assert!(
        told("true").contains("warning: s.yml:1:102: Swarm never makes the path of a bind"),
        "{}",
        told("true")
    );
    assert!(!told("false").contains("warning"));
}
