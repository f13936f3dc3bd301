//! Files opened: read as YAML, and told apart by what stands at their top.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::load::bounds::{MAX_LOAD_COPIES, MAX_LOAD_NODES};
use crate::load::findings::Remark;
use crate::load::sealed::{holds_sealed, stray};
use crate::load::yaml::{Fault, FileId, Node, Parsed, Reading, Value, parse};
use crate::model::{FileSet, RepoPath};
use crate::sops::{Standing, standing};

/// One document of a file.
#[derive(Debug)]
pub enum Document {
    /// A compose file: a mapping with `services`.
    Compose(Node),
    /// A manifest of skep: a mapping whose `apiVersion` begins with `skep/`.
    Manifest(Node),
    /// Something else.
    Other(Node),
}

/// What opening a file gave.
#[derive(Debug)]
pub struct Opened {
    /// Number of the file.
    pub id: FileId,
    /// Its documents.
    pub documents: Vec<Document>,
    /// What is wrong with it as YAML.
    pub faults: Vec<Fault>,
    /// True when documents may be missing because reading ended early.
    pub cut: bool,
    /// For a file that could not be read to its end: whether it looks like a declaration.
    pub looks_declared: bool,
}

/// Files by number, with what all of them together may cost.
#[derive(Debug, Default)]
pub struct Shelf {
    paths: Vec<RepoPath>,
    /// Directory that the paths in a file start from, by the file's number.
    bases: Vec<RepoPath>,
    ids: BTreeMap<(RepoPath, RepoPath), FileId>,
    kept: BTreeMap<FileId, Arc<Opened>>,
    nodes: usize,
    copies: usize,
}

impl Shelf {
    /// Paths by number.
    #[must_use]
    pub fn paths(&self) -> &[RepoPath] {
        &self.paths
    }

    /// Directories that the paths in files start from, by number.
    #[must_use]
    pub fn bases(&self) -> &[RepoPath] {
        &self.bases
    }

    /// Number of a file whose paths start from a directory. It has another one where it is included
    /// with another directory.
    fn id(&mut self, path: &RepoPath, base: &RepoPath) -> FileId {
        let key = (path.clone(), base.clone());
        if let Some(id) = self.ids.get(&key) {
            return *id;
        }
        let id = FileId(u32::try_from(self.paths.len()).unwrap_or(u32::MAX));
        self.paths.push(key.0.clone());
        self.bases.push(key.1.clone());
        self.ids.insert(key, id);
        id
    }

    /// Counts values that are copied from one file into another; `None` when all of the load holds
    /// too many.
    pub fn copy(&mut self, nodes: usize) -> Option<()> {
        self.copies = self.copies.saturating_add(nodes);
        (self.copies <= MAX_LOAD_COPIES).then_some(())
    }

    /// Opens a file that others reach, and keeps it for the next one that does.
    pub fn keep(&mut self, (path, base): (&RepoPath, &RepoPath), files: &FileSet) -> Arc<Opened> {
        let id = self.id(path, base);
        if let Some(opened) = self.kept.get(&id) {
            return Arc::clone(opened);
        }
        let opened = Arc::new(self.read(path, id, files));
        self.kept.insert(id, Arc::clone(&opened));
        opened
    }

    /// Opens a file.
    pub fn open(&mut self, path: &RepoPath, files: &FileSet) -> Opened {
        let id = self.id(path, &path.parent());
        self.read(path, id, files)
    }

    fn read(&mut self, path: &RepoPath, id: FileId, files: &FileSet) -> Opened {
        let bytes = match files.read(path) {
            Ok(bytes) => bytes,
            Err(error) => return unreadable(id, Fault::new(error.to_string())),
        };
        if self.nodes > MAX_LOAD_NODES {
            let message = format!("the files before this one hold {MAX_LOAD_NODES} values already");
            let hint = "split the source, or leave files out in .skepignore";
            return unreadable(id, Fault::new(message).hint(hint));
        }
        let mut parsed = parse(&bytes, id);
        if let Some(fault) = sealed_declaration(path, &bytes, &parsed.documents) {
            return unreadable(id, fault);
        }
        tell_stray(&bytes, &mut parsed);
        let cut = parsed.reading == Reading::Ended;
        self.nodes += if cut { 0 } else { parsed.nodes };
        Opened {
            id,
            documents: parsed.documents.into_iter().map(classify).collect(),
            faults: parsed.faults,
            cut,
            looks_declared: cut && looks_declared(&bytes),
        }
    }
}

fn unreadable(id: FileId, fault: Fault) -> Opened {
    Opened { id, documents: Vec::new(), faults: vec![fault], cut: true, looks_declared: true }
}

/// A declaration that is sealed as a whole is not read: its values would be shown in plans, and what
/// it declares could not be told without a key.
fn sealed_declaration(path: &RepoPath, bytes: &[u8], documents: &[Node]) -> Option<Fault> {
    let sealed = matches!(standing(path.file_name(), bytes), Standing::Sealed(_));
    let declares = |node: &&Node| !matches!(classify((*node).clone()), Document::Other(_));
    let first = documents.iter().find(declares).filter(|_| sealed)?;
    let at = first.as_map().and_then(|map| map.get("sops")).map(|entry| entry.key.start);
    let message = "this declaration is sealed with SOPS, and declarations are read in clear only";
    let fault = Fault::new(message).at(at.unwrap_or(first.span.start));
    Some(
        fault
            .hint("seal what is secret in files of its own, for secrets (file:), env_file or .env"),
    )
}

/// Tells sealed values that stand in declarations: nothing opens them.
fn tell_stray(bytes: &[u8], parsed: &mut Parsed) {
    if !holds_sealed(bytes) {
        return;
    }
    let declares = |node: &&Node| !matches!(classify((*node).clone()), Document::Other(_));
    let mut faults = Vec::new();
    for document in parsed.documents.iter().filter(declares) {
        stray_values(document, &mut Vec::new(), &mut faults);
    }
    parsed.faults.extend(faults);
}

fn stray_values(node: &Node, keys: &mut Vec<String>, faults: &mut Vec<Fault>) {
    match &node.value {
        Value::Text(text) if holds_sealed(text.as_bytes()) => {
            let Remark { message, hint } = stray("the value");
            let mut fault = Fault::new(message).at(node.span.start).hint(hint);
            fault.keys.clone_from(keys);
            faults.push(fault);
        }
        Value::List(items) => items.iter().for_each(|item| stray_values(item, keys, faults)),
        Value::Map(map) => {
            for (key, entry) in map {
                keys.push(key.clone());
                stray_values(&entry.node, keys, faults);
                keys.pop();
            }
        }
        _ => {}
    }
}

fn classify(node: Node) -> Document {
    let version = node.get("apiVersion").and_then(Node::as_text);
    if version.is_some_and(|version| version.starts_with("skep/")) {
        return Document::Manifest(node);
    }
    match node.get("services").is_some() || only_includes(&node) {
        true => Document::Compose(node),
        false => Document::Other(node),
    }
}

/// Top-level keys of a compose file.
const KEYS: [&str; 8] =
    ["version", "name", "include", "services", "networks", "volumes", "secrets", "configs"];

/// True for a compose file without services of its own. Files of other programs have an `include`
/// too, beside keys of theirs.
fn only_includes(node: &Node) -> bool {
    let known = |key: &String| KEYS.contains(&key.as_str()) || key.starts_with("x-");
    let list = matches!(node.get("include").map(|node| &node.value), Some(Value::List(_)));
    list && node.as_map().is_some_and(|map| map.keys().all(known))
}

/// True when a line at the top level says that this is a declaration.
fn looks_declared(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b" ")).any(|line| {
        let plain = line.iter().copied().filter(|byte| !b"\"' {\0".contains(byte));
        let plain: Vec<u8> = plain.take(32).collect();
        plain.starts_with(b"services:") || plain.starts_with(b"apiVersion:skep/")
    })
}
