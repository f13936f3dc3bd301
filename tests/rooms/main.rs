//! Rules of the house that no compiler knows: which room may name which, and how large and under
//! which names things are. They read the sources themselves; each says where a rule is broken.

#![expect(clippy::disallowed_methods, reason = "a test stands outside: it reads the sources")]
#![expect(clippy::expect_used, reason = "a test may fail")]

mod attributes;
mod imports;
mod names;
mod pages;
mod project;
mod reach;
mod size;
mod tokens;

/// Fails with all findings at once, one on each line.
#[track_caller]
fn none(rule: &str, findings: Vec<String>) {
    assert!(findings.is_empty(), "{rule}\n{}\n", findings.join("\n"));
}
