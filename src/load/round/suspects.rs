//! Compose files that may be parts of a declaration that can't be read.
//!
//! What a broken file includes, extends or lists is not known. A file that it names anywhere is not
//! taken for a stack of its own meanwhile: a slip in one file must not deploy its parts apart.

use super::{Round, Single};
use crate::model::guard::{GuardScope, UnreadGuard};
use crate::model::{Place, Problem, RepoPath, Severity, StackName};

impl Round<'_> {
    /// Notes the compose files that a broken declaration names.
    pub(super) fn suspect(&mut self, by: &RepoPath) {
        let Ok(bytes) = self.files.read(by) else { return };
        let directory = by.parent();
        for name in named_in(&bytes) {
            if let Ok(path) = self.files.join(&directory, name) {
                self.suspects.entry(path).or_insert_with(|| by.clone());
            }
        }
    }

    /// Notes a file that can't be read and that may hold a guard: nobody knows of whom.
    pub(super) fn suspect_guard(&mut self, path: &RepoPath) {
        let Ok(bytes) = self.files.read(path) else { return };
        if named(&bytes, b"Guard") {
            let place = Place { file: path.clone(), at: None };
            self.loaded.unread_guards.push(UnreadGuard { about: GuardScope::default(), place });
        }
    }

    /// Leaves a file alone that may be a part of another one; what runs of it stays.
    pub(super) fn leave_to(&mut self, by: &RepoPath, path: &RepoPath, single: &Single) {
        let message =
            format!("the file is no stack while {by} has mistakes: it may be a part of it");
        let problem = Problem::error(path.clone(), message).severity(Severity::Warning);
        let mut problem = problem.hint(format!("correct {by}, which names this file"));
        problem.at = single.at;
        self.loaded.problems.push(problem);
        match &single.name {
            Some(name) => self.left.push(name.clone()),
            None => {
                self.loaded.nameless.insert(path.clone());
            }
        }
    }

    /// Says that stacks were left alone, unless others declare them.
    pub(super) fn settle_left(&mut self) {
        let left: Vec<StackName> = std::mem::take(&mut self.left);
        let unknown =
            left.into_iter().filter(|name| !self.loaded.desired.stacks.contains_key(name));
        self.loaded.broken.extend(unknown);
    }
}

fn named(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|part| part == word)
}

/// Everything in a text that may be the path of a compose file.
fn named_in(bytes: &[u8]) -> impl Iterator<Item = &str> {
    let between = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`,;[]{}()".contains(byte);
    let words = bytes.split(between).filter_map(|word| std::str::from_utf8(word).ok());
    words.filter(|word| word.ends_with(".yml") || word.ends_with(".yaml"))
}
