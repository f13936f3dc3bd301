//! Files of a `Stack` as parts of one compose file, where both mean the same.
//!
//! Files beside it are taken in; those of other directories are included, because paths and
//! variables in them are those of their own directory. Nothing overrides what is included.

use std::collections::BTreeMap;

use super::{Desk, Names, copies, entries_of};
use crate::load::findings::Remark;
use crate::load::merge::merge;
use crate::load::yaml::{Entry, KeyPath, Map, Node, Span, Value};
use crate::model::RepoPath;

/// Files of one directory; of those the later override the earlier ones.
#[derive(Default)]
struct Group {
    files: Vec<Node>,
    declared: Names,
}

impl Group {
    fn item(mut self) -> Option<Node> {
        let span = self.files.first()?.span;
        if self.files.len() == 1 {
            return self.files.pop();
        }
        let node = Node::new(Value::List(self.files), span);
        let path = ("path".to_owned(), Entry { key: span, node });
        Some(Node::new(Value::Map(Map::from([path])), span))
    }
}

/// Files of a stack on their way into one.
pub struct Layers<'d, 'a> {
    desk: &'d mut Desk<'a>,
    own: &'d RepoPath,
    merged: Node,
    /// Items of `include`.
    include: Vec<Node>,
    /// What the files that those name declare.
    foreign: Names,
    /// Files of other directories, which become items of `include` as well.
    groups: BTreeMap<RepoPath, Group>,
    /// What the files that were taken in declare.
    declared: Names,
    /// Services that others of their file begin as copies of.
    bases: Names,
    /// Services that begin as copies of others.
    copies: Names,
}

impl<'d, 'a> Layers<'d, 'a> {
    /// Nothing yet, for a file that stands there.
    pub fn new(desk: &'d mut Desk<'a>, own: &'d RepoPath, span: Span) -> Self {
        let (merged, include) = (Node::new(Value::Map(Map::new()), span), Vec::new());
        let [foreign, declared, bases, copies] = [(); 4].map(|()| Names::new());
        let groups = BTreeMap::new();
        Self { desk, own, merged, include, foreign, groups, declared, bases, copies }
    }

    /// Puts a file over those before.
    pub fn file(&mut self, name: &str, span: Span) {
        if let Err(wrong) = self.take(name, span) {
            let root = KeyPath::root();
            self.desk.findings.error(&root.key("files"), span, wrong);
        }
    }

    fn take(&mut self, name: &str, span: Span) -> Result<(), Remark> {
        let path =
            self.desk.beside(self.own, name).map_err(|error| Remark::from(error.to_string()))?;
        let tree = self.desk.compose(&path).ok_or_else(|| {
            Remark::from((format!("'{name}' can't be read"), "name a compose file"))
        })?;
        if path.parent() == self.own.parent() {
            return self.over(&path, tree);
        }
        if self.desk.has_variables(self.own) {
            let message = format!("the .env beside this file would count in '{name}' as well");
            return Err((message, "move it into the variables of the stack").into());
        }
        if tree.get("x-skep").is_some() {
            let message = format!("x-skep of '{name}' would have no effect any more");
            return Err((message, "write its keys into the spec of the stack").into());
        }
        let declared = self.desk.declared(&path);
        let group = self.groups.entry(path.parent()).or_default();
        group.files.push(Node::new(Value::Text(name.to_owned()), span));
        group.declared.extend(declared);
        self.fits()
    }

    /// Puts a tree that was read from a file beside over what is there.
    pub fn over(&mut self, path: &RepoPath, mut tree: Node) -> Result<(), Remark> {
        let service = |name: &str| ("services".to_owned(), name.to_owned());
        let bound: Vec<(String, String)> = copies(&tree, (path, self.desk))
            .map(|(name, base)| (name.to_owned(), base.as_text().unwrap_or_default().to_owned()))
            .collect();
        let declared: Names = entries_of(&tree).collect();
        let bases: Names = bound.iter().map(|(_, base)| service(base)).collect();
        let copies: Names = bound.iter().map(|(name, _)| service(name)).collect();
        let changed = bases.intersection(&self.declared).chain(declared.intersection(&self.bases));
        if let Some((_, name)) = changed.chain(copies.intersection(&self.copies)).next() {
            let message = format!(
                "the service '{name}' stands in several files, and services of one of them begin \
                 as copies of it"
            );
            let hint = "write what they take over into those services, without extends";
            return Err((message, hint).into());
        }
        if let Value::Map(map) = &mut tree.value
            && let Some(Value::List(items)) = map.remove("include").map(|entry| entry.node.value)
        {
            self.include.extend(items);
            self.foreign.extend(self.desk.declared(path).difference(&declared).cloned());
        }
        self.declared.extend(declared);
        self.bases.extend(bases);
        self.copies.extend(copies);
        let before = std::mem::replace(&mut self.merged, Node::new(Value::Null, tree.span));
        self.merged = merge(before, tree);
        self.fits()
    }

    /// Nothing overrides what is included.
    fn fits(&self) -> Result<(), Remark> {
        let mut seen = self.declared.clone();
        let included = self.groups.values().map(|group| &group.declared).chain([&self.foreign]);
        let mut twice = included.filter_map(|declared| {
            let twice = declared.intersection(&seen).next().cloned();
            seen.extend(declared.iter().cloned());
            twice
        });
        let Some((section, name)) = twice.next() else { return Ok(()) };
        let what = section.strip_suffix('s').unwrap_or(&section);
        let message = format!(
            "the {what} '{name}' of an included file stands in the stack too, and nothing \
             overrides what is included"
        );
        Err((message, "move that file beside this one, so that it can be taken in").into())
    }

    /// The compose tree.
    pub fn finish(self) -> Node {
        let Self { mut merged, mut include, groups, .. } = self;
        include.extend(groups.into_values().filter_map(Group::item));
        if let (Value::Map(map), Some(first)) = (&mut merged.value, include.first()) {
            let key = first.span;
            let node = Node::new(Value::List(include), key);
            map.insert("include".to_owned(), Entry { key, node });
        }
        merged
    }
}
