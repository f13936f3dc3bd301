//! One load: file by file, then the stacks that manifests declare, then names.

mod manifests;
mod names;
mod single;
mod suspects;

use std::collections::{BTreeMap, BTreeSet};

use crate::load::findings::{Finding, Findings};
use crate::load::intake::{Document, DotEnvs, Opened, Shelf, discover};
use crate::load::stack::{Made, Surroundings};
use crate::load::yaml::{Fault, FileId, Node, Value};
use crate::load::{LoadOptions, Loaded, SealedUses, circles_of_stacks, follows, lines};
use crate::model::{FileSet, Place, Position, Problem, RepoPath, Severity, StackName};

use manifests::Manifest;

/// Loads all declarations of a revision.
pub fn run(files: &FileSet, options: LoadOptions<'_>) -> Loaded {
    let mut round = Round {
        files,
        options,
        shelf: Shelf::default(),
        dotenvs: DotEnvs::opened_with(options.identities),
        singles: BTreeMap::new(),
        manifests: Vec::new(),
        used: BTreeSet::new(),
        reached: BTreeMap::new(),
        suspects: BTreeMap::new(),
        left: Vec::new(),
        found: BTreeMap::new(),
        loaded: Loaded::default(),
    };
    for path in discover(files, options.globs, &mut round.loaded.problems) {
        round.file(&path);
    }
    round.stacks_of_manifests();
    round.stacks_of_files();
    round.settle();
    round.settle_left();
    let Round { mut loaded, dotenvs, .. } = round;
    loaded.problems.extend(dotenvs.problems().cloned());
    for file in dotenvs.sealed() {
        loaded.sealed.entry(file.clone()).or_default().insert("variables".to_owned());
    }
    loaded.problems.extend(circles_of_stacks(&loaded.desired));
    follows::check(&mut loaded);
    loaded.problems = lines::finish(loaded.problems, files);
    loaded
}

/// A load under way.
struct Round<'a> {
    files: &'a FileSet,
    options: LoadOptions<'a>,
    shelf: Shelf,
    dotenvs: DotEnvs,
    /// Compose files, with what each of them is as a stack of its own.
    singles: BTreeMap<RepoPath, Single>,
    manifests: Vec<Manifest>,
    /// Compose files that a `Stack` reaches: they are no stacks of their own.
    used: BTreeSet<RepoPath>,
    /// Files that a compose file reaches by `include` and `extends`, by that file.
    reached: BTreeMap<RepoPath, BTreeSet<RepoPath>>,
    /// Files that broken ones name, by which of them.
    suspects: BTreeMap<RepoPath, RepoPath>,
    /// Stacks of files that are left alone because broken ones name them.
    left: Vec<StackName>,
    /// Stacks by name, with the files that declare them. More than one is a collision.
    found: BTreeMap<StackName, Vec<Found>>,
    loaded: Loaded,
}

/// A compose file as a stack of its own.
struct Single {
    /// Missing when the name can't be told.
    name: Option<StackName>,
    /// Where it says its name itself, or else where it begins.
    at: Option<Position>,
    /// Missing when nothing of it can be used.
    made: Option<Made>,
    findings: Findings,
}

/// A stack that is declared somewhere.
struct Found {
    /// Where; the first place counts.
    place: Place,
    files: Vec<RepoPath>,
    /// Missing when nothing of it can be used.
    made: Option<Made>,
}

impl<'a> Round<'a> {
    fn file(&mut self, path: &RepoPath) {
        let Opened { id, documents, faults, cut, looks_declared } =
            self.shelf.open(path, self.files);
        let asked = self.options.globs.iter().any(|glob| glob == path.as_str());
        let documents = if asked { as_asked(documents) } else { documents };
        let declares = |document: &Document| !matches!(document, Document::Other(_));
        let declared = documents.iter().any(declares) || (cut && looks_declared);
        if !declared {
            if cut {
                self.leave_alone(path, faults);
            } else if asked {
                let message = "nothing is declared here: a mapping with services: is wanted";
                let hint = "write services:, or name another file";
                let mut problem = Problem::error(path.clone(), message).hint(hint);
                problem.at = Some(Position { line: 1, column: 1 });
                self.loaded.problems.push(problem);
            }
            return;
        }
        let mut findings = faults_of(id, faults);
        if cut {
            self.loaded.nameless.insert(path.clone());
            self.suspect(path);
            self.suspect_guard(path);
            return self.tell(&findings);
        }
        let mut compose = None;
        for document in documents {
            match document {
                Document::Compose(tree) if compose.is_none() => compose = Some(tree),
                Document::Compose(tree) => second_compose(&tree, &mut findings),
                Document::Manifest(tree) => self.manifest(path, tree),
                Document::Other(_) => {}
            }
        }
        match compose {
            Some(tree) => {
                let single = self.single(path, tree, findings);
                self.singles.insert(path.clone(), single);
            }
            None => self.tell(&findings),
        }
    }

    /// A file that is no YAML, and that nothing marks as a declaration.
    fn leave_alone(&mut self, path: &RepoPath, faults: Vec<Fault>) {
        for fault in faults {
            let hint = "nothing marks it as a declaration, so it is left alone; .skepignore can \
                        name it";
            let problem = Problem::error(path.clone(), fault.message);
            let mut problem = problem.severity(Severity::Warning).hint(hint);
            problem.at = fault.at;
            self.loaded.problems.push(problem);
        }
    }

    fn note_sealed(&mut self, sealed: SealedUses) {
        for (file, users) in sealed {
            self.loaded.sealed.entry(file).or_default().extend(users);
        }
    }

    fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            source: self.options.source,
            files: self.files,
            paths: self.shelf.paths(),
            bases: self.shelf.bases(),
            key: self.options.key,
            identities: self.options.identities,
        }
    }

    /// Puts files' names to findings.
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
        self.loaded.advice.extend(findings.advice().map(problem));
    }
}

/// A file that is asked for by its name is a compose file, whatever its keys are: one may declare
/// secrets only, and another one is told what is wrong with it.
fn as_asked(mut documents: Vec<Document>) -> Vec<Document> {
    let declared = documents.iter().any(|document| !matches!(document, Document::Other(_)));
    if !declared
        && let Some(first) = documents.first_mut()
        && let Document::Other(node) = first
        && node.as_map().is_some()
    {
        let place = Node::new(Value::Null, node.span);
        *first = Document::Compose(std::mem::replace(node, place));
    }
    documents
}

fn faults_of(id: FileId, faults: Vec<Fault>) -> Findings {
    let mut findings = Findings::default();
    for fault in faults {
        findings.fault(id, fault);
    }
    findings
}

fn second_compose(tree: &Node, findings: &mut Findings) {
    let message = "only the first compose document of a file counts, for docker too";
    let hint = "put it into a file of its own";
    findings.warning(&crate::load::yaml::KeyPath::root(), tree.span, (message, hint));
}
