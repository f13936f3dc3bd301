//! A git repository as a source: the `git` program on a bare mirror, read as blobs.
//!
//! Nothing of a repository is executed or written as a file. A pass asks the remote once; only
//! when the answer is new it fetches, and only when the commit is new it reads.

mod mirror;
mod process;
mod read;
mod refs;
mod remote;
mod tree;

pub use refs::{RemoteRef, parse_refs};
pub use tree::{
    TreeEntry, TreeError, TreeKind, parse_batch, parse_missing, parse_sizes, parse_tree,
};

use std::ffi::OsString;
use std::path::PathBuf;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::Mutex;

use crate::model::{Ancestry, Revision};
use crate::ports::{Checkout, Source, SourceError};
use crate::source::spec::{CommitId, SourceSpec, Wanted};
use crate::source::{Options, Times, watch};

use mirror::{Format, Mirror, local, tracking};
use process::{CallError, Fault};
use read::Reader;
use refs::Tip;
use remote::Remote;

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

    /// One pass.
    async fn pass(&self) -> Result<Checkout, SourceError> {
        let mut seen = self.seen.lock().await;
        let _lock = self.mirror.lock().await.map_err(Fault::into_error)?;
        let result = self.newest(&mut seen).await.map_err(Fault::into_error);
        match result {
            // Not where access is denied: the mirror must not show what the credentials do not. And
            // once something was read it is with the caller; the error is what is new.
            Err(why @ SourceError::Unreachable { .. }) if seen.is_none() => {
                self.at_hand(&mut seen, why).await
            }
            result => result,
        }
    }

    /// Asks the remote; once more with a new mirror when the old one is broken.
    async fn newest(&self, seen: &mut Option<Seen>) -> Result<Checkout, Fault> {
        match self.attempt(seen).await {
            Err(Fault::Mirror(error)) => {
                tracing::warn!(%error, "the mirror is broken and is made anew");
                *seen = None;
                self.mirror.throw_away()?;
                self.attempt(seen).await
            }
            result => result,
        }
    }

    /// What an earlier process fetched, because the remote can't be asked (law 9).
    async fn at_hand(
        &self,
        seen: &mut Option<Seen>,
        why: SourceError,
    ) -> Result<Checkout, SourceError> {
        let Some(kept) = self.kept().await else { return Err(why) };
        let checkout = Checkout { stale: Some(why), ..kept.checkout.clone() };
        *seen = Some(kept);
        Ok(checkout)
    }

    async fn kept(&self) -> Option<Seen> {
        self.mirror.prepare().ok()?;
        let reader = Reader { spec: &self.spec, mirror: &self.mirror };
        for reference in refs::candidates(&self.spec.wanted) {
            let Some(id) = self.mirror.resolve(&tracking(&reference)).await else { continue };
            let tip = Tip { reference, id };
            let commit = reader.commit(&tip).await.ok()?;
            let checkout = reader.checkout(None, &tip, commit).await.ok()?;
            return Some(Seen { tip, checkout });
        }
        None
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
        let reader = Reader { spec: &self.spec, mirror: &self.mirror };
        let commit = reader.commit(&tip).await?;
        let checkout = match known.map(|seen| &seen.checkout) {
            Some(old) if old.revision == Revision::Commit(commit.id.clone()) => old.clone(),
            _ => reader.checkout(Some(&remote), &tip, commit).await?,
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

    async fn compare(&self, old: &str, new: &str) -> Result<Ancestry, Fault> {
        let _lock = self.mirror.lock().await?;
        let call = local(["merge-base", "--is-ancestor", "--end-of-options"]).arg(old).arg(new);
        let status = match self.mirror.try_run(call).await {
            Ok(_) => return Ok(Ancestry::Later),
            Err(CallError::Ended { status, .. }) => status.code(),
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

impl Source for Repository {
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>> {
        Box::pin(self.pass())
    }

    fn ancestry<'a>(&'a self, old: &'a Revision, new: &'a Revision) -> BoxFuture<'a, Ancestry> {
        Box::pin(async move {
            match (old, new) {
                (old, new) if old == new => Ancestry::Same,
                (Revision::Commit(old), Revision::Commit(new)) => {
                    let full = |id: &str| CommitId::new(id).is_ok();
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
