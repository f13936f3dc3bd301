//! A plain directory as a source, or a git work tree as it lies.
//!
//! Every step goes through a descriptor of the directory above and never follows a symbolic link,
//! so nothing outside is read even when the tree changes while it is walked.

use std::ffi::CStr;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::model::{Ancestry, Entry, FileSet, RepoPath, Revision};
use crate::ports::{Checkout, Source, SourceError};
use crate::source::bounds::{MAX_AROUND, MAX_DEPTH, MAX_ENTRIES, MAX_FILE, MAX_TOTAL};
use crate::source::{around, entries, watch};

/// A directory, read anew at every call; its revision is a hash over paths and content.
pub(super) struct Directory {
    root: PathBuf,
    path: RepoPath,
    last: Arc<Mutex<Option<Checkout>>>,
}

impl Directory {
    pub(super) fn new(root: PathBuf, path: RepoPath) -> Self {
        Self { root, path, last: Arc::default() }
    }
}

impl Source for Directory {
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>> {
        let (root, path, last) = (self.root.clone(), self.path.clone(), Arc::clone(&self.last));
        Box::pin(async move {
            let attempted = format!("reading the directory {}", root.display());
            let task = tokio::task::spawn_blocking(move || {
                let checkout = checkout(&root, &path)?;
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(remember(&mut last, checkout))
            });
            task.await.unwrap_or_else(|error| {
                Err(SourceError::Broken { attempted, message: error.to_string() })
            })
        })
    }

    fn ancestry<'a>(&'a self, old: &'a Revision, new: &'a Revision) -> BoxFuture<'a, Ancestry> {
        let answer = if old == new { Ancestry::Same } else { Ancestry::Unordered };
        Box::pin(std::future::ready(answer))
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        watch::directory(&self.root)
    }
}

/// The former checkout when nothing changed, so that its files are held once.
fn remember(last: &mut Option<Checkout>, new: Checkout) -> Checkout {
    match last {
        Some(old) if old.revision == new.revision => old.clone(),
        _ => last.insert(new).clone(),
    }
}

fn checkout(root: &Path, path: &RepoPath) -> Result<Checkout, SourceError> {
    let mut walk = Walk::new(root, MAX_ENTRIES);
    let top = walk.open_root(root, path)?;
    walk.directory(&top, &mut Vec::new(), 0)?;
    let files = surround(walk.files, root, path)?;
    let revision = Revision::Tree(hash(&files));
    Ok(Checkout { revision, subject: String::new(), files: Arc::new(files), stale: None })
}

/// Adds what stands around the source's path, where that is little and declarations name it.
fn surround(files: FileSet, root: &Path, path: &RepoPath) -> Result<FileSet, SourceError> {
    if path.as_str().is_empty() {
        return Ok(files);
    }
    if !around::is_named(&files) {
        return Ok(files.alone_within(path.clone(), around::UNNAMED.to_owned()));
    }
    let mut walk = Walk::new(root, MAX_AROUND);
    let top = walk.open_root(root, &RepoPath::default())?;
    match walk.directory(&top, &mut Vec::new(), 0) {
        Ok(()) => Ok(files.within(path.clone(), walk.files)),
        Err(SourceError::Broken { .. }) => {
            Ok(files.alone_within(path.clone(), around::TOO_LARGE.to_owned()))
        }
        Err(error) => Err(error),
    }
}

struct Walk {
    attempted: String,
    files: FileSet,
    total: u64,
    /// Most entries.
    most: usize,
}

impl Walk {
    fn new(root: &Path, most: usize) -> Self {
        let attempted = format!("reading the directory {}", root.display());
        Self { attempted, files: FileSet::default(), total: 0, most }
    }

    /// Opens the source's directory. The root may be a symbolic link (the operator's owner named
    /// it); the path below it may not.
    fn open_root(&self, root: &Path, path: &RepoPath) -> Result<OwnedFd, SourceError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut top = rustix::fs::open(root, flags, Mode::empty())
            .map_err(|error| self.failed(&root.display().to_string(), error))?;
        for part in path.as_str().split('/').filter(|part| !part.is_empty()) {
            top = rustix::fs::openat(&top, part, flags | OFlags::NOFOLLOW, Mode::empty())
                .map_err(|error| self.failed(&format!("the path '{path}'"), error))?;
        }
        Ok(top)
    }

    fn failed(&self, what: &str, error: Errno) -> SourceError {
        let attempted = self.attempted.clone();
        match error {
            Errno::NOENT => {
                SourceError::Missing { attempted, message: format!("{what} is not there") }
            }
            Errno::NOTDIR | Errno::LOOP => {
                SourceError::Missing { attempted, message: format!("{what} is not a directory") }
            }
            Errno::ACCESS | Errno::PERM => {
                SourceError::Denied { attempted, message: format!("{what}: {error}") }
            }
            error => SourceError::Broken { attempted, message: format!("{what}: {error}") },
        }
    }

    fn directory(
        &mut self,
        fd: &OwnedFd,
        prefix: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), SourceError> {
        let listing = match Dir::read_from(fd) {
            Ok(listing) => listing,
            Err(error) => return self.insert(prefix, closed(error)),
        };
        for found in listing {
            let found = match found {
                Ok(found) => found,
                Err(error) => return self.insert(prefix, closed(error)),
            };
            let name = found.file_name();
            if matches!(name.to_bytes(), b"." | b".." | b".git") {
                continue;
            }
            let above = prefix.len();
            if above > 0 {
                prefix.push(b'/');
            }
            prefix.extend_from_slice(name.to_bytes());
            self.entry(fd, name, prefix, depth)?;
            prefix.truncate(above);
        }
        Ok(())
    }

    fn entry(
        &mut self,
        fd: &OwnedFd,
        name: &CStr,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), SourceError> {
        match look(fd, name, depth) {
            Ok(Found::Below(below)) => self.directory(&below, path, depth + 1),
            Ok(Found::Entry(entry)) => self.insert(path, entry),
            // Gone since the directory was listed.
            Err(Errno::NOENT) => Ok(()),
            Err(error) => self.insert(path, Entry::Unreadable(error.to_string())),
        }
    }

    fn insert(&mut self, path: &[u8], entry: Entry) -> Result<(), SourceError> {
        let (path, unusable) = entries::place(path);
        let entry = match (unusable, entry) {
            (Some(why), entry) if !matches!(entry, Entry::Closed(_)) => {
                Entry::Unreadable(why.to_owned())
            }
            (_, entry) => entry,
        };
        if let Entry::File(bytes) = &entry {
            self.total += bytes.len() as u64;
        }
        self.files.insert(path, entry);
        let message = if self.files.len() > self.most {
            format!("it holds more than {} files", self.most)
        } else if self.total > MAX_TOTAL {
            format!("its files hold more than {MAX_TOTAL} bytes together")
        } else {
            return Ok(());
        };
        let message = format!("{message}; name the directory with the declarations as its path");
        Err(SourceError::Broken { attempted: self.attempted.clone(), message })
    }
}

/// What stands under a name of a directory.
enum Found {
    Entry(Entry),
    Below(OwnedFd),
}

fn closed(error: Errno) -> Entry {
    Entry::Closed(format!("the directory can't be listed: {error}"))
}

fn look(fd: &OwnedFd, name: &CStr, depth: usize) -> Result<Found, Errno> {
    let stat = rustix::fs::statat(fd, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(Found::Entry(match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory if depth >= MAX_DEPTH => {
            Entry::Closed(format!("it lies deeper than {MAX_DEPTH} directories"))
        }
        FileType::Directory => {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match rustix::fs::openat(fd, name, flags, Mode::empty()) {
                Ok(below) => return Ok(Found::Below(below)),
                Err(Errno::NOENT) => return Err(Errno::NOENT),
                Err(error) => closed(error),
            }
        }
        FileType::RegularFile => read_file(fd, name)?,
        FileType::Symlink => {
            entries::link(rustix::fs::readlinkat(fd, name, Vec::new())?.to_bytes())
        }
        FileType::Fifo => Entry::Special("named pipe"),
        FileType::Socket => Entry::Special("socket"),
        FileType::CharacterDevice | FileType::BlockDevice => Entry::Special("device"),
        FileType::Unknown => Entry::Special("special file"),
    }))
}

/// Reads a regular file of bounded size; what became something else meanwhile is refused by the
/// flags or by the second look.
fn read_file(fd: &OwnedFd, name: &CStr) -> Result<Entry, Errno> {
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(fd, name, flags, Mode::empty())?;
    let stat = rustix::fs::fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Ok(Entry::Special("special file"));
    }
    let size = u64::try_from(stat.st_size).unwrap_or_default();
    if size > MAX_FILE {
        return Ok(Entry::TooLarge(size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    let read = std::fs::File::from(file).take(MAX_FILE + 1).read_to_end(&mut bytes);
    match read {
        Ok(_) => Ok(entries::file(Arc::from(bytes))),
        Err(error) => Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
    }
}

/// SHA-256 over kinds, paths and content, each with its length, so that no two trees write the
/// same bytes.
fn hash(files: &FileSet) -> String {
    let mut hasher = Sha256::new();
    // What stands around the source is hashed with its path from the top, after a mark.
    let around = files.around().map(|(path, entry)| (b'^', path, entry));
    for (part, path, entry) in files.iter().map(|(path, entry)| (b'/', path, entry)).chain(around) {
        let (kind, content): (u8, &[u8]) = match entry {
            Entry::File(bytes) => (b'f', bytes),
            Entry::TooLarge(size) => (b'b', &size.to_be_bytes()),
            Entry::Link(target) => (b'l', target.as_bytes()),
            Entry::Special(what) => (b's', what.as_bytes()),
            Entry::Unreadable(why) => (b'u', why.as_bytes()),
            Entry::Closed(why) => (b'c', why.as_bytes()),
        };
        hasher.update([part, kind]);
        for part in [path.as_str().as_bytes(), content] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    let digest = hasher.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make the files that they read")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(dir.path().join("a/.git")).expect("directories");
        std::fs::write(dir.path().join("a/x.yml"), "services: {}").expect("a file");
        std::fs::write(dir.path().join("a/.git/config"), "hidden").expect("a file");
        dir
    }

    async fn read(dir: &Path, path: &str) -> Result<Checkout, SourceError> {
        let path = RepoPath::new(path).unwrap_or_default();
        Directory::new(dir.to_owned(), path).read().await
    }

    fn listing(checkout: &Checkout) -> String {
        let lines = checkout.files.iter().map(|(path, entry)| format!("{path}: {entry:?}\n"));
        lines.collect()
    }

    #[tokio::test]
    async fn files_are_read_and_git_is_left_out() {
        let dir = tree();
        let checkout = read(dir.path(), "").await.expect("a checkout");
        assert_eq!(listing(&checkout), "a/x.yml: File(12 bytes)\n");
        let below = read(dir.path(), "a").await.expect("a checkout");
        assert_eq!(listing(&below), "x.yml: File(12 bytes)\n");
    }

    #[tokio::test]
    async fn files_around_the_path_can_be_named_and_are_part_of_the_revision() {
        let dir = tree();
        let common = dir.path().join("common.env");
        std::fs::write(dir.path().join("a/x.yml"), "env: ../common.env").expect("a file");
        std::fs::write(&common, "A=1").expect("a file");
        let first = read(dir.path(), "a").await.expect("a checkout");
        assert_eq!(listing(&first), "x.yml: File(18 bytes)\n");
        let named = first.files.join(&RepoPath::default(), "../common.env").expect("a path");
        assert_eq!(first.files.read(&named).as_deref(), Ok(&b"A=1"[..]));
        std::fs::write(&common, "A=2").expect("a file");
        let second = read(dir.path(), "a").await.expect("a checkout");
        assert_ne!(first.revision, second.revision);
    }

    #[tokio::test]
    async fn the_revision_follows_content_and_an_unchanged_tree_keeps_its_files() {
        let dir = tree();
        let source = Directory::new(dir.path().to_owned(), RepoPath::default());
        let first = source.read().await.expect("a checkout");
        let second = source.read().await.expect("a checkout");
        assert!(Arc::ptr_eq(&first.files, &second.files));
        std::fs::write(dir.path().join("a/x.yml"), "services: []").expect("a file");
        let third = source.read().await.expect("a checkout");
        assert_ne!(first.revision, third.revision);
        let answer = source.ancestry(&first.revision, &third.revision).await;
        assert_eq!(answer, Ancestry::Unordered);
        assert_eq!(source.ancestry(&first.revision, &second.revision).await, Ancestry::Same);
    }

    #[tokio::test]
    async fn links_pipes_sockets_and_large_files_are_named_and_not_read() {
        let dir = tree();
        let at = |name: &str| dir.path().join(name);
        symlink("/etc/passwd", at("abs")).expect("a link");
        symlink("../../etc/passwd", at("up")).expect("a link");
        symlink("loop", at("loop")).expect("a link");
        symlink("a", at("inside")).expect("a link");
        let fifo = rustix::fs::CWD;
        rustix::fs::mkfifoat(fifo, at("pipe"), Mode::RUSR | Mode::WUSR).expect("a pipe");
        let _socket = std::os::unix::net::UnixListener::bind(at("sock")).expect("a socket");
        let large = std::fs::File::create(at("large")).expect("a file");
        large.set_len(1 << 30).expect("a sparse file");
        let checkout = read(dir.path(), "").await.expect("a checkout");
        let expected = "a/x.yml: File(12 bytes)\nabs: Link(/etc/passwd)\ninside: Link(a)\n\
             large: TooLarge(1073741824)\nloop: Link(loop)\npipe: Special(named pipe)\n\
             sock: Special(socket)\nup: Link(../../etc/passwd)\n";
        assert_eq!(listing(&checkout), expected);
        for outside in ["abs", "up", "loop"] {
            assert!(checkout.files.read(&RepoPath::new(outside).unwrap_or_default()).is_err());
        }
        assert!(checkout.files.read(&RepoPath::new("inside/x.yml").unwrap_or_default()).is_ok());
    }

    #[tokio::test]
    async fn a_missing_directory_and_a_path_over_a_link_are_missing() {
        let dir = tree();
        symlink("/etc", dir.path().join("etc")).expect("a link");
        for (root, path) in [
            (dir.path().join("none"), ""),
            (dir.path().to_owned(), "none"),
            (dir.path().to_owned(), "etc"),
            (dir.path().join("a/x.yml"), ""),
        ] {
            let result = read(&root, path).await;
            assert!(
                matches!(result, Err(SourceError::Missing { .. })),
                "{root:?} {path}: {result:?}"
            );
        }
    }

    #[tokio::test]
    async fn an_empty_directory_is_an_empty_checkout() {
        let dir = tempfile::tempdir().expect("a directory");
        let checkout = read(dir.path(), "").await.expect("a checkout");
        assert!(checkout.files.is_empty());
    }

    #[tokio::test]
    async fn hostile_names_and_depth_harm_only_themselves() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tree();
        for name in [&b"new\nline.yml"[..], b"\xff\xfe.yml", b"\x1b[31m.yml"] {
            let path = dir.path().join(std::ffi::OsStr::from_bytes(name));
            std::fs::write(path, "services: {}").expect("a file");
        }
        let deep = dir.path().join("d/".repeat(200));
        std::fs::create_dir_all(&deep).expect("directories");
        std::fs::write(deep.join("x.yml"), "").expect("a file");
        let checkout = read(dir.path(), "").await.expect("a checkout");
        let bad = checkout.files.iter().filter(|(_, entry)| matches!(entry, Entry::Unreadable(_)));
        assert_eq!(bad.count(), 3, "{}", listing(&checkout));
        let closed = checkout.files.iter().filter(|(_, entry)| matches!(entry, Entry::Closed(_)));
        assert_eq!(closed.count(), 1, "{}", listing(&checkout));
        assert!(checkout.files.read(&RepoPath::new("a/x.yml").unwrap_or_default()).is_ok());
    }

    #[tokio::test]
    async fn more_bytes_than_the_bound_are_refused_with_advice() {
        let dir = tree();
        let chunk = vec![b'x'; 1024 * 1024];
        for number in 0..65 {
            std::fs::write(dir.path().join(format!("{number}.bin")), &chunk).expect("a file");
        }
        let result = read(dir.path(), "").await;
        assert!(result.is_err_and(|error| error.to_string().contains("as its path")));
        assert!(read(dir.path(), "a").await.is_ok());
    }
}
