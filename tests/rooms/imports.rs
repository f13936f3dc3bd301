//! Which room may name which. Tests are free: a test of a room may set up any other.

use std::collections::BTreeSet;

use crate::project::{self, File, rust_files};
use crate::reach::code_of_tests;
use crate::tokens::{Token, closing, reads, tokens, without_tests};

/// A room and the rooms that it may name. `ARCHITECTURE.md` holds the same table.
const ROOMS: [(&str, &[&str]); 21] = [
    ("model", &[]),
    ("sops", &["model"]),
    ("load", &["model", "sops"]),
    ("diff", &["model"]),
    ("health", &["model"]),
    ("choose", &["model", "health"]),
    ("plan", &["model", "diff", "health", "ledger"]),
    ("status", &["model", "diff", "health", "plan"]),
    ("ports", &["model"]),
    ("source", IO),
    ("swarm", IO),
    ("registry", IO),
    ("clock", IO),
    ("ledger", &["model"]),
    ("sim", IO),
    ("execute", &["model", "ports", "plan", "ledger"]),
    ("reconcile", RECONCILE),
    ("view", &["model", "diff", "health", "plan", "status", "ledger"]),
    ("metrics", &["model", "status"]),
    ("api", &["view", "status", "metrics", "reconcile"]),
    ("cli", ANYTHING),
];

const IO: &[&str] = &["model", "ports"];
const RECONCILE: &[&str] = &[
    "model", "load", "choose", "diff", "health", "plan", "status", "ports", "ledger", "execute",
    "metrics",
];
const ANYTHING: &[&str] = &[
    "model",
    "sops",
    "load",
    "choose",
    "diff",
    "health",
    "plan",
    "status",
    "ports",
    "source",
    "swarm",
    "registry",
    "clock",
    "ledger",
    "sim",
    "execute",
    "reconcile",
    "view",
    "metrics",
    "api",
];

fn may(room: &str) -> Option<&'static [&'static str]> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, may)| *may)
}

#[test]
fn a_room_names_only_what_it_may() {
    let tests = code_of_tests("src");
    let files = rust_files(&["src"]).into_iter().filter(|file| !tests.contains(&file.path));
    let findings = files.flat_map(|file| strangers(&file)).collect();
    crate::none("a room names another that it may not name (ARCHITECTURE.md):", findings);
}

#[test]
fn the_table_lists_the_rooms_that_are_there() {
    let text = project::read("src/lib.rs");
    let found = tokens(&text);
    let there: BTreeSet<&str> =
        found.windows(2).filter(|pair| pair[0].text == "mod").map(|pair| pair[1].text).collect();
    let listed: BTreeSet<&str> = ROOMS.iter().map(|(name, _)| *name).collect();
    assert_eq!(there, listed, "modules of src/lib.rs against the rooms of the table");
}

#[test]
fn the_architecture_page_shows_the_same_table() {
    let page = project::read("ARCHITECTURE.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let findings = ROOMS.iter().filter_map(|(room, may)| {
        let row =
            rows.iter().find(|row| cells(row).first().is_some_and(|c| names(c).contains(room)));
        let Some(row) = row else { return Some(format!("{room} has no row")) };
        let last = cells(row).last().copied().unwrap_or_default();
        let shown: BTreeSet<&str> =
            if last == "anything" { ANYTHING.iter().copied().collect() } else { names(last) };
        let expected: BTreeSet<&str> = may.iter().copied().collect();
        (shown != expected)
            .then(|| format!("{room}: the page says {shown:?}, the test {expected:?}"))
    });
    crate::none("ARCHITECTURE.md and the table differ:", findings.collect());
}

fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// The words between backticks, without what marks a folder.
fn names(cell: &str) -> BTreeSet<&str> {
    cell.split('`').skip(1).step_by(2).map(|name| name.trim_end_matches('/')).collect()
}

/// Everything that a file names and may not.
fn strangers(file: &File) -> Vec<String> {
    let own = file.room().unwrap_or_default();
    let Some(may) = may(own) else { return Vec::new() };
    let found = tokens(&file.text);
    named(&without_tests(&found), file.depth())
        .into_iter()
        .filter(|token| token.text != own && !may.contains(&token.text))
        .filter(|token| ROOMS.iter().any(|(room, _)| *room == token.text))
        .map(|token| {
            let (path, line, text) = (&file.path, token.line, token.text);
            format!("{path}:{line}: {own} names {text}; it may name {}", list(may))
        })
        .collect()
}

fn list(may: &[&str]) -> String {
    if may.is_empty() { "no other room".to_owned() } else { may.join(", ") }
}

/// What stands behind `crate::`, or behind as many `super::` as lead there.
fn named<'a>(tokens: &[Token<'a>], depth: usize) -> Vec<Token<'a>> {
    let mut named = Vec::new();
    for at in 0..tokens.len() {
        let behind = match tokens[at].text {
            "crate" if reads(tokens, at + 1, &["::"]) => at + 2,
            "super" if at == 0 || !reads(tokens, at - 1, &["::"]) => match above(tokens, at, depth)
            {
                Some(behind) => behind,
                None => continue,
            },
            _ => continue,
        };
        match tokens.get(behind).map(|token| token.text) {
            Some("{") => named.extend(heads(&tokens[behind..=closing(tokens, behind)])),
            Some(_) => named.push(tokens[behind]),
            None => {}
        }
    }
    named
}

/// Index behind a chain of `super::` that leaves the room.
fn above(tokens: &[Token<'_>], at: usize, depth: usize) -> Option<usize> {
    let chain = (at..).step_by(2).take_while(|at| reads(tokens, *at, &["super", "::"])).count();
    (chain >= depth).then_some(at + 2 * chain)
}

/// The first words of a group `{a::b, c::{d, e}}`: `a` and `c`.
fn heads<'a>(group: &[Token<'a>]) -> Vec<Token<'a>> {
    let (mut heads, mut at) = (Vec::new(), 1);
    while let Some(token) = group.get(at) {
        match token.text {
            "{" => at = closing(group, at),
            _ if matches!(group[at - 1].text, "{" | ",") => heads.push(*token),
            _ => {}
        }
        at += 1;
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        let found = strangers(&file);
        let short: Vec<&str> = found.iter().map(|f| f.split(';').next().unwrap_or(f)).collect();
        assert_eq!(short, expected, "{text}");
    }

    #[test]
    fn paths_are_found_wherever_they_stand() {
        let of = |room: &str| format!("src/diff/a.rs:1: diff names {room}");
        check("src/diff/a.rs", "use crate::plan::Plan;", &[&of("plan")]);
        check("src/diff/a.rs", "use crate::{model::{plan, swarm}, swarm as s};", &[&of("swarm")]);
        check(
            "src/diff/a.rs",
            "fn f(x: crate::plan::X) { crate::sim::y() }",
            &[&of("plan"), &of("sim")],
        );
        check("src/diff/a.rs", "use super::super::plan;", &[&of("plan")]);
        check("src/diff/a.rs", "use super::plan; use crate::diff::plan;", &[]);
        check("src/diff/a.rs", "// crate::plan\n#[cfg(test)] mod tests { use crate::plan; }", &[]);
    }

    #[test]
    fn a_finding_says_where_and_what_may_be_named() {
        let text = "\nuse crate::plan;".to_owned();
        let file = File { path: "src/model/a.rs".to_owned(), text };
        assert_eq!(
            strangers(&file),
            ["src/model/a.rs:2: model names plan; it may name no other room"]
        );
    }
}
