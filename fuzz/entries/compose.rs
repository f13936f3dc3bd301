//! Any bytes as a declaration: no panic, one result, bounded problems that a terminal can show,
//! and an error wherever a stack is missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep::load::bounds::{MAX_FILE_PROBLEMS, MAX_SHOWN_LINE};
use skep::load::{LoadOptions, Loaded, load};
use skep::model::{Entry, FileSet, Problem, RepoPath, SourceName};

pub fn run(data: &[u8]) {
    let loaded = loaded(data);
    let stacks = |loaded: &Loaded| format!("{:?} {:?}", loaded.desired, loaded.problems);
    assert_eq!(stacks(&loaded), stacks(&self::loaded(data)));
    // Those of the file, the one that counts the rest, and a collision.
    assert!(loaded.problems.len() <= 2 * (MAX_FILE_PROBLEMS + 2));
    for line in loaded.problems.iter().filter_map(|problem| problem.line.as_ref()) {
        assert!(line.chars().count() <= MAX_SHOWN_LINE && !line.chars().any(char::is_control));
    }
    if !loaded.broken.is_empty() || !loaded.nameless.is_empty() {
        assert!(loaded.problems.iter().any(Problem::is_error));
    }
}

fn loaded(data: &[u8]) -> Loaded {
    let mut files = FileSet::default();
    for (name, bytes) in [("stack.yml", data), ("other.yml", b"services: {a: {image: x}}\n")] {
        files.insert(RepoPath::new(name).unwrap(), Entry::File(Arc::from(bytes)));
    }
    let source = SourceName::new("fuzz").unwrap();
    let variables = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
    let options = LoadOptions {
        source: &source,
        key: None,
        name: None,
        variables: &variables,
        globs: &[],
        identities: skep::load::Identities::NONE,
    };
    load(&files, &options)
}
