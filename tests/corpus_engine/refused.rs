//! The stacks that can't be made on any engine as they are, and why.

use skep::load::Loaded;
use skep::model::Problem;

use crate::cases::{As, Case, corpus, load_like_docker_as, stack_cases};

/// The line of `docs/compose.md` that tells of names that an engine takes from nobody.
const ENGINE_REFUSES: &str = "engine-refuses";

/// Why a file makes no stack; `None` where it does. Another reason than these is a defect.
pub fn refused(case: &Case, loaded: &Loaded) -> Option<String> {
    let errors: Vec<&Problem> = loaded.problems.iter().filter(|p| p.is_error()).collect();
    if errors.is_empty() {
        return None;
    }
    if let Some(why) = &case.refused {
        return Some(format!("docker: {why}"));
    }
    let of_names = |problem: &&Problem| problem.message.starts_with("the full name can't be used");
    assert!(errors.iter().all(of_names), "{}: docker takes it: {errors:#?}", case.name);
    Some(ENGINE_REFUSES.to_owned())
}

/// The files of today's corpus by the ends of their names.
const KNOWN: [(&str, &str); 6] = [
    ("dogvscat__stack-elk.override", "no image specified"),
    ("manual__docker-compose-computational", "no image specified"),
    ("clusters_keeper__data__docker-compose", "is a directory"),
    ("services__docker-compose-ops-registry", "must be a string, number or null"),
    ("osparc-simcore__services__docker-compose", ENGINE_REFUSES),
    ("docker-compose.monitoring", "unsupported Compose file version: 2"),
];

#[test]
fn what_makes_no_stack_docker_refuses_too_or_the_page_lists() {
    let page = include_str!("../../docs/compose.md");
    assert!(page.contains(&format!("| `{ENGINE_REFUSES}` | names")), "the line is gone");
    let mut made = 0;
    let mut found = Vec::new();
    for case in stack_cases(&corpus()) {
        let loaded = load_like_docker_as(&case, &As::default()).loaded;
        match refused(&case, &loaded) {
            None => made += loaded.desired.stacks.len(),
            Some(why) => found.push((case.name, why)),
        }
    }
    assert_eq!(made + found.len(), stack_cases(&corpus()).len(), "a file makes no stack at all");
    for (name, why) in KNOWN {
        let known = found.iter().find(|(case, _)| case.ends_with(name));
        assert!(known.is_some_and(|(_, told)| told.contains(why)), "{name}: {known:?}");
    }
}
