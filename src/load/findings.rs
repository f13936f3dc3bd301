//! What is wrong with the declarations of one file or stack, collected while the stages run.

use std::collections::BTreeSet;

use crate::load::yaml::{Fault, FileId, KeyPath, Node, Part, Span};
use crate::model::{Position, Severity};

/// Sections of a stack whose entries fail one by one.
pub const SECTIONS: [&str; 5] = ["services", "networks", "volumes", "secrets", "configs"];

/// One mistake, before the file's name and its line are put to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: FileId,
    /// Where in it.
    pub at: Option<Position>,
    /// Keys that lead there, as text.
    pub key: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong and what to do.
    pub remark: Remark,
    /// The entries that it is about; none for a declaration as a whole.
    pub about: BTreeSet<Entry>,
}

/// What is wrong, and what to do about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remark {
    /// What is wrong.
    pub message: String,
    /// What to do; may be empty.
    pub hint: String,
}

impl<M: Into<String>, H: Into<String>> From<(M, H)> for Remark {
    fn from((message, hint): (M, H)) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl From<&str> for Remark {
    fn from(message: &str) -> Self {
        Self { message: message.to_owned(), hint: String::new() }
    }
}

impl From<String> for Remark {
    fn from(message: String) -> Self {
        Self { message, hint: String::new() }
    }
}

/// An entry of a section: `("services", "web")`.
pub type Entry = (String, String);

/// What errors have spoiled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spoiled {
    /// Entries that can't be used.
    pub entries: BTreeSet<Entry>,
    /// The declaration as a whole, when an error belongs to no entry.
    pub whole: Option<Whole>,
}

/// Marks a declaration that can't be used as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole;

/// Findings in the order in which they were made.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Finding>,
    /// Traps and notes: no mistakes, told where advice is asked for.
    advice: Vec<Finding>,
    spoiled: Spoiled,
    /// What is written once and used in many places through anchors is told once.
    told: BTreeSet<Mark>,
}

impl Findings {
    /// Says that all findings so far are about one entry, wherever their keys lead.
    pub fn narrow(&mut self, entry: Entry) {
        let Spoiled { entries, whole } = std::mem::take(&mut self.spoiled);
        self.list.iter_mut().for_each(|finding| finding.about = [entry.clone()].into());
        if whole.is_some() || !entries.is_empty() {
            self.spoiled.entries.insert(entry);
        }
    }

    /// Says that what is wrong with one entry is wrong with another one too.
    pub fn share(&mut self, with: &Entry, other: &Entry) {
        for finding in self.list.iter_mut().filter(|finding| finding.about.contains(with)) {
            finding.about.insert(other.clone());
        }
    }

    /// Forgets an entry that is left out on purpose, with what is wrong with it alone.
    pub fn forget(&mut self, entry: &Entry) {
        self.spoiled.entries.remove(entry);
        let told = &mut self.told;
        self.list.retain_mut(|finding| {
            let stays = !finding.about.remove(entry) || !finding.about.is_empty();
            if !stays {
                told.remove(&finding.mark());
            }
            stays
        });
    }

    /// Tells a mistake that makes its entry unusable.
    pub fn error(&mut self, path: &KeyPath<'_>, span: Span, remark: impl Into<Remark>) {
        self.spoil(entry_of(path));
        self.tell(Severity::Error, path, span, remark.into());
    }

    /// Tells an error at the place where a path leads.
    pub fn error_in(&mut self, tree: &Node, path: &KeyPath<'_>, remark: impl Into<Remark>) {
        self.error(path, tree.locate(path), remark);
    }

    /// Tells something that its author probably did not mean.
    pub fn warning(&mut self, path: &KeyPath<'_>, span: Span, remark: impl Into<Remark>) {
        self.tell(Severity::Warning, path, span, remark.into());
    }

    /// Warns of a trap at the place where a path leads; told where advice is asked for.
    pub fn trap_in(&mut self, tree: &Node, path: &KeyPath<'_>, remark: impl Into<Remark>) {
        self.advise(Severity::Warning, path, tree.locate(path), remark.into());
    }

    /// Notes what is worth knowing at the place where a path leads; told like a trap.
    pub fn note_in(&mut self, tree: &Node, path: &KeyPath<'_>, remark: impl Into<Remark>) {
        self.advise(Severity::Note, path, tree.locate(path), remark.into());
    }

    /// Tells a warning at the place where a path leads.
    pub fn warning_in(&mut self, tree: &Node, path: &KeyPath<'_>, remark: impl Into<Remark>) {
        self.warning(path, tree.locate(path), remark);
    }

    /// Takes over what the reader of YAML found.
    pub fn fault(&mut self, file: FileId, fault: Fault) {
        let entry = match fault.keys.as_slice() {
            [section, name, ..] if SECTIONS.contains(&section.as_str()) => {
                Some((section.clone(), name.clone()))
            }
            _ => None,
        };
        self.spoil(entry.clone());
        self.push(Finding {
            file,
            at: fault.at,
            key: fault.keys.join("."),
            severity: Severity::Error,
            remark: Remark { message: fault.message, hint: fault.hint },
            about: entry.into_iter().collect(),
        });
    }

    /// Takes over findings that were made apart.
    pub fn extend(&mut self, other: Self) {
        self.spoiled.entries.extend(other.spoiled.entries);
        self.spoiled.whole = self.spoiled.whole.or(other.spoiled.whole);
        other.list.into_iter().for_each(|finding| self.push(finding));
        self.advice.extend(other.advice);
    }

    /// Makes an entry unusable because of another one that it needs.
    pub fn spoil(&mut self, entry: Option<Entry>) {
        match entry {
            Some(entry) => {
                self.spoiled.entries.insert(entry);
            }
            None => self.spoiled.whole = Some(Whole),
        }
    }

    /// What can't be used.
    #[must_use]
    pub fn spoiled(&self) -> &Spoiled {
        &self.spoiled
    }

    /// True when an entry can't be used.
    #[must_use]
    pub fn is_spoiled(&self, section: &str, name: &str) -> bool {
        self.spoiled.entries.contains(&(section.to_owned(), name.to_owned()))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter()
    }

    /// Traps and notes.
    pub fn advice(&self) -> impl Iterator<Item = &Finding> {
        self.advice.iter()
    }

    fn advise(&mut self, severity: Severity, path: &KeyPath<'_>, span: Span, remark: Remark) {
        let (file, at) = (span.file, Some(span.start));
        if self.told.insert((file, at, remark.message.clone())) {
            let about = entry_of(path).into_iter().collect();
            let key = path.to_string();
            self.advice.push(Finding { file, at, key, severity, remark, about });
        }
    }

    fn tell(&mut self, severity: Severity, path: &KeyPath<'_>, span: Span, remark: Remark) {
        let (file, at) = (span.file, Some(span.start));
        let about = entry_of(path).into_iter().collect();
        self.push(Finding { file, at, key: path.to_string(), severity, remark, about });
    }

    fn push(&mut self, finding: Finding) {
        let mark = finding.mark();
        if self.told.insert(mark.clone()) {
            return self.list.push(finding);
        }
        let known = self.list.iter_mut().find(|known| known.at == mark.1 && known.mark() == mark);
        match known {
            // What is wrong with a whole declaration stays so, whatever else it is about.
            Some(known) if !known.about.is_empty() && !finding.about.is_empty() => {
                known.about.extend(finding.about);
            }
            Some(known) => known.about.clear(),
            None => {}
        }
    }
}

/// What tells one finding from another.
type Mark = (FileId, Option<Position>, String);

impl Finding {
    fn mark(&self) -> Mark {
        (self.file, self.at, self.remark.message.clone())
    }
}

fn entry_of(path: &KeyPath<'_>) -> Option<Entry> {
    match path.parts().as_slice() {
        [Part::Key(section), Part::Key(name), ..] if SECTIONS.contains(section) => {
            Some(((*section).to_owned(), (*name).to_owned()))
        }
        _ => None,
    }
}
