//! From a commit in the mirror to its files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{FileSet, Revision};
use crate::ports::{Checkout, SourceError};
use crate::source::around;
use crate::source::bounds::{MAX_AROUND, MAX_LISTING, MAX_TOTAL};
use crate::source::spec::SourceSpec;

use super::mirror::{Mirror, listing, local, tracking};
use super::process::Fault;
use super::refs::Tip;
use super::remote::Remote;
use super::tree::{self, TreeEntry, TreeError, TreeKind};

/// Reads what a source wants from its mirror.
pub(super) struct Reader<'a> {
    pub(super) spec: &'a SourceSpec,
    pub(super) mirror: &'a Mirror,
}

/// A commit of the mirror.
pub(super) struct Commit {
    /// Its full id.
    pub(super) id: String,
    tree: String,
    subject: String,
}

/// Longest subject that is passed on, in characters.
const MAX_SUBJECT: usize = 200;

impl Reader<'_> {
    /// The commit that was fetched for a ref: of an annotated tag, the one that it stands for.
    pub(super) async fn commit(&self, tip: &Tip) -> Result<Commit, Fault> {
        let reference = format!("{}^{{commit}}", tracking(&tip.reference));
        let call = local(["log", "-1", "--no-show-signature", "--format=%H%x00%T%x00%s"]);
        let call = call.arg("--end-of-options").arg(reference).arg("--");
        let output = self.mirror.run(call).await?;
        let text = String::from_utf8_lossy(&output);
        let mut fields = text.trim_end_matches('\n').splitn(3, '\0').map(str::to_owned);
        match (fields.next(), fields.next(), fields.next()) {
            (Some(id), Some(tree), Some(subject)) => {
                let subject = subject.chars().filter(|c| !c.is_control());
                Ok(Commit { id, tree, subject: subject.take(MAX_SUBJECT).collect() })
            }
            _ => Err(self.mirror.damaged("git described no commit")),
        }
    }

    /// The files of a commit below the source's path, and those around it where they are
    /// named; those that the mirror lacks are fetched where there is a remote.
    pub(super) async fn checkout(
        &self,
        remote: Option<&Remote<'_>>,
        tip: &Tip,
        commit: Commit,
    ) -> Result<Checkout, Fault> {
        let tree = self.subtree(&commit).await?;
        let from = (remote, tip);
        let files = self.fetched(from, &tree, self.entries(&tree).await?).await?;
        let files = Arc::new(self.surround(from, &commit, files).await?);
        let revision = Revision::Commit(commit.id);
        Ok(Checkout { revision, subject: commit.subject, files, stale: None })
    }

    /// These files below a tree.
    async fn fetched(
        &self,
        (remote, tip): (Option<&Remote<'_>>, &Tip),
        tree: &str,
        entries: Vec<TreeEntry>,
    ) -> Result<FileSet, Fault> {
        let mut absent = self.absent(tree).await?;
        if let Some(remote) = remote.filter(|_| !absent.is_empty()) {
            remote.fetch_files(tree, tip).await?;
            absent = self.absent(tree).await?;
        }
        self.files(&entries, &absent).await
    }

    /// All entries below a tree.
    async fn entries(&self, tree: &str) -> Result<Vec<TreeEntry>, Fault> {
        let call = listing(["ls-tree", "-r", "-z", "--full-tree", "--end-of-options"], MAX_LISTING);
        let output = self.mirror.run(call.arg(tree)).await?;
        tree::parse_tree(&output).map_err(|error| self.refused(&error))
    }

    /// Adds what stands around the source's path, where the repository is small and declarations
    /// name it.
    async fn surround(
        &self,
        from: (Option<&Remote<'_>>, &Tip),
        commit: &Commit,
        files: FileSet,
    ) -> Result<FileSet, Fault> {
        let base = self.spec.path.clone();
        if base.as_str().is_empty() {
            return Ok(files);
        }
        if !around::is_named(&files) {
            return Ok(files.alone_within(base, around::UNNAMED.to_owned()));
        }
        let entries = unless_too_large(self.entries(&commit.tree).await)?;
        let whole = match entries.filter(|entries| entries.len() <= MAX_AROUND) {
            Some(entries) => {
                let inside = format!("{base}/");
                let outside = |entry: &TreeEntry| !entry.path.starts_with(inside.as_bytes());
                let entries = entries.into_iter().filter(outside).collect();
                unless_too_large(self.fetched(from, &commit.tree, entries).await)?
            }
            None => None,
        };
        Ok(match whole {
            Some(whole) => files.within(base, whole),
            None => files.alone_within(base, around::TOO_LARGE.to_owned()),
        })
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

    /// The objects of a tree that the mirror lacks. `rev-list` is the one command that tells them
    /// without fetching in every version of git: up to 2.44 `cat-file` gives up at the first.
    async fn absent(&self, tree: &str) -> Result<BTreeSet<String>, Fault> {
        let asked = ["rev-list", "--objects", "--no-object-names", "--missing=print"];
        let call = listing(asked, MAX_LISTING).arg("--end-of-options").arg(tree);
        Ok(tree::parse_missing(&self.mirror.run(call).await?))
    }

    async fn files(
        &self,
        entries: &[TreeEntry],
        absent: &BTreeSet<String>,
    ) -> Result<FileSet, Fault> {
        let format = "--batch-check=%(objectname) %(objectsize)";
        let mut call = listing(["cat-file", "--buffer", format], MAX_LISTING);
        let ids = tree::blob_ids(entries);
        call.stdin = lines(ids.into_iter().filter(|id| !absent.contains(*id)));
        let sizes = tree::parse_sizes(&self.mirror.run(call).await?);
        let mut read = BTreeMap::new();
        for group in tree::groups(entries, &sizes).map_err(|error| self.refused(&error))? {
            self.blobs(&group, &mut read).await?;
        }
        Ok(tree::file_set(entries, &sizes, &read))
    }

    async fn blobs(
        &self,
        group: &[(String, u64)],
        read: &mut BTreeMap<String, Arc<[u8]>>,
    ) -> Result<(), Fault> {
        let mut call = listing(["cat-file", "--buffer", "--batch"], 2 * MAX_TOTAL);
        call.stdin = lines(group.iter().map(|(id, _)| id.as_str()));
        let output = self.mirror.run(call).await?;
        let mut blobs = tree::parse_batch(&output);
        for (id, size) in group {
            match blobs.remove(id) {
                Some(bytes) if bytes.len() as u64 == *size => {
                    read.insert(id.clone(), Arc::from(bytes));
                }
                _ => return Err(self.mirror.damaged(format!("blob {id} can't be read"))),
            }
        }
        Ok(())
    }
}

/// Nothing where a bound was passed.
fn unless_too_large<T>(result: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Fault::Source(SourceError::Broken { .. })) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn lines<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut lines = Vec::new();
    for id in ids {
        lines.extend_from_slice(id.as_bytes());
        lines.push(b'\n');
    }
    lines
}
