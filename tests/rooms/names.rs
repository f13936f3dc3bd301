//! Names say what a thing is; re-exports name what they hand on.

use crate::project::rust_files;
use crate::tokens::tokens;

/// Words that name a drawer and not what is in it.
const DRAWERS: [&str; 11] = [
    "util", "utils", "common", "helper", "helpers", "misc", "manager", "managers", "handler",
    "handlers", "context",
];
/// Endings of type names that say as little.
const ENDINGS: [&str; 4] = ["Manager", "Handler", "Context", "Helper"];

#[test]
fn no_module_is_a_drawer() {
    let findings = rust_files(&["src", "tests", "benches", "fuzz", "examples"])
        .into_iter()
        .map(|file| file.path)
        .filter(|path| path.trim_end_matches(".rs").split('/').any(|part| DRAWERS.contains(&part)))
        .map(|path| format!("{path}: the name says nothing about what is in it"))
        .collect();
    crate::none("modules without a meaning:", findings);
}

#[test]
fn no_type_is_a_manager() {
    let mut findings = Vec::new();
    for file in rust_files(&["src"]) {
        for pair in tokens(&file.text).windows(2) {
            let declares = matches!(pair[0].text, "struct" | "enum" | "trait" | "type");
            let name = pair[1].text;
            if declares && ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                findings.push(format!("{}:{}: {name}", file.path, pair[1].line));
            }
        }
    }
    crate::none("types whose names say nothing:", findings);
}

#[test]
fn nothing_is_re_exported_by_a_glob() {
    let mut findings = Vec::new();
    for file in rust_files(&["src"]) {
        let found = tokens(&file.text);
        for statement in found.split(|token| token.text == ";") {
            let Some(start) = statement.iter().position(|token| token.text == "use") else {
                continue;
            };
            let public = statement[..start].iter().rev().take(4).any(|token| token.text == "pub");
            let glob = statement[start..].iter().find(|token| token.text == "*");
            if let Some(glob) = glob.filter(|_| public) {
                findings.push(format!("{}:{}: `pub use …::*`", file.path, glob.line));
            }
        }
    }
    crate::none("re-exports that hide what they hand on:", findings);
}
