//! Input that is meant to hurt: bounded, told with its place, and the rest goes on.

use std::fmt::Write as _;

use super::{check, file_set, loaded, show};
use crate::load::bounds::MAX_FILE_PROBLEMS;

const GOOD: (&str, &str) = ("good.yml", "services: {a: {image: x}}\n");

/// Loads a hostile file beside a good one; the good one has to be there.
fn beside_good(text: &str) -> String {
    let told = check(&[("bad.yml", text), GOOD]);
    assert!(told.contains("stack good Whole from good.yml\n  service good_a x:latest\n"));
    told
}

#[test]
fn nesting_is_bounded() {
    for inner in ["[", "{a: ", "- "] {
        let told = beside_good(&format!("services:\n  {}", inner.repeat(10_000)));
        assert!(told.contains("nested more than 100 levels deep"), "{told}");
        assert!(told.contains("nameless bad.yml"), "{told}");
    }
}

#[test]
fn aliases_of_aliases_are_bounded() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(bomb, "a{level}: &a{level} [{aliases}]");
    }
    bomb.push_str("services: {a: {image: x, command: *a19}}\n");
    let told = beside_good(&bomb);
    assert!(told.contains("bad.yml:5:") && told.contains("once its aliases"), "{told}");
}

#[test]
fn bytes_that_are_no_text_are_told() {
    let told = beside_good("services:\n  a: \0\n");
    assert!(told.contains("bad.yml:2:6: the file holds a NUL byte"), "{told}");
    let mut files = file_set(&[GOOD]);
    let bytes = b"services:\n  a: {image: \xff}\n".to_vec();
    let path = crate::model::RepoPath::new("bad.yml").unwrap();
    files.insert(path, crate::model::Entry::File(bytes.into()));
    let told = show(&loaded(&files, &[]));
    assert!(told.contains("bad.yml:2:14: the file is not valid UTF-8 from here on"), "{told}");
}

#[test]
fn names_beyond_the_engines_limit_are_told() {
    let told = beside_good(&format!("services: {{{}: {{image: x}}}}\n", "s".repeat(64)));
    assert!(told.contains("the name has 68 characters, the engine takes at most 63"), "{told}");
    let told = beside_good(&format!("name: {}\nservices: {{}}\n", "s".repeat(64)));
    assert!(told.contains("the name has 64 characters, the engine takes at most 63"), "{told}");
}

#[test]
fn a_hundred_thousand_mistakes_are_counted_not_listed() {
    let mut text = "services:\n".to_owned();
    for number in 0..20_000 {
        let _ = writeln!(text, "  s{number}: {{imag: x}}");
    }
    let told = beside_good(&text);
    let lines = told.lines().filter(|line| line.starts_with("error")).count();
    assert_eq!(lines, MAX_FILE_PROBLEMS + 1, "{told}");
    assert!(told.contains("more problems of this file are not shown"));
}

#[test]
fn values_grow_only_to_their_bound() {
    let told = beside_good(&format!("services: {{a: {{image: '{}'}}}}\n", "$A".repeat(100_000)));
    assert!(told.contains("the variable 'A' is not set"), "{}", &told[..500]);
}

#[test]
fn chains_and_trees_of_includes_are_bounded() {
    let mut files: Vec<(String, String)> = Vec::new();
    for number in 0..40 {
        let text = format!("include: [l{}.yml]\nservices: {{}}\n", number + 1);
        files.push((format!("l{number}.yml"), text));
        let text =
            format!("include: [{{path: [t{0}.yml]}}, t{0}.yml]\nservices: {{}}\n", number + 1);
        files.push((format!("t{number}.yml"), text));
    }
    files.push(("l40.yml".to_owned(), "services: {}\n".to_owned()));
    files.push(("t40.yml".to_owned(), "services: {}\n".to_owned()));
    let mut files: Vec<(&str, &str)> =
        files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    files.push(GOOD);
    let told = check(&files);
    assert!(told.contains("stack good Whole"), "{told}");
    assert!(told.contains("include leads through more than 32 steps"), "{told}");
}

#[test]
fn what_extends_copies_is_bounded() {
    let mut text = "services:\n  base: {image: x, command: [".to_owned();
    text.push_str(&"x, ".repeat(40_000));
    text.push_str("x]}\n");
    for number in 0..200 {
        let _ = writeln!(text, "  s{number}: {{extends: base}}");
    }
    let told = beside_good(&text);
    assert!(told.contains("takes over more values from other files than skep allows"), "{told}");
    let mut text = "services:\n  s0: {image: x}\n".to_owned();
    for number in 1..50 {
        let _ = writeln!(text, "  s{number}: {{extends: s{}}}", number - 1);
    }
    let told = beside_good(&text);
    assert!(told.contains("extends leads through more than 32 steps"), "{told}");
}

#[test]
fn circles_of_many_services_end() {
    let mut text = "services:\n".to_owned();
    for number in 0..5_000 {
        let next = (number + 1) % 5_000;
        let _ = writeln!(text, "  s{number}: {{image: x, depends_on: [s{next}, s{number}]}}");
    }
    let told = beside_good(&text);
    assert!(told.contains("services wait for each other in a circle"), "{}", &told[..500]);
}
