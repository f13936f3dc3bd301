//! The schemas in `crds/` are those of the types.
#![expect(clippy::disallowed_methods, reason = "compares with files of the repository")]

use std::collections::BTreeSet;
use std::path::Path;

/// Set to write the files anew instead of comparing them.
const WRITE: &str = "SKEP_WRITE_CRDS";

#[test]
fn schemas_are_not_stale() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    let schemas = skep::load::schemas();
    for (name, schema) in &schemas {
        let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
        let path = directory.join(name);
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, text).unwrap();
            continue;
        }
        let stands = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stands == text, "crds/{name} is stale: run {WRITE}=1 cargo test --test crds");
    }
    let there: BTreeSet<String> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, schemas.into_keys().collect(), "crds/ holds a file of no kind");
}
