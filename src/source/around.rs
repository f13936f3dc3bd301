//! Whether files of a source name something that stands around its path in the repository.
//!
//! Only then it is read: most sources name nothing there, and a repository of which a path is the
//! source is not fetched as a whole for them.

use crate::model::{Entry, FileSet, RepoPathError};

/// Why nothing was read around the path of a source that names nothing there.
pub(super) const UNNAMED: &str = "no file below that path names it plainly, as in ../common.env";

/// Why nothing was read around the path of a source in a large repository.
pub(super) const TOO_LARGE: &str = "the repository is too large to be read as a whole";

/// True when a file or a link holds a path that leads out of the source, seen from where it stands.
pub(super) fn is_named(files: &FileSet) -> bool {
    files.iter().any(|(path, entry)| {
        let leads_out =
            |relative: &str| matches!(path.parent().join(relative), Err(RepoPathError::Outside(_)));
        match entry {
            Entry::File(bytes) => words(bytes).any(leads_out),
            Entry::Link(target) => leads_out(target),
            _ => false,
        }
    })
}

/// Everything that may be a path with `..` in it.
fn words(bytes: &[u8]) -> impl Iterator<Item = &str> {
    let between = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`,;:=[]{}()".contains(byte);
    let up = |word: &&[u8]| word.windows(3).any(|part| part == b"../");
    bytes.split(between).filter(up).filter_map(|word| std::str::from_utf8(word).ok())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::RepoPath;

    fn check(name: &str, text: &str) -> bool {
        let mut files = FileSet::default();
        let path = RepoPath::new(name).unwrap_or_default();
        files.insert(path, Entry::File(Arc::from(text.as_bytes())));
        is_named(&files)
    }

    #[test]
    fn only_paths_that_lead_out_count() {
        assert!(check("a.yml", "env_file: ../common.env"));
        assert!(check("a/b.yml", "files: [x.yml,'../../base.yml']"));
        assert!(check("a.yml", "{file: x/../../y}"));
        assert!(!check("a/b.yml", "env_file: ../common.env"));
        assert!(!check("a.yml", "range: 1..3 # see .../x"));
        let mut files = FileSet::default();
        files.insert(RepoPath::new("l").unwrap_or_default(), Entry::Link("../x".into()));
        assert!(is_named(&files));
    }
}
