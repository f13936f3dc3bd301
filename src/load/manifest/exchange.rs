//! A compose file as manifests, and manifests as a compose file.
//!
//! Trees as they were read, with nothing filled in: variables stay as they are written.

use std::collections::BTreeMap;

use super::envelope::{API_VERSION, Kind, open};
use super::kind::stack::head;
use super::{entry, single};
use crate::load::findings::Findings;
use crate::load::merge::merge;
use crate::load::yaml::{Entry, KeyPath, Map, Node, Span, Value};

/// Kinds that take an entry of a section out of a compose file; volumes have none and stay with
/// the stack.
const ENTRIES: [Kind; 4] = [Kind::Network, Kind::Config, Kind::Secret, Kind::Service];

/// Manifests of one stack, put together.
#[derive(Debug)]
pub struct Together {
    /// In the form of a compose file.
    pub tree: Node,
    /// Name of the stack, where one is declared.
    pub stack: Option<String>,
    /// Files that it stands over.
    pub files: Vec<(String, Span)>,
    /// Variables for all of it; a compose file has no place for them.
    pub variables: BTreeMap<String, String>,
}

/// Takes a compose tree apart: a `Stack` with what has no kind of its own, and a manifest for each
/// entry, in the order of their sections.
pub fn take_apart(mut tree: Node, stack: &str, findings: &mut Findings) -> Vec<Node> {
    let span = tree.span;
    let root = KeyPath::root();
    refuse_bonds(&tree, findings);
    let Value::Map(mut map) = std::mem::replace(&mut tree.value, Value::Null) else {
        findings.error(&root, span, "this is no compose file");
        return Vec::new();
    };
    map.remove("name");
    map.remove("version");
    let settings = map.remove("x-skep").map(|entry| entry.node.value);
    if let Some(Value::Map(settings)) = settings {
        map.extend(settings);
    }
    let mut entries = Vec::new();
    for kind in ENTRIES {
        let section = kind.section().and_then(|section| map.remove(section));
        if let Some(Value::Map(section)) = section.map(|section| section.node.value) {
            entries.extend(in_order(section).map(|(name, entry)| (kind, name, entry.node)));
        }
    }
    let head = manifest(Kind::Stack, stack, Node::new(Value::Map(map), span));
    let entries = entries.into_iter().map(|(kind, name, node)| manifest(kind, &name, node));
    std::iter::once(head).chain(entries).collect()
}

/// What binds services of one file together is lost when they are taken apart.
fn refuse_bonds(tree: &Node, findings: &mut Findings) {
    let root = KeyPath::root();
    if tree.get("include").is_some() {
        let hint = "list the files in the spec of a Stack manifest";
        findings.error_in(tree, &root.key("include"), ("can't be said in a manifest", hint));
    }
    let section = root.key("services");
    let services = tree.get("services").and_then(Node::as_map);
    for (name, entry) in services.into_iter().flatten() {
        let Some(base) = entry.node.get("extends") else { continue };
        if base.get("file").is_none() {
            let path = section.key(name);
            let message = "names a service of its own file, and a manifest is a document by itself";
            let hint = "name the file too, or copy what it extends";
            findings.error_in(tree, &path.key("extends"), (message, hint));
        }
    }
}

/// Entries as they were written.
fn in_order(section: Map) -> impl Iterator<Item = (String, Entry)> {
    let mut entries: Vec<(String, Entry)> = section.into_iter().collect();
    entries.sort_by_key(|(_, entry)| (entry.key.file, entry.key.start));
    entries.into_iter()
}

fn manifest(kind: Kind, name: &str, mut spec: Node) -> Node {
    let span = spec.span;
    if spec.value == Value::Null {
        spec.value = Value::Map(Map::new());
    }
    let text = |text: &str| Node::new(Value::Text(text.to_owned()), span);
    let entry = |key: &str, node: Node| (key.to_owned(), Entry { key: span, node });
    let map = Map::from([
        entry("apiVersion", text(API_VERSION)),
        entry("kind", text(kind.as_str())),
        entry("metadata", single("name", span, text(name))),
        entry("spec", spec),
    ]);
    Node::new(Value::Map(map), span)
}

/// Puts the manifests of one stack together; of several stacks in the text those of `name`. `None`
/// when they are none or can't be used.
pub fn put_together(
    documents: Vec<Node>,
    name: Option<&str>,
    findings: &mut Findings,
) -> Option<Together> {
    let span = documents.first()?.span;
    let nothing = Node::new(Value::Map(Map::new()), span);
    let mut together =
        Together { tree: nothing, stack: None, files: Vec::new(), variables: BTreeMap::new() };
    let mut heads = 0;
    for mut document in documents {
        let Some((subject, spec)) = open(&mut document, findings) else { continue };
        let of = match subject.kind {
            Kind::Stack => Some(subject.name.as_str()),
            _ => subject.stack.as_ref().map(|(stack, _)| stack.as_str()),
        };
        if subject.kind == Kind::Source || name.is_some_and(|name| of.is_some_and(|of| of != name))
        {
            continue;
        }
        together.stack = together.stack.or(of.map(str::to_owned));
        if subject.kind == Kind::Stack {
            heads += 1;
            let own = head(spec, findings);
            together.files = own.files;
            together.variables = own.variables;
            together.tree = merge(together.tree, own.tree);
        } else if together.stack.as_deref().zip(of).is_some_and(|(stack, of)| stack != of) {
            heads += 1;
        } else if let Some(part) = entry(&subject, spec) {
            let section = subject.kind.section().and_then(|section| together.tree.get(section));
            if section.is_some_and(|section| section.get(&subject.name).is_some()) {
                let message = format!("'{}' is declared twice", subject.name);
                let remark = (message, "rename one of the two");
                findings.error(&KeyPath::root(), subject.name_span, remark);
            }
            together.tree = merge(together.tree, part);
        }
        if heads > 1 {
            let remark = ("there are several stacks", "choose one with --name");
            findings.error(&KeyPath::root(), subject.name_span, remark);
            return None;
        }
    }
    Some(together)
}
