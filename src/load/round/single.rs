//! Compose files that are stacks of their own.

use super::{Found, Round, Single};
use crate::load::LoadOptions;
use crate::load::findings::Findings;
use crate::load::intake::{stack_name, stem_name};
use crate::load::interpolate::Variables;
use crate::load::stack::{make, prepare};
use crate::load::yaml::{KeyPath, Node, Value};
use crate::model::{Place, RepoPath, StackName};

impl Round<'_> {
    /// Makes a stack of one compose file.
    pub(super) fn single(
        &mut self,
        path: &RepoPath,
        mut tree: Node,
        mut findings: Findings,
    ) -> Single {
        let dotenv = self.dotenvs.beside(path, self.files);
        let process = self.options.variables;
        let variables = Variables { layers: vec![process, &dotenv.variables], process };
        prepare(&mut tree, &variables, &mut findings);
        if !dotenv.problems.is_empty() {
            findings.spoil(None);
        }
        let name = match self.options.name {
            Some(name) => Some(name.clone()),
            None => own_name(path, &tree, &self.options, &mut findings),
        };
        let made = name
            .as_ref()
            .and_then(|name| make(name, &tree, (self.surroundings(), &variables), &mut findings));
        let at = tree.get("name").map_or(tree.span.start, |node| node.span.start);
        Single { name, at: Some(at), made, findings }
    }

    /// Takes the compose files that no manifest uses.
    pub(super) fn stacks_of_files(&mut self) {
        for (path, single) in std::mem::take(&mut self.singles) {
            if self.used.contains(&path) {
                continue;
            }
            self.tell(&single.findings);
            match single.name {
                Some(name) => {
                    let place = Place { file: path.clone(), at: single.at };
                    let found = Found { place, files: vec![path], made: single.made };
                    self.found.entry(name).or_default().push(found);
                }
                None => {
                    self.loaded.nameless.insert(path);
                }
            }
        }
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
