//! What is written is read back as the same, by the reader of stack files.

use proptest::prelude::*;

use super::{Map, Yaml, write};
use crate::load::yaml::{FileId, Node, Value, parse};

/// What our own reader makes of a text.
fn read(text: &str) -> Node {
    let mut parsed = parse(text.as_bytes(), FileId::default());
    assert!(parsed.faults.is_empty(), "{:?}\n{text}", parsed.faults);
    assert_eq!(parsed.documents.len(), 1, "{text}");
    parsed.documents.remove(0)
}

fn same(yaml: &Yaml, node: &Node) -> bool {
    match (yaml, &node.value) {
        (Yaml::Null, Value::Null) => true,
        (Yaml::Bool(a), Value::Bool(b)) => a == b,
        (Yaml::Int(a), Value::Int(b)) => a == b,
        (Yaml::Mode(a), Value::Int(b)) => i128::from(*a) == *b,
        (Yaml::Float(a), Value::Float(b)) => a == b,
        (Yaml::Text(a), Value::Text(b)) => a == b,
        (Yaml::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Yaml::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|e| b.get(&e.key).is_some_and(|b| same(&e.value, &b.node)))
        }
        _ => false,
    }
}

fn check(value: impl Into<Yaml>) {
    let mut map = Map::new();
    map.put("a", value);
    map.put("b", Yaml::Int(1));
    let text = write(&map);
    let node = read(&text);
    assert!(same(&Yaml::Map(map.clone()), &node), "{map:?}\n{text}{node:?}");
}

/// Texts that some reader takes for something else when they stand without quotes.
const ODD: &[&str] = &[
    "",
    " ",
    "a ",
    " a",
    "yes",
    "No",
    "NULL",
    "~",
    "-",
    "--",
    "---",
    "- a",
    "-a",
    "+_0Xa",
    "_1",
    "._5",
    "-_.5_",
    "?",
    ":",
    "a:",
    "a: b",
    "a #b",
    "#a",
    "010",
    "0o10",
    "0x1F",
    "1_000",
    "1e3",
    ".5",
    "-.5",
    "+1",
    ".inf",
    "-.INF",
    ".nan",
    "2001-01-01",
    "12:30",
    "8080:80",
    "30s",
    "128M",
    "10.0.0.0/24",
    "*a",
    "&a",
    "!a",
    "|",
    ">",
    "'",
    "\"",
    "\\",
    "a'b\"c",
    "{a}",
    "[a]",
    "a, b",
    "%a",
    "@a",
    "`a`",
    "<<",
    "=",
    "a\tb",
    "\t",
    "a\r\nb",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{feff}",
    "ä",
    "é è",
    "🐝",
    "$a ${b}",
    "Host(`a.example`)",
    "{{.Node.Hostname}}",
    "true",
    "!reset",
    "null # no",
    "\u{2028}",
];

#[test]
fn texts_that_look_like_something_else_stay_texts() {
    for text in ODD.iter().copied() {
        check(text);
        let mut map = Map::new();
        map.put(text, Yaml::Null);
        let node = read(&write(&map));
        assert!(node.get(text).is_some(), "{text:?} as a key: {}", write(&map));
    }
}

#[test]
fn lines_stay_lines() {
    for text in [
        "a\n",
        "a\nb",
        "a\n\nb\n",
        "a\n\n",
        "\na",
        "\n",
        "\n\n",
        "  a\nb\n",
        "\ta\n",
        "a\n  b\n",
        "a\n \nb",
        "# a\nb: c\n",
        "a\n---\nb\n",
        "a\n...\n",
        "a \nb\n",
        "a\r\nb\n",
        "a\n\u{1b}\n",
        "- a\n- b",
        " \na",
    ] {
        check(text);
        check(Yaml::texts([text, "x", text]));
    }
}

#[test]
fn a_document_reads_as_people_write_it() {
    let mut port = Map::new();
    port.put("target", Yaml::Int(80));
    port.put("mode", "host");
    let mut service = Map::new();
    service.put("image", "nginx:1.27");
    service.put("command", Yaml::texts(["sh", "-c", "exec \"$@\"", "--port=80"]));
    service.put("ports", vec![Yaml::from("8080:80"), Yaml::from(port)]);
    service.put("environment", Map::from_iter([("MOTD", "hello\nworld\n"), ("EMPTY", "")]));
    service.put("mode", Yaml::Mode(0o440));
    let mut document = Map::new();
    document.put("services", Map::from_iter([("web", service)]));
    document.put("networks", Map::from_iter([("back", Yaml::Null), ("front", Map::new().into())]));
    document.comment("networks", "made by the engine\n\u{1b}");
    insta::assert_snapshot!(write(&document), @r#"
    services:
      web:
        image: nginx:1.27
        command:
          - sh
          - -c
          - 'exec "$@"'
          - --port=80
        ports:
          - "8080:80"
          - target: 80
            mode: host
        environment:
          MOTD: |
            hello
            world
          EMPTY: ""
        mode: 0440
    # made by the engine
    # \u{1b}
    networks:
      back:
      front: {}
    "#);
}

fn yaml() -> impl Strategy<Value = Yaml> {
    let text = prop_oneof![
        any::<String>(),
        "[ -~]{0,12}",
        "[-+.0-9:xXeE_a-f ]{0,8}",
        "[a-z \t\n:#'\"-]{0,16}",
    ];
    let leaf = prop_oneof![
        Just(Yaml::Null),
        any::<bool>().prop_map(Yaml::Bool),
        any::<i64>().prop_map(Yaml::from),
        any::<u32>().prop_map(Yaml::Mode),
        (-1e12..1e12_f64).prop_map(Yaml::Float),
        text.clone().prop_map(Yaml::Text),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        let entries = prop::collection::vec((text.clone(), inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Yaml::List),
            entries.prop_map(|entries| Yaml::Map(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_back(value in yaml()) {
        check(value);
    }
}
