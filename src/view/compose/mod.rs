//! What runs, drawn as compose files: `load` the other way round.
//!
//! One file per group of keys, as in `load/convert` and `diff/fields`, whose paths the remarks use.
//! What is drawn means what runs: loaded again, it differs in nothing. A value that is the engine's
//! own default is left out where its absence means the same to the engine; what no key can say is
//! told as a remark, never lost in silence.

mod choose;
mod data;
mod networks;
mod rest;
mod service;
mod sheet;

use std::collections::BTreeMap;
use std::fmt;

use crate::diff::{NAMESPACE_LABEL, View};
use crate::model::engine::StringMap;
use crate::model::{Gap, Kind, ObjectRef, Observed, StackName};
use crate::view::yaml::{Map, write};
pub use choose::{Contents, Selection};
use sheet::{Part, Sheet};

/// A stack as a compose file.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// Its name.
    pub stack: StackName,
    /// The compose file.
    pub file: Map,
    /// Content of configs, by path relative to the compose file.
    pub contents: BTreeMap<String, Vec<u8>>,
}

/// Something that the files do not say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// The object.
    pub object: ObjectRef,
    /// Path of the field, in the words of a compose file; empty for the whole object.
    pub path: String,
    /// What is not said, and why.
    pub message: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "{}: {}", self.object, self.message),
            path => write!(f, "{}: {path}: {}", self.object, self.message),
        }
    }
}

/// Everything that was drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drawings {
    /// Stacks, by name.
    pub stacks: Vec<Drawing>,
    /// What the files do not say, by object.
    pub remarks: Vec<Remark>,
}

/// Draws what runs.
#[must_use]
pub fn draw(observed: &Observed, selection: &Selection) -> Drawings {
    let view = View::new(observed);
    let mut drawings = Drawings::default();
    let mut chosen = selection.choose(observed);
    let part = if selection.labels.is_empty() { Part::Whole } else { Part::Chosen };
    let rest = selection.rest.as_ref().filter(|rest| part == Part::Whole && selection.names(rest));
    if let Some(rest) = rest.filter(|_| rest::is_there(observed)) {
        chosen.stacks.entry(rest.clone()).or_default();
    }
    for (stack, members) in chosen.stacks {
        let mut sheet = Sheet::new(stack, &view, selection.contents);
        let here = |(stack, _): &(Option<StackName>, Remark)| stack.as_ref() == Some(&sheet.stack);
        let absent = chosen.left_out.iter().filter(|left| here(left));
        let absent: Vec<Remark> = absent.map(|(_, remark)| remark.clone()).collect();
        if rest == Some(&sheet.stack) {
            sheet.rest();
        }
        let (drawing, remarks) = sheet.draw(&members, (part, &absent));
        drawings.stacks.push(drawing);
        drawings.remarks.extend(remarks);
    }
    drawings.remarks.extend(chosen.left_out.into_iter().map(|(_, remark)| remark));
    drawings.remarks.extend(observed.gaps.iter().filter_map(unseen));
    drawings.remarks.sort();
    drawings
}

/// One text for all of them, which is read back as it is: a compose file with its name for one
/// stack, manifests for several, of which a file can hold many.
#[must_use]
pub fn document(stacks: &[Drawing]) -> String {
    if let [one] = stacks {
        let mut file = Map::from_iter([("name", one.stack.as_str())]);
        one.file.iter().for_each(|entry| file.put(entry.key.as_str(), entry.value.clone()));
        return write(&file);
    }
    let manifest = |one: &Drawing| {
        let mut manifest = Map::from_iter([("apiVersion", "skep/v1"), ("kind", "Stack")]);
        manifest.put("metadata", Map::from_iter([("name", one.stack.as_str())]));
        manifest.put("spec", one.file.clone());
        write(&manifest)
    };
    stacks.iter().map(manifest).collect::<Vec<_>>().join("---\n")
}

fn unseen(gap: &Gap) -> Option<Remark> {
    let (kind, name, message) = match gap {
        Gap::Unreadable { kind, name, why } => (kind, name, format!("left out: {why}")),
        Gap::Ambiguous { kind, name } => {
            (kind, name, "there are several of this name; the oldest was read".to_owned())
        }
    };
    let kinds = [Kind::Service, Kind::Network, Kind::Secret, Kind::Config];
    let kind = kinds.into_iter().find(|known| known.as_str() == kind)?;
    Some(Remark { object: ObjectRef::new(kind, name), path: String::new(), message })
}

/// Labels that are a person's: not docker's own ones of a stack, nor skep's.
fn own_labels(labels: &StringMap) -> Map {
    let docker = [NAMESPACE_LABEL, crate::diff::IMAGE_LABEL];
    let theirs =
        |key: &str| !docker.contains(&key) && !key.starts_with(crate::diff::fields::OWN_LABELS);
    strings(labels.iter().filter(|(key, _)| theirs(key)))
}

/// A mapping of texts.
fn strings<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> Map {
    pairs.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}
