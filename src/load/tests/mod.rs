//! The whole way, from files to what they ask for.

mod asked;
mod bound;
mod engine;
mod hostile;
mod images;
mod jobs;
mod manifests;
mod mistakes;
mod policy;
mod reach;
mod sealed;
mod stacks;
mod swarm;
mod traps;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::load::{LoadOptions, Loaded, load};
use crate::model::{Entry, FileSet, HashKey, RepoPath, SourceName};

/// Files by name and text.
type Files<'a> = &'a [(&'a str, &'a str)];

fn file_set(files: Files<'_>) -> FileSet {
    let mut set = FileSet::default();
    for (name, text) in files {
        set.insert(RepoPath::new(name).unwrap(), Entry::File(Arc::from(text.as_bytes())));
    }
    set
}

fn loaded(files: &FileSet, variables: &[(&str, &str)]) -> Loaded {
    let source = SourceName::new("repo").unwrap();
    let key = HashKey::new([7; 32]);
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let options = LoadOptions {
        source: &source,
        key: Some(&key),
        name: None,
        variables: &variables,
        globs: &[],
        identities: crate::load::Identities::NONE,
    };
    load(files, &options)
}

/// What files ask for, and what is wrong with them, as a text.
fn check(files: Files<'_>) -> String {
    check_with(files, &[])
}

fn check_with(files: Files<'_>, variables: &[(&str, &str)]) -> String {
    show(&loaded(&file_set(files), variables))
}

/// The service of one stack as the engine gets it, with all that was warned of.
fn spec_of(files: Files<'_>, service: &str) -> (serde_json::Value, Vec<String>) {
    let loaded = loaded(&file_set(files), &[]);
    let problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    let found = loaded.desired.stacks.values().find_map(|stack| stack.services.get(service));
    let Some(found) = found else { panic!("{service} is not there: {problems:#?}") };
    (serde_json::to_value(&found.spec).unwrap(), problems)
}

fn show(loaded: &Loaded) -> String {
    let mut out = String::new();
    for (name, stack) in &loaded.desired.stacks {
        let files: Vec<&str> = stack.files.iter().map(RepoPath::as_str).collect();
        let _ = writeln!(out, "stack {name} {:?} from {}", stack.wholeness, files.join(", "));
        if let Some(reason) = &stack.policy.suspend {
            let _ = writeln!(out, "  suspended: {reason}");
        }
        for (name, service) in &stack.services {
            let _ = writeln!(out, "  service {name} {}", service.image);
        }
        let objects = [
            ("network", stack.networks.keys().collect::<Vec<_>>()),
            ("secret", stack.secrets.keys().collect()),
            ("config", stack.configs.keys().collect()),
        ];
        for (kind, names) in objects {
            for name in names {
                let _ = writeln!(out, "  {kind} {name}");
            }
        }
    }
    for source in &loaded.sources {
        let _ = writeln!(out, "source {} {}", source.name, source.url);
    }
    for name in &loaded.broken {
        let _ = writeln!(out, "broken {name}");
    }
    for file in &loaded.nameless {
        let _ = writeln!(out, "nameless {file}");
    }
    for problem in &loaded.problems {
        let word = format!("{:?}", problem.severity).to_lowercase();
        let _ = writeln!(out, "{word}: {problem}");
        if let Some(line) = &problem.line {
            let _ = writeln!(out, "    {line}");
        }
    }
    out
}
