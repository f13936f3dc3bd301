//! Files that SOPS made.

use super::*;
use crate::sops::{Standing, inspect, pick, standing};

fn opened(name: &str, with: &[&str]) -> String {
    let bytes = file(&format!("files/{name}"));
    let Standing::Sealed(format) = standing(name, &bytes) else { panic!("{name} is not sealed") };
    text(&open(format, &bytes, &keys(with)).unwrap_or_else(|error| panic!("{name}: {error:?}")))
}

#[test]
fn yaml_of_several_documents_opens_with_its_comments() {
    assert_eq!(opened("all.yaml", &["two"]).as_bytes(), file("opened/all.yaml"));
}

#[test]
fn json_and_lines_and_bytes_open() {
    assert_eq!(opened("all.json", &["one"]).as_bytes(), file("opened/all.json"));
    assert_eq!(
        opened("all.env", &["one"]),
        "# comment\nA=1\nB=two words # and\nC=line\\nnext\nD=\n"
    );
    let bytes = file("files/all.bin");
    assert_eq!(standing("key.pem", &bytes), Standing::Sealed(Format::Binary));
    let opened = open(Format::Binary, &bytes, &keys(&["one"])).unwrap();
    assert_eq!(opened.plain.reveal(), file("plain/all.bin"));
}

#[test]
fn each_way_to_say_what_is_sealed_opens_to_the_same() {
    let whole = opened("all.yaml", &["one"]);
    for name in ["regex.yaml", "open.yaml", "suffix.yaml", "comment.yaml"] {
        let open = opened(name, &["one"]);
        assert_eq!(values(&open), values(&whole), "{name}");
    }
}

/// All but how a text is quoted and laid out.
fn values(text: &str) -> Vec<(String, String)> {
    let sheet = crate::sops::sheet::read(Format::Yaml, text.as_bytes()).unwrap();
    let value = |item: crate::sops::sheet::Item| match item.content {
        crate::sops::sheet::Content::Value(value) => {
            let text = String::from_utf8(value.text.reveal().to_vec()).unwrap();
            Some((item.spot, format!("{:?} {text}", value.kind)))
        }
        crate::sops::sheet::Content::Comment(_) => None,
    };
    sheet.items.into_iter().filter_map(value).collect()
}

#[test]
fn what_opens_is_what_was_sealed() {
    let plain = String::from_utf8(file("plain/all.yaml")).unwrap();
    let mut expected = values(&plain);
    let mut found = values(&opened("all.yaml", &["one"]));
    // The first document tells the time of a date, which SOPS writes out.
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn two_of_three_groups_open_and_one_does_not() {
    for name in ["groups.yaml", "groups.json", "groups.env"] {
        let two = opened(name, &["one", "three"]);
        assert_eq!(two, opened(name, &["two", "three"]), "{name}");
        assert_eq!(two, opened(name, &["one", "two", "three"]), "{name}");
        let format = Format::of_name(name);
        let bytes = file(&format!("files/{name}"));
        let error = open(format, &bytes, &keys(&["two"])).unwrap_err().to_string();
        let words = "the identity does not open it (1 of 3 groups of keys open, 2 have to)";
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn who_has_no_key_is_told_whom_it_is_sealed_to() {
    let bytes = file("files/other.env");
    let three = recipient("three").to_string();
    let error = open(Format::Dotenv, &bytes, &keys(&["one", "two"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("none of the 2 identities opens it; it is sealed to {three}")
    );
    let error = open(Format::Dotenv, &bytes, Identities::NONE).unwrap_err();
    assert_eq!(error.to_string(), format!("there is no age identity; it is sealed to {three}"));
    let known = inspect(Format::Dotenv, &bytes).unwrap();
    assert_eq!(known.recipients(), [three]);
}

#[test]
fn one_value_is_picked_by_its_keys() {
    let text = SecretBytes::new(opened("all.yaml", &["one"]).into_bytes());
    let value = |path: &str| {
        let value = pick(Format::Yaml, &text, path).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(value.reveal().to_vec()).unwrap())
    };
    let good = |path: &str, found: &str| assert_eq!(value(path), Ok(found.to_owned()));
    good("db.password", "p@ss: word # not a comment");
    good("db.list.1.c", "2");
    good("db.list.2.0", "nested");
    good("db.on", "true");
    good("db.port", "5432");
    good("second", "doc");
    good("db.text", "line one\n  line two\n\nline four\n");
    let bad = |path: &str, words: &str| {
        let error: Result<String, String> = value(path);
        assert_eq!(error, Err(words.to_owned()));
    };
    bad("db", "'db' is not a single value");
    bad("db.none", "'db.none' is not a single value");
    bad("db.nothing", "it has no 'db.nothing'");
}

#[test]
fn the_real_thing_refuses_and_so_do_we() {
    assert_eq!(standing("a", b"a: b\n"), Standing::Plain);
    assert_eq!(standing("a.ini", b"[a]\nb=ENC[AES256_GCM,data:x]\n"), Standing::Stray);
    assert_eq!(standing("a.yml", b"a: ENC[AES256_GCM,data:x]\n"), Standing::Stray);
    let error = open(Format::Yaml, b"a: b\n", Identities::NONE).unwrap_err();
    assert_eq!(error, OpenError::Plain);
}
