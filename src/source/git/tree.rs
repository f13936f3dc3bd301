//! The entries of a commit and the bytes of its files, from `git ls-tree` and `git cat-file`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{Entry, FileSet};
use crate::source::bounds::{MAX_ENTRIES, MAX_FILE, MAX_PATH, MAX_TOTAL};
use crate::source::entries;

/// One line of `git ls-tree -r -z`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// What it is.
    pub kind: TreeKind,
    /// Id of the blob, or of the commit of a submodule.
    pub id: String,
    /// Path from the top of the listed tree: any bytes but NUL.
    pub path: Vec<u8>,
}

/// What a tree entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeKind {
    /// A file, executable or not.
    File,
    /// A symbolic link; its blob is the target.
    Link,
    /// A commit of another repository.
    Submodule,
    /// A directory; only in listings that are not recursive.
    Tree,
}

/// Why a listing is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Not the output of `git ls-tree -z`.
    #[error("git printed a tree entry that can't be read")]
    Malformed,
    /// Past the bound on entries.
    #[error(
        "it holds more than {MAX_ENTRIES} files; name the directory with the declarations as its \
         path"
    )]
    TooMany,
    /// Past the bound on bytes.
    #[error(
        "its files hold more than {MAX_TOTAL} bytes together; name the directory with the \
         declarations as its path"
    )]
    TooLarge,
}

/// Reads the output of `git ls-tree -z`.
///
/// # Errors
/// When it is malformed or holds too many entries.
pub fn parse_tree(output: &[u8]) -> Result<Vec<TreeEntry>, TreeError> {
    let mut entries = Vec::new();
    for record in output.split(|byte| *byte == 0).filter(|record| !record.is_empty()) {
        if entries.len() == MAX_ENTRIES {
            return Err(TreeError::TooMany);
        }
        entries.push(parse_record(record).ok_or(TreeError::Malformed)?);
    }
    Ok(entries)
}

/// `MODE SP TYPE SP ID TAB PATH`.
fn parse_record(record: &[u8]) -> Option<TreeEntry> {
    let tab = record.iter().position(|byte| *byte == b'\t')?;
    let (head, path) = (record.get(..tab)?, record.get(tab + 1..)?);
    let mut fields = std::str::from_utf8(head).ok()?.split(' ');
    let (mode, kind, id) = (fields.next()?, fields.next()?, fields.next()?);
    let full = matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !full || fields.next().is_some() || path.is_empty() {
        return None;
    }
    let kind = match (mode, kind) {
        ("120000", "blob") => TreeKind::Link,
        (_, "blob") => TreeKind::File,
        (_, "commit") => TreeKind::Submodule,
        (_, "tree") => TreeKind::Tree,
        _ => return None,
    };
    Some(TreeEntry { kind, id: id.to_owned(), path: path.to_owned() })
}

/// The ids of all blobs of a listing, each once.
pub(super) fn blob_ids(entries: &[TreeEntry]) -> BTreeSet<&str> {
    let blobs = entries.iter().filter(|entry| has_blob(entry));
    blobs.map(|entry| entry.id.as_str()).collect()
}

fn has_blob(entry: &TreeEntry) -> bool {
    matches!(entry.kind, TreeKind::File | TreeKind::Link)
}

/// Reads the output of `git rev-list --objects --missing=print`: what is missing is `?ID`.
#[must_use]
pub fn parse_missing(output: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(output);
    text.lines().filter_map(|line| line.strip_prefix('?')).map(str::to_owned).collect()
}

/// Reads the output of `git cat-file --batch-check='%(objectname) %(objectsize)'`: the size of
/// each blob in bytes.
#[must_use]
pub fn parse_sizes(output: &[u8]) -> BTreeMap<String, u64> {
    let text = String::from_utf8_lossy(output);
    let sizes = text.lines().filter_map(|line| {
        let (id, size) = line.split_once(' ')?;
        Some((id.to_owned(), size.parse().ok()?))
    });
    sizes.collect()
}

/// The blobs that are worth reading, in groups that fit into memory together.
///
/// # Errors
/// When they hold more bytes together than is read of one source.
pub(super) fn groups(
    entries: &[TreeEntry],
    sizes: &BTreeMap<String, u64>,
) -> Result<Vec<Vec<(String, u64)>>, TreeError> {
    let mut groups: Vec<(u64, Vec<(String, u64)>)> = Vec::new();
    let mut asked = BTreeSet::new();
    let mut total = 0;
    for entry in entries.iter().filter(|entry| has_blob(entry)) {
        let Some(size) = sizes.get(&entry.id).copied() else { continue };
        let most = if entry.kind == TreeKind::Link { MAX_PATH as u64 } else { MAX_FILE };
        if size > most || !asked.insert(&entry.id) {
            continue;
        }
        total += size;
        if total > MAX_TOTAL {
            return Err(TreeError::TooLarge);
        }
        match groups.last_mut() {
            Some((bytes, group)) if *bytes + size <= GROUP => {
                *bytes += size;
                group.push((entry.id.clone(), size));
            }
            _ => groups.push((size, vec![(entry.id.clone(), size)])),
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

/// Bytes that are read by one call.
const GROUP: u64 = 8 * MAX_FILE;

/// Splits the output of `git cat-file --batch` (`ID SP TYPE SP SIZE LF BYTES LF`, …) into blobs.
#[must_use]
pub fn parse_batch(mut output: &[u8]) -> BTreeMap<String, &[u8]> {
    let mut blobs = BTreeMap::new();
    while let Some(end) = output.iter().position(|byte| *byte == b'\n') {
        let (head, rest) = output.split_at(end);
        let mut fields = std::str::from_utf8(head).unwrap_or_default().split(' ');
        let id = fields.next().unwrap_or_default();
        let size = fields.nth(1).and_then(|size| size.parse::<usize>().ok());
        let Some((size, after)) = size.and_then(|size| Some((size, size.checked_add(2)?))) else {
            output = rest.get(1..).unwrap_or_default();
            continue;
        };
        let Some(bytes) = rest.get(1..=size) else { break };
        blobs.insert(id.to_owned(), bytes);
        output = rest.get(after..).unwrap_or_default();
    }
    blobs
}

/// Puts the file set together.
pub(super) fn file_set(
    entries: &[TreeEntry],
    sizes: &BTreeMap<String, u64>,
    read: &BTreeMap<String, Arc<[u8]>>,
) -> FileSet {
    let mut files = FileSet::default();
    for found in entries {
        let (path, unusable) = entries::place(&found.path);
        let entry = match unusable {
            Some(why) => Entry::Unreadable(why.to_owned()),
            None => entry(found, sizes.get(&found.id).copied(), read.get(&found.id)),
        };
        files.insert(path, entry);
    }
    files
}

fn entry(found: &TreeEntry, size: Option<u64>, bytes: Option<&Arc<[u8]>>) -> Entry {
    match (found.kind, size, bytes) {
        (TreeKind::Submodule, ..) => Entry::Special("submodule"),
        (TreeKind::Tree, ..) => Entry::Special("directory"),
        (TreeKind::File, _, Some(bytes)) => entries::file(Arc::clone(bytes)),
        (TreeKind::Link, _, Some(bytes)) => entries::link(bytes),
        (TreeKind::File, Some(size), None) if size > MAX_FILE => Entry::TooLarge(size),
        (TreeKind::Link, Some(_), None) => {
            Entry::Unreadable("the target of the symbolic link can't be a path".to_owned())
        }
        // The server was asked for everything up to the bound and left it out.
        _ => Entry::Unreadable(format!("it is larger than {MAX_FILE} bytes and was not fetched")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "587be6b4c3f93f93c489c0111bba5596147a26cb";

    #[test]
    fn records_are_read_with_any_bytes_in_paths() {
        let output = format!(
            "100644 blob {ID}\ta b\tc\0120000 blob {ID}\tl\0160000 commit {ID}\tsub\0\
             100755 blob {ID}\tnew\nline\0"
        );
        let entries = parse_tree(output.as_bytes()).expect("a good listing");
        let kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [TreeKind::File, TreeKind::Link, TreeKind::Submodule, TreeKind::File]);
        assert_eq!(entries[0].path, b"a b\tc");
        assert_eq!(entries[3].path, b"new\nline");
    }

    #[test]
    fn what_is_no_listing_is_refused() {
        for output in ["x", "100644 blob 12\tx", "100644 blob", &format!("100644 blob {ID}\t")] {
            assert_eq!(parse_tree(output.as_bytes()), Err(TreeError::Malformed), "{output}");
        }
        let many = format!("100644 blob {ID}\tx\0").repeat(MAX_ENTRIES + 1);
        assert_eq!(parse_tree(many.as_bytes()), Err(TreeError::TooMany));
    }

    #[test]
    fn a_batch_is_split_by_its_sizes_and_a_cut_one_loses_only_its_end() {
        let output = b"aa blob 3\nx\ny\nbb missing\ncc blob 0\n\ndd blob 9\ncut";
        let blobs = parse_batch(output);
        assert_eq!(blobs.get("aa"), Some(&&b"x\ny"[..]));
        assert_eq!(blobs.get("cc"), Some(&&b""[..]));
        assert_eq!(blobs.len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn no_output_makes_a_parser_panic(
            output in proptest::collection::vec(0_u8..128, 0..200),
            text in "([0-7]{6} (blob|tree|commit) [0-9a-f]{40}\t[a-z/.]{0,9}\0){0,4}(a blob [0-9]{1,20}\n){0,3}",
        ) {
            for output in [output.as_slice(), text.as_bytes()] {
                let _ = parse_tree(output);
                let _ = (parse_sizes(output), parse_missing(output));
                let most = parse_batch(output).values().map(|blob| blob.len()).sum::<usize>();
                proptest::prop_assert!(most <= output.len());
            }
        }
    }

    #[test]
    fn groups_hold_each_blob_once_and_leave_large_ones_out() {
        let entry = |kind, id: &str| TreeEntry { kind, id: id.to_owned(), path: b"x".to_vec() };
        let entries = [
            entry(TreeKind::File, "a"),
            entry(TreeKind::File, "a"),
            entry(TreeKind::File, "large"),
            entry(TreeKind::Link, "long"),
            entry(TreeKind::File, "absent"),
        ];
        let sizes = [("a", 3), ("large", MAX_FILE + 1), ("long", 5000)];
        let sizes: BTreeMap<_, _> = sizes.map(|(id, size)| (id.to_owned(), size)).into();
        assert_eq!(groups(&entries, &sizes), Ok(vec![vec![("a".to_owned(), 3)]]));
        let many: Vec<_> = (0..65).map(|n| entry(TreeKind::File, &n.to_string())).collect();
        let sizes = (0..65).map(|n| (n.to_string(), MAX_FILE)).collect();
        assert_eq!(groups(&many, &sizes), Err(TreeError::TooLarge));
    }
}
