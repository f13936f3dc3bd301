//! What was sealed opens to what it was, whatever it was.

use proptest::prelude::*;

use super::*;
use crate::sops::{SealError, seal};

fn sealed(format: Format, plain: &str) -> Result<Vec<u8>, SealError> {
    let plain = SecretBytes::new(plain.as_bytes().to_vec());
    seal((format, &plain), &terms(&[&["one"]], None), moment(3))
}

fn round(format: Format, plain: &str) -> String {
    let sealed = sealed(format, plain).unwrap_or_else(|error| panic!("{plain:?}: {error:?}"));
    let opened = open(format, &sealed, &keys(&["one"]));
    text(&opened.unwrap_or_else(|e| panic!("{e:?}\n{}", String::from_utf8_lossy(&sealed))))
}

#[test]
fn comments_order_and_layout_stay() {
    let plain = "# top\n\nz: plain   # inline\n\na:\n  # of b\n  b:\n  - x\n\n  # of the list\n  - 5\nlast: |-\n  two\n  lines\n";
    assert_eq!(round(Format::Yaml, plain), plain);
    let plain = "{\n  \"b\": \"x\",\n\n  \"a\": [1, true,  null]\n}\n";
    assert_eq!(round(Format::Json, plain), plain);
    let plain = "# top\nB=1\n\nA=two words\\nlines\n";
    assert_eq!(round(Format::Dotenv, plain), plain);
    assert_eq!(round(Format::Binary, "any\0thing"), "any\0thing");
    assert_eq!(round(Format::Dotenv, "A=1"), "A=1\n");
}

/// SOPS looks for a comment under the keys of the mapping that it is indented like.
#[test]
fn a_comment_at_the_end_of_a_mapping_belongs_to_it() {
    let plain = "a:\n    b: 1   # with b\n    # end of a\n\n# before c\nc: 2\n# the end\n";
    let sheet = crate::sops::sheet::read(Format::Yaml, plain.as_bytes()).unwrap();
    let comments = sheet.items.iter().filter_map(|item| match &item.content {
        crate::sops::sheet::Content::Comment(text) => {
            Some((String::from_utf8(text.reveal().to_vec()).unwrap(), item.keys.join(".")))
        }
        crate::sops::sheet::Content::Value(_) => None,
    });
    let found: Vec<String> = comments.map(|(text, keys)| format!("{text} in '{keys}'")).collect();
    assert_eq!(found, [" with b in 'a'", " end of a in 'a'", " before c in ''", " the end in ''"]);
}

#[test]
fn what_is_no_file_of_values_is_not_sealed() {
    assert_eq!(sealed(Format::Yaml, "# only this\n"), Err(SealError::Empty));
    assert_eq!(sealed(Format::Binary, ""), Err(SealError::Empty));
    assert!(matches!(sealed(Format::Yaml, "- a\n"), Err(SealError::Text(..))));
    assert!(matches!(sealed(Format::Yaml, "a: &b c\nd: *b\n"), Err(SealError::Text(..))));
    assert!(matches!(sealed(Format::Json, "[1]"), Err(SealError::Text(..))));
    let half = "a: ENC[AES256_GCM,data:aaaa,iv:aaaa,tag:aaaa,type:str]\n";
    assert_eq!(sealed(Format::Yaml, half), Err(SealError::HalfSealed(1)));
    let twice = sealed(Format::Yaml, "a: b\n").unwrap();
    let twice = String::from_utf8(twice).unwrap();
    assert_eq!(sealed(Format::Yaml, &twice), Err(SealError::Sealed));
}

#[test]
fn what_did_not_change_keeps_its_sealed_form() {
    let plain = "# c\na: one\nb: two\n";
    let first = sealed(Format::Yaml, plain).unwrap();
    let opened = open(Format::Yaml, &first, &keys(&["one"])).unwrap();
    let changed = SecretBytes::new(plain.replace("two", "three").into_bytes());
    let second = opened.sealed_anew(&changed, moment(4)).unwrap();
    let lines = |bytes: &[u8]| -> Vec<String> {
        String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect()
    };
    let (first, second) = (lines(&first), lines(&second));
    let other: Vec<&str> = second
        .iter()
        .filter(|line| !first.contains(line))
        .map(|line| line.trim_start().split(':').next().unwrap())
        .collect();
    assert_eq!(other, ["b", "mac"]);
}

#[test]
fn recipients_change_with_rekeying_and_all_else_with_rotation() {
    let plain = "a: one\nb: two\n";
    for format in [Format::Yaml, Format::Dotenv, Format::Binary] {
        let plain = if format == Format::Dotenv { "A=1\nB=2\n" } else { plain };
        let first = sealed(format, plain).unwrap();
        let opened = open(format, &first, &keys(&["one"])).unwrap();
        let groups = terms(&[&["two"], &["three"], &["one"]], Some(2));
        let terms = (groups.groups.as_slice(), groups.threshold);
        let second = opened.rekeyed(&first, terms, Random::new([8; 32])).unwrap();
        assert!(open(format, &second, &keys(&["one"])).is_err());
        let again = open(format, &second, &keys(&["one", "two"])).unwrap();
        assert_eq!(text(&again), plain);
        let third = again.rotated(moment(9)).unwrap();
        assert!(open(format, &third, &keys(&["one"])).is_err());
        let last = open(format, &third, &keys(&["three", "two"])).unwrap();
        assert_eq!(text(&last), plain);
        assert_ne!(last.key, again.key);
    }
}

/// Without the bound each empty mapping would cost a copy of megabytes of keys.
#[test]
fn long_keys_above_many_empty_mappings_are_refused_at_once() {
    let key = "k".repeat(20_000);
    let (open, close) = (format!("{{\"{key}\":").repeat(90), "}".repeat(90));
    let empty: Vec<String> = (0..200_000).map(|n| format!("\"{n}\":{{}}")).collect();
    let text = format!("{open}{{{}}}{close}", empty.join(","));
    for format in [Format::Json, Format::Yaml] {
        let error = sealed(format, &text).unwrap_err();
        let SealError::Text(_, error) = error else { panic!("{error:?}") };
        assert!(error.what.contains("the keys that lead here have more than"), "{error}");
    }
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,20}",
        "\\PC{0,8}",
        "[a\\n \\t#:\\-\"'|>]{0,12}",
        Just("true".to_owned()),
        Just("007".to_owned()),
        Just("2001-01-01".to_owned()),
        Just("no".to_owned()),
    ]
}

fn tree() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        word().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-1e6..1e6_f64).prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z_ ]{1,6}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A tree as YAML in blocks, as people write it.
fn yaml(value: &serde_json::Value, indent: usize) -> String {
    use serde_json::Value;
    let blanks = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => map
            .iter()
            .map(|(key, value)| format!("\n{blanks}{key:?}:{}", yaml(value, indent + 2)))
            .collect(),
        Value::Array(items) if !items.is_empty() => {
            let item = |value: &Value| format!("\n{blanks}-{}", yaml(value, indent + 2));
            items.iter().map(item).collect()
        }
        value => format!(" {value}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trees_go_round(tree in prop::collection::btree_map("[a-z]{1,6}", tree(), 1..5)) {
        let tree = serde_json::Value::Object(tree.into_iter().collect());
        let block = format!("{}\n", yaml(&tree, 0).trim_start_matches('\n'));
        for (format, plain) in
            [(Format::Json, tree.to_string()), (Format::Json, format!("{tree:#}")), (Format::Yaml, block)]
        {
            match sealed(format, &plain) {
                Ok(sealed) => {
                    let opened = text(&open(format, &sealed, &keys(&["one"])).unwrap());
                    prop_assert_eq!(values(format, &opened), values(format, &plain), "{}", plain);
                }
                Err(error) => prop_assert_eq!(error, SealError::Empty, "{}", plain),
            }
        }
    }

    #[test]
    fn lines_go_round(lines in prop::collection::vec(("[A-Z]{1,6}", "[ -~]{0,20}"), 1..6)) {
        let plain: String = lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        prop_assert_eq!(round(Format::Dotenv, &plain), plain);
    }

    #[test]
    fn texts_of_yaml_go_round(word in word()) {
        let plain = format!("a:\n  - {}\n", serde_json::Value::from(word.as_str()));
        if let Ok(sealed) = sealed(Format::Yaml, &plain) {
            let opened = text(&open(Format::Yaml, &sealed, &keys(&["one"])).unwrap());
            prop_assert_eq!(values(Format::Yaml, &opened), values(Format::Yaml, &plain));
        }
    }
}

fn values(format: Format, text: &str) -> Vec<(String, String)> {
    let sheet = crate::sops::sheet::read(format, text.as_bytes()).unwrap();
    let value = |item: crate::sops::sheet::Item| match item.content {
        crate::sops::sheet::Content::Value(value) => {
            Some((item.spot, format!("{:?} {:?}", value.kind, value.text.reveal())))
        }
        crate::sops::sheet::Content::Comment(_) => None,
    };
    sheet.items.into_iter().filter_map(value).collect()
}
