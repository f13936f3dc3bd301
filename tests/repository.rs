//! Files of the repository: the schemas in `crds/` are those of the types, the examples load.
#![expect(clippy::disallowed_methods, reason = "compares with files of the repository")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skep::load::{LoadOptions, load, schemas};
use skep::model::{Entry, FileSet, RepoPath, SourceName};

/// Set to write the schemas anew instead of comparing them.
const WRITE: &str = "SKEP_WRITE_CRDS";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn schemas_are_not_stale() {
    let directory = top().join("crds");
    let schemas = schemas();
    for (name, schema) in &schemas {
        let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
        let path = directory.join(name);
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, text).unwrap();
            continue;
        }
        let stands = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stands == text, "crds/{name} is stale: {WRITE}=1 cargo test --test repository");
    }
    let there: BTreeSet<String> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, schemas.into_keys().collect(), "crds/ holds a file of no kind");
}

fn files_below(directory: &Path, name: &str, files: &mut FileSet) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            files_below(&entry.path(), &name, files);
        } else {
            let bytes = std::fs::read(entry.path()).unwrap();
            let path = RepoPath::new(name.trim_start_matches('/')).unwrap();
            files.insert(path, Entry::File(Arc::from(bytes)));
        }
    }
}

#[test]
fn the_shop_loads_without_a_problem() {
    let mut files = FileSet::default();
    files_below(&top().join("examples/shop"), "", &mut files);
    let source = SourceName::new("shop").unwrap();
    let variables = BTreeMap::new();
    let options =
        LoadOptions { source: &source, key: None, name: None, variables: &variables, globs: &[] };
    let loaded = load(&files, &options);
    assert_eq!(loaded.problems, []);
    let stacks = loaded.desired.stacks.values();
    let services = stacks.flat_map(|stack| stack.services.keys().map(String::as_str));
    let services: Vec<&str> = services.collect();
    assert_eq!(services, ["monitoring_metrics", "shop_api", "shop_web", "shop_worker"]);
}
