//! The pages tell the truth about what can be looked up: files and tests that they name are there,
//! and what they promise to list is listed whole.

use std::collections::BTreeSet;
use std::path::Path;

use crate::project::{self, rust_files};
use crate::tokens::tokens;

const PAGES: [&str; 8] = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/following.md",
    "docs/images.md",
    "docs/ledger.md",
    "docs/operations.md",
    "docs/removal.md",
    "docs/sources.md",
];

/// Folders of the project that a page may point into.
const FOLDERS: [&str; 8] =
    ["src/", "tests/", "docs/", "benches/", "examples/", "charts/", "crds/", "fuzz/"];

/// What a page sets in backticks, with its line.
fn quoted(page: &str) -> Vec<(usize, String)> {
    let text = project::read(page);
    let lines = text.lines().enumerate();
    lines
        .flat_map(|(at, line)| {
            line.split('`').skip(1).step_by(2).map(move |q| (at + 1, q.to_owned()))
        })
        .collect()
}

#[test]
fn files_that_the_pages_name_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut findings = Vec::new();
    for page in PAGES {
        for (line, quote) in quoted(page) {
            let path = quote.split_whitespace().next().unwrap_or_default();
            let pattern = path.contains(['*', '{', '$']) || path.chars().any(char::is_uppercase);
            let ours = FOLDERS.iter().any(|folder| path.starts_with(folder));
            if ours && !pattern && !root.join(path).exists() {
                findings.push(format!("{page}:{line}: there is no {path}"));
            }
        }
    }
    crate::none("pages that name what is not there:", findings);
}

/// A name of a test is told from other words by its length: four underscores and more.
#[test]
fn tests_that_the_pages_name_are_there() {
    let files = rust_files(&["src", "tests", "benches"]);
    let mut there = BTreeSet::new();
    for file in &files {
        let found = tokens(&file.text);
        there.extend(found.windows(2).filter(|pair| pair[0].text == "fn").map(|pair| pair[1].text));
    }
    let mut findings = Vec::new();
    for page in PAGES {
        for (line, quote) in quoted(page) {
            let plain =
                quote.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            if plain && quote.matches('_').count() >= 4 && !there.contains(quote.as_str()) {
                findings.push(format!("{page}:{line}: there is no test {quote}"));
            }
        }
    }
    crate::none("pages that name tests that are not there:", findings);
}

#[test]
fn every_reason_has_a_section_that_says_what_to_do() {
    let page = project::read("docs/operations.md");
    let source = project::read("src/model/decision/held.rs");
    let (_, names) = source.split_once("fn name(").expect("HeldReason::name");
    let (names, _) = names.split_once("\n    }\n").expect("its end");
    let named: BTreeSet<&str> = names.split('"').skip(1).step_by(2).collect();
    let told: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert!(!named.is_empty(), "no reasons found in held.rs");
    assert_eq!(told, named, "sections of docs/operations.md against the reasons in held.rs");
}

#[test]
fn every_label_of_ours_is_told_of() {
    let page = project::read("docs/ledger.md");
    let mut findings = Vec::new();
    for file in rust_files(&["src"]) {
        let constants =
            file.text.lines().enumerate().filter(|(_, line)| line.contains("_LABEL: &str"));
        for (at, line) in constants {
            let label = line.split('"').nth(1).unwrap_or_default();
            if !page.contains(&format!("`{label}`")) {
                findings.push(format!("{}:{}: {label}", file.path, at + 1));
            }
        }
    }
    crate::none("labels that docs/ledger.md does not tell of:", findings);
}
