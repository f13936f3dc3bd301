//! Every public stack of the corpus: applied to a simulated swarm, drawn from what runs, read again
//! and compared; and converted to manifests and back. Nothing differs.
//!
//! As for `tests/corpus`, the files are read from beside the checkout or from where
//! `SKEP_CORPUS` points; without them this target fails, and `tests/run` leaves it out.
#![expect(
    clippy::disallowed_methods,
    reason = "the corpus lies outside, its place comes from the environment"
)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on ends")]

#[path = "corpus/cases.rs"]
#[expect(dead_code, reason = "the comparison with docker needs more of it")]
mod cases;
#[path = "import/round.rs"]
mod round;

use std::collections::BTreeMap;
use std::sync::Arc;

use assert_cmd::Command;
use cases::{Case, corpus, declaration, edge_cases, files_of, stack_cases};
use round::{Declared, again, loaded, round, text};
use skep::model::{ApiVersion, Entry, RepoPath, StackName};
use skep::view::compose::Drawings;

/// Stack files with the variables that they want, by name.
fn cases() -> BTreeMap<String, Declared> {
    stack_cases(&corpus()).into_iter().map(declared).collect()
}

fn declared(case: Case) -> (String, Declared) {
    let declared = Declared {
        files: files_of(&case),
        globs: vec![declaration(&case)],
        variables: case.env,
        name: Some(StackName::new("stk").unwrap()),
    };
    (case.name, declared)
}

/// What is written, but for the subnets that the engine chose: they only stand there to be seen.
fn written(drawings: &Drawings) -> String {
    let text = text(drawings);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("# Its subnet is "));
    let contents = drawings.stacks.iter().map(|one| format!("{:?}", one.contents));
    lines.map(str::to_owned).chain(contents).collect::<Vec<_>>().join("\n")
}

/// Drawn again from what the drawn files make in an empty swarm, every file is the same to the byte.
#[tokio::test]
async fn public_stacks_and_single_features_come_back_to_the_byte() {
    let (mut tried, mut refused, mut wrong) = (0, Vec::new(), Vec::new());
    let features = edge_cases(&corpus()).into_iter().map(declared);
    let stacks = cases();
    for (name, declared) in stacks.clone().into_iter().chain(features) {
        let Ok(declared) = declared.with_unset_empty() else { continue };
        let round = round(&declared, ApiVersion::v1(51)).await;
        let is_feature = !stacks.contains_key(&name);
        if is_feature && round.differing.iter().any(|line| line.ends_with(" does not run")) {
            refused.push(name);
            continue;
        }
        let again = again(&round.drawings, &round.observed, ApiVersion::v1(51)).await;
        let (first, second) = (written(&round.drawings), written(&again));
        if !round.differing.is_empty() || first != second {
            wrong.push(format!("{name}: {:?}\n{first}---\n{second}", round.differing));
        }
        tried += 1;
    }
    println!("{tried} files; the engine refuses {refused:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 120, "the corpus at {} is not whole", corpus().display());
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

/// What a file asks for, without the places where it says so.
fn asked(declared: &Declared) -> String {
    let loaded = loaded(declared);
    let errors: Vec<_> = loaded.problems.iter().filter(|problem| problem.is_error()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let mut text = String::new();
    for stack in loaded.desired.stacks.values() {
        text.push_str(&format!("{:?}\n", stack.policy));
        for (name, network) in &stack.networks {
            text.push_str(&format!("{name} {:?}\n", network.spec));
        }
        for (name, data) in stack.secrets.iter().chain(&stack.configs) {
            let what = (data.naming, &data.labels, &data.content, &data.templating);
            text.push_str(&format!("{name} {what:?}\n"));
        }
        for (name, service) in &stack.services {
            let what = (&service.spec, &service.image, service.pull, service.replicas);
            text.push_str(&format!("{name} {what:?} {:?}\n", service.depends_on));
        }
    }
    text
}

/// The same files with the one that counts converted.
fn converted(declared: &Declared, to: &str) -> Declared {
    let path = RepoPath::new(&declared.globs[0]).unwrap();
    let bytes = declared.files.read(&path).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_skep"));
    command.env_clear().args(["convert", "-", "--name", "stk", "--to", to]);
    let output = command.write_stdin(bytes.to_vec()).output().unwrap();
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    let mut declared = declared.clone();
    declared.files.insert(path, Entry::File(Arc::from(output.stdout)));
    declared
}

#[test]
fn manifests_made_of_a_public_stack_mean_the_same_and_so_does_what_they_are_made_into() {
    let mut tried = 0;
    for (name, declared) in cases() {
        let Ok(declared) = declared.with_unset_empty() else { continue };
        let before = asked(&declared);
        let manifests = converted(&declared, "manifests");
        assert_eq!(before, asked(&manifests), "{name} as manifests");
        let compose = converted(&manifests, "compose");
        assert_eq!(before, asked(&compose), "{name} as a compose file again");
        tried += 1;
    }
    assert!(tried > 40, "the corpus at {} is not whole", corpus().display());
}
