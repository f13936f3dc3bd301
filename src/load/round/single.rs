//! Compose files that are stacks of their own.

use std::collections::BTreeSet;

use super::{Found, Round, Single};
use crate::load::findings::Findings;
use crate::load::gather::{Gather, Scope, Trail};
use crate::load::intake::{stack_name, stem_name};
use crate::load::interpolate::Variables;
use crate::load::stack::make;
use crate::load::yaml::{KeyPath, Node, Value};
use crate::load::{LoadOptions, SealedUses};
use crate::model::{Place, RepoPath, StackName};

impl Round<'_> {
    /// Makes a stack of one compose file.
    pub(super) fn single(
        &mut self,
        path: &RepoPath,
        mut tree: Node,
        mut findings: Findings,
    ) -> Single {
        let process = self.options.variables;
        let variables = Variables { layers: vec![process], process };
        let parts = (&mut self.shelf, &mut self.dotenvs);
        let mut gather = Gather::new(self.files, parts, &variables);
        let locals = gather.beside(path, &mut findings);
        let (base, trail) = (path.parent(), Trail::start(path));
        let scope = Scope { path, base: &base, locals: &locals, trail: &trail };
        gather.complete(&mut tree, scope, &mut findings);
        let gathered = gather.finish(tree, &locals, &mut findings);
        let tree = &gathered.tree;
        let name = match self.options.name {
            Some(name) => Some(name.clone()),
            None => own_name(path, tree, &self.options, &mut findings),
        };
        let mut sealed = SealedUses::default();
        let made = name.as_ref().and_then(|name| {
            let told = (&mut findings, &mut sealed);
            make(name, &gathered, (self.surroundings(), &variables), told)
        });
        self.note_sealed(sealed);
        let at = tree.get("name").map_or(tree.span.start, |node| node.span.start);
        if !gathered.reached.is_empty() {
            self.reached.insert(path.clone(), gathered.reached);
        }
        Single { name, at: Some(at), made, findings }
    }

    /// Takes the compose files that are no parts of others.
    pub(super) fn stacks_of_files(&mut self) {
        let parts = self.parts();
        for (path, single) in std::mem::take(&mut self.singles) {
            if parts.contains(&path) {
                continue;
            }
            self.tell(&single.findings);
            if let Some(by) = self.suspects.get(&path).filter(|by| **by != path).cloned() {
                self.leave_to(&by, &path, &single);
                continue;
            }
            let Some(name) = single.name else {
                self.loaded.nameless.insert(path);
                continue;
            };
            let place = Place { file: path.clone(), at: single.at };
            let reached = self.reached.remove(&path).unwrap_or_default();
            let files = reached.into_iter().chain([path]).collect();
            let found = Found { place, files, made: single.made };
            self.found.entry(name).or_default().push(found);
        }
    }

    /// Files that a stack reaches. Where files reach only each other, all of them are stacks, so
    /// that none vanishes.
    fn parts(&self) -> BTreeSet<RepoPath> {
        let targets: BTreeSet<&RepoPath> = self
            .reached
            .iter()
            .flat_map(|(from, reached)| reached.iter().filter(move |path| *path != from))
            .collect();
        let first = self.singles.keys().filter(|path| !targets.contains(path));
        let mut parts = self.used.clone();
        let mut todo: Vec<&RepoPath> = first.chain(&self.used).collect();
        while let Some(path) = todo.pop() {
            for next in self.reached.get(path).into_iter().flatten() {
                if parts.insert(next.clone()) {
                    todo.push(next);
                }
            }
        }
        parts
    }
}

/// Top-level `name`, else the folder's or the file's.
fn own_name(
    path: &RepoPath,
    tree: &Node,
    options: &LoadOptions<'_>,
    findings: &mut Findings,
) -> Option<StackName> {
    let root = KeyPath::root();
    let (key, result) = match tree.get("name") {
        Some(Node { value: Value::Text(name), .. }) => ("name", stack_name(name)),
        Some(_) => return None,
        None => ("", stem_name(path, options.source)),
    };
    match result {
        Ok(name) => Some(name),
        Err((text, error)) => {
            let hint = "write a top-level name: that fits, or give --name";
            let message = format!("'{text}' can't be the name of the stack: {error}");
            findings.error_in(tree, &root.key(key), (message, hint));
            None
        }
    }
}
