//! Lints are put aside only with a reason, and in the pure rooms the banned calls never.

use crate::project::rust_files;
use crate::reach::code_of_tests;
use crate::tokens::{Token, closing, reads, tokens, without_tests};

/// Rooms that touch no clock, environment, file, network or randomness: nothing in them may put
/// clippy's `disallowed_methods` aside.
const PURE: [&str; 10] =
    ["model", "sops", "load", "choose", "diff", "health", "plan", "status", "view", "ledger"];

#[test]
fn every_lint_that_is_put_aside_has_a_reason() {
    let mut findings = Vec::new();
    for file in rust_files(&["src", "tests", "benches", "fuzz", "examples"]) {
        for attribute in attributes(&tokens(&file.text)) {
            if !attribute.words.contains(&"reason") {
                findings.push(format!("{}:{}: says no reason", file.path, attribute.line));
            }
        }
    }
    crate::none("lints put aside without a reason:", findings);
}

#[test]
fn the_pure_rooms_put_no_banned_call_aside() {
    let tests = code_of_tests("src");
    let mut findings = Vec::new();
    for file in rust_files(&["src"]) {
        if !file.room().is_some_and(|room| PURE.contains(&room)) || tests.contains(&file.path) {
            continue;
        }
        for attribute in attributes(&without_tests(&tokens(&file.text))) {
            if attribute.words.contains(&"disallowed_methods") {
                findings.push(format!("{}:{}: this room is pure", file.path, attribute.line));
            }
        }
    }
    crate::none("clocks, files, environment or network in a pure room:", findings);
}

/// An attribute that puts lints aside.
struct Attribute<'a> {
    line: usize,
    words: Vec<&'a str>,
}

fn attributes<'a>(tokens: &[Token<'a>]) -> Vec<Attribute<'a>> {
    let mut attributes = Vec::new();
    for at in 0..tokens.len() {
        let open = match () {
            () if reads(tokens, at, &["#", "["]) => at + 1,
            () if reads(tokens, at, &["#", "!", "["]) => at + 2,
            () => continue,
        };
        let words: Vec<&str> =
            tokens[open..closing(tokens, open)].iter().map(|token| token.text).collect();
        if words.contains(&"allow") || words.contains(&"expect") {
            attributes.push(Attribute { line: tokens[at].line, words });
        }
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_every_form_are_found() {
        let source = "#![allow(a)]\n#[cfg_attr(x, expect(b::c,\n reason = \"d\"))] #[derive(E)]";
        let found = tokens(source);
        let seen: Vec<_> =
            attributes(&found).iter().map(|a| (a.line, a.words.contains(&"reason"))).collect();
        assert_eq!(seen, [(1, false), (2, true)]);
    }
}
