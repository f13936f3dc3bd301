//! Sealed files on the whole way: what they hold comes in, and nothing sealed or told goes out.

use std::sync::Arc;

use super::{Files, file_set};
use crate::load::{Identities, LoadOptions, Loaded, load};
use crate::model::{Content, Entry, FileSet, RepoPath, SecretBytes, SourceName};

/// A file of the tests of the room.
#[expect(clippy::disallowed_methods, reason = "a test reads files of the repository")]
fn file(name: &str) -> Vec<u8> {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    std::fs::read(folder.join("tests/sops").join(name)).unwrap()
}

fn key(name: &str) -> Identities {
    Identities::read(&SecretBytes::new(file(&format!("{name}.key")))).unwrap()
}

/// Files by name and text, with sealed ones by name and name.
fn with(files: Files<'_>, sealed: &[(&str, &str)]) -> FileSet {
    let mut set = file_set(files);
    for (path, name) in sealed {
        let bytes = Arc::from(file(&format!("files/{name}")));
        set.insert(RepoPath::new(path).unwrap(), Entry::File(bytes));
    }
    set
}

fn loaded(files: &FileSet, identities: &Identities) -> Loaded {
    let source = SourceName::new("repo").unwrap();
    let variables = std::collections::BTreeMap::new();
    let options = LoadOptions {
        source: &source,
        key: None,
        name: None,
        variables: &variables,
        globs: &[],
        identities,
    };
    load(files, &options)
}

/// Contents of secrets and configs, variables of services, and problems.
fn told(loaded: &Loaded) -> String {
    let mut lines = Vec::new();
    for stack in loaded.desired.stacks.values() {
        for (name, data) in stack.secrets.iter().chain(&stack.configs) {
            let Content::Stored { data, hash } = &data.content else { continue };
            let bytes = loaded.data.get(data, hash.as_ref()).unwrap();
            lines.push(format!("{name} = {:?}", String::from_utf8_lossy(bytes.reveal())));
        }
        for (name, service) in &stack.services {
            let container = serde_json::to_value(&service.spec).unwrap();
            lines.push(format!("{name} {}", container["TaskTemplate"]["ContainerSpec"]["Env"]));
        }
    }
    lines.extend(loaded.problems.iter().map(ToString::to_string));
    lines.join("\n")
}

const SHOP: &str = "\
services:
  web:
    image: web:1
    env_file: web.env
    environment: {B: \"${B}\"}
    secrets: [all, password, blob]
    configs: [list]
secrets:
  all: {file: secrets/all.json}
  password:
    file: secrets/all.yaml
    x-skep: {key: db.password}
  blob: {file: secrets/blob, x-skep: {}}
configs:
  list: {file: secrets/all.yaml, x-skep: {key: db.list.2.1}}
";

const SEALED: [(&str, &str); 5] = [
    ("secrets/all.json", "all.json"),
    ("secrets/all.yaml", "all.yaml"),
    ("secrets/blob", "groups.env"),
    ("web.env", "all.env"),
    (".env", "all.env"),
];

#[test]
fn what_sealed_files_hold_comes_in() {
    let mut keys = key("one");
    keys.extend(key("two"));
    let loaded = loaded(&with(&[("shop.yml", SHOP)], &SEALED), &keys);
    let text = told(&loaded);
    assert!(loaded.problems.is_empty(), "{text}");
    assert!(!text.contains("ENC["), "{text}");
    assert!(text.contains("shop_password = \"p@ss: word # not a comment\""), "{text}");
    assert!(text.contains("shop_list = \"folded text\""), "{text}");
    assert!(text.contains(r#"["A=1","B=two words","C=line\\nnext","D="]"#), "{text}");
    assert!(text.contains("shop_blob = \"# comment\\nA=1\\n"), "{text}");
    let uses: Vec<String> = loaded
        .sealed
        .iter()
        .map(|(file, users)| format!("{file}: {}", Vec::from_iter(users.clone()).join(", ")))
        .collect();
    assert_eq!(
        uses,
        [
            ".env: variables",
            "secrets/all.json: secret shop_all",
            "secrets/all.yaml: config shop_list, secret shop_password",
            "secrets/blob: secret shop_blob",
            "web.env: service shop_web",
        ]
    );
}

#[test]
fn without_a_key_who_uses_a_sealed_file_is_spoiled_and_the_rest_is_not() {
    let files = [(
        "shop.yml",
        "services:\n  web: {image: w, secrets: [a]}\n  db: {image: d}\nsecrets:\n  a: {file: a.env}\n",
    )];
    let files = with(&files, &[("a.env", "other.env")]);
    for identities in [Identities::NONE, &key("one")] {
        let loaded = loaded(&files, identities);
        let text = told(&loaded);
        let three = key("three").recipients().into_iter().next().unwrap();
        assert!(text.contains(&format!("it is sealed to {three}")), "{text}");
        assert!(text.contains("shop.yml:5:"), "{text}");
        assert!(text.contains("shop_db"), "{text}");
        assert!(!text.contains("shop_web") && !text.contains("shop_a ="), "{text}");
    }
}

#[test]
fn a_sealed_value_that_nothing_opens_is_never_sent() {
    let value = "ENC[AES256_GCM,data:aaaa,iv:aaaa,tag:aaaa,type:str]";
    for (compose, beside, path, spoiled) in [
        ("services: {web: {image: w, environment: {A: \"VALUE\"}}}", "", "none", true),
        ("services: {web: {image: w, env_file: a.env}}", "A=VALUE\n", "a.env", true),
        ("services: {web: {image: w, environment: {A: \"${A}\"}}}", "A=VALUE\n", ".env", true),
        ("services: {web: {image: w, labels: {a: \"VALUE\"}}}", "", "none", true),
        (
            "services: {web: {image: w, configs: [c]}}\nconfigs: {c: {content: \"VALUE\"}}",
            "",
            "none",
            true,
        ),
        (
            "services: {web: {image: w, secrets: [c]}}\nsecrets: {c: {file: x}}",
            "p: VALUE\n",
            "x",
            true,
        ),
        ("services: {web: {image: w, volumes: [\"./x:/x:ro\"]}}", "p: VALUE\n", "x", true),
        ("services: {web: {image: w}}", "p: VALUE\n", "x.yml", false),
    ] {
        let texts = [compose.replace("VALUE", value), beside.replace("VALUE", value)];
        let set = file_set(&[("shop.yml", &texts[0]), (path, &texts[1])]);
        let text = told(&loaded(&set, &key("one")));
        assert_eq!(!text.contains("shop_web"), spoiled, "{compose}: {text}");
        assert_eq!(text.contains("sealed value"), spoiled, "{compose}: {text}");
        assert!(!text.contains("data:aaaa"), "{compose}: {text}");
    }
}

#[test]
fn a_declaration_that_is_sealed_is_refused_as_a_whole() {
    use crate::sops::{Format, Moment, Random, Recipient, Rule, Terms, seal};
    let plain = SecretBytes::new(b"services:\n  web:\n    image: web:1\n".to_vec());
    let recipient = key("one").recipients().into_iter().next().unwrap();
    let groups = vec![vec![Recipient::read(&recipient).unwrap()]];
    let rule = Rule::default();
    let terms = Terms { groups, threshold: None, rule, mac_only_encrypted: false };
    let moment = Moment { at: "2026-01-02T03:04:05Z".to_owned(), random: Random::new([1; 32]) };
    let sealed = String::from_utf8(seal((Format::Yaml, &plain), &terms, moment).unwrap()).unwrap();
    let loaded = loaded(&file_set(&[("shop.yml", &sealed)]), &key("one"));
    assert!(loaded.desired.stacks.is_empty());
    assert_eq!(loaded.nameless.len(), 1);
    let text = told(&loaded);
    assert!(text.contains("declarations are read in clear only"), "{text}");
    assert_eq!(text.matches("error").count().max(1), 1, "{text}");
}

#[test]
fn nothing_of_an_opened_file_is_told() {
    // A key that is not there, a file that is too much, lines that are wrong: no word of the values.
    let compose = "services:\n  web: {image: \"${A}:::${B}\", env_file: x.env, secrets: [a]}\nsecrets:\n  a: {file: all.yaml, x-skep: {key: db.nothing}}\n  b: {file: all.yaml, x-skep: {key: db.list}}\n";
    let files = with(
        &[("shop.yml", compose)],
        &[("all.yaml", "all.yaml"), ("x.env", "all.yaml"), (".env", "all.env")],
    );
    let loaded = loaded(&files, &key("one"));
    let text = format!("{} {loaded:?}", told(&loaded));
    assert!(text.contains("it has no 'db.nothing'"), "{text}");
    assert!(text.contains("'db.list' is not a single value"), "{text}");
    for word in ["p@ss", "not a comment", "line one", "two words", "nested", "5432"] {
        let found = loaded.problems.iter().any(|p| format!("{p} {p:?}").contains(word));
        assert!(!found, "{word}: {:?}", loaded.problems);
    }
}
