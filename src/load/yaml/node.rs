//! The tree: values with the place where each of them was written.

use std::collections::BTreeMap;
use std::fmt;

use super::scalar::format_float;
use crate::model::Position;

/// Which file of the load a node was written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// From where to where something stands; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First character.
    pub start: Position,
    /// The character after the last.
    pub end: Position,
}

/// One node of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it holds.
    pub value: Value,
    /// Where it was written; for an alias, where the anchor stands.
    pub span: Span,
    /// Whether the value stands in the file as it is.
    pub origin: Origin,
    /// What happens to the value of the same key that it is put over.
    pub merging: Merging,
}

/// What a value does to the one that it is put over, when files are merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Merging {
    /// What the rules for its key say.
    #[default]
    Merged,
    /// `!override`: it stands instead of the other.
    Replaces,
    /// `!reset`: neither of them stands.
    Removes,
}

/// Whether a value stands in the file as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// It does.
    #[default]
    Written,
    /// Variables were filled in: it is not repeated in messages.
    Filled,
}

/// A mapping. The order of keys has no meaning in any declaration, so they are sorted.
pub type Map = BTreeMap<String, Entry>;

/// A value of a mapping, with the place of its key.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where the key was written.
    pub key: Span,
    /// The value.
    pub node: Node,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping.
    Map(Map),
    /// A value with a mistake that has been told already: it fits everywhere and is worth nothing.
    Unusable,
}

impl Node {
    /// A value as it was written.
    #[must_use]
    pub fn new(value: Value, span: Span) -> Self {
        Self { value, span, origin: Origin::Written, merging: Merging::Merged }
    }

    /// True for equal values, wherever they were written.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.says_the_same(b))
            }
            (Value::Map(a), Value::Map(b)) => {
                let same = |((key_a, a), (key_b, b)): ((&String, &Entry), (&String, &Entry))| {
                    key_a == key_b && a.node.says_the_same(&b.node)
                };
                a.len() == b.len() && a.iter().zip(b).all(same)
            }
            (a, b) => a == b,
        }
    }

    /// Number of values in it, itself included.
    #[must_use]
    pub fn weight(&self) -> usize {
        1 + match &self.value {
            Value::List(items) => items.iter().map(Self::weight).sum(),
            Value::Map(map) => map.values().map(|entry| entry.node.weight()).sum(),
            _ => 0,
        }
    }

    /// The entries of a mapping.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Text as it is; numbers and booleans are not text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a key, if this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key).map(|entry| &entry.node)
    }

    /// A scalar as docker prints it where text is wanted (`fmt.Sprint` in Go); `None` for the rest.
    #[must_use]
    pub fn scalar_text(&self) -> Option<String> {
        match &self.value {
            Value::Bool(value) => Some(value.to_string()),
            Value::Int(value) => Some(value.to_string()),
            Value::Float(value) => Some(format_float(*value)),
            Value::Text(text) => Some(text.clone()),
            Value::Null | Value::List(_) | Value::Map(_) | Value::Unusable => None,
        }
    }

    /// What it is, for people.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Unusable => "unusable",
        }
    }

    /// Where the deepest existing node on a path stands. For a mapping, and a value that is
    /// nothing, that is its key.
    #[must_use]
    pub fn locate(&self, path: &KeyPath<'_>) -> Span {
        let mut place = self.span;
        self.follow(path, |span| place = span);
        place
    }

    /// The node on a path, if it is there.
    #[must_use]
    pub fn find(&self, path: &KeyPath<'_>) -> Option<&Self> {
        self.follow(path, |_| {})
    }

    fn follow(&self, path: &KeyPath<'_>, mut on_step: impl FnMut(Span)) -> Option<&Self> {
        let mut node = self;
        for part in path.parts() {
            let (next, span) = match (&node.value, part) {
                (Value::Map(map), Part::Key(key)) => {
                    let entry = map.get(*key)?;
                    let at_key = matches!(entry.node.value, Value::Null | Value::Map(_));
                    (&entry.node, if at_key { entry.key } else { entry.node.span })
                }
                (Value::List(list), Part::Index(index)) => {
                    let node = list.get(*index)?;
                    (node, node.span)
                }
                _ => return None,
            };
            on_step(span);
            node = next;
        }
        Some(node)
    }
}

/// One step of a key path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Key of a mapping.
    Key(&'a str),
    /// Place in a list, from 0.
    Index(usize),
}

/// Keys that lead from the top of a declaration to a value: `services.web.ports[0]`. Lives on the
/// stack while a tree is walked and costs nothing until a problem is told.
#[derive(Debug, Clone, Copy)]
pub struct KeyPath<'a> {
    parent: Option<&'a KeyPath<'a>>,
    part: Option<Part<'a>>,
}

impl<'a> KeyPath<'a> {
    /// The top.
    #[must_use]
    pub fn root() -> Self {
        Self { parent: None, part: None }
    }

    /// One key further.
    #[must_use]
    pub fn key(&'a self, key: &'a str) -> Self {
        Self { parent: Some(self), part: Some(Part::Key(key)) }
    }

    /// One list item further.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), part: Some(Part::Index(index)) }
    }

    /// The steps from the top.
    #[must_use]
    pub fn parts(&self) -> Vec<&Part<'a>> {
        let mut parts = Vec::new();
        let mut here = Some(self);
        while let Some(path) = here {
            parts.extend(path.part.as_ref());
            here = path.parent;
        }
        parts.reverse();
        parts
    }
}

impl fmt::Display for KeyPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.part {
            None => Ok(()),
            Some(Part::Index(index)) => write!(f, "[{index}]"),
            Some(Part::Key(key)) => {
                let first = self.parent.is_none_or(|parent| parent.part.is_none());
                f.write_str(if first { "" } else { "." })?;
                f.write_str(key)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_docker_writes_it() {
        let root = KeyPath::root();
        let services = root.key("services");
        let web = services.key("web");
        let ports = web.key("ports");
        assert_eq!(ports.index(0).to_string(), "services.web.ports[0]");
        assert_eq!(root.to_string(), "");
    }
}
