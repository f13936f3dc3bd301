//! From names and bytes as they are found to entries of a file set: what can't be a path of ours,
//! and what is no content of its own.

use std::sync::Arc;

use crate::model::{Entry, RepoPath};
use crate::source::bounds::{MAX_FILE, MAX_PATH};

/// A path as it was found, and why it can't be used, if so. An unusable path is made harmless (it
/// is shown to people and written to logs) and still unlike the paths of usable entries.
pub(super) fn place(found: &[u8]) -> (RepoPath, Option<&'static str>) {
    let Ok(text) = std::str::from_utf8(found) else {
        return (harmless(&String::from_utf8_lossy(found)), Some("its name is not UTF-8"));
    };
    if text.len() > MAX_PATH {
        return (harmless(text), Some("its path is longer than 4096 bytes"));
    }
    if text.chars().any(char::is_control) {
        return (harmless(text), Some("its name holds a control character"));
    }
    match RepoPath::new(text) {
        // Git trees can be forged to hold `..`, `.` or empty names.
        Ok(path) if path.as_str() == text => (path, None),
        _ => (harmless(text), Some("its path is not a plain one")),
    }
}

fn harmless(text: &str) -> RepoPath {
    let mut plain = String::new();
    for part in text.split('/') {
        let part = match part {
            "" => "(empty)",
            "." => "(dot)",
            ".." => "(dots)",
            part => part,
        };
        if !plain.is_empty() {
            plain.push('/');
        }
        plain.extend(part.chars().flat_map(char::escape_debug));
        if plain.len() > 200 {
            plain.truncate(plain.floor_char_boundary(200));
            plain.push('…');
            break;
        }
    }
    RepoPath::new(&plain).unwrap_or_default()
}

/// The entry for a regular file's bytes.
pub(super) fn file(bytes: Arc<[u8]>) -> Entry {
    if bytes.len() as u64 > MAX_FILE {
        Entry::TooLarge(bytes.len() as u64)
    } else if is_lfs_pointer(&bytes) {
        // Its text would be deployed in place of the content it stands for.
        Entry::Special("Git LFS pointer")
    } else {
        Entry::File(bytes)
    }
}

/// By the text that the Git LFS specification fixes (`docs/spec.md`: the version line comes first,
/// a pointer is below 1024 bytes).
fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.len() < 1024
        && bytes.starts_with(b"version https://git-lfs.github.com/spec/v1\n")
        && bytes.windows(12).any(|window| window == b"\noid sha256:")
}

/// The entry for a symbolic link's target.
pub(super) fn link(target: &[u8]) -> Entry {
    match std::str::from_utf8(target) {
        Ok(target) if target.len() <= MAX_PATH => Entry::Link(target.to_owned()),
        _ => Entry::Unreadable("the target of the symbolic link can't be a path".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_as_they_are() {
        for name in ["a.yml", "a b/c", "-x", "ü/é", "..a/b..", "a\u{202e}b"] {
            assert_eq!(place(name.as_bytes()), (RepoPath::new(name).unwrap_or_default(), None));
        }
    }

    #[test]
    fn hostile_names_are_named_harmlessly_and_never_read() {
        let long = "d/".repeat(3000);
        for name in ["../x", "a/../b", "a//b", "./a", "a\nb", "\u{1b}[2Jx", &long, "a/.."] {
            let (path, why) = place(name.as_bytes());
            assert!(why.is_some(), "{name:?}");
            assert!(!path.as_str().is_empty(), "{name:?}");
            assert!(!path.as_str().chars().any(char::is_control), "{name:?}");
            assert!(path.as_str().len() < 300, "{name:?}");
        }
        assert_eq!(place(b"a\xff").1, Some("its name is not UTF-8"));
    }

    #[test]
    fn an_lfs_pointer_is_no_content() {
        let entry = |text: &str| file(Arc::from(text.as_bytes()));
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00ff\nsize 12\n";
        assert_eq!(entry(pointer), Entry::Special("Git LFS pointer"));
        let text = "version https://git-lfs.github.com/spec/v1\n";
        assert!(matches!(entry(text), Entry::File(_)));
    }
}
