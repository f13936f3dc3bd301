//! What the authors of the corpus' files are told.
//!
//! The snapshots hold places and sentences, no text of the files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use skep::model::{Problem, Severity};

use crate::cases::{Case, corpus, edge_cases, load_plainly, stack_cases};

/// Sentences of one file that a snapshot shows.
const SHOWN: usize = 12;

fn all() -> Vec<Case> {
    let mut cases = stack_cases(&corpus());
    cases.extend(edge_cases(&corpus()));
    cases
}

/// `LINE:COLUMN KEY: what is wrong (what to do)`
fn sentence(problem: &Problem) -> String {
    let at = problem.at.map(|at| format!("{}:{} ", at.line, at.column)).unwrap_or_default();
    format!("{at}{}: {} ({})", problem.key, problem.message, problem.hint)
}

fn is_unset(problem: &&Problem) -> bool {
    problem.message.ends_with("is not set and has no default")
}

#[test]
fn each_refused_file_is_told_the_place_of_the_culprit_and_what_to_do() {
    let mut text = String::new();
    for case in all() {
        let loaded = load_plainly(&case);
        let errors = loaded.problems.iter().filter(|problem| problem.is_error());
        let (unset, errors): (Vec<&Problem>, Vec<&Problem>) = errors.partition(is_unset);
        if errors.is_empty() && unset.is_empty() {
            continue;
        }
        let docker = if case.refused.is_some() { "docker too" } else { "docker takes it" };
        let _ = writeln!(text, "{} ({docker})", case.name);
        for problem in errors.iter().take(SHOWN) {
            let _ = writeln!(text, "    {}", sentence(problem));
        }
        for (count, what) in [
            (errors.len().saturating_sub(SHOWN), "more"),
            (unset.len(), "variables that are not set"),
        ] {
            if count > 0 {
                let _ = writeln!(text, "    {count} {what}");
            }
        }
        let whole = |problem: &&Problem| problem.at.is_some() && !problem.hint.is_empty();
        let poor: Vec<_> = errors.iter().take(SHOWN).filter(|problem| !whole(problem)).collect();
        assert!(poor.is_empty(), "{}: without a place or what to do: {poor:#?}", case.name);
    }
    insta::assert_snapshot!(text);
}

/// Noise is seen in the numbers: a warning that half of all files get warns of nothing.
#[test]
fn warnings_are_rare_enough_to_be_read() {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let stacks = stack_cases(&corpus());
    for case in &stacks {
        let loaded = load_plainly(case);
        let problems = loaded.problems.iter().chain(&loaded.advice);
        let warnings = problems.filter(|p| p.severity == Severity::Warning);
        let mut here: BTreeMap<String, usize> = BTreeMap::new();
        warnings.for_each(|problem| *here.entry(problem.message.clone()).or_default() += 1);
        for (message, times) in here {
            let (files, all) = counts.entry(message).or_default();
            *files += 1;
            *all += times;
        }
    }
    let mut text = format!("of {} public stacks\n", stacks.len());
    for (message, (files, times)) in &counts {
        let _ = writeln!(text, "{files:3} files, {times:3} times: {message}");
    }
    insta::assert_snapshot!(text);
}
