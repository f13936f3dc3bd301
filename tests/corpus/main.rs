//! Every file of the corpus against what the real `docker stack deploy` sends for it.
//!
//! The corpus is no part of the project: it is read from `../shared/corpus` beside the checkout, or
//! from where `SKEP_CORPUS` points. Without it this target fails, so that it can't look green;
//! `tests/run` leaves it out, and says so, when there is no corpus.
#![expect(
    clippy::disallowed_methods,
    reason = "the corpus lies outside, its place comes from the environment"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that can't go on ends, and its table is what one wants to see"
)]

mod cases;
mod compare;
mod convert;
mod listed;
mod told;

use cases::{Case, corpus, edge_cases, load_like_docker, stack_cases};
use compare::{differences, made, wanted};
use listed::{Listed, listed};

/// What differs between docker and skep, most of it as `path: docker …, skep …`.
fn differing(case: &Case) -> Vec<String> {
    let read = load_like_docker(case);
    let loaded = &read.loaded;
    let errors = loaded.problems.iter().filter(|p| p.is_error()).map(|p| format!("refused: {p}"));
    let errors: Vec<String> = errors.collect();
    let stack = loaded.desired.stacks.values().next();
    match (&case.refused, errors.is_empty(), stack) {
        (Some(_), false, _) => Vec::new(),
        (Some(why), true, _) => vec![format!("accepted: {why}")],
        (None, false, _) => errors,
        (None, true, None) => vec!["missing".to_owned()],
        (None, true, Some(stack)) => {
            let ignored = read.ignored.iter().map(|key| format!("ignored: {key}"));
            let unset = read.unset.iter().map(|name| format!("unset: {name}"));
            let said = ignored.chain(unset);
            said.chain(differences(&wanted(case), &made(stack, loaded))).collect()
        }
    }
}

/// How a case went: whether it went well, a word for the table, and what differs.
fn verdict(case: &Case) -> (bool, &'static str, Vec<String>) {
    let differing = differing(case);
    let Some(Listed { lines, differs, .. }) = listed(&case.name) else {
        return match (&case.refused, differing.is_empty()) {
            (Some(_), true) => (true, "equal (refused)", Vec::new()),
            (None, true) => (true, "equal", Vec::new()),
            _ => (false, "differs", differing),
        };
    };
    let expected = |path: &&String| differs.iter().any(|part| path.contains(part));
    let in_vain = |part: &&&str| !differing.iter().any(|path| path.contains(**part));
    let others: Vec<String> = differing.iter().filter(|path| !expected(path)).cloned().collect();
    if !others.is_empty() {
        return (false, "differs further", others);
    }
    match differs.iter().find(in_vain) {
        Some(part) => (false, "listed in vain", vec![(*part).to_owned()]),
        None => (true, "listed", vec![lines.join(", ")]),
    }
}

fn table(cases: &[Case]) -> (usize, String) {
    let mut good = 0;
    let mut text = String::new();
    for case in cases {
        let (well, word, details) = verdict(case);
        good += usize::from(well);
        text.push_str(&format!("{word:16} {}\n", case.name));
        for detail in details.iter().take(6) {
            text.push_str(&format!("{:19}{}\n", "", detail.chars().take(220).collect::<String>()));
        }
    }
    (good, text)
}

fn check(cases: &[Case]) {
    assert!(!cases.is_empty(), "there is no corpus at {}", corpus().display());
    let (good, text) = table(cases);
    println!("{text}\n{good} of {} are equal or listed", cases.len());
    assert_eq!(good, cases.len(), "the table above says which are not");
}

#[test]
fn public_stacks_mean_what_they_mean_to_docker() {
    check(&stack_cases(&corpus()));
}

#[test]
fn single_features_mean_what_they_mean_to_docker() {
    check(&edge_cases(&corpus()));
}

#[test]
fn ten_loads_give_the_same_bytes() {
    for case in stack_cases(&corpus()) {
        let first = format!("{:?}", load_like_docker(&case).loaded);
        for _ in 0..9 {
            assert_eq!(first, format!("{:?}", load_like_docker(&case).loaded), "{}", case.name);
        }
    }
}
