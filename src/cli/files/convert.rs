//! `skep convert FILE`: a compose file as manifests, or manifests as a compose file.

use std::collections::BTreeMap;
use std::path::Path;

use clap::ValueEnum;

use crate::cli::args::SourceArgs;
use crate::cli::error::Failure;
use crate::cli::start::{Environment, Opener};
use crate::cli::{Exit, output};
use crate::load::intake::{Document, stem_name};
use crate::load::manifest::{Desk, Together, put_together, take_apart};
use crate::load::merge::settle;
use crate::load::yaml::{KeyPath, Map as NodeMap, Node, Value};
use crate::model::{Problem, RepoPath, SourceName, StackName};
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

/// What was asked for beside the file.
struct Asked<'a> {
    name: Option<&'a StackName>,
    source: &'a SourceName,
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
    let mut desk = Desk::new(&checkout.files);
    let asked = Asked { name: args.name.as_ref(), source: &opened.source.name };
    let converted = match args.to {
        Form::Manifests => manifests(&mut desk, &path, &asked),
        Form::Compose => compose(&mut desk, &path, &asked),
    };
    let problems: Vec<_> = desk.problems().map(|problem| ProblemView::of(&problem)).collect();
    output::note(&text::problems(&problems));
    let converted = converted.filter(|_| !problems.iter().any(ProblemView::is_error));
    let Some(converted) = converted else { return Ok(Exit::Error) };
    output::text(&converted)?;
    Ok(Exit::Fine)
}

/// Documents of one file.
fn manifests(desk: &mut Desk<'_>, path: &RepoPath, asked: &Asked<'_>) -> Option<String> {
    let tree = desk.documents(path).into_iter().find_map(|document| match document {
        Document::Compose(tree) => Some(tree),
        Document::Other(tree) if tree.get("include").is_some() => Some(tree),
        Document::Manifest(_) | Document::Other(_) => None,
    });
    let Some(mut tree) = tree else {
        return none(path, "no compose file: it has no services");
    };
    settle(&mut tree);
    let name = match (asked.name, tree.get("name").map(|node| (node.as_text(), node.span))) {
        (Some(name), _) => name.to_string(),
        (None, Some((Some(name), _))) if !name.contains('$') => name.to_owned(),
        (None, Some((_, span))) => {
            let remark = ("the name of a manifest takes no variables", "give it with --name");
            desk.findings.error(&KeyPath::root().key("name"), span, remark);
            return None;
        }
        (None, None) => {
            stem_name(path, asked.source).map_or_else(|(text, _)| text, |name| name.to_string())
        }
    };
    let documents = take_apart(desk, (path, tree), &name);
    let documents = documents.iter().filter_map(Node::as_map);
    let texts: Vec<String> = documents.map(|document| write(&drawn(document))).collect();
    Some(texts.join("---\n"))
}

/// One compose file.
fn compose(desk: &mut Desk<'_>, path: &RepoPath, asked: &Asked<'_>) -> Option<String> {
    let manifest = |document| match document {
        Document::Manifest(tree) => Some(tree),
        Document::Compose(_) | Document::Other(_) => None,
    };
    let documents: Vec<Node> = desk.documents(path).into_iter().filter_map(manifest).collect();
    if documents.is_empty() {
        return none(path, "no manifest: nothing in it has an apiVersion of skep");
    }
    let name = asked.name.map(StackName::as_str);
    let Together { mut tree, stack, variables } = put_together(desk, (path, documents), name)?;
    settle(&mut tree);
    let mut file = Map::new();
    file.put_some("name", stack);
    let tree = tree.as_map().map(drawn).unwrap_or_default();
    let sections = ["include", "services", "networks", "volumes", "configs", "secrets"];
    let rank = |key: &str| sections.iter().position(|section| *section == key);
    let mut entries: Vec<_> = tree.into_iter().filter(|entry| entry.key != "name").collect();
    entries.sort_by_key(|entry| rank(&entry.key));
    entries.into_iter().for_each(|entry| file.put(entry.key, entry.value));
    Some(format!("{}{}", told(&variables), write(&file)))
}

fn none(path: &RepoPath, message: &str) -> Option<String> {
    let problem = ProblemView::of(&Problem::error(path.clone(), format!("this is {message}")));
    output::note(&text::problems(&[problem]));
    None
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
