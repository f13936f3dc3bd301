//! Each rule over small stacks: what is told, with the places of both.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Claim, Guards, judge};
use crate::load::{LoadOptions, load};
use crate::model::{Entry, FileSet, HeldReason, RepoPath, SourceName, StackName};

/// What these rules say against these stacks, by file name.
fn told(rules: &str, stacks: &[(&str, &str)], standing: &[(Claim, &str)]) -> Vec<String> {
    let guard =
        format!("apiVersion: skep/v1\nkind: Guard\nmetadata: {{name: g}}\nspec:\n  {rules}\n");
    let mut files = FileSet::default();
    for (name, text) in stacks.iter().copied().chain([("guard.yml", guard.as_str())]) {
        let path = RepoPath::new(name).expect("a path");
        files.insert(path, Entry::File(Arc::from(text.as_bytes())));
    }
    let source = SourceName::new("team-a").expect("a name");
    let options = LoadOptions {
        source: &source,
        key: None,
        name: None,
        variables: &BTreeMap::new(),
        globs: &[],
        identities: crate::load::Identities::NONE,
    };
    let loaded = load(&files, &options);
    let errors: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    assert_eq!(errors, [""; 0]);
    let guards = Guards { known: loaded.guards, unread: loaded.unread_guards };
    let name = |name: &str| StackName::new(name).expect("a name");
    let standing = standing.iter().map(|(claim, stack)| (claim.clone(), name(stack))).collect();
    let verdicts = judge(&guards, &loaded.desired, &standing);
    let reasons = verdicts.values().flat_map(|verdicts| verdicts.reasons());
    let told = reasons.map(|(_, reason)| match reason {
        HeldReason::Guarded { rule, rule_at, at, what, .. } => {
            format!("{at} {what} [{rule} {rule_at}]")
        }
        other => other.to_string(),
    });
    told.collect()
}

/// What a rule says of one service `a` with these keys.
fn check(rule: &str, service: &str, expected: &[&str]) {
    let stack = format!("services:\n  a: {{image: 'r.test/a:1', {service}}}\n");
    let told = told(rule, &[("s.yml", &stack)], &[]);
    let places = |line: &String| {
        let line = line.strip_prefix("s.yml:2 ").expect("the service's line");
        line.rsplit_once(" [").map(|(what, _)| what.to_owned()).expect("a rule")
    };
    assert_eq!(told.iter().map(places).collect::<Vec<_>>(), expected, "{rule} {service}");
}

#[test]
fn images_are_held_against_in_full() {
    check("images: {allow: [r.test/*]}", "", &[]);
    check("images: {allow: [docker.io/*]}", "", &["the image r.test/a:1 is not allowed"]);
    check("images: {deny: ['*:1']}", "", &["the image r.test/a:1 is not allowed"]);
    check("images: {allow: ['r.test/a:2', 'r.test/a:1']}", "", &[]);
    check("images: {allow: []}", "", &["the image r.test/a:1 is not allowed"]);
}

#[test]
fn mounts_are_held_against_by_type_and_path() {
    let bind = "volumes: ['/srv/a/../b:/x']";
    check("mounts: {types: [volume]}", bind, &["a mount of type bind is not allowed (/x)"]);
    check(
        "mounts: {paths: {allow: [/srv/a]}}",
        bind,
        &["mounting /srv/b of the node is not allowed"],
    );
    check("mounts: {paths: {allow: [/srv]}}", bind, &[]);
    let socket = "volumes: ['/var/run/docker.sock:/x']";
    let told = "mounting /var/run/docker.sock gives docker's socket away, which is not allowed";
    check("mounts: {}", socket, &[told]);
    check("mounts: {docker_socket: true, paths: {allow: []}}", socket, &[]);
}

#[test]
fn capabilities_and_what_loosens_the_walls() {
    let adds = "cap_add: [CAP_NET_ADMIN, net_bind_service]";
    let told = ["the capability NET_ADMIN is not allowed"];
    check("capabilities: {allow: [NET_BIND_SERVICE]}", adds, &told);
    check("capabilities: {deny: [CAP_NET_ADMIN]}", adds, &told);
    let all = ["the capability ALL is not allowed"];
    check("capabilities: {allow: [NET_BIND_SERVICE]}", "cap_add: [net_raw, ALL]", &all);
    let loose = "x-skep: {seccomp: unconfined, apparmor: unconfined}, sysctls: {a.b: '1'}";
    check(
        "security: {unconfined: false, new_privileges: false, sysctls: {deny: ['a.*']}}",
        loose,
        &[
            "x-skep.no_new_privileges is required",
            "another seccomp profile than the default is not allowed",
            "a container without AppArmor is not allowed",
            "the kernel parameter a.b is not allowed",
        ],
    );
    check("security: {new_privileges: false}", "x-skep: {no_new_privileges: true}", &[]);
    check("security: {}", loose, &[]);
}

#[test]
fn ports_are_held_against_by_number_and_mode() {
    let ports = "ports: ['8080:80', '80', {target: 443, published: 443, mode: host}]";
    check(
        "ports: {published: [8000-8999, 443], modes: [ingress]}",
        ports,
        &[
            "publishing a port that the engine chooses is not allowed",
            "publishing in the mode host is not allowed",
        ],
    );
    check("ports: {published: [1-65535]}", ports, &[]);
}

#[test]
fn names_and_labels_are_those_of_all_objects() {
    let labels = "deploy: {labels: {team: b, skep.hold: x}}";
    let told = told(
        "names: {deny: ['*_default']}\n  labels: {allow: [team=a], deny: ['skep.*']}",
        &[("s.yml", &format!("services:\n  a: {{image: a, {labels}}}\n"))],
        &[],
    );
    assert_eq!(
        told,
        [
            "s.yml:2 the label skep.hold is not allowed [labels guard.yml:6]",
            "s.yml:2 the label team is not allowed [labels guard.yml:6]",
            "s.yml:1 the name s_default is not allowed [names guard.yml:5]",
        ]
    );
}

#[test]
fn external_objects_constraints_and_limits() {
    let text = "services:
  a: {image: a, networks: [n], secrets: [s], configs: [c]}
networks: {n: {external: true}}
secrets: {s: {external: true, name: team_s}}
configs: {c: {content: x}}
";
    let told = told(
        "external: {networks: {allow: [traefik]}, secrets: {allow: ['team_*']}, configs: {allow: []}}",
        &[("s.yml", text)],
        &[],
    );
    let expected = "s.yml:2 it uses network/n, which is not allowed [external guard.yml:5]";
    assert_eq!(told, [expected]);
    let placed = "deploy: {placement: {constraints: ['node.labels.t == 1', node.role==manager]}}";
    check(
        "constraints: {require: [node.labels.t==1, 'node.labels.u == *'], deny: ['node.role==manager']}",
        placed,
        &[
            "a constraint node.labels.u==* is required",
            "the constraint node.role==manager is not allowed",
        ],
    );
    check("constraints: {allow: ['node.labels.*', 'node.role*']}", placed, &[]);
    check(
        "limits: [memory, cpus]",
        "deploy: {resources: {limits: {memory: 64m}}}",
        &["deploy.resources.limits.cpus is required"],
    );
}

const FIRST: &str = "services:
  web: {image: a, deploy: {labels: {traefik.http.routers.web.rule: 'Host(`x.test`)'}}}
";
const OTHER: &str = "services:
  api: {image: a, deploy: {labels: {traefik.http.routers.api.rule: 'Host(`X.test`) && Path(`/a`)'}}}
";

#[test]
fn a_host_belongs_to_whose_services_run_with_it_else_to_the_first() {
    let stacks = [("a.yml", FIRST), ("b.yml", OTHER)];
    let rules = "traefik: {}";
    let b = "b.yml:2 the host x.test is the stack a's (a.yml:2) [traefik guard.yml:5]";
    assert_eq!(told(rules, &stacks, &[]), [b]);
    let runs = |stack| [(Claim::Host("x.test".to_owned()), stack)];
    let a = "a.yml:2 the host x.test is the stack b's (b.yml:2) [traefik guard.yml:5]";
    assert_eq!(told(rules, &stacks, &runs("b")), [a]);
    assert_eq!(told(rules, &stacks, &runs("gone")), [b]);
    assert_eq!(told("traefik: {shared: true}", &stacks, &[]), [""; 0]);
    // The guard is about one of them only: the other one is never held.
    assert_eq!(told("stacks: [a]\n  traefik: {}", &stacks, &[]), [""; 0]);
    assert_eq!(told("stacks: [b]\n  traefik: {}", &stacks, &[]), [b.replace(":5", ":6")]);
}

#[test]
fn routers_of_one_name_and_hosts_that_are_not_allowed() {
    let same = FIRST.replace("x.test", "y.test");
    let told =
        told("traefik: {hosts: {allow: [x.test]}}", &[("a.yml", FIRST), ("b.yml", &same)], &[]);
    assert_eq!(
        told,
        [
            "b.yml:2 the host y.test is not allowed [traefik guard.yml:5]",
            "b.yml:2 the http router web is the stack a's (a.yml:2) [traefik guard.yml:5]",
        ]
    );
}

#[test]
fn a_guard_is_about_the_stacks_that_it_names() {
    let stacks = [("a.yml", FIRST), ("b.yml", OTHER)];
    for (scope, count) in [
        ("sources: [team-*]", 2),
        ("sources: [other]", 0),
        ("stacks: [b]", 1),
        ("sources: [team-a], stacks: [none]", 0),
        ("sources: []", 0),
    ] {
        let rules = format!("images: {{allow: []}}\n  {}", scope.replace(", ", "\n  "));
        assert_eq!(told(&rules, &stacks, &[]).len(), count, "{scope}");
    }
}
