//! Which line of `docs/compose.md` says why a file of the corpus differs, and in what.

use std::collections::BTreeSet;

use crate::cases::{corpus, edge_cases, stack_cases};

/// A file that differs on purpose.
pub struct Listed {
    /// The end of its name.
    pub case: &'static str,
    /// Lines of `docs/compose.md`.
    pub lines: &'static [&'static str],
    /// What differs: a part of each path, or `accepted`, `refused`, `ignored: KEY`, `unset: NAME`.
    pub differs: &'static [&'static str],
}

const fn one(
    case: &'static str,
    lines: &'static [&'static str],
    differs: &'static [&'static str],
) -> Listed {
    Listed { case, lines, differs }
}

const MOUNTS: &str = ".ContainerSpec.Mounts";
const CONFIGS: &str = ".ContainerSpec.Configs";
const ACCEPTED: &[&str] = &["accepted"];
const REFUSED: &[&str] = &["refused"];
const UNSET: &[&str] = &["unset: "];
const ENV: &[&str] = &[".ContainerSpec.Env["];

/// The files that differ. What is not here has to be equal, and what is here has to differ.
const LISTED: &[Listed] = &[
    one("__docker-compose-ops", &["relative-bind"], &[MOUNTS, CONFIGS, "config/"]),
    one("__02-monitoring__docker-compose", &["relative-bind"], &[MOUNTS, CONFIGS, "config/"]),
    one("__wordpress-mysql__docker-compose", &["relative-bind"], &[MOUNTS, CONFIGS, "config/"]),
    one("osparc-simcore__services__docker-compose", &["engine-refuses"], REFUSED),
    one("vol-long", &["relative-bind"], REFUSED),
    one("cfg-content", &["beyond"], ACCEPTED),
    one("cfg-environment", &["specification"], ACCEPTED),
    one("env-file-long", &["specification"], ACCEPTED),
    one("forbidden-extends", &["specification"], ACCEPTED),
    one("healthcheck-dur-d", &["specification"], ACCEPTED),
    one("ports-name", &["specification"], ACCEPTED),
    one("top-name", &["stack-name"], ACCEPTED),
    one("group-add", &["beyond"], ACCEPTED),
    one("net-ipam-gateway", &["beyond"], ACCEPTED),
    one("interp-plus", &["instead"], ACCEPTED),
    one("interp-pids", &["number-from-variable"], ACCEPTED),
    one("interp-type-bool-init", &["number-from-variable"], ACCEPTED),
    one("version-30-configs", &["version"], ACCEPTED),
    one("version-38-start-interval", &["version"], ACCEPTED),
    one("cfg-empty-file", &["engine-refuses"], REFUSED),
    one("long-name", &["engine-refuses"], REFUSED),
    one("svc-name-dot", &["engine-refuses"], REFUSED),
    one("vol-image", &["engine-refuses"], REFUSED),
    one("interp-d-in-req", &["first-operator"], REFUSED),
    one("interp-d-in-req-set", &["first-operator"], ENV),
    one("interp-dash-in-def", &["first-operator"], ENV),
    one("interp-def-nested", &["nested"], ENV),
    one("interp-multi", &["tag-suffix"], ENV),
    one("interp-named-def", &["tag-suffix"], ENV),
    one("interp-tag-dash", &["tag-suffix"], &[".Image", "com.docker.stack.image"]),
    one("misc", &["lost-keys", "unsupported"], &[".OomScoreAdj", "ignored: domainname"]),
    one(
        "unsupported-all",
        &["lost-keys", "unsupported"],
        &[
            MOUNTS,
            "ignored: cgroup_parent",
            "ignored: cgroupns_mode",
            "ignored: devices",
            "ignored: domainname",
            "ignored: external_links",
            "ignored: ipc",
            "ignored: mac_address",
            "ignored: network_mode",
            "ignored: pid",
            "ignored: privileged",
            "ignored: security_opt",
            "ignored: shm_size",
            "ignored: userns_mode",
        ],
    ),
    one("swarmprom__weave-compose", &["unset-variable"], UNSET),
    one("interp-unset", &["unset-variable"], UNSET),
    one("vol-template", &["one-letter-volume"], &[MOUNTS]),
    one("vol-undefined", &["one-letter-volume"], REFUSED),
];

/// What is said of a file.
pub fn listed(case: &str) -> Option<&'static Listed> {
    LISTED.iter().find(|listed| case == listed.case || case.ends_with(listed.case))
}

/// Names of the lines, in the order of the page.
fn lines() -> Vec<String> {
    let page = include_str!("../../docs/compose.md");
    let rows = page.lines().skip_while(|line| !line.starts_with("| line |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).unwrap_or_default().trim().replace('`', "")).collect()
}

#[test]
fn the_page_has_every_line_that_a_difference_names_and_each_only_once() {
    let lines = lines();
    let known: BTreeSet<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(known.len(), lines.len(), "a name of a line stands there twice: {lines:?}");
    for listed in LISTED {
        assert!(!listed.lines.is_empty(), "{} names no line", listed.case);
        for line in listed.lines {
            assert!(known.contains(line), "docs/compose.md has no line '{line}'");
        }
    }
}

#[test]
fn every_listed_file_is_in_the_corpus_and_is_one() {
    let (stacks, edges) = (stack_cases(&corpus()), edge_cases(&corpus()));
    let names: Vec<&str> = stacks.iter().chain(&edges).map(|case| case.name.as_str()).collect();
    for Listed { case, .. } in LISTED {
        let found: Vec<_> = names.iter().filter(|name| name.ends_with(case)).collect();
        assert_eq!(found.len(), 1, "{case}: {found:?}");
    }
}
