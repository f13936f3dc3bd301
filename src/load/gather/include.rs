//! `include`: what other compose files declare becomes part of the stack.
//!
//! Unlike files that are merged, nothing that is included overrides anything: two declarations of
//! one name are a mistake unless they are equal (Compose Specification, "include").

use std::sync::Arc;

use super::{Gather, Mention, Scope};
use crate::load::findings::{Findings, SECTIONS};
use crate::load::intake::DotEnv;
use crate::load::merge::merge;
use crate::load::yaml::{Entry, KeyPath, Map, Node, Span, Value};
use crate::model::RepoPath;

/// Keys of a section whose values are paths, or hold some.
const PATH_KEYS: [&str; 4] = ["file", "env_file", "label_file", "volumes"];

/// Texts of one key that takes a text or a list of texts.
struct Texts<'t> {
    nodes: &'t [Node],
    keys: KeyPath<'t>,
}

impl<'t> Texts<'t> {
    fn of(node: Option<&'t Node>, keys: KeyPath<'t>) -> Self {
        let nodes = match node {
            None => &[],
            Some(Node { value: Value::List(items), .. }) => items.as_slice(),
            Some(node) => std::slice::from_ref(node),
        };
        Self { nodes, keys }
    }

    fn mentions(&self) -> impl Iterator<Item = Mention<'_>> {
        self.nodes.iter().filter_map(|node| {
            let Node { span, origin, .. } = *node;
            Some(Mention { name: node.as_text()?, span, origin, keys: &self.keys })
        })
    }
}

impl Gather<'_> {
    /// Resolves `include` of a prepared tree.
    pub(super) fn include_all(
        &mut self,
        tree: &mut Node,
        scope: Scope<'_>,
        findings: &mut Findings,
    ) {
        let Value::Map(map) = &mut tree.value else { return };
        let Some(include) = map.remove("include") else { return };
        let Value::List(items) = &include.node.value else { return };
        let root = KeyPath::root();
        let list = root.key("include");
        for (index, item) in items.iter().enumerate() {
            if let Some(part) = self.included(item, &list.index(index), scope, findings) {
                self.import(map, part, include.key, findings);
            }
        }
    }

    /// What one entry of `include` brings.
    fn included(
        &mut self,
        item: &Node,
        keys: &KeyPath<'_>,
        scope: Scope<'_>,
        findings: &mut Findings,
    ) -> Option<Node> {
        let paths = match &item.value {
            Value::Text(_) => Texts::of(Some(item), *keys),
            _ => Texts::of(item.get("path"), keys.key("path")),
        };
        let mut files = Vec::new();
        for mention in paths.mentions() {
            files.push((mention, self.join(scope.base, mention, findings)?));
        }
        let (_, first) = files.first()?;
        let base = match item.get("project_directory").filter(|node| node.as_text().is_some()) {
            None => first.parent(),
            Some(node) => {
                let (name, keys) = (node.as_text()?, keys.key("project_directory"));
                let Node { span, origin, .. } = *node;
                self.join(scope.base, Mention { name, span, origin, keys: &keys }, findings)?
            }
        };
        let mut locals = scope.locals.to_vec();
        let named = Texts::of(item.get("env_file"), keys.key("env_file"));
        locals.extend(self.variables_of(&named, (&base, scope.base), findings)?);
        let mut merged: Option<Node> = None;
        for (mention, path) in &files {
            let inner = Inner { path, base: &base, locals: &locals };
            let part = self.included_file(*mention, &inner, scope, findings)?;
            merged = Some(match merged {
                None => part,
                Some(before) => merge(before, part),
            });
        }
        merged
    }

    fn included_file(
        &mut self,
        mention: Mention<'_>,
        inner: &Inner<'_>,
        scope: Scope<'_>,
        findings: &mut Findings,
    ) -> Option<Node> {
        let Inner { path, base, locals } = *inner;
        match scope.trail.step(path, None) {
            Ok(trail) => {
                let scope = Scope { path, base, locals, trail: &trail };
                self.file(mention, scope, findings)
            }
            Err(error) => {
                findings.error(mention.keys, mention.span, error.remark("include"));
                None
            }
        }
    }

    /// Variables of the files that `env_file` names, or else of `.env` in the directory that the
    /// included paths start from.
    fn variables_of(
        &mut self,
        named: &Texts<'_>,
        (base, from): (&RepoPath, &RepoPath),
        findings: &mut Findings,
    ) -> Option<Vec<Arc<DotEnv>>> {
        let mut found = Vec::new();
        for mention in named.mentions() {
            let path = self.join(from, mention, findings)?;
            if let Err(error) = self.files.read(&path) {
                mention.error(error.to_string(), findings);
                return None;
            }
            found.push(self.dotenvs.named(&path, self.files));
        }
        // The later of several files wins.
        found.reverse();
        if named.nodes.is_empty() {
            found.push(self.dotenvs.below(base, self.files));
        }
        if found.iter().any(|dotenv| !dotenv.problems.is_empty()) {
            findings.spoil(None);
        }
        Some(found)
    }

    /// Puts what an included file declares beside what is there.
    fn import(&self, into: &mut Map, part: Node, include: Span, findings: &mut Findings) {
        let root = KeyPath::root();
        if let Some(settings) = part.get("x-skep") {
            let message = "x-skep of a file that is included has no effect";
            let remark = (message, "write it into the file that includes");
            findings.warning(&root.key("x-skep"), settings.span, remark);
        }
        let Value::Map(mut sections) = part.value else { return };
        for section in SECTIONS {
            let Some(Value::Map(entries)) = sections.remove(section).map(|s| s.node.value) else {
                continue;
            };
            let empty = || Node::new(Value::Map(Map::new()), include);
            let own = into.entry(section.to_owned());
            let own = own.or_insert_with(|| Entry { key: include, node: empty() });
            if own.node.value == Value::Null {
                own.node = empty();
            }
            let Value::Map(own) = &mut own.node.value else { continue };
            for (name, entry) in entries {
                self.import_entry((section, own), name, entry, findings);
            }
        }
    }

    fn import_entry(
        &self,
        (section, own): (&str, &mut Map),
        name: String,
        entry: Entry,
        findings: &mut Findings,
    ) {
        let Some(known) = own.get(&name) else {
            own.insert(name, entry);
            return;
        };
        if self.are_one(known, &entry) {
            return;
        }
        let other = self.path_of(known.key);
        let what = section.strip_suffix('s').unwrap_or(section);
        let line = known.key.start.line;
        let message = format!("the {what} '{name}' is declared here and in {other} (line {line})");
        let hint = "what is included overrides nothing: rename one of the two, or list the file \
                    with the change after this one: include: [{path: [THIS, CHANGE]}]";
        let root = KeyPath::root();
        findings.error(&root.key(section).key(&name), entry.key, (message, hint));
    }

    /// Equal declarations; those that name files have to name them from one directory.
    fn are_one(&self, a: &Entry, b: &Entry) -> bool {
        let directory = |entry: &Entry| self.shelf.bases().get(index(entry.key)).cloned();
        let names_files = PATH_KEYS.iter().any(|key| a.node.get(key).is_some());
        let one_place = !names_files || directory(a) == directory(b);
        one_place && a.node.says_the_same(&b.node)
    }

    fn path_of(&self, span: Span) -> RepoPath {
        self.shelf.paths().get(index(span)).cloned().unwrap_or_default()
    }
}

/// A file that is included, and what counts in it.
struct Inner<'i> {
    path: &'i RepoPath,
    base: &'i RepoPath,
    locals: &'i [Arc<DotEnv>],
}

fn index(span: Span) -> usize {
    usize::try_from(span.file.0).unwrap_or(usize::MAX)
}
