//! `include` of a compose file as `files` of a `Stack`, where both mean the same.

use super::{Desk, Names, entries_of};
use crate::load::findings::Remark;
use crate::load::yaml::{KeyPath, Node, Value};
use crate::model::RepoPath;

/// What a compose file includes.
#[derive(Default)]
pub struct Included {
    /// Names of files, as they are written.
    pub files: Vec<Node>,
    /// What they declare.
    pub declared: Names,
}

/// What to do about an include that has no counterpart.
const INSTEAD: &str = "put this include into a compose file of its own, and name that one instead";

/// Texts that name files in `include` of a tree.
pub fn paths_in(tree: &Node) -> impl Iterator<Item = &Node> {
    let items = match tree.get("include") {
        Some(Node { value: Value::List(items), .. }) => items.as_slice(),
        _ => &[],
    };
    items.iter().flat_map(paths_of)
}

/// Texts that name files in one item of `include`.
fn paths_of(item: &Node) -> &[Node] {
    let named = match &item.value {
        Value::Map(_) => item.get("path"),
        _ => Some(item),
    };
    match named {
        Some(Node { value: Value::List(items), .. }) => items,
        Some(node) => std::slice::from_ref(node),
        None => &[],
    }
}

impl Desk<'_> {
    /// What a tree includes, as files of a stack. Tells what can't be said so.
    pub(super) fn included(&mut self, tree: &Node, own: &RepoPath) -> Included {
        let mut included = Included::default();
        let Some(Value::List(items)) = tree.get("include").map(|node| &node.value) else {
            return included;
        };
        let root = KeyPath::root();
        let list = root.key("include");
        let services = |name: &super::Entry| name.0 == "services";
        let mut taken: Names = entries_of(tree).filter(services).collect();
        for (index, item) in items.iter().enumerate() {
            let at = list.index(index);
            for key in ["project_directory", "env_file"] {
                if item.get(key).is_some() {
                    let message = format!("'{key}' can't be said in a manifest");
                    self.findings.error_in(tree, &at.key(key), (message, INSTEAD));
                }
            }
            let (mut first, mut own_names) = (None, Names::new());
            for node in paths_of(item) {
                let wrong = match self.part(node, own, &taken) {
                    Ok((path, _)) if path.parent() != *first.get_or_insert(path.parent()) => {
                        Remark::from(("the files of one include are of two directories", INSTEAD))
                    }
                    Ok((_, declared)) => {
                        own_names.extend(declared);
                        included.files.push(node.clone());
                        continue;
                    }
                    Err(wrong) => wrong,
                };
                self.findings.error(&at, node.span, wrong);
            }
            taken.extend(own_names.iter().filter(|name| services(name)).cloned());
            included.declared.extend(own_names);
        }
        included
    }

    /// One file that is included, with what it declares.
    fn part(
        &mut self,
        node: &Node,
        own: &RepoPath,
        taken: &Names,
    ) -> Result<(RepoPath, Names), Remark> {
        let name = node.as_text().ok_or_else(|| Remark::from("this is no path"))?;
        if name.contains('$') {
            let message = "names of files take no variables in a manifest";
            return Err((message, "write the name out").into());
        }
        let path = self.beside(own, name).map_err(|error| Remark::from(error.to_string()))?;
        let tree = self.compose(&path).ok_or_else(|| {
            Remark::from((format!("'{name}' can't be read"), "name a compose file"))
        })?;
        if tree.get("x-skep").is_some() {
            let message = format!("x-skep of '{name}' has no effect now, and would have one then");
            return Err((message, "remove it there").into());
        }
        if path.parent() != own.parent() && self.has_variables(own) {
            let message = format!("the .env beside this file counts in '{name}', and would not");
            let hint = "move what it needs into .env beside that file";
            return Err((message, hint).into());
        }
        let declared = self.declared(&path);
        if let Some((_, service)) = declared.intersection(taken).next() {
            let message = format!("the service '{service}' is declared in two files");
            return Err((message, "keep one of the two").into());
        }
        Ok((path, declared))
    }
}
