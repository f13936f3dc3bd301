//! Scripts that broke a law once: they go on being played, and break none.

use std::fs;
use std::path::PathBuf;

use crate::script::Script;
use crate::seeds::{Scope, judge, script};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/properties/found")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the scripts are files of the project")]
fn what_broke_a_law_once_breaks_none_any_more() {
    let mut findings = Vec::new();
    for entry in fs::read_dir(folder()).expect("the folder of found scripts") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a script");
        let script: Script = text.parse().expect("a script that can be read");
        let name = path.file_name().expect("a file").display().to_string();
        findings.extend(judge(seed(&text), &script).iter().map(|found| format!("{name}: {found}")));
    }
    assert_eq!(findings, Vec::<String>::new());
}

/// `# seed 17` in the first line; 0 without.
fn seed(text: &str) -> u64 {
    let first = text.lines().next().and_then(|line| line.strip_prefix("# seed "));
    first.and_then(|number| number.trim().parse().ok()).unwrap_or_default()
}

#[test]
fn each_script_is_read_back_as_it_was_written() {
    for number in 0..500 {
        for scope in [Scope::All, Scope::GitOnly] {
            let script = script(number, scope);
            assert_eq!(script.to_string().parse(), Ok(script));
        }
    }
}
