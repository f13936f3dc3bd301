//! Files of one revision, as values: nothing of a repository is ever written to disk.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Symbolic links followed in one look-up before it counts as a loop.
const MAX_LINKS: usize = 16;

/// Why a text is no path inside a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepoPathError {
    /// It leads out of the tree.
    #[error("the path '{0}' leads out of the source")]
    Outside(String),
    /// It begins at the root of the machine.
    #[error("the path '{0}' is absolute")]
    Absolute(String),
    /// It holds a NUL byte or is longer than 4096 bytes.
    #[error("the path is not usable: it holds a NUL byte or is longer than 4096 bytes")]
    Unusable,
}

/// Path inside a repository: relative, `/` between parts, no `.` or `..`. Empty is the top. Only
/// what stands around a source's path begins with `..` ([`FileSet::join`]).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepoPath(String);

impl RepoPath {
    /// Cleans and wraps a path.
    ///
    /// # Errors
    /// When it is absolute, leads out of the tree, or can't be a path.
    pub fn new(text: &str) -> Result<Self, RepoPathError> {
        Self::default().join(text)
    }

    /// A path as seen from this directory; `.` and `..` are resolved by text.
    ///
    /// # Errors
    /// When the result leads out of the tree, or `relative` is absolute or can't be a path.
    pub fn join(&self, relative: &str) -> Result<Self, RepoPathError> {
        if relative.len() > 4096 || relative.contains('\0') {
            return Err(RepoPathError::Unusable);
        }
        if relative.starts_with('/') {
            return Err(RepoPathError::Absolute(relative.to_owned()));
        }
        let mut parts: Vec<&str> = self.0.split('/').filter(|part| !part.is_empty()).collect();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => {
                    return Err(RepoPathError::Outside(relative.to_owned()));
                }
                ".." => {}
                part => parts.push(part),
            }
        }
        Ok(Self(parts.join("/")))
    }

    /// A path below this directory, from where this directory's is told.
    fn with(&self, inside: &Self) -> Self {
        if self.0.is_empty() { inside.clone() } else { Self(format!("{self}/{inside}")) }
    }

    /// The rest of it below a directory; the whole below the top.
    fn below(&self, directory: &Self) -> Option<&str> {
        if directory.0.is_empty() {
            return Some(&self.0);
        }
        self.0.strip_prefix(directory.as_str())?.strip_prefix('/')
    }

    /// The directory that holds it.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(self.0.rsplit_once('/').map_or_else(String::new, |(parent, _)| parent.to_owned()))
    }

    /// Its last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What stands at a path.
#[derive(Clone, PartialEq, Eq)]
pub enum Entry {
    /// A file and its bytes.
    File(Arc<[u8]>),
    /// A file that is larger than what is read, with its size in bytes.
    TooLarge(u64),
    /// A symbolic link and its target as written.
    Link(String),
    /// A submodule, a device, a socket: never read.
    Special(&'static str),
    /// A file that could not be read, and why.
    Unreadable(String),
    /// A directory that could not be listed, and why: what stands in it is unknown, and so may be
    /// declarations.
    Closed(String),
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Files may be secrets: only their size is shown.
            Self::File(bytes) => write!(f, "File({} bytes)", bytes.len()),
            Self::TooLarge(size) => write!(f, "TooLarge({size})"),
            Self::Link(target) => write!(f, "Link({target})"),
            Self::Special(what) => write!(f, "Special({what})"),
            Self::Unreadable(why) => write!(f, "Unreadable({why})"),
            Self::Closed(why) => write!(f, "Closed({why})"),
        }
    }
}

/// Why a file can't be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("there is no file '{0}' in the source")]
    Missing(RepoPath),
    /// It is a directory.
    #[error("'{0}' is a directory")]
    Directory(RepoPath),
    /// It is larger than skep reads.
    #[error("'{path}' has {size} bytes, more than skep reads")]
    TooLarge {
        /// The file.
        path: RepoPath,
        /// Its size in bytes.
        size: u64,
    },
    /// A link that leads out of the tree, or in a circle.
    #[error("the symbolic link '{path}' leads {whereto}")]
    Link {
        /// The link.
        path: RepoPath,
        /// `out of the source` or `in a circle`.
        whereto: &'static str,
    },
    /// A submodule, a device, a socket.
    #[error("'{path}' is a {what}, which skep does not read")]
    Special {
        /// The path.
        path: RepoPath,
        /// What it is.
        what: &'static str,
    },
    /// Reading failed.
    #[error("'{path}' could not be read: {why}")]
    Unreadable {
        /// The path.
        path: RepoPath,
        /// The cause, as text.
        why: String,
    },
    /// It stands around the source's path, where nothing was read.
    #[error("'{path}' lies outside of the source's path, and {why}")]
    Unread {
        /// The path.
        path: RepoPath,
        /// Why nothing was read there.
        why: String,
    },
}

/// All files of one revision below the source's path, and those around it, which are no
/// declarations of the source but may be named by them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSet {
    entries: BTreeMap<RepoPath, Entry>,
    around: Around,
}

/// What stands elsewhere in the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Around {
    /// The source's path.
    base: RepoPath,
    /// By path from the top of the repository.
    entries: BTreeMap<RepoPath, Entry>,
    /// Why nothing was read there, if so.
    unread: Option<String>,
}

impl FileSet {
    /// Adds what stands at a path.
    pub fn insert(&mut self, path: RepoPath, entry: Entry) {
        self.entries.insert(path, entry);
    }

    /// All paths with what stands there, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&RepoPath, &Entry)> {
        self.entries.iter()
    }

    /// Says that these files stand below `base`, in a repository that holds `whole`.
    #[must_use]
    pub fn within(self, base: RepoPath, whole: Self) -> Self {
        let inside = |path: &RepoPath| path.below(&base).is_some();
        let entries = whole.entries.into_iter().filter(|(path, _)| !inside(path)).collect();
        Self { around: Around { base, entries, unread: None }, ..self }
    }

    /// Says that these files stand below `base`, and why nothing was read around it.
    #[must_use]
    pub fn alone_within(self, base: RepoPath, why: String) -> Self {
        let around = Around { base, entries: BTreeMap::new(), unread: Some(why) };
        Self { around, ..self }
    }

    /// What stands around the source's path, by path from the top of the repository, sorted.
    pub fn around(&self) -> impl Iterator<Item = (&RepoPath, &Entry)> {
        self.around.entries.iter()
    }

    /// A path as seen from a directory. It may lead out of the source's path (it begins with `..`
    /// then), not out of the repository.
    ///
    /// # Errors
    /// When it leads out of the repository, is absolute or can't be a path.
    pub fn join(&self, directory: &RepoPath, relative: &str) -> Result<RepoPath, RepoPathError> {
        let full = self.full(directory)?.join(relative).map_err(|error| match error {
            RepoPathError::Outside(_) => RepoPathError::Outside(relative.to_owned()),
            error => error,
        })?;
        Ok(self.shown(&full))
    }

    /// Number of paths.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when nothing is there at all: an empty directory or a wrong path.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes at a path; links are followed as long as they stay inside.
    ///
    /// # Errors
    /// When there is no readable file of bounded size.
    pub fn read(&self, path: &RepoPath) -> Result<Arc<[u8]>, FileError> {
        let full = self.resolve(path)?;
        let real = self.shown(&full);
        match self.at(&full) {
            Some(Entry::File(bytes)) => Ok(Arc::clone(bytes)),
            Some(Entry::TooLarge(size)) => Err(FileError::TooLarge { path: real, size: *size }),
            Some(Entry::Special(what)) => Err(FileError::Special { path: real, what }),
            Some(Entry::Unreadable(why) | Entry::Closed(why)) => {
                Err(FileError::Unreadable { path: real, why: why.clone() })
            }
            Some(Entry::Link(_)) => Err(FileError::Link { path: real, whereto: "in a circle" }),
            None if self.is_directory(&full) => Err(FileError::Directory(path.clone())),
            None => match &self.around.unread {
                Some(why) if full.below(&self.around.base).is_none() => {
                    Err(FileError::Unread { path: real, why: why.clone() })
                }
                _ => Err(FileError::Missing(path.clone())),
            },
        }
    }

    /// Everything below a directory but directories, sorted: the path from there, and the path.
    ///
    /// # Errors
    /// When a link on the way leads out of the repository or in a circle.
    pub fn below(&self, directory: &RepoPath) -> Result<Vec<(String, RepoPath)>, FileError> {
        let (top, base) = (self.resolve(directory)?, &self.around.base);
        let inside = if top == *base { Some("") } else { top.below(base) };
        let mut full: Vec<RepoPath> = match inside {
            Some(inside) => starting(&self.entries, inside).map(|path| base.with(path)).collect(),
            None => starting(&self.around.entries, &top.0).cloned().collect(),
        };
        if inside.is_none() && base.below(&top).is_some() {
            full.extend(self.entries.keys().map(|path| base.with(path)));
            full.sort();
        }
        let named = |path: RepoPath| Some((path.below(&top)?.to_owned(), self.shown(&path)));
        Ok(full.into_iter().filter_map(named).collect())
    }

    /// What stands at a path from the top of the repository.
    fn at(&self, full: &RepoPath) -> Option<&Entry> {
        match full.below(&self.around.base) {
            Some(inside) => self.entries.get(&RepoPath(inside.to_owned())),
            None => self.around.entries.get(full),
        }
    }

    /// True when files stand below this path from the top of the repository.
    fn is_directory(&self, full: &RepoPath) -> bool {
        let holds = |entries: &BTreeMap<RepoPath, Entry>, directory: &str| {
            let prefix = format!("{directory}/");
            let below = entries.range(RepoPath(prefix.clone())..).next();
            below.is_some_and(|(first, _)| first.as_str().starts_with(&prefix))
        };
        match full.below(&self.around.base) {
            Some(inside) => holds(&self.entries, inside),
            None => self.around.base.below(full).is_some() || holds(&self.around.entries, &full.0),
        }
    }

    /// From the source's path to the top of the repository.
    fn full(&self, path: &RepoPath) -> Result<RepoPath, RepoPathError> {
        self.around.base.join(&path.0)
    }

    /// From the top of the repository to the source's path, as people write it there.
    fn shown(&self, full: &RepoPath) -> RepoPath {
        let parts = |path: &RepoPath| -> Vec<String> {
            path.0.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let (base, full) = (parts(&self.around.base), parts(full));
        let same = base.iter().zip(&full).take_while(|(a, b)| a == b).count();
        let up = base.iter().skip(same).map(|_| "..".to_owned());
        RepoPath(up.chain(full.into_iter().skip(same)).collect::<Vec<_>>().join("/"))
    }

    /// Follows links in every part of the path, inside the repository only; gives the path from
    /// its top.
    fn resolve(&self, path: &RepoPath) -> Result<RepoPath, FileError> {
        let full = self.full(path).unwrap_or_else(|_| path.clone());
        let mut todo: Vec<String> = full.0.split('/').rev().map(str::to_owned).collect();
        let mut real = RepoPath::default();
        let mut links = 0;
        let outside =
            |path: &RepoPath| FileError::Link { path: path.clone(), whereto: "out of the source" };
        while let Some(part) = todo.pop() {
            let next = real.join(&part).map_err(|_| outside(path))?;
            let Some(Entry::Link(target)) = self.at(&next) else {
                real = next;
                continue;
            };
            links += 1;
            if links > MAX_LINKS {
                return Err(FileError::Link { path: path.clone(), whereto: "in a circle" });
            }
            if target.starts_with('/') {
                return Err(outside(path));
            }
            todo.extend(target.split('/').rev().map(str::to_owned));
        }
        Ok(real)
    }
}

/// Paths below a directory; all of them below the top.
fn starting<'a>(
    entries: &'a BTreeMap<RepoPath, Entry>,
    directory: &str,
) -> impl Iterator<Item = &'a RepoPath> {
    let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
    let from = entries.range(RepoPath(prefix.clone())..).map(|(path, _)| path);
    from.take_while(move |path| path.as_str().starts_with(&prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).unwrap_or_default()
    }

    fn tree(entries: &[(&str, Entry)]) -> FileSet {
        let mut files = FileSet::default();
        for (name, entry) in entries {
            files.insert(path(name), entry.clone());
        }
        files
    }

    #[test]
    fn paths_stay_inside() {
        assert_eq!(path("a/./b/../c").as_str(), "a/c");
        assert!(matches!(RepoPath::new("../x"), Err(RepoPathError::Outside(_))));
        assert!(matches!(RepoPath::new("/etc/passwd"), Err(RepoPathError::Absolute(_))));
        assert_eq!(RepoPath::new("a\0b"), Err(RepoPathError::Unusable));
    }

    #[test]
    fn links_are_followed_inside_and_refused_outside() {
        let file = Entry::File(Arc::from(&b"x"[..]));
        let files = tree(&[
            ("real/f", file),
            ("dir", Entry::Link("real".into())),
            ("out", Entry::Link("../etc/passwd".into())),
            ("abs", Entry::Link("/etc/passwd".into())),
            ("loop", Entry::Link("loop".into())),
            ("up/l", Entry::Link("../real/f".into())),
        ]);
        assert_eq!(files.read(&path("dir/f")).as_deref(), Ok(&b"x"[..]));
        assert_eq!(files.read(&path("up/l")).as_deref(), Ok(&b"x"[..]));
        for (name, text) in [("out", "out of"), ("abs", "out of"), ("loop", "circle")] {
            let error = files.read(&path(name)).map_err(|e| e.to_string());
            assert!(error.as_ref().is_err_and(|e| e.contains(text)), "{name}: {error:?}");
        }
    }

    #[test]
    fn files_around_the_path_of_a_source_are_read_by_name_and_not_found() {
        let file = |text: &str| Entry::File(Arc::from(text.as_bytes()));
        let whole = tree(&[
            ("envs/prod/a.yml", file("not this one")),
            ("envs/test/a.yml", file("test")),
            ("common.env", file("common")),
            ("link", Entry::Link("envs/prod/inner".into())),
            ("out", Entry::Link("../x".into())),
        ]);
        let inside = tree(&[
            ("a.yml", file("prod")),
            ("inner", Entry::Link("../../common.env".into())),
            ("high", Entry::Link("../../../x".into())),
        ]);
        let files = inside.within(path("envs/prod"), whole);
        assert_eq!(files.iter().count(), 3);
        let read = |from: &str, name: &str| {
            let joined = files.join(&path(from), name).map_err(|error| error.to_string())?;
            let bytes = files.read(&joined).map_err(|error| error.to_string())?;
            Ok(format!("{joined}: {}", String::from_utf8_lossy(&bytes)))
        };
        let good = |from, name, text: &str| assert_eq!(read(from, name), Ok(text.to_owned()));
        good("", "a.yml", "a.yml: prod");
        good("", "../../common.env", "../../common.env: common");
        good("sub", "../../test/a.yml", "../test/a.yml: test");
        good("", "../prod/a.yml", "a.yml: prod");
        good("", "inner", "inner: common");
        good("", "../../link", "../../link: common");
        let bad = |name, words: &str| {
            let error: Result<String, String> = read("", name);
            assert!(error.as_ref().is_err_and(|error| error.contains(words)), "{error:?}");
        };
        bad("../../../x", "the path '../../../x' leads out of the source");
        bad("high", "the symbolic link 'high' leads out of the source");
        bad("../../out", "the symbolic link '../../out' leads out of the source");
        bad("../../none", "there is no file '../../none'");
        bad("../test", "'../test' is a directory");
        bad("..", "'..' is a directory");
    }

    #[test]
    fn files_around_the_path_that_were_not_read_are_not_missing() {
        let files = tree(&[("a.yml", Entry::TooLarge(9))]);
        let files = files.alone_within(path("prod"), "there are too many files".into());
        let named = files.join(&path(""), "../common.env").unwrap_or_default();
        let error = files.read(&named).map_err(|error| error.to_string());
        let words =
            "'../common.env' lies outside of the source's path, and there are too many files";
        assert_eq!(error, Err(words.to_owned()));
        assert!(matches!(files.read(&path("b.yml")), Err(FileError::Missing(_))));
    }

    #[test]
    fn files_below_a_directory_are_listed_also_through_a_link_and_around_the_path() {
        let file = || Entry::File(Arc::from(&b"x"[..]));
        let whole = tree(&[("common/a", file()), ("common/b/c", file()), ("commonly", file())]);
        let inside = tree(&[("d/x", file()), ("e", Entry::Link("d".into())), ("dd", file())]);
        let files = inside.within(path("prod"), whole);
        let listed = |name: &str| -> Vec<String> {
            let directory = files.join(&path(""), name).unwrap_or_default();
            let paths = files.below(&directory).unwrap_or_default();
            paths.iter().map(|(rest, path)| format!("{rest} {path}")).collect()
        };
        assert_eq!(listed("d"), ["x d/x"]);
        assert_eq!(listed("e"), ["x d/x"]);
        assert_eq!(listed("."), ["d/x d/x", "dd dd", "e e"]);
        assert_eq!(listed("../common"), ["a ../common/a", "b/c ../common/b/c"]);
        assert_eq!(listed("..").len(), 6);
        assert_eq!(listed("none"), [""; 0]);
    }

    #[test]
    fn a_directory_is_told_from_nothing() {
        let files = tree(&[("real/f", Entry::TooLarge(9))]);
        assert!(matches!(files.read(&path("real")), Err(FileError::Directory(_))));
        assert!(matches!(files.read(&path("rea")), Err(FileError::Missing(_))));
        assert!(matches!(files.read(&path("real/f")), Err(FileError::TooLarge { size: 9, .. })));
    }
}
