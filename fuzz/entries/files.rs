//! Any bytes as the files that stand beside a declaration (`.skepignore`, `.env`, an env file, a
//! link, a second declaration): no panic, and one result.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep::load::{LoadOptions, load};
use skep::model::{Entry, FileSet, RepoPath, SourceName};

/// Stands between the files of an input.
const BETWEEN: &[u8] = b"\n====\n";
const STACK: &[u8] =
    b"services:\n  web:\n    image: x:${TAG:-1}\n    env_file: [common.env, link]\n";

pub fn run(data: &[u8]) {
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(BETWEEN.len()).position(|window| window == BETWEEN) {
        parts.push(&rest[..at]);
        rest = &rest[at + BETWEEN.len()..];
    }
    parts.push(rest);
    let mut files = FileSet::default();
    let mut insert = |name: &str, entry| files.insert(RepoPath::new(name).unwrap(), entry);
    insert("a/stack.yml", Entry::File(Arc::from(STACK)));
    let names = ["a/.skepignore", "a/.env", "a/common.env", "a/link", "a/more.yml"];
    for (name, bytes) in names.into_iter().zip(parts) {
        insert(
            name,
            match (name, std::str::from_utf8(bytes)) {
                ("a/link", Ok(target)) => Entry::Link(target.to_owned()),
                _ => Entry::File(Arc::from(bytes)),
            },
        );
    }
    assert_eq!(shown(&files), shown(&files));
}

fn shown(files: &FileSet) -> String {
    let source = SourceName::new("fuzz").unwrap();
    let variables = BTreeMap::new();
    let options = LoadOptions {
        source: &source,
        key: None,
        name: None,
        variables: &variables,
        globs: &[],
        identities: skep::load::Identities::NONE,
    };
    let loaded = load(files, &options);
    format!("{:?} {:?} {:?}", loaded.desired, loaded.problems, loaded.broken)
}
