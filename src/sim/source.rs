//! A source in memory: a git branch with commits, or a plain directory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use futures::stream::{BoxStream, unfold};
use futures::{FutureExt as _, StreamExt as _};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::model::{Ancestry, Entry, FileSet, RepoPath, RepoPathError, Revision};
use crate::ports::{Checkout, Source, SourceError};

use super::clock::lock;

/// A source whose files are set by hand. Clones are the same source.
#[derive(Clone)]
pub struct SimSource(Arc<Shared>);

struct Shared {
    kind: SourceKind,
    history: Mutex<History>,
    changed: watch::Sender<u64>,
}

/// Which revisions a source has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SourceKind {
    Git,
    Directory,
}

#[derive(Default)]
struct History {
    head: Option<String>,
    commits: BTreeMap<String, Commit>,
    failure: Option<SourceError>,
    reads: usize,
}

#[derive(Clone)]
struct Commit {
    parent: Option<String>,
    subject: String,
    files: Arc<FileSet>,
}

impl SimSource {
    /// A git branch without commits.
    #[must_use]
    pub fn git() -> Self {
        Self::new(SourceKind::Git)
    }

    /// A plain directory without files; its revisions have no order.
    #[must_use]
    pub fn directory() -> Self {
        Self::new(SourceKind::Directory)
    }

    fn new(kind: SourceKind) -> Self {
        let changed = watch::channel(0).0;
        Self(Arc::new(Shared { kind, history: Mutex::default(), changed }))
    }

    /// Commits on top of the head: the files of the head, with these texts in them.
    ///
    /// # Errors
    /// When a path is none.
    pub fn commit(&self, subject: &str, texts: &[(&str, &str)]) -> Result<Revision, RepoPathError> {
        let head = lock(&self.0.history).head.clone();
        self.commit_on(head, subject, |files| write(files, texts))
    }

    /// Commits on top of the head: the files of the head without these.
    ///
    /// # Errors
    /// When a path is none.
    pub fn delete(&self, subject: &str, paths: &[&str]) -> Result<Revision, RepoPathError> {
        let gone: Vec<RepoPath> =
            paths.iter().map(|p| RepoPath::new(p)).collect::<Result<_, _>>()?;
        let head = lock(&self.0.history).head.clone();
        self.commit_on(head, subject, |files| {
            let mut kept = FileSet::default();
            for (path, entry) in files.iter().filter(|(path, _)| !gone.contains(path)) {
                kept.insert(path.clone(), entry.clone());
            }
            *files = kept;
            Ok(())
        })
    }

    /// Rewrites history: the branch is now this commit (`None`: nothing) with one commit on top,
    /// which has the files of that commit with these texts in them.
    ///
    /// # Errors
    /// When a path is none.
    pub fn force_push(
        &self,
        onto: Option<&Revision>,
        subject: &str,
        texts: &[(&str, &str)],
    ) -> Result<Revision, RepoPathError> {
        let parent = onto.map(ToString::to_string);
        self.commit_on(parent, subject, |files| write(files, texts))
    }

    /// Puts the branch on a commit that is there already, as a force push back does.
    pub fn reset(&self, to: &Revision) {
        lock(&self.0.history).head = Some(to.to_string());
        self.0.changed.send_modify(|count| *count += 1);
    }

    /// Fails every reading with this error.
    pub fn fail(&self, failure: SourceError) {
        lock(&self.0.history).failure = Some(failure);
    }

    /// Ends a failure.
    pub fn heal(&self) {
        lock(&self.0.history).failure = None;
    }

    /// How often it was read so far.
    #[must_use]
    pub fn reads(&self) -> usize {
        lock(&self.0.history).reads
    }

    fn commit_on(
        &self,
        parent: Option<String>,
        subject: &str,
        edit: impl FnOnce(&mut FileSet) -> Result<(), RepoPathError>,
    ) -> Result<Revision, RepoPathError> {
        let mut history = lock(&self.0.history);
        let below = parent.as_ref().and_then(|parent| history.commits.get(parent));
        let mut files = below.map(|commit| FileSet::clone(&commit.files)).unwrap_or_default();
        edit(&mut files)?;
        let commit = Commit { parent, subject: subject.to_owned(), files: Arc::new(files) };
        let id = commit.id(self.0.kind);
        history.commits.insert(id.clone(), commit);
        history.head = Some(id.clone());
        drop(history);
        self.0.changed.send_modify(|count| *count += 1);
        Ok(self.revision(id))
    }

    fn revision(&self, id: String) -> Revision {
        match self.0.kind {
            SourceKind::Git => Revision::Commit(id),
            SourceKind::Directory => Revision::Tree(id),
        }
    }

    fn read_now(&self) -> Result<Checkout, SourceError> {
        let mut history = lock(&self.0.history);
        history.reads += 1;
        if let Some(failure) = &history.failure {
            return Err(failure.clone());
        }
        let head = history.head.as_ref().and_then(|id| Some((id, history.commits.get(id)?)));
        let Some((id, commit)) = head else {
            return Err(SourceError::Missing {
                attempted: "read the source".to_owned(),
                message: "there is no commit".to_owned(),
            });
        };
        let subject = match self.0.kind {
            SourceKind::Git => commit.subject.clone(),
            SourceKind::Directory => String::new(),
        };
        Ok(Checkout {
            revision: self.revision(id.clone()),
            subject,
            files: Arc::clone(&commit.files),
            stale: None,
        })
    }
}

impl Commit {
    /// A name made from the content: the same history gives the same names.
    fn id(&self, kind: SourceKind) -> String {
        let mut hash = Sha256::new();
        if kind == SourceKind::Git {
            hash.update(self.parent.as_deref().unwrap_or_default());
            hash.update([0]);
            hash.update(&self.subject);
            hash.update([0]);
        }
        for (path, entry) in self.files.iter() {
            hash.update(path.as_str());
            hash.update([0]);
            match entry {
                Entry::File(bytes) => hash.update(bytes),
                other => hash.update(format!("{other:?}")),
            }
            hash.update([0]);
        }
        let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        hex.chars().take(40).collect()
    }
}

impl History {
    /// True when `new` has `old` among its ancestors.
    fn descends(&self, new: &str, old: &str) -> bool {
        let mut at = self.commits.get(new);
        while let Some(parent) = at.and_then(|commit| commit.parent.as_deref()) {
            if parent == old {
                return true;
            }
            at = self.commits.get(parent);
        }
        false
    }
}

impl Source for SimSource {
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>> {
        async {
            tokio::task::yield_now().await;
            self.read_now()
        }
        .boxed()
    }

    fn ancestry<'a>(&'a self, old: &'a Revision, new: &'a Revision) -> BoxFuture<'a, Ancestry> {
        let answer = match (old, new) {
            _ if old == new => Ancestry::Same,
            (Revision::Commit(old), Revision::Commit(new)) => {
                let history = lock(&self.0.history);
                if !history.commits.contains_key(new) || !history.commits.contains_key(old) {
                    Ancestry::Unknown
                } else if history.descends(new, old) {
                    Ancestry::Later
                } else {
                    Ancestry::Rewritten
                }
            }
            _ => Ancestry::Unordered,
        };
        std::future::ready(answer).boxed()
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        unfold(self.0.changed.subscribe(), |mut changed| async move {
            changed.changed().await.ok().map(|()| ((), changed))
        })
        .boxed()
    }
}

fn write(files: &mut FileSet, texts: &[(&str, &str)]) -> Result<(), RepoPathError> {
    for (path, text) in texts {
        files.insert(RepoPath::new(path)?, Entry::File(Arc::from(text.as_bytes())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn commits_follow_each_other_and_a_force_push_does_not() {
        let source = SimSource::git();
        let first = source.commit("first", &[("a.yml", "1"), ("b.yml", "1")]).unwrap();
        let second = source.commit("second", &[("a.yml", "2")]).unwrap();
        let third = source.delete("third", &["b.yml"]).unwrap();
        assert_eq!(source.ancestry(&first, &third).await, Ancestry::Later);
        assert_eq!(source.ancestry(&third, &third).await, Ancestry::Same);
        assert_eq!(source.ancestry(&third, &second).await, Ancestry::Rewritten);
        let other = source.force_push(Some(&first), "other", &[("a.yml", "3")]).unwrap();
        assert_eq!(source.ancestry(&second, &other).await, Ancestry::Rewritten);
        assert_eq!(source.ancestry(&first, &other).await, Ancestry::Later);
        let checkout = source.read().await.unwrap();
        assert_eq!((checkout.revision, checkout.files.len()), (other, 2));
        assert_eq!(checkout.subject, "other");
    }

    #[tokio::test]
    async fn the_same_content_has_the_same_name() {
        let commit = |text| SimSource::git().commit("first", &[("a.yml", text)]).unwrap();
        assert_eq!(commit("1"), commit("1"));
        assert_ne!(commit("1"), commit("2"));
        assert_eq!(commit("1").to_string().len(), 40);
    }

    #[tokio::test]
    async fn a_failure_lasts_until_it_is_healed() {
        let source = SimSource::git();
        assert!(matches!(source.read().await, Err(SourceError::Missing { .. })));
        source.commit("first", &[]).unwrap();
        let down = SourceError::Unreachable { attempted: "read".into(), message: "down".into() };
        source.fail(down.clone());
        assert_eq!(source.read().await, Err(down));
        source.heal();
        assert!(source.read().await.is_ok_and(|checkout| checkout.files.is_empty()));
        assert_eq!(source.reads(), 3);
    }

    #[tokio::test]
    async fn a_directory_has_no_order_and_tells_of_changes() {
        let source = SimSource::directory();
        let mut changes = source.changes();
        let first = source.commit("", &[("a.yml", "1")]).unwrap();
        assert_eq!(changes.next().await, Some(()));
        let second = source.commit("", &[("a.yml", "2")]).unwrap();
        assert_eq!(source.ancestry(&first, &second).await, Ancestry::Unordered);
        let back = source.commit("", &[("a.yml", "1")]).unwrap();
        assert_eq!(source.ancestry(&first, &back).await, Ancestry::Same);
    }
}
