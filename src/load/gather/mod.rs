//! A declaration with all that it reaches: `extends` and `include` are resolved, so that one tree
//! remains in which nothing refers to another file's services.
//!
//! Each value keeps the place where it was written, and with it the directory that paths in it
//! start from, and the `.env` that counts for it.

mod asked;
mod depends;
mod extends;
mod include;
mod trail;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::load::bounds::{MAX_PARTS, MAX_STACK_COPIES};
use crate::load::findings::{Findings, Remark};
use crate::load::intake::{Document, DotEnv, DotEnvs, Opened, Shelf};
use crate::load::interpolate::Variables;
use crate::load::merge::settle;
use crate::load::stack::prepare;
use crate::load::yaml::{FileId, KeyPath, Node, Origin, Span, Value};
use crate::model::{FileSet, RepoPath};

pub use asked::LeftOut;
pub use depends::{Dependencies, needs, rank_of};
pub use trail::Trail;

/// Variables of `.env` files that count for what a file says, by the file. The stack's own and
/// those of the process win over them.
pub type Locals = BTreeMap<FileId, Vec<Arc<DotEnv>>>;

/// A stack's tree, put together.
#[derive(Debug)]
pub struct Gathered {
    /// In the form of a compose file.
    pub tree: Node,
    /// Which service waits for which.
    pub depends: Dependencies,
    /// Variables that count for a part of it.
    pub locals: Locals,
    /// Files that it reached, but for the one that it began with.
    pub reached: BTreeSet<RepoPath>,
}

/// A tree on its way: where it stands, and what counts in it.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'s> {
    /// The file.
    pub path: &'s RepoPath,
    /// The directory that its paths start from.
    pub base: &'s RepoPath,
    /// `.env` files that count in it, the strongest first.
    pub locals: &'s [Arc<DotEnv>],
    /// Files that lead to it.
    pub trail: &'s Trail<'s>,
}

/// A file as a declaration names it.
#[derive(Debug, Clone, Copy)]
pub struct Mention<'m> {
    /// The name as it is written, variables filled in.
    pub name: &'m str,
    /// Where it stands.
    pub span: Span,
    /// Whether it stands there as it is.
    pub origin: Origin,
    /// Keys that lead there.
    pub keys: &'m KeyPath<'m>,
}

/// What to do about a path that leads to nothing.
const PATHS: &str =
    "paths are relative to the file that names them, and stay inside the repository";

/// Puts the parts of one stack together.
pub struct Gather<'g> {
    files: &'g FileSet,
    shelf: &'g mut Shelf,
    dotenvs: &'g mut DotEnvs,
    /// The stack's own variables and those of the process.
    outer: &'g Variables<'g>,
    locals: Locals,
    reached: BTreeSet<RepoPath>,
    parts: usize,
    copies: usize,
}

impl<'g> Gather<'g> {
    /// Begins a stack.
    pub fn new(
        files: &'g FileSet,
        (shelf, dotenvs): (&'g mut Shelf, &'g mut DotEnvs),
        outer: &'g Variables<'g>,
    ) -> Self {
        let (locals, reached) = (Locals::new(), BTreeSet::new());
        Self { files, shelf, dotenvs, outer, locals, reached, parts: 0, copies: 0 }
    }

    /// The variables of `.env` beside a file. A mistake in it spoils the stack.
    pub fn beside(&mut self, file: &RepoPath, findings: &mut Findings) -> Vec<Arc<DotEnv>> {
        let dotenv = self.dotenvs.beside(file, self.files);
        if !dotenv.problems.is_empty() {
            findings.spoil(None);
        }
        vec![dotenv]
    }

    /// Paths of files by number.
    #[must_use]
    pub fn paths(&self) -> &[RepoPath] {
        self.shelf.paths()
    }

    /// Fills in the variables of a tree, holds it against the schema, and resolves what it reaches.
    pub fn complete(&mut self, tree: &mut Node, scope: Scope<'_>, findings: &mut Findings) {
        self.locals.entry(tree.span.file).or_insert_with(|| scope.locals.to_vec());
        self.note_named(tree, scope);
        self.prepare(tree, scope.locals, findings);
        self.extend_all(tree, scope, findings);
        self.include_all(tree, scope, findings);
    }

    /// Notes the files that `include` and `extends` name, before a mistake beside their names hides
    /// them: they are parts of the stack all the same.
    fn note_named(&mut self, tree: &Node, scope: Scope<'_>) {
        let services = tree.get("services").and_then(Node::as_map);
        let extends = services.into_iter().flatten();
        let extends = extends.filter_map(|(_, entry)| entry.node.get("extends"));
        let mut names = Vec::new();
        extends.chain(tree.get("include")).for_each(|node| texts_in(node, &mut names));
        for name in names.into_iter().filter(|n| n.ends_with(".yml") || n.ends_with(".yaml")) {
            if let Ok(path) = self.files.join(scope.base, name)
                && path != *scope.path
                && self.files.read(&path).is_ok()
            {
                self.reached.insert(path);
            }
        }
    }

    /// Reads a compose file that a manifest names, with all that it reaches.
    pub fn part(
        &mut self,
        mention: Mention<'_>,
        from: &RepoPath,
        findings: &mut Findings,
    ) -> Option<Node> {
        let path = self.join(from, mention, findings)?;
        let locals = self.beside(&path, findings);
        let base = path.parent();
        let trail = Trail::start(&path);
        let scope = Scope { path: &path, base: &base, locals: &locals, trail: &trail };
        self.file(mention, scope, findings)
    }

    /// Ends a stack: what was asked for stays, with the order that services are started in.
    pub fn finish(
        self,
        mut tree: Node,
        locals: &[Arc<DotEnv>],
        findings: &mut Findings,
    ) -> Gathered {
        settle(&mut tree);
        let variables = with_locals(self.outer, locals);
        let left_out = asked::leave_out(&mut tree, &variables, findings);
        let depends = depends::dependencies(&tree, &left_out, findings);
        Gathered { tree, depends, locals: self.locals, reached: self.reached }
    }

    fn prepare(&mut self, tree: &mut Node, locals: &[Arc<DotEnv>], findings: &mut Findings) {
        prepare(tree, &with_locals(self.outer, locals), findings);
    }

    /// Reads a file, with all that it reaches.
    fn file(
        &mut self,
        mention: Mention<'_>,
        scope: Scope<'_>,
        findings: &mut Findings,
    ) -> Option<Node> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            let message = format!("the stack is put together from more than {MAX_PARTS} files");
            findings.error(mention.keys, mention.span, (message, "reach fewer files"));
            return None;
        }
        let opened = self.open(mention, (scope.path, scope.base), findings)?;
        self.tell_faults(&opened, findings);
        let mut tree = self.tree_of(&opened, mention, findings)?.clone();
        self.copy(&tree, mention, findings)?;
        self.complete(&mut tree, scope, findings);
        Some(tree)
    }

    fn tell_faults(&self, opened: &Opened, findings: &mut Findings) {
        opened.faults.iter().for_each(|fault| findings.fault(opened.id, fault.clone()));
    }

    /// The path that a declaration names.
    fn join(
        &self,
        from: &RepoPath,
        mention: Mention<'_>,
        findings: &mut Findings,
    ) -> Option<RepoPath> {
        if mention.name.contains("://") {
            let message = "a file of another place can't be reached from here";
            let remark = (message, "put it into the repository and name it by its path");
            findings.error(mention.keys, mention.span, remark);
            return None;
        }
        match self.files.join(from, mention.name) {
            Ok(path) => Some(path),
            Err(error) => {
                mention.error(error.to_string(), findings);
                None
            }
        }
    }

    /// Opens a file that is a part of the stack from now on.
    fn open(
        &mut self,
        mention: Mention<'_>,
        (path, base): (&RepoPath, &RepoPath),
        findings: &mut Findings,
    ) -> Option<Arc<Opened>> {
        if let Err(error) = self.files.read(path) {
            mention.error(error.to_string(), findings);
            return None;
        }
        self.reached.insert(path.clone());
        Some(self.shelf.keep((path, base), self.files))
    }

    /// The first document of a file, which is the one that counts.
    fn tree_of<'o>(
        &self,
        opened: &'o Opened,
        mention: Mention<'_>,
        findings: &mut Findings,
    ) -> Option<&'o Node> {
        let (message, hint) = match opened.documents.first().filter(|_| !opened.cut) {
            Some(Document::Compose(tree) | Document::Other(tree)) => return Some(tree),
            Some(Document::Manifest(_)) => {
                ("is a manifest, not a compose file", "name a compose file")
            }
            None => ("can't be read", "correct that file: what is wrong is told for it"),
        };
        let message = match mention.origin {
            Origin::Written => format!("'{}' {message}", mention.name),
            Origin::Filled => format!("with its variables filled in, the file {message}"),
        };
        findings.error(mention.keys, mention.span, (message, hint));
        None
    }

    /// Counts what is copied from one place to another.
    fn copy(&mut self, node: &Node, mention: Mention<'_>, findings: &mut Findings) -> Option<()> {
        let weight = node.weight();
        self.copies += weight;
        let fits = self.copies <= MAX_STACK_COPIES && self.shelf.copy(weight).is_some();
        if !fits {
            let message = "the stack takes over more values from other files than skep allows";
            let remark = (message, "include fewer files, or extend smaller services");
            findings.error(mention.keys, mention.span, remark);
        }
        fits.then_some(())
    }
}

impl Mention<'_> {
    /// Tells why there is no such file, without its name where that comes from a variable.
    fn error(self, message: String, findings: &mut Findings) {
        let message = match self.origin {
            Origin::Written => message,
            Origin::Filled => "with its variables filled in, there is no such file".to_owned(),
        };
        findings.error(self.keys, self.span, Remark::from((message, PATHS)));
    }
}

/// All texts of a tree.
fn texts_in<'n>(node: &'n Node, texts: &mut Vec<&'n str>) {
    match &node.value {
        Value::Text(text) => texts.push(text),
        Value::List(items) => items.iter().for_each(|item| texts_in(item, texts)),
        Value::Map(map) => map.values().for_each(|entry| texts_in(&entry.node, texts)),
        _ => {}
    }
}

/// Variables with those of `.env` files below them.
#[must_use]
pub fn with_locals<'v>(outer: &'v Variables<'v>, locals: &'v [Arc<DotEnv>]) -> Variables<'v> {
    let mut layers = outer.layers.clone();
    layers.extend(locals.iter().map(|dotenv| &dotenv.variables));
    Variables { layers, process: outer.process }
}
