//! A git repository as a source: the `git` program on a bare mirror, read as blobs.
//!
//! Nothing of a repository is executed or written as a file. A pass asks the remote once; only
//! when the answer is new it fetches, and only when the commit is new it reads.

mod access;
mod command;
mod failure;
mod mirror;
mod refs;
mod remote;
mod tree;

pub use refs::{RemoteRef, parse_refs};
pub use tree::{TreeEntry, TreeError, TreeKind, parse_batch, parse_tree};

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::Mutex;

use crate::model::{Ancestry, FileSet, Revision};
use crate::ports::{Checkout, Source, SourceError};
use crate::source::bounds::{MAX_LISTING, MAX_TOTAL};
use crate::source::spec::{SourceSpec, Wanted};
use crate::source::{Options, Times, watch};

use failure::Fault;
use mirror::{Format, Mirror, listing, local, tracking};
use refs::Tip;
use remote::Remote;
use tree::Blob;

/// A git repository, remote or on this machine.
pub(super) struct Repository {
    spec: SourceSpec,
    remote: OsString,
    watched: Option<GitDirs>,
    mirror: Mirror,
    times: Times,
    seen: Mutex<Option<Seen>>,
}

/// The directories of a repository on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GitDirs {
    /// Where its `HEAD` is.
    pub(super) own: PathBuf,
    /// Where its refs are: the same, but for linked work trees.
    pub(super) common: PathBuf,
}

/// The last good answer.
struct Seen {
    tip: Tip,
    checkout: Checkout,
}

/// A commit of the mirror.
struct Commit {
    id: String,
    tree: String,
    subject: String,
}

impl Repository {
    /// `local` is the repository's place when it is on this machine.
    pub(super) fn new(
        spec: SourceSpec,
        options: &Options,
        local: Option<(PathBuf, GitDirs)>,
    ) -> Self {
        let (remote, watched) = match local {
            Some((path, dirs)) => (path.into_os_string(), Some(dirs)),
            None => (spec.location.to_string().into(), None),
        };
        let mirror = Mirror::new(options, &remote.to_string_lossy());
        Self { spec, remote, watched, mirror, times: options.times, seen: Mutex::new(None) }
    }

    /// One pass; once more with a new mirror when the old one is broken.
    async fn pass(&self) -> Result<Checkout, SourceError> {
        let mut seen = self.seen.lock().await;
        let result = match self.mirror.lock().await {
            Ok(_lock) => match self.attempt(&mut seen).await {
                Err(Fault::Mirror(error)) => {
                    tracing::warn!(%error, "the mirror is broken and is made anew");
                    *seen = None;
                    match self.mirror.throw_away() {
                        Ok(()) => self.attempt(&mut seen).await,
                        Err(fault) => Err(fault),
                    }
                }
                result => result,
            },
            Err(fault) => Err(fault),
        };
        result.map_err(Fault::into_error)
    }

    async fn attempt(&self, seen: &mut Option<Seen>) -> Result<Checkout, Fault> {
        let known = seen.as_ref();
        if let (Some(seen), Wanted::Commit(_)) = (known, &self.spec.wanted) {
            return Ok(seen.checkout.clone());
        }
        self.mirror.prepare()?;
        let remote = Remote::open(&self.spec, &self.mirror, self.times, &self.remote)?;
        let tip = remote.tip().await?;
        if let Some(seen) = known.filter(|seen| seen.tip == tip) {
            return Ok(seen.checkout.clone());
        }
        self.mirror.ensure(Format::of(&tip.id)).await?;
        let fetched = self.bring(&remote, &tip).await?;
        let commit = self.commit(&tip).await?;
        let checkout = match known.map(|seen| &seen.checkout) {
            Some(old) if old.revision == Revision::Commit(commit.id.clone()) => old.clone(),
            _ => self.checkout(&remote, &tip, commit).await?,
        };
        *seen = Some(Seen { tip, checkout: checkout.clone() });
        if fetched == Fetched::New {
            self.mirror.tidy().await;
        }
        Ok(checkout)
    }

    /// Fetches unless the mirror has the wanted object already.
    async fn bring(&self, remote: &Remote<'_>, tip: &Tip) -> Result<Fetched, Fault> {
        if self.mirror.resolve(&tracking(&tip.reference)).await.as_deref() == Some(&tip.id) {
            return Ok(Fetched::Before);
        }
        remote.fetch(tip).await?;
        Ok(Fetched::New)
    }

    async fn commit(&self, tip: &Tip) -> Result<Commit, Fault> {
        let reference = format!("{}^{{commit}}", tracking(&tip.reference));
        let call = local(["log", "-1", "--no-show-signature", "--format=%H%x00%T%x00%s"]);
        let call = call.arg("--end-of-options").arg(reference).arg("--");
        let output = self.mirror.run(call).await?;
        let text = String::from_utf8_lossy(&output);
        let mut fields = text.trim_end_matches('\n').splitn(3, '\0').map(str::to_owned);
        match (fields.next(), fields.next(), fields.next()) {
            (Some(id), Some(tree), Some(subject)) => {
                let subject = subject.chars().filter(|c| !c.is_control()).take(200).collect();
                Ok(Commit { id, tree, subject })
            }
            _ => Err(self.mirror.damaged("git described no commit")),
        }
    }

    async fn checkout(
        &self,
        remote: &Remote<'_>,
        tip: &Tip,
        commit: Commit,
    ) -> Result<Checkout, Fault> {
        let tree = self.subtree(&commit).await?;
        let call = listing(["ls-tree", "-r", "-z", "--full-tree", "--end-of-options"], MAX_LISTING);
        let output = self.mirror.run(call.arg(&tree)).await?;
        let entries = tree::parse_tree(&output).map_err(|error| self.refused(&error))?;
        let mut sizes = self.sizes(&entries).await?;
        if sizes.values().any(|blob| *blob == Blob::Absent) {
            remote.fetch_files(&tree, tip).await?;
            sizes = self.sizes(&entries).await?;
        }
        let files = Arc::new(self.files(&entries, &sizes).await?);
        Ok(Checkout { revision: Revision::Commit(commit.id), subject: commit.subject, files })
    }

    /// The tree at the source's path.
    async fn subtree(&self, commit: &Commit) -> Result<String, Fault> {
        let path = self.spec.path.as_str();
        if path.is_empty() {
            return Ok(commit.tree.clone());
        }
        let call = local(["ls-tree", "-z", "--full-tree", "--"]).arg(&commit.tree).arg(path);
        let output = self.mirror.run(call).await?;
        let found = tree::parse_tree(&output).map_err(|error| self.refused(&error))?;
        let found = found.into_iter().find(|entry| entry.path == path.as_bytes());
        let what = match found {
            Some(entry) if entry.kind == TreeKind::Tree => return Ok(entry.id),
            Some(entry) if entry.kind == TreeKind::Link => "is a symbolic link, not a directory",
            Some(entry) if entry.kind == TreeKind::Submodule => "is a submodule, which is not read",
            Some(_) => "is a file, not a directory",
            None => "is not there",
        };
        let short = commit.id.get(..12).unwrap_or(&commit.id);
        Err(Fault::Source(SourceError::Missing {
            attempted: format!("reading {} at commit {short}", self.spec.location),
            message: format!("the path '{path}' {what}"),
        }))
    }

    fn refused(&self, error: &TreeError) -> Fault {
        match error {
            TreeError::Malformed => self.mirror.damaged(error.to_string()),
            TreeError::TooMany | TreeError::TooLarge => Fault::Source(SourceError::Broken {
                attempted: format!("reading {}", self.spec.location),
                message: error.to_string(),
            }),
        }
    }

    async fn sizes(&self, entries: &[TreeEntry]) -> Result<BTreeMap<String, Blob>, Fault> {
        let format = "--batch-check=%(objectname) %(objectsize)";
        let mut call = listing(["cat-file", "--buffer", format], MAX_LISTING);
        call.stdin = lines(tree::blob_ids(entries).into_iter());
        Ok(tree::parse_sizes(&self.mirror.run(call).await?))
    }

    async fn files(
        &self,
        entries: &[TreeEntry],
        sizes: &BTreeMap<String, Blob>,
    ) -> Result<FileSet, Fault> {
        let mut read = BTreeMap::new();
        for group in tree::groups(entries, sizes).map_err(|error| self.refused(&error))? {
            let mut call = listing(["cat-file", "--buffer", "--batch"], 2 * MAX_TOTAL);
            call.stdin = lines(group.iter().map(|(id, _)| id.as_str()));
            let output = self.mirror.run(call).await?;
            let mut blobs = tree::parse_batch(&output);
            for (id, size) in group {
                match blobs.remove(&id) {
                    Some(bytes) if bytes.len() as u64 == size => read.insert(id, Arc::from(bytes)),
                    _ => return Err(self.mirror.damaged(format!("blob {id} can't be read"))),
                };
            }
        }
        Ok(tree::file_set(entries, sizes, &read))
    }

    async fn compare(&self, old: &str, new: &str) -> Result<Ancestry, Fault> {
        let _lock = self.mirror.lock().await?;
        let call = local(["merge-base", "--is-ancestor", "--end-of-options"]).arg(old).arg(new);
        let status = match self.mirror.try_run(call).await {
            Ok(_) => return Ok(Ancestry::Later),
            Err(command::CallError::Ended { status, .. }) => status.code(),
            Err(_) => None,
        };
        // Where history was cut off, nothing can be said about what is not in it.
        if self.mirror.is_shallow() || self.mirror.resolve(&commit_of(new)).await.is_none() {
            return Ok(Ancestry::Unknown);
        }
        // The mirror has all ancestors of `new`, so a commit that it does not have is none.
        let gone = self.mirror.resolve(&commit_of(old)).await.is_none();
        Ok(if status == Some(1) || gone { Ancestry::Rewritten } else { Ancestry::Unknown })
    }
}

/// Whether the mirror was asked to fetch in this pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fetched {
    Before,
    New,
}

fn commit_of(id: &str) -> String {
    format!("{id}^{{commit}}")
}

fn lines<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut lines = Vec::new();
    for id in ids {
        lines.extend_from_slice(id.as_bytes());
        lines.push(b'\n');
    }
    lines
}

impl Source for Repository {
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>> {
        Box::pin(self.pass())
    }

    fn ancestry<'a>(&'a self, old: &'a Revision, new: &'a Revision) -> BoxFuture<'a, Ancestry> {
        Box::pin(async move {
            match (old, new) {
                (old, new) if old == new => Ancestry::Same,
                (Revision::Commit(old), Revision::Commit(new)) => {
                    let full = |id: &str| crate::source::spec::CommitId::new(id).is_ok();
                    if !full(old) || !full(new) {
                        return Ancestry::Unknown;
                    }
                    self.compare(old, new).await.unwrap_or(Ancestry::Unknown)
                }
                _ => Ancestry::Unordered,
            }
        })
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        match &self.watched {
            Some(dirs) => watch::repository(&dirs.own, &dirs.common),
            None => stream::pending().boxed(),
        }
    }
}
