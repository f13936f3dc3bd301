//! Manifests of one stack as a compose file.

use std::collections::BTreeMap;

use super::Desk;
use super::layers::Layers;
use crate::load::findings::Findings;
use crate::load::manifest::entry;
use crate::load::manifest::envelope::{Kind, open};
use crate::load::manifest::kind::stack::head;
use crate::load::merge::merge;
use crate::load::yaml::{KeyPath, Map, Node, Span, Value};
use crate::model::RepoPath;

/// Manifests of one stack, put together.
#[derive(Debug)]
pub struct Together {
    /// In the form of a compose file.
    pub tree: Node,
    /// Name of the stack, where one is declared.
    pub stack: Option<String>,
    /// Variables for all of it; a compose file has no place for them.
    pub variables: BTreeMap<String, String>,
}

/// Manifests of one stack, and the files that they stand over.
struct Own {
    tree: Node,
    stack: Option<String>,
    files: Vec<(String, Span)>,
    variables: BTreeMap<String, String>,
}

/// Puts the manifests of one stack together; of several stacks in the text those of `name`. `None`
/// when they are none or can't be used.
pub fn put_together(
    desk: &mut Desk<'_>,
    (own, documents): (&RepoPath, Vec<Node>),
    name: Option<&str>,
) -> Option<Together> {
    let Own { tree, stack, files, variables } = manifests(documents, name, &mut desk.findings)?;
    let span = tree.span;
    let mut layers = Layers::new(desk, own, span);
    files.iter().for_each(|(file, span)| layers.file(file, *span));
    let last = layers.over(own, tree);
    let tree = layers.finish();
    if let Err(wrong) = last {
        desk.findings.error(&KeyPath::root(), span, wrong);
    }
    Some(Together { tree, stack, variables })
}

fn manifests(documents: Vec<Node>, name: Option<&str>, findings: &mut Findings) -> Option<Own> {
    let span = documents.first()?.span;
    let nothing = Node::new(Value::Map(Map::new()), span);
    let mut together =
        Own { tree: nothing, stack: None, files: Vec::new(), variables: BTreeMap::new() };
    let mut heads = 0;
    for mut document in documents {
        let Some((subject, spec)) = open(&mut document, findings) else { continue };
        let of = match subject.kind {
            Kind::Stack => Some(subject.name.as_str()),
            _ => subject.stack.as_ref().map(|(stack, _)| stack.as_str()),
        };
        if matches!(subject.kind, Kind::Source | Kind::Guard)
            || name.is_some_and(|name| of.is_some_and(|of| of != name))
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
