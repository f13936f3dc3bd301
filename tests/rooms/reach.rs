//! Whether every file is part of a program: a test file that no `mod` names never runs.

use std::collections::BTreeSet;

use crate::project::rust_files;
use crate::tokens::{Token, reads, tokens, without_tests};

/// Files that are built by something else than cargo, and what builds them.
const BUILT_ELSEWHERE: [(&str, &str); 2] = [
    ("tests/program/program.rs", "tests/program/build"),
    ("tests/program/git_host.rs", "tests/home/site.rs"),
];

#[test]
fn every_file_is_reached_by_a_mod() {
    let reached = reached(&["src", "tests", "benches", "fuzz", "examples"], whole);
    let findings = rust_files(&["src", "tests", "benches", "fuzz", "examples"])
        .into_iter()
        .map(|file| file.path)
        .filter(|path| !reached.contains(path))
        .filter(|path| BUILT_ELSEWHERE.iter().all(|(elsewhere, _)| elsewhere != path))
        .map(|path| format!("{path}: no file above it says `mod` with its name"))
        .collect();
    crate::none("files that are never compiled:", findings);
}

#[test]
fn files_that_are_built_elsewhere_are_named_there() {
    for (file, by) in BUILT_ELSEWHERE {
        let name = file.rsplit('/').next().unwrap_or(file);
        assert!(crate::project::read(by).contains(name), "{by} does not build {file}");
    }
}

/// Which parts of a file count.
type Code = for<'a> fn(&[Token<'a>]) -> Vec<Token<'a>>;

fn whole<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    tokens.to_vec()
}

/// Files below a folder that only `#[cfg(test)]` reaches.
pub fn code_of_tests(folder: &str) -> BTreeSet<String> {
    let all = reached(&[folder], whole);
    &all - &reached(&[folder], without_tests)
}

/// Files that the roots of programs reach by `mod`, with the parts of each file that `code` leaves.
fn reached(folders: &[&str], code: Code) -> BTreeSet<String> {
    let files = rust_files(folders);
    let mut open: Vec<String> =
        files.iter().map(|file| file.path.clone()).filter(|path| is_root(path)).collect();
    let mut reached = BTreeSet::new();
    while let Some(path) = open.pop() {
        let Some(file) = files.iter().find(|file| file.path == path) else { continue };
        if reached.insert(path.clone()) {
            let found = tokens(&file.text);
            open.extend(children(&path, &code(&found)));
        }
    }
    reached
}

/// A root of a program: by its place, or because `Cargo.toml` names it.
fn is_root(path: &str) -> bool {
    is_root_by_place(path)
        || crate::project::read("Cargo.toml").contains(&format!("path = \"{path}\""))
}

/// What cargo takes for the root of a program: `src/lib.rs`, `tests/NAME.rs`, `tests/NAME/main.rs`.
fn is_root_by_place(path: &str) -> bool {
    match path.split('/').collect::<Vec<_>>()[..] {
        ["src", file] => matches!(file, "lib.rs" | "main.rs"),
        ["src", "bin", _] | [_, _] | [_, _, "main.rs"] => true,
        // The entries are reached by `#[path]`, from the targets and from a test.
        ["fuzz", "fuzz_targets", _] | ["fuzz", "entries", "mod.rs"] => true,
        _ => false,
    }
}

/// Paths at which the modules of a file may be.
fn children(path: &str, tokens: &[Token<'_>]) -> Vec<String> {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let folder = match stem.rsplit_once('/') {
        Some((folder, "mod" | "lib" | "main")) => folder,
        Some((folder, _)) if is_root(path) => folder,
        _ => stem,
    };
    let modules = (0..tokens.len()).filter(|at| {
        reads(tokens, *at, &["mod"]) && tokens.get(at + 2).is_some_and(|end| end.text == ";")
    });
    modules
        .map(|at| tokens[at + 1].text)
        .flat_map(|name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_looked_for_where_rust_looks() {
        let found = tokens("pub mod a; mod b { }");
        assert_eq!(children("src/plan/mod.rs", &found), ["src/plan/a.rs", "src/plan/a/mod.rs"]);
        assert_eq!(children("src/plan/x.rs", &found)[0], "src/plan/x/a.rs");
        assert_eq!(children("tests/x.rs", &found)[0], "tests/a.rs");
        assert_eq!(children("src/main.rs", &found)[0], "src/a.rs");
    }
}
