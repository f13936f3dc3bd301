//! Files that are read for a conversion, and what is wrong with them.

use std::collections::BTreeSet;

use super::{Names, entries_of};
use crate::load::findings::{Finding, Findings};
use crate::load::intake::{Document, Opened, Shelf};
use crate::load::manifest::exchange::included::paths_in;
use crate::load::yaml::Node;
use crate::model::{FileSet, Problem, RepoPath, RepoPathError};

/// Files that are read for a conversion, and what is wrong with them.
pub struct Desk<'a> {
    files: &'a FileSet,
    shelf: Shelf,
    /// What can't be converted.
    pub findings: Findings,
}

impl<'a> Desk<'a> {
    /// With nothing read.
    #[must_use]
    pub fn new(files: &'a FileSet) -> Self {
        Self { files, shelf: Shelf::default(), findings: Findings::default() }
    }

    /// The documents of a file.
    pub fn documents(&mut self, path: &RepoPath) -> Vec<Document> {
        let Opened { id, documents, faults, .. } = self.shelf.open(path, self.files);
        faults.into_iter().for_each(|fault| self.findings.fault(id, fault));
        documents
    }

    /// What is wrong, with the names of files.
    pub fn problems(&self) -> impl Iterator<Item = Problem> {
        self.findings.iter().map(|finding: &Finding| {
            let file = usize::try_from(finding.file.0).ok();
            let file = file.and_then(|index| self.shelf.paths().get(index)).cloned();
            let mut problem =
                Problem::error(file.unwrap_or_default(), finding.remark.message.clone())
                    .severity(finding.severity)
                    .key(finding.key.clone())
                    .hint(finding.remark.hint.clone());
            problem.at = finding.at;
            problem
        })
    }

    /// The path that a file names.
    pub(super) fn beside(&self, file: &RepoPath, name: &str) -> Result<RepoPath, RepoPathError> {
        self.files.join(&file.parent(), name)
    }

    /// The compose document that counts of a file, if there is one.
    pub(super) fn compose(&mut self, path: &RepoPath) -> Option<Node> {
        self.files.read(path).ok()?;
        match self.documents(path).into_iter().next()? {
            Document::Compose(tree) | Document::Other(tree) => Some(tree),
            Document::Manifest(_) => None,
        }
    }

    /// True when there are variables beside a file.
    pub(super) fn has_variables(&self, file: &RepoPath) -> bool {
        self.beside(file, ".env").is_ok_and(|path| self.files.read(&path).is_ok())
    }

    /// What a compose file declares, with what it includes.
    pub(super) fn declared(&mut self, path: &RepoPath) -> Names {
        let (mut names, mut seen) = (Names::new(), BTreeSet::new());
        let mut todo = vec![path.clone()];
        while let Some(path) = todo.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            let Some(tree) = self.compose(&path) else { continue };
            names.extend(entries_of(&tree));
            let included = paths_in(&tree).filter_map(Node::as_text);
            todo.extend(included.filter_map(|name| self.beside(&path, name).ok()));
        }
        names
    }
}
