//! Every public stack of the corpus: applied to a simulated swarm, drawn from what runs, read again
//! and compared. Nothing differs.
//!
//! As for `tests/corpus.rs`, the files are read from beside the checkout or from where
//! `SKEP_CORPUS` points; without them this target fails, and `tests/run` leaves it out.
#![expect(
    clippy::disallowed_methods,
    reason = "the corpus lies outside, its place comes from the environment"
)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on ends")]

#[path = "import/round.rs"]
mod round;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use round::{Declared, round};
use serde_json::Value;
use skep::model::{ApiVersion, Entry, FileSet, RepoPath, StackName};

fn corpus() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    std::env::var_os("SKEP_CORPUS").map_or_else(beside, PathBuf::from)
}

/// Stack files with the variables that they want, by name.
fn cases() -> BTreeMap<String, Declared> {
    let corpus = corpus();
    let golden = corpus.join("golden");
    let entries =
        std::fs::read_dir(&golden).unwrap_or_else(|e| panic!("{}: {e}", golden.display()));
    let case = |path: PathBuf| {
        let golden: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let (tree, file) = golden["tree"].as_str().unwrap().rsplit_once('/').unwrap();
        let mut files = FileSet::default();
        file_set(&corpus.join(tree), "", &mut files);
        let variables = golden["env"].as_object().unwrap().iter();
        let declared = Declared {
            files,
            globs: vec![file.to_owned()],
            variables: variables
                .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
            name: Some(StackName::new("stk").unwrap()),
        };
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), declared)
    };
    entries.map(|entry| case(entry.unwrap().path())).collect()
}

/// All files below a directory, links not followed.
fn file_set(directory: &Path, below: &str, files: &mut FileSet) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_str().unwrap());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            file_set(&entry.path(), &format!("{name}/"), files);
        } else if kind.is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            files.insert(RepoPath::new(&name).unwrap(), Entry::File(Arc::from(bytes)));
        }
    }
}

#[tokio::test]
async fn what_runs_of_every_public_stack_is_drawn_whole() {
    let (mut good, mut skipped, mut text) = (0, 0, String::new());
    let cases = cases();
    for (name, declared) in &cases {
        let (word, details) = match declared.with_unset_empty() {
            Err(errors) => {
                skipped += 1;
                ("refused", errors)
            }
            Ok(declared) => {
                let round = round(&declared, ApiVersion::v1(51)).await;
                let remarks = round.drawings.remarks.iter().map(|r| format!("said: {r}"));
                let told: Vec<String> = round.differing.iter().cloned().chain(remarks).collect();
                good += usize::from(round.differing.is_empty());
                (if round.differing.is_empty() { "equal" } else { "differs" }, told)
            }
        };
        text.push_str(&format!("{word:8} {name}\n"));
        for detail in details.iter().take(8) {
            text.push_str(&format!("{:9}{}\n", "", detail.chars().take(220).collect::<String>()));
        }
    }
    println!("{text}\n{good} of {} are equal, {skipped} are no stacks for skep", cases.len());
    assert!(good > 40, "the corpus at {} is not whole", corpus().display());
    assert_eq!(good + skipped, cases.len(), "the table above says which are not");
}
