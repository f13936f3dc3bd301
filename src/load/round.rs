//! One load: file by file, then stack by stack.

use std::collections::BTreeMap;

use crate::load::findings::{Finding, Findings};
use crate::load::intake::{Document, DotEnvs, Opened, Shelf, discover, stack_name, stem_name};
use crate::load::interpolate::Variables;
use crate::load::stack::{Made, Surroundings, make, prepare};
use crate::load::yaml::{KeyPath, Node, Value};
use crate::load::{LoadOptions, Loaded, lines};
use crate::model::{FileSet, Problem, RepoPath, Severity, StackName};

/// A load under way.
pub struct Round<'a> {
    files: &'a FileSet,
    options: LoadOptions<'a>,
    shelf: Shelf,
    dotenvs: DotEnvs,
    /// Stacks by name, with the files that declare them. More than one is a collision.
    found: BTreeMap<StackName, Vec<Found>>,
    loaded: Loaded,
}

/// A stack that one file declares.
struct Found {
    files: Vec<RepoPath>,
    /// Missing when nothing of it can be used.
    made: Option<Made>,
}

impl<'a> Round<'a> {
    /// A load of these files.
    pub fn new(files: &'a FileSet, options: LoadOptions<'a>) -> Self {
        Self {
            files,
            options,
            shelf: Shelf::default(),
            dotenvs: DotEnvs::default(),
            found: BTreeMap::new(),
            loaded: Loaded::default(),
        }
    }

    /// Loads.
    pub fn run(mut self) -> Loaded {
        for path in discover(self.files, self.options.globs, &mut self.loaded.problems) {
            self.file(&path);
        }
        self.settle();
        self.loaded.problems = lines::finish(self.loaded.problems, self.files);
        self.loaded
    }

    fn file(&mut self, path: &RepoPath) {
        let Opened { id, documents, faults, cut, looks_declared } =
            self.shelf.open(path, self.files);
        let declares = |document: &Document| !matches!(document, Document::Other(_));
        let declared = documents.iter().any(declares) || (cut && looks_declared);
        if !declared {
            if cut {
                self.undeclared(path, faults);
            }
            return;
        }
        let mut findings = Findings::default();
        for fault in faults {
            findings.fault(id, fault);
        }
        if cut {
            self.loaded.nameless.insert(path.clone());
        }
        let mut rest = documents.into_iter();
        match rest.next() {
            Some(Document::Compose(tree)) if !cut => self.compose(path, tree, &mut findings),
            _ => {}
        }
        self.tell(&findings);
    }

    /// A file that is no YAML, and that nothing marks as a declaration, is left alone.
    fn undeclared(&mut self, path: &RepoPath, faults: Vec<crate::load::yaml::Fault>) {
        for fault in faults {
            let mut problem = Problem::error(path.clone(), fault.message)
                .severity(Severity::Warning)
                .hint("nothing marks it as a declaration, so it is left alone; .skepignore can name it");
            problem.at = fault.at;
            self.loaded.problems.push(problem);
        }
    }

    fn compose(&mut self, path: &RepoPath, mut tree: Node, findings: &mut Findings) {
        let dotenv = self.dotenvs.beside(path, self.files);
        let process = self.options.variables;
        let variables = Variables { layers: vec![process, &dotenv.variables], process };
        self.loaded.problems.extend(dotenv.problems.iter().cloned());
        prepare(&mut tree, &variables, findings);
        let name = match self.options.name {
            Some(name) => Some(name.clone()),
            None => compose_name(path, &tree, &self.options, findings),
        };
        let Some(name) = name else {
            self.loaded.nameless.insert(path.clone());
            return;
        };
        let surroundings = Surroundings {
            source: self.options.source,
            files: self.files,
            paths: self.shelf.paths(),
            key: self.options.key,
        };
        let made = make(&name, &tree, (surroundings, &variables), findings);
        self.found.entry(name).or_default().push(Found { files: vec![path.clone()], made });
    }

    /// Takes over stacks whose names are their own.
    fn settle(&mut self) {
        for (name, mut found) in std::mem::take(&mut self.found) {
            let only = if found.len() == 1 { found.pop() } else { None };
            match only {
                Some(Found { files, made: Some(mut made) }) => {
                    made.stack.files = files;
                    self.loaded.data.extend(made.data);
                    self.loaded.desired.stacks.insert(name, made.stack);
                }
                Some(_) => {
                    self.loaded.broken.insert(name);
                }
                None => self.collision(&name, &found),
            }
        }
    }

    /// Two declarations of one name: nobody can tell which is meant, so neither is used.
    fn collision(&mut self, name: &StackName, found: &[Found]) {
        let files: Vec<&RepoPath> = found.iter().flat_map(|found| found.files.iter()).collect();
        for file in &files {
            let others: Vec<&str> =
                files.iter().filter(|other| other != &file).map(|other| other.as_str()).collect();
            let message =
                format!("the stack '{name}' is declared here and in {}", others.join(", "));
            let hint = match self.options.name {
                Some(_) => "--name fits a source with one stack only; neither is used",
                None => "give one of them another top-level name; neither is used",
            };
            self.loaded.problems.push(Problem::error((*file).clone(), message).hint(hint));
        }
        self.loaded.broken.insert(name.clone());
    }

    fn tell(&mut self, findings: &Findings) {
        let paths = self.shelf.paths();
        let problem = |finding: &Finding| {
            let index = usize::try_from(finding.file.0).unwrap_or(usize::MAX);
            let file = paths.get(index).cloned().unwrap_or_default();
            let mut problem = Problem::error(file, finding.remark.message.clone())
                .severity(finding.severity)
                .key(finding.key.clone())
                .hint(finding.remark.hint.clone());
            problem.at = finding.at;
            problem
        };
        self.loaded.problems.extend(findings.iter().map(problem));
    }
}

/// Top-level `name`, else the folder's or the file's.
fn compose_name(
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
