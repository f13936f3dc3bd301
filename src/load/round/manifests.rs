//! Stacks that manifests declare.

use std::collections::BTreeMap;

use super::{Found, Round};
use crate::load::SealedUses;
use crate::load::findings::Findings;
use crate::load::gather::{Gather, Mention, Scope, Trail};
use crate::load::intake::{stack_name, stem_name};
use crate::load::interpolate::Variables;
use crate::load::manifest::{
    Kind, Subject, entry, open, read_guard, read_image, read_node, read_source, stack_head,
};
use crate::load::merge::merge;
use crate::load::stack::{Made, make};
use crate::load::yaml::{KeyPath, Map, Node, Origin, Value};
use crate::model::{Place, RepoPath, StackName};

/// A manifest that belongs to a stack.
pub(super) struct Manifest {
    path: RepoPath,
    subject: Subject,
    spec: Node,
    findings: Findings,
}

fn place_of(manifest: &Manifest) -> Place {
    let at = Some(manifest.subject.name_span.start);
    Place { file: manifest.path.clone(), at }
}

/// Manifests of one stack.
#[derive(Default)]
struct Group {
    heads: Vec<Manifest>,
    entries: Vec<Manifest>,
}

impl Round<'_> {
    /// Takes one manifest in.
    pub(super) fn manifest(&mut self, path: &RepoPath, mut tree: Node) {
        let mut findings = Findings::default();
        let Some((subject, spec)) = open(&mut tree, &mut findings) else {
            self.loaded.nameless.insert(path.clone());
            self.suspect(path);
            self.suspect_guard(path);
            return self.tell(&findings);
        };
        let place = Place { file: path.clone(), at: Some(subject.name_span.start) };
        if subject.kind == Kind::Guard {
            match read_guard(&subject, spec, place, &mut findings) {
                Ok(guard) => self.loaded.guards.push(guard),
                Err(guard) => self.loaded.unread_guards.push(guard),
            }
            return self.tell(&findings);
        }
        if subject.kind == Kind::Source {
            let source = read_source(&subject, spec, place, &mut findings);
            self.loaded.sources.extend(source.filter(|_| findings.spoiled().whole.is_none()));
            return self.tell(&findings);
        }
        if subject.kind == Kind::Node {
            let node = read_node(&subject, spec, place, &mut findings);
            self.loaded.nodes.extend(node.filter(|_| findings.spoiled().whole.is_none()));
            return self.tell(&findings);
        }
        if subject.kind == Kind::Image {
            let image = read_image(&subject, spec, place, &mut findings);
            self.loaded.images.extend(image.filter(|_| findings.spoiled().whole.is_none()));
            return self.tell(&findings);
        }
        if let Some(section) = subject.kind.section() {
            findings.narrow((section.to_owned(), subject.name.clone()));
        }
        self.manifests.push(Manifest { path: path.clone(), subject, spec, findings });
    }

    /// Makes the stacks that manifests declare.
    pub(super) fn stacks_of_manifests(&mut self) {
        for (name, group) in self.groups() {
            let name = self.options.name.cloned().unwrap_or(name);
            let mut files: Vec<RepoPath> = Vec::new();
            let mut heads = group.heads;
            if heads.len() > 1 {
                for head in heads {
                    self.tell(&head.findings);
                    self.suspect(&head.path);
                    let place = place_of(&head);
                    let found = Found { place, files: vec![head.path], made: None };
                    self.found.entry(name.clone()).or_default().push(found);
                }
                continue;
            }
            files.extend(heads.iter().chain(&group.entries).map(|manifest| manifest.path.clone()));
            let place = heads.first().or(group.entries.first()).map(place_of).unwrap_or_default();
            let made = self.stack_of(&name, heads.pop(), group.entries, &mut files);
            if made.is_none() {
                files.iter().for_each(|path| self.suspect(path));
            }
            self.found.entry(name).or_default().push(Found { place, files, made });
        }
    }

    /// Manifests by the stack that they belong to.
    fn groups(&mut self) -> BTreeMap<StackName, Group> {
        let manifests = std::mem::take(&mut self.manifests);
        let mut in_file: BTreeMap<RepoPath, Vec<String>> = BTreeMap::new();
        for manifest in manifests.iter().filter(|m| m.subject.kind == Kind::Stack) {
            in_file.entry(manifest.path.clone()).or_default().push(manifest.subject.name.clone());
        }
        let mut groups: BTreeMap<StackName, Group> = BTreeMap::new();
        for mut manifest in manifests {
            let Some(name) = self.stack_name_of(&mut manifest, &in_file) else {
                self.suspect(&manifest.path);
                self.loaded.nameless.insert(manifest.path);
                self.tell(&manifest.findings);
                continue;
            };
            let group = groups.entry(name).or_default();
            match manifest.subject.kind {
                Kind::Stack => group.heads.push(manifest),
                _ => group.entries.push(manifest),
            }
        }
        groups
    }

    fn stack_name_of(
        &self,
        manifest: &mut Manifest,
        in_file: &BTreeMap<RepoPath, Vec<String>>,
    ) -> Option<StackName> {
        let Manifest { path, subject, findings, .. } = manifest;
        let root = KeyPath::root();
        let metadata = root.key("metadata");
        let beside = in_file.get(path).map(Vec::as_slice).unwrap_or_default();
        let (key, span, result) = match (&subject.kind, &subject.stack, beside) {
            (Kind::Stack, ..) => ("name", subject.name_span, stack_name(&subject.name)),
            (_, Some((name, span)), _) => ("stack", *span, stack_name(name)),
            (_, None, [one]) => ("stack", subject.name_span, stack_name(one)),
            (_, None, []) => ("stack", subject.name_span, stem_name(path, self.options.source)),
            (_, None, _) => {
                let message = "the file declares several stacks: it is not said which one is meant";
                let remark = (message, "write metadata.stack: NAME");
                findings.error(&metadata.key("stack"), subject.name_span, remark);
                return None;
            }
        };
        result
            .map_err(|(text, error)| {
                let message = format!("'{text}' can't be the name of a stack: {error}");
                findings.error(&metadata.key(key), span, (message, "choose another name"));
            })
            .ok()
    }

    fn stack_of(
        &mut self,
        name: &StackName,
        head: Option<Manifest>,
        entries: Vec<Manifest>,
        files: &mut Vec<RepoPath>,
    ) -> Option<Made> {
        let mut findings = Findings::default();
        let at = head.as_ref().or(entries.first())?;
        let (beside, span) = (at.path.clone(), at.subject.name_span);
        let head = head.map(|manifest| {
            findings.extend(manifest.findings);
            stack_head(manifest.spec, &mut findings)
        });
        let own = head.as_ref().map(|head| head.variables.clone()).unwrap_or_default();
        let process = self.options.variables;
        let variables = Variables { layers: vec![&own, process], process };
        let parts = (&mut self.shelf, &mut self.dotenvs);
        let mut gather = Gather::new(self.files, parts, &variables);
        let mut tree = Node::new(Value::Map(Map::new()), span);
        let (base, root) = (beside.parent(), KeyPath::root());
        let keys = root.key("files");
        for (name, span) in head.iter().flat_map(|head| head.files.iter()) {
            let mention = Mention { name, span: *span, origin: Origin::Written, keys: &keys };
            if let Some(part) = gather.part(mention, &base, &mut findings) {
                tree = merge(tree, part);
            }
        }
        let locals = gather.beside(&beside, &mut findings);
        let trail = Trail::start(&beside);
        let scope = Scope { path: &beside, base: &base, locals: &locals, trail: &trail };
        if let Some(mut head) = head {
            gather.complete(&mut head.tree, scope, &mut findings);
            tree = merge(tree, head.tree);
        }
        for manifest in entries {
            let path = manifest.path.clone();
            let base = path.parent();
            let scope = Scope { path: &path, base: &base, ..scope };
            tree = with_entry(tree, manifest, (&mut gather, scope), &mut findings);
        }
        let gathered = gather.finish(tree, &locals, &mut findings);
        let mut sealed = SealedUses::default();
        let told = (&mut findings, &mut sealed);
        let made = make(name, &gathered, (self.surroundings(), &variables), told);
        self.note_sealed(sealed);
        files.extend(gathered.reached.iter().cloned());
        self.used.extend(gathered.reached);
        self.tell(&findings);
        made
    }
}

/// Adds what one manifest declares. What the stack has already is a mistake, not an override.
fn with_entry(
    tree: Node,
    manifest: Manifest,
    (gather, scope): (&mut Gather<'_>, Scope<'_>),
    findings: &mut Findings,
) -> Node {
    let Manifest { subject, spec, findings: own, path: _ } = manifest;
    findings.extend(own);
    let Some(section) = subject.kind.section() else { return tree };
    let Some(mut part) = entry(&subject, spec) else { return tree };
    let root = KeyPath::root();
    let known = tree.get(section).and_then(|s| s.as_map()?.get(&subject.name));
    if let Some(known) = known {
        let other = gather.paths().get(usize::try_from(known.key.file.0).unwrap_or(0));
        let message = format!(
            "{} '{}' is declared twice, the other time in {} (line {})",
            subject.kind.as_str(),
            subject.name,
            other.cloned().unwrap_or_default(),
            known.key.start.line,
        );
        let section_path = root.key(section);
        let remark = (message, "rename one of the two; none of them is used");
        findings.error(&section_path.key(&subject.name), subject.name_span, remark);
        return tree;
    }
    gather.complete(&mut part, scope, findings);
    merge(tree, part)
}
