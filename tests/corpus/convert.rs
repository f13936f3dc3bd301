//! Every file as manifests and back again: each step comes to the same as the file itself.

use std::path::Path;
use std::process::Command;

use skep::model::{Entry, RepoPath};

use crate::cases::{Case, corpus, edge_cases, files_of, stack_cases};

/// Files that can't be said otherwise, with a part of the sentence that says why.
const REFUSED: [(&str, &str); 0] = [];

/// What the program says for a case, called in a directory with its files; `Err` is what it says of
/// mistakes.
fn call(case: &Case, directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let program = env!("CARGO_BIN_EXE_skep");
    let called = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .envs(&case.env)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if called.status.success() { Ok(text(called.stdout)) } else { Err(text(called.stderr)) }
}

/// The file with its surroundings, without the files of other cases.
fn lay_out(case: &Case, directory: &Path) {
    let files = files_of(case);
    let is_case = |path: &RepoPath| {
        let told = path.as_str().replace(".yml", ".expect.json");
        RepoPath::new(&told).is_ok_and(|told| files.read(&told).is_ok())
    };
    for (path, entry) in files.iter() {
        let Entry::File(bytes) = entry else { continue };
        if is_case(path) && path.as_str() != case.files[0] {
            continue;
        }
        let path = directory.join(path.as_str());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// `None` where the file itself is refused.
fn round(case: &Case, directory: &Path) -> Option<Result<(), String>> {
    let file = case.files[0].as_str();
    let render = ["render", file, "--engine", "--name", "stk"];
    let before = call(case, directory, &render).ok()?;
    let top = RepoPath::new(file).unwrap();
    let step = |form: &str| -> Result<(), String> {
        let converted = call(case, directory, &["convert", file, "--to", form, "--name", "stk"])?;
        std::fs::write(directory.join(top.as_str()), &converted).unwrap();
        let after = call(case, directory, &render)?;
        if after == before { Ok(()) } else { Err(format!("{form} mean something else")) }
    };
    Some(step("manifests").and_then(|()| step("compose")))
}

fn check(cases: &[Case]) {
    let (mut rounds, mut wrong) = (0, Vec::new());
    for case in cases.iter().filter(|case| case.files.len() == 1) {
        let directory = tempfile::tempdir().unwrap();
        lay_out(case, directory.path());
        let known = REFUSED.iter().find(|(name, _)| *name == case.name);
        match (round(case, directory.path()), known) {
            (None, _) => {}
            (Some(Ok(())), None) => rounds += 1,
            (Some(Err(why)), Some((_, part))) if why.contains(part) => {}
            (Some(result), _) => wrong.push(format!("{}: {result:?}", case.name)),
        }
    }
    assert_eq!(wrong, [""; 0], "of {} files", cases.len());
    assert!(rounds > cases.len() / 3, "{rounds} of {} files were converted", cases.len());
}

#[test]
fn public_stacks_come_back_from_their_conversion() {
    check(&stack_cases(&corpus()));
}

#[test]
fn single_features_come_back_from_their_conversion() {
    check(&edge_cases(&corpus()));
}
