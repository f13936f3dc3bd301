//! Texts to trees.

use std::fmt::Write as _;

use super::{Entry, FileId, Node, Parsed, Reading, Value, parse};
use crate::load::bounds::MAX_FILE_BYTES;

fn parsed(text: &str) -> Parsed {
    parse(text.as_bytes(), FileId::default())
}

/// Compact form of what was read, then the faults.
fn check(text: &str) -> String {
    let parsed = parsed(text);
    let mut out = String::new();
    for document in &parsed.documents {
        let _ = writeln!(out, "{}", show(document));
    }
    for fault in &parsed.faults {
        let at = fault.at.map_or_else(String::new, |at| format!("{}:{} ", at.line, at.column));
        let _ =
            writeln!(out, "! {at}[{}] {} ({})", fault.keys.join("."), fault.message, fault.hint);
    }
    out
}

fn show(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Text(text) => format!("{text:?}"),
        Value::List(items) => {
            format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) => {
            let entry = |(key, entry): (&String, &Entry)| format!("{key}: {}", show(&entry.node));
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::Unusable => "?".into(),
    }
}

#[test]
fn documents_are_read_with_the_types_that_docker_sees() {
    insta::assert_snapshot!(check("a: 010\nb: [yes, ~, 1.50, '1', \"x\"]\n---\nc: |\n  t\n"), @r#"
    {a: 8, b: ["yes", null, 1.5, "1", "x"]}
    {c: "t\n"}
    "#);
}

#[test]
fn merge_keys_fill_in_what_the_mapping_does_not_say() {
    insta::assert_snapshot!(check("x: &x {a: 1, b: 1}\ny: &y {a: 2, c: 2}\nz:\n  a: 3\n  <<: [*x, *y]\n"), @"{x: {a: 1, b: 1}, y: {a: 2, c: 2}, z: {a: 3, b: 1, c: 2}}");
    insta::assert_snapshot!(check("z:\n  <<: 1\n  b: 2\n"), @"
    {z: {b: 2}}
    ! 2:3 [z] '<<' takes a mapping or a list of mappings (give it an alias such as *name)
    ");
}

#[test]
fn a_key_given_twice_is_told_with_both_places_and_the_rest_is_read() {
    insta::assert_snapshot!(check("s:\n  web:\n    a: 1\n    a: 2\n  api: {}\n1: x\n"), @r"
    {s: {api: {}, web: {a: 1}}}
    ! 4:5 [s.web] the key 'a' stands here twice, first in line 3 (remove one of the two)
    ! 6:1 [] a key has to be text, this one is a number (put it in quotes)
    ");
}

#[test]
fn tags_that_mean_nothing_are_told() {
    insta::assert_snapshot!(check("a: !!str 1\nb: !reset x\nc: !foo [1]\nd: !!int x\n"), @r#"
    {a: "1", b: "x", c: [1], d: ?}
    ! 3:4 [c] the tag '!foo' means nothing here (remove the tag)
    ! 4:4 [d] the value does not fit the tag '!!int' (remove the tag)
    "#);
}

#[test]
fn what_is_no_text_is_refused_with_its_place() {
    let fault = |bytes: &[u8]| {
        let parsed = parse(bytes, FileId::default());
        assert_eq!(parsed.reading, Reading::Ended);
        parsed.faults.first().and_then(|f| f.at).map(|at| (at.line, at.column))
    };
    assert_eq!(fault(b"a: b\nc: \0"), Some((2, 4)));
    assert_eq!(fault(b"a: b\nc: \xff\xfe"), Some((2, 4)));
    assert_eq!(fault(&vec![b'a'; MAX_FILE_BYTES + 1]), None);
}

#[test]
fn ten_thousand_levels_end_at_the_bound() {
    for text in [
        "[".repeat(10_000),
        "{a: ".repeat(10_000),
        "- ".repeat(10_000),
        "? ".repeat(10_000),
        (0..1_000).fold(String::new(), |mut text, depth| {
            let _ = writeln!(text, "{}a:", " ".repeat(depth));
            text
        }),
    ] {
        let parsed = parsed(&text);
        assert_eq!(parsed.reading, Reading::Ended);
        assert_eq!(parsed.faults.len(), 1, "{:?}", parsed.faults);
    }
}

#[test]
fn an_alias_bomb_ends_before_it_grows() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(text, "a{level}: &a{level} [{aliases}]");
    }
    let parsed = parsed(&text);
    assert_eq!(parsed.reading, Reading::Ended);
    assert!(parsed.faults[0].message.contains("aliases"), "{:?}", parsed.faults);
}

#[test]
fn an_alias_in_its_own_anchor_is_told() {
    insta::assert_snapshot!(check("a: &a [*a]\n"), @"! 1:8 [] the alias names nothing that is complete above it (an alias can't be used inside its own anchor, nor before it)");
    insta::assert_snapshot!(check("a: &a 1\n---\nb: *a\n"), @"
    {a: 1}
    ! 3:4 [] the alias names nothing that is complete above it (an alias can't be used inside its own anchor, nor before it)
    ");
}

/// The parser takes it for a mistake; docker does not.
#[test]
fn a_tab_parts_a_key_from_its_value() {
    insta::assert_snapshot!(check("a:\tx\nb: \t y\nc:\n  d:\t\te\n"), @r#"{a: "x", b: "y", c: {d: "e"}}"#);
    insta::assert_snapshot!(check("a: |\n  b:\tc\nd:\te\n"), @r#"{a: "b:\tc\n", d: "e"}"#);
    insta::assert_snapshot!(check("a:\tb: c\n"), @"! 1:5 [] not valid YAML: mapping values are not allowed in this context (check the indentation, and put values that hold ': ' in quotes)");
}

#[test]
fn merge_keys_are_told_twice_and_known_by_their_tag() {
    insta::assert_snapshot!(check("x: &x {a: 1}\ny:\n  <<: *x\n  <<: *x\nz: {!!merge <<: *x}\n"), @"
    {x: {a: 1}, y: {a: 1}, z: {a: 1}}
    ! 4:3 [y] the key '<<' stands here twice, first in line 3 (write one with a list: <<: [*first, *second])
    ");
}

#[test]
fn a_set_is_a_mapping_and_a_number_too_large_for_any_is_text() {
    insta::assert_snapshot!(check("a: !!set {b, c}\nd: 1e400\ne: ! 5\n"), @r#"{a: {b: null, c: null}, d: "1e400", e: "5"}"#);
}
