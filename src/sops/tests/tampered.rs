//! Sealed files that somebody changed.

use super::*;

fn check(name: &str, change: impl Fn(&str) -> String) -> Result<(), OpenError> {
    let whole = String::from_utf8(file(&format!("files/{name}"))).unwrap();
    let changed = change(&whole);
    assert_ne!(whole, changed, "{name}: nothing was changed");
    open(Format::of_name(name), changed.as_bytes(), &keys(&["one"])).map(|_| ())
}

#[test]
fn a_flipped_byte_anywhere_in_a_value_is_refused() {
    for name in ["all.yaml", "all.json", "all.env"] {
        let whole = String::from_utf8(file(&format!("files/{name}"))).unwrap();
        let mut tried = 0;
        for (start, _) in whole.match_indices("ENC[") {
            let end = start + whole[start..].find(']').unwrap();
            for at in (start..=end).step_by(7) {
                let mut bytes = whole.clone().into_bytes();
                bytes[at] = if bytes[at] == b'Q' { b'R' } else { b'Q' };
                let result = open(Format::of_name(name), &bytes, &keys(&["one"]));
                // What begins otherwise is a comment like any other.
                let comment = whole[..start].ends_with('#') && at < start + crate::sops::MARK.len();
                assert!(result.is_err() || comment, "{name}: byte {at}");
                tried += 1;
            }
        }
        assert!(tried > 50, "{name}");
    }
}

#[test]
fn values_that_were_moved_or_removed_or_added_are_refused() {
    let line = |text: &str, word: &str| text.lines().find(|l| l.contains(word)).unwrap().to_owned();
    // Two values change places.
    let swapped = |text: &str| {
        let (a, b) = (line(text, "A="), line(text, "B="));
        text.replace(&a, "?")
            .replace(&b, &b.replace("B=", "A="))
            .replace('?', &a.replace("A=", "B="))
    };
    assert!(matches!(check("all.env", swapped), Err(OpenError::Value { .. })));
    // Two lines change places, each under its own key.
    let turned = |text: &str| {
        let (a, b) = (line(text, "A="), line(text, "B="));
        text.replace(&a, "?").replace(&b, &a).replace('?', &b)
    };
    assert_eq!(check("all.env", turned), Err(OpenError::Mac));
    let removed = |text: &str| text.replace(&(line(text, "port:") + "\n"), "");
    assert_eq!(check("all.yaml", removed), Err(OpenError::Mac));
    let removed = |text: &str| text.replace(&(line(text, "third") + "\n"), "third: []\nfourth:\n");
    assert!(check("all.yaml", removed).is_err());
    let open = |text: &str| text.replace("note_unencrypted: stays", "note_unencrypted: goes");
    assert_eq!(check("all.yaml", open), Err(OpenError::Mac));
    let plain = |text: &str| text.replace(&line(text, "port:"), "    port: 5433");
    assert!(matches!(check("all.yaml", plain), Err(OpenError::Unsealed { .. })));
    let empty = |text: &str| text.replace(&line(text, "port:"), "    port: \"\"");
    assert_eq!(check("all.yaml", empty), Err(OpenError::Mac));
    let added = |text: &str| text.replace("    port:", "    more_unencrypted: 1\n    port:");
    assert_eq!(check("all.yaml", added), Err(OpenError::Mac));
    // Without what says it, everything would be sealed.
    let said = |text: &str| text.replace("^(password|list)$", "^(password)$");
    assert!(matches!(check("regex.yaml", said), Err(OpenError::StillSealed { .. })));
}

#[test]
fn another_mac_or_time_or_none_is_refused() {
    let time = |text: &str| text.replace("lastmodified: \"20", "lastmodified: \"21");
    assert_eq!(check("all.yaml", time), Err(OpenError::Mac));
    let mac = |text: &str| {
        let found = text.lines().find(|line| line.contains(" mac: ")).unwrap();
        text.replace(found, "    mac: \"\"")
    };
    assert_eq!(check("all.yaml", mac), Err(OpenError::Mac));
    let of_value = |text: &str| {
        let mac = text.lines().find(|line| line.contains("\tmac\"") || line.contains("\"mac\""));
        let value = text.lines().find(|line| line.contains("\"f\"")).unwrap();
        text.replace(mac.unwrap(), &value.replace("\"f\"", "\"mac\""))
    };
    assert_eq!(check("all.json", of_value), Err(OpenError::Mac));
    let only = |text: &str| text.replace("    mac: ", "    mac_only_encrypted: true\n    mac: ");
    assert_eq!(check("all.yaml", only), Err(OpenError::Mac));
    let none = |text: &str| text.replace("    mac: ", "    cam: ");
    assert!(matches!(check("all.yaml", none), Err(OpenError::Metadata(_))));
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let twice = |text: &str| text.replace("last:", "second_unencrypted: 1\nlast:\nlast: ");
    assert!(matches!(check("all.yaml", twice), Err(OpenError::Text(..))));
    let anchor = |text: &str| text.replace("note_unencrypted: ", "note_unencrypted: &a ");
    assert!(matches!(check("all.yaml", anchor), Err(OpenError::Text(..))));
    let twice = |text: &str| text.replace("\"e\": \"\"", "\"e\": \"\", \"e\": \"\"");
    assert!(matches!(check("all.json", twice), Err(OpenError::Text(..))));
}

#[test]
fn errors_and_debug_hold_nothing_of_the_content() {
    const CANARY: &str = "c4n4ry-in-the-c0al-mine";
    let plain = format!("a: \"{CANARY}\"\nb: {CANARY}\n# {CANARY}\nc: 1\n");
    let plain = SecretBytes::new(plain.into_bytes());
    let sealed =
        super::super::seal((Format::Yaml, &plain), &terms(&[&["one"]], None), moment(1)).unwrap();
    let opened = open(Format::Yaml, &sealed, &keys(&["one"])).unwrap();
    let mut told = vec![format!("{opened:?} {:?} {:?}", keys(&["one"]), moment(1))];
    let sealed = String::from_utf8(sealed).unwrap();
    assert!(!sealed.contains(CANARY));
    for at in 0..sealed.len() {
        let mut bytes = sealed.clone().into_bytes();
        bytes[at] ^= 1;
        if let Err(error) = open(Format::Yaml, &bytes, &keys(&["one"])) {
            told.push(format!("{error} {error:?}"));
        }
    }
    for wrong in ["a: [", "- ", "a: {", "a: &x ", "a: \"", "\"", "a\n: "] {
        for format in [Format::Yaml, Format::Json, Format::Dotenv] {
            let plain = SecretBytes::new(format!("{wrong}{CANARY}\n:\t {CANARY}").into_bytes());
            let sealed = super::super::seal((format, &plain), &terms(&[&["one"]], None), moment(1));
            let picked = super::super::pick(format, &plain, "x");
            told.push(format!("{:?} {:?}", sealed.map(|_| ()), picked.map(|_| ())));
        }
    }
    assert!(told.len() > 100);
    for words in told {
        assert!(!words.contains(CANARY), "{words}");
    }
}
