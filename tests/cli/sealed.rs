//! `skep secret`: files sealed with SOPS, from the first key to the last editor.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use crate::{Called, call, directory, skep, text};

/// A word that is in clear nowhere but where it is asked for.
const CANARY: &str = "c4n4ry-0f-the-test";

struct Place {
    dir: TempDir,
    recipient: String,
}

impl Place {
    fn new() -> Self {
        let plain = format!("# who: {CANARY}\ndb:\n    password: {CANARY}\n    port: 5432\n");
        let dir = directory(&[("secrets/db.yaml", &plain), ("secrets/blob", CANARY)]);
        let key = dir.path().join("own.key");
        let made = call(skep(&["secret", "keygen", text(&key)]));
        assert_eq!((made.code, made.out.trim().len()), (0, 62), "{}", made.err);
        let mode = std::fs::metadata(&key).expect("a key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        Self { recipient: made.out.trim().to_owned(), dir }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, command: &str, name: &str, more: &[&str]) -> Called {
        let path = self.path(name);
        let mut arguments = vec!["secret", command, text(&path)];
        arguments.extend(more);
        let mut command = skep(&arguments);
        command.env("SKEP_AGE_KEY_FILE", self.path("own.key"));
        command.env("EDITOR", text(&self.path("editor")));
        call(command)
    }

    fn good(&self, command: &str, name: &str, more: &[&str]) -> String {
        let called = self.run(command, name, more);
        assert_eq!(called.code, 0, "{command} {name}: {}", called.err);
        called.out
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file")
    }

    fn editor(&self, script: &str) {
        let path = self.path("editor");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    fn rules(&self, rules: &str) {
        std::fs::write(self.path(".sops.yaml"), rules).expect("a file");
    }
}

#[test]
fn a_file_is_sealed_and_opened_again() {
    let place = Place::new();
    let plain = place.read("secrets/db.yaml");
    place.good("seal", "secrets/db.yaml", &["--age", &place.recipient]);
    let sealed = place.read("secrets/db.yaml");
    assert!(!sealed.contains(CANARY) && sealed.contains("    port: ENC["), "{sealed}");
    assert_eq!(place.good("open", "secrets/db.yaml", &[]), plain);
    assert_eq!(place.good("open", "secrets/db.yaml", &["--key", "db.port"]), "5432");
    place.good("seal", "secrets/blob", &["--age", &place.recipient]);
    assert_eq!(place.good("open", "secrets/blob", &[]), CANARY);
    let twice = place.run("seal", "secrets/db.yaml", &["--age", &place.recipient]);
    assert_eq!(twice.code, 2);
    assert!(twice.err.contains("it is sealed already"), "{}", twice.err);
    let again = place.run("keygen", "own.key", &[]);
    assert_eq!(again.code, 2, "{}", again.err);
    let listed = call(skep(&["secret", "list", text(place.dir.path())]));
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert!(listed.out.contains("secrets/db.yaml  YAML"), "{}", listed.out);
    assert!(listed.out.contains("there is no age identity"), "{}", listed.out);
}

#[test]
fn an_editor_changes_only_what_it_changes() {
    let place = Place::new();
    place.good("seal", "secrets/db.yaml", &["--age", &place.recipient]);
    let sealed = place.read("secrets/db.yaml");
    place.editor("exit 0");
    place.good("edit", "secrets/db.yaml", &[]);
    assert_eq!(place.read("secrets/db.yaml"), sealed, "nothing was changed");
    place.editor("echo 'x: [' >> \"$1\"; exit 3");
    let failed = place.run("edit", "secrets/db.yaml", &[]);
    assert_eq!(failed.code, 2);
    assert_eq!(place.read("secrets/db.yaml"), sealed, "the editor failed");
    place.editor("echo 'x: [' > \"$1\"");
    let wrong = place.run("edit", "secrets/db.yaml", &[]);
    assert!(wrong.code == 2 && wrong.err.contains("can't be read as YAML"), "{}", wrong.err);
    assert_eq!(place.read("secrets/db.yaml"), sealed, "no YAML");
    place.editor("stat -c %a \"$1\" >&2; echo \"$1\" >&2; sed -i s/5432/5433/ \"$1\"");
    let edited = place.run("edit", "secrets/db.yaml", &[]);
    assert_eq!(edited.code, 0, "{}", edited.err);
    let mut lines = edited.err.lines();
    assert_eq!(lines.next(), Some("600"));
    let copy = Path::new(lines.next().expect("a path"));
    assert!(!copy.exists() && !copy.parent().expect("a folder").exists(), "{}", copy.display());
    let now = place.read("secrets/db.yaml");
    let changed: Vec<&str> = now.lines().filter(|line| !sealed.contains(line)).collect();
    assert!(changed.iter().any(|line| line.contains("port: ENC[")), "{changed:?}");
    assert!(!changed.iter().any(|line| line.contains("password")), "{changed:?}");
    assert_eq!(place.good("open", "secrets/db.yaml", &["--key", "db.port"]), "5433");
}

#[test]
fn creation_rules_say_whom_a_file_is_sealed_to() {
    let place = Place::new();
    let other = call(skep(&["secret", "keygen", text(&place.path("other.key"))]));
    let (own, other) = (&place.recipient, other.out.trim().to_owned());
    place.rules(&format!(
        "creation_rules:\n  - path_regex: ^never/\n    age: {other}\n  - path_regex: \\.yaml$\n    encrypted_regex: ^password$\n    age: {own}\n"
    ));
    place.good("seal", "secrets/db.yaml", &[]);
    let sealed = place.read("secrets/db.yaml");
    assert!(sealed.contains("port: 5432") && !sealed.contains(&other), "{sealed}");
    let unfit = place.run("seal", "secrets/blob", &[]);
    assert!(unfit.err.contains("none of its creation_rules fits 'secrets/blob'"), "{}", unfit.err);
    place.good("rekey", "secrets/db.yaml", &[]);
    assert_eq!(place.read("secrets/db.yaml"), sealed, "the recipients are the same");
    place.rules(&format!("creation_rules:\n  - age: [{own}, \"{other}\"]\n"));
    place.good("rekey", "secrets/db.yaml", &[]);
    let rekeyed = place.read("secrets/db.yaml");
    let value = |text: &str| text.lines().find(|l| l.contains("password:")).map(str::to_owned);
    assert!(rekeyed.contains(&other) && value(&rekeyed) == value(&sealed), "{rekeyed}");
    place.good("rotate", "secrets/db.yaml", &[]);
    let rotated = place.read("secrets/db.yaml");
    assert!(rotated.contains(&other) && value(&rotated) != value(&sealed), "{rotated}");
    place.good("open", "secrets/db.yaml", &["--age-key-file", text(&place.path("other.key"))]);
    place.rules(&format!("creation_rules:\n  - age: {own}\n    pgp: ABCD\n"));
    let pgp = place.run("rekey", "secrets/db.yaml", &[]);
    assert!(pgp.err.contains("other keys than those of age"), "{}", pgp.err);
}

#[test]
fn a_bad_key_is_told_by_its_line_and_never_quoted() {
    let place = Place::new();
    place.good("seal", "secrets/db.yaml", &["--age", &place.recipient]);
    std::fs::write(place.path("own.key"), format!("# mine\n{CANARY}\n")).expect("a file");
    let called = place.run("open", "secrets/db.yaml", &[]);
    assert_eq!(called.code, 2);
    assert!(called.err.contains("line 2 is no age identity"), "{}", called.err);
    assert!(called.err.contains("own.key"), "{}", called.err);
    let secret = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ";
    let mixed = place.run("seal", "secrets/blob", &["--age", secret]);
    assert_eq!(mixed.code, 2);
    for words in [&called.err, &mixed.err, &called.out, &mixed.out] {
        assert!(!words.contains(CANARY) && !words.contains("QQQQ"), "{words}");
    }
}

#[test]
fn a_stack_with_a_sealed_secret_is_valid_with_its_key_and_not_without() {
    let place = Place::new();
    place.good("seal", "secrets/db.yaml", &["--age", &place.recipient]);
    let compose = "services:\n  web: {image: 'web:1', secrets: [db]}\nsecrets:\n  db: {file: secrets/db.yaml, x-skep: {key: db.password}}\n";
    std::fs::write(place.path("shop.yml"), compose).expect("a file");
    let place_text = text(place.dir.path()).to_owned();
    let good = call({
        let mut command = skep(&["validate", &place_text]);
        command.env("SOPS_AGE_KEY_FILE", place.path("own.key"));
        command
    });
    assert_eq!(good.code, 0, "{}{}", good.out, good.err);
    let bad = call(skep(&["validate", &place_text]));
    assert_eq!(bad.code, 1, "{}", bad.out);
    let words = format!("there is no age identity; it is sealed to {}", place.recipient);
    assert!(bad.out.contains(&words), "{}", bad.out);
    assert!(!format!("{}{}", bad.out, bad.err).contains(CANARY));
}
