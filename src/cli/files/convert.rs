//! `skep convert FILE`: a compose file as manifests, or manifests as a compose file.

use std::collections::BTreeMap;
use std::path::Path;

use clap::ValueEnum;

use crate::cli::args::SourceArgs;
use crate::cli::error::Failure;
use crate::cli::start::{Environment, Opener};
use crate::cli::{Exit, output};
use crate::load::findings::Findings;
use crate::load::intake::{Document, Opened, Shelf, stem_name};
use crate::load::manifest::{Together, put_together, take_apart};
use crate::load::merge::{merge, settle};
use crate::load::yaml::{KeyPath, Map as NodeMap, Node, Value};
use crate::model::{FileSet, Problem, RepoPath, SourceName, StackName};
use crate::source::Manner;
use crate::view::yaml::{Map, Yaml, write};
use crate::view::{ProblemView, text};

/// Write a compose file as manifests, or the manifests of a stack as a compose file
///
/// What comes out means the same, in the place of what went in: paths and `.env` are those of the
/// directory. Variables stay as they are written; comments and anchors are lost.
///
/// Exit codes: 0 written, 2 error.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file, or `-` for standard input
    file: String,
    /// What it becomes
    #[arg(long, value_enum)]
    to: Form,
    /// Name of the stack; of several in one file, which one
    #[arg(long, value_name = "STACK")]
    name: Option<StackName>,
}

/// A way to declare a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Documents of one file, one for each object
    Manifests,
    /// One compose file
    Compose,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let source = SourceArgs::default();
    let opener = Opener { credentials: &source.credentials, manner: Manner::AsItLies, environment };
    let opened = opener.open(&args.file, &source)?;
    let path = match args.file.as_str() {
        "-" => "stdin.yml".to_owned(),
        file if opened.globs.is_empty() => {
            return Err(Failure::plain(format!("{file} is no file: one file is converted")));
        }
        file => Path::new(file).file_name().unwrap_or_default().to_string_lossy().into_owned(),
    };
    let path = RepoPath::new(&path).map_err(|error| Failure::of(&error))?;
    let checkout = opened.source.source.read().await.map_err(|error| Failure::of(&error))?;
    let mut desk = Desk {
        files: &checkout.files,
        source: &opened.source.name,
        shelf: Shelf::default(),
        findings: Findings::default(),
    };
    let converted = match args.to {
        Form::Manifests => desk.manifests(&path, args.name.as_ref()),
        Form::Compose => desk.compose(&path, args.name.as_ref()),
    };
    let problems = desk.problems();
    output::note(&text::problems(&problems));
    let converted = converted.filter(|_| !problems.iter().any(ProblemView::is_error));
    let Some(converted) = converted else { return Ok(Exit::Error) };
    output::text(&converted)?;
    Ok(Exit::Fine)
}

/// Files that are read, and what is wrong with them.
struct Desk<'a> {
    files: &'a FileSet,
    source: &'a SourceName,
    shelf: Shelf,
    findings: Findings,
}

impl Desk<'_> {
    fn open(&mut self, path: &RepoPath) -> Vec<Document> {
        let Opened { id, documents, faults, .. } = self.shelf.open(path, self.files);
        faults.into_iter().for_each(|fault| self.findings.fault(id, fault));
        documents
    }

    fn manifests(&mut self, path: &RepoPath, name: Option<&StackName>) -> Option<String> {
        let tree = self.open(path).into_iter().find_map(|document| match document {
            Document::Compose(tree) => Some(tree),
            Document::Manifest(_) | Document::Other(_) => None,
        });
        let Some(mut tree) = tree else {
            return self.none(path, "no compose file: it has no services");
        };
        settle(&mut tree);
        let name = match (name, tree.get("name").map(|node| (node.as_text(), node.span))) {
            (Some(name), _) => name.to_string(),
            (None, Some((Some(name), _))) if !name.contains('$') => name.to_owned(),
            (None, Some((_, span))) => {
                let remark = ("the name of a manifest takes no variables", "give it with --name");
                self.findings.error(&KeyPath::root().key("name"), span, remark);
                return None;
            }
            (None, None) => {
                stem_name(path, self.source).map_or_else(|(text, _)| text, |name| name.to_string())
            }
        };
        let documents = take_apart(tree, &name, &mut self.findings);
        let documents = documents.iter().filter_map(Node::as_map);
        let texts: Vec<String> = documents.map(|document| write(&drawn(document))).collect();
        Some(texts.join("---\n"))
    }

    fn compose(&mut self, path: &RepoPath, name: Option<&StackName>) -> Option<String> {
        let manifest = |document| match document {
            Document::Manifest(tree) => Some(tree),
            Document::Compose(_) | Document::Other(_) => None,
        };
        let documents: Vec<Node> = self.open(path).into_iter().filter_map(manifest).collect();
        if documents.is_empty() {
            return self.none(path, "no manifest: nothing in it has an apiVersion of skep");
        }
        let name = name.map(StackName::as_str);
        let Together { tree, stack, files, variables } =
            put_together(documents, name, &mut self.findings)?;
        let mut whole = Node::new(Value::Map(NodeMap::new()), tree.span);
        for (file, span) in files {
            let below = RepoPath::new(&file).ok().filter(|path| !path.as_str().contains('/'));
            let Some(below) = below else {
                let path = KeyPath::root();
                let hint = "its paths and variables are those of its own directory";
                let message = format!("'{file}' lies in another directory and can't be taken in");
                self.findings.error(&path.key("files"), span, (message, hint));
                continue;
            };
            for document in self.open(&below) {
                if let Document::Compose(part) | Document::Other(part) = document {
                    whole = merge(whole, part);
                    break;
                }
            }
        }
        let mut whole = merge(whole, tree);
        settle(&mut whole);
        let mut file = Map::new();
        file.put_some("name", stack);
        let tree = whole.as_map().map(drawn).unwrap_or_default();
        let sections = ["services", "networks", "volumes", "configs", "secrets"];
        let rank = |key: &str| sections.iter().position(|section| *section == key);
        let mut entries: Vec<_> = tree.into_iter().filter(|entry| entry.key != "name").collect();
        entries.sort_by_key(|entry| rank(&entry.key));
        entries.into_iter().for_each(|entry| file.put(entry.key, entry.value));
        Some(format!("{}{}", told(&variables), write(&file)))
    }

    fn none(&mut self, path: &RepoPath, message: &str) -> Option<String> {
        let problem = ProblemView::of(&Problem::error(path.clone(), format!("this is {message}")));
        output::note(&text::problems(&[problem]));
        None
    }

    fn problems(&self) -> Vec<ProblemView> {
        let problem = |finding: &crate::load::findings::Finding| {
            let file = usize::try_from(finding.file.0).ok();
            let file = file.and_then(|index| self.shelf.paths().get(index)).cloned();
            let mut problem =
                Problem::error(file.unwrap_or_default(), finding.remark.message.clone())
                    .severity(finding.severity)
                    .key(finding.key.clone())
                    .hint(finding.remark.hint.clone());
            problem.at = finding.at;
            ProblemView::of(&problem)
        };
        self.findings.iter().map(problem).collect()
    }
}

/// Variables of a stack as lines above its compose file, which has no place for them.
fn told(variables: &BTreeMap<String, String>) -> String {
    if variables.is_empty() {
        return String::new();
    }
    output::note(
        "note: a compose file has no variables of its own: the lines above it belong into .env \
         beside it\n",
    );
    let line = |(name, value): (&String, &String)| format!("# .env: {name}={value:?}\n");
    variables.iter().map(line).collect()
}

/// A mapping in the order in which it was written.
fn drawn(map: &NodeMap) -> Map {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(_, entry)| (entry.key.file, entry.key.start));
    let mut drawn = Map::new();
    for (key, entry) in entries {
        let value = match (key.as_str(), &entry.node.value) {
            ("mode", Value::Int(bits)) => u32::try_from(*bits).ok().map(Yaml::Mode),
            _ => None,
        };
        drawn.put(key.clone(), value.unwrap_or_else(|| yaml(&entry.node)));
    }
    drawn
}

fn yaml(node: &Node) -> Yaml {
    match &node.value {
        Value::Null | Value::Unusable => Yaml::Null,
        Value::Bool(value) => Yaml::Bool(*value),
        Value::Int(value) => Yaml::Int(*value),
        Value::Float(value) => Yaml::Float(*value),
        Value::Text(text) => Yaml::Text(text.clone()),
        Value::List(items) => Yaml::List(items.iter().map(yaml).collect()),
        Value::Map(map) => drawn(map).into(),
    }
}
