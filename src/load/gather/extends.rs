//! `extends`: a service begins as a copy of another one, of its own file or of another.
//!
//! From another file only that service is taken, with what it extends itself; what else stands
//! there is not looked at. Networks, volumes, secrets and configs that it names have to be declared
//! by the stack (Compose Specification, "extends").

use super::{Gather, Mention, Scope, Trail};
use crate::load::check::nearest;
use crate::load::findings::{Findings, Spoiled};
use crate::load::intake::Opened;
use crate::load::merge::extend;
use crate::load::yaml::{Entry, KeyPath, Map, Node, Origin, Span, Value};
use crate::model::RepoPath;

/// Section of services.
const SERVICES: &str = "services";

/// Where the services of one file are looked up.
struct Home<'h> {
    scope: Scope<'h>,
    services: Option<&'h Map>,
    state: State<'h>,
}

/// Whether services were prepared already.
enum State<'h> {
    /// They were, with these mistakes.
    Prepared(&'h Spoiled),
    /// They stand as they were written.
    Raw,
}

/// A service of a file, by name.
#[derive(Clone, Copy)]
struct Place<'p> {
    name: &'p str,
    trail: &'p Trail<'p>,
}

/// What `extends` names.
struct Target<'t> {
    file: Option<&'t Node>,
    service: &'t Node,
}

impl Gather<'_> {
    /// Resolves `extends` of all services of a prepared tree.
    pub(super) fn extend_all(
        &mut self,
        tree: &mut Node,
        scope: Scope<'_>,
        findings: &mut Findings,
    ) {
        let mut done = Vec::new();
        let services = tree.get(SERVICES).and_then(Node::as_map);
        let extends = |entry: &&Entry| entry.node.get("extends").is_some();
        if !services.is_some_and(|services| services.values().any(|entry| extends(&entry))) {
            return;
        }
        let spoiled = findings.spoiled().clone();
        let home = Home { scope, services, state: State::Prepared(&spoiled) };
        for (name, entry) in services.into_iter().flatten().filter(|(_, entry)| extends(entry)) {
            let mut found = Findings::default();
            let trail = Trail::start_at(scope.path, name);
            let place = Place { name, trail: &trail };
            let node = self.extended(entry.node.clone(), &home, place, &mut found);
            let own = (SERVICES.to_owned(), name.clone());
            let bases = found.spoiled().entries.clone();
            found.narrow(own.clone());
            findings.extend(found);
            bases.iter().for_each(|base| findings.share(base, &own));
            done.push((name.clone(), node));
        }
        let Value::Map(sections) = &mut tree.value else { return };
        let Some(Value::Map(services)) = sections.get_mut(SERVICES).map(|s| &mut s.node.value)
        else {
            return;
        };
        for (name, node) in done {
            services.entry(name).and_modify(|entry| entry.node = node);
        }
    }

    /// A prepared service over what it extends.
    fn extended(
        &mut self,
        mut node: Node,
        home: &Home<'_>,
        place: Place<'_>,
        found: &mut Findings,
    ) -> Node {
        let Value::Map(map) = &mut node.value else { return node };
        let Some(extends) = map.remove("extends") else { return node };
        let Some(target) = target(&extends.node) else {
            return without_base(node, extends.key);
        };
        let root = KeyPath::root();
        let section = root.key(SERVICES);
        let service = section.key(place.name);
        let keys = service.key("extends");
        let base = match target.file {
            None => self.base_here(&target, home, (place, &keys), found),
            Some(file) => self.base_there(&target, file, (home, place, &keys), found),
        };
        match base {
            Some(base) => extend(base, node),
            None => without_base(node, extends.key),
        }
    }

    /// A base of the same file.
    fn base_here(
        &mut self,
        target: &Target<'_>,
        home: &Home<'_>,
        (place, keys): (Place<'_>, &KeyPath<'_>),
        found: &mut Findings,
    ) -> Option<Node> {
        let name = target.service.as_text()?;
        let mention = mention(target.service, keys)?;
        let trail = match place.trail.step(home.scope.path, Some(name)) {
            Ok(trail) => trail,
            Err(error) => {
                found.error(keys, mention.span, error.remark("extends"));
                return None;
            }
        };
        let mut node = match home.services.and_then(|services| services.get(name)) {
            Some(entry) => entry.node.clone(),
            None => {
                tell_missing(home, mention, found);
                return None;
            }
        };
        self.copy(&node, mention, found)?;
        match home.state {
            State::Prepared(spoiled) => {
                let entry = (SERVICES.to_owned(), name.to_owned());
                if spoiled.entries.contains(&entry) {
                    found.spoil(Some(entry));
                }
            }
            State::Raw => node = self.prepared(name, node, home.scope, found),
        }
        Some(self.extended(node, home, Place { name, trail: &trail }, found))
    }

    /// A base of another file.
    fn base_there(
        &mut self,
        target: &Target<'_>,
        file: &Node,
        (home, place, keys): (&Home<'_>, Place<'_>, &KeyPath<'_>),
        found: &mut Findings,
    ) -> Option<Node> {
        let named = mention(file, keys)?;
        let path = self.join(home.scope.base, named, found)?;
        if path == *home.scope.path {
            return self.base_here(target, home, (place, keys), found);
        }
        let base = path.parent();
        let opened = self.open(named, (&path, &base), found)?;
        let Some(tree) = self.tree_of(&opened, named, found) else {
            self.tell_faults(&opened, found);
            return None;
        };
        let mut locals = home.scope.locals.to_vec();
        locals.extend(self.beside(&path, found));
        self.locals.entry(opened.id).or_insert_with(|| locals.clone());
        let scope = Scope { path: &path, base: &base, locals: &locals, trail: home.scope.trail };
        let services = tree.get(SERVICES).and_then(Node::as_map);
        let there = Home { scope, services, state: State::Raw };
        tell_faults_of(&opened, target.service, found);
        self.base_here(target, &there, (place, keys), found)
    }

    /// A service of another file with its variables filled in, held against the schema.
    fn prepared(&mut self, name: &str, node: Node, scope: Scope<'_>, found: &mut Findings) -> Node {
        let span = node.span;
        let mut tree = wrapped(SERVICES, wrapped(name, node));
        self.prepare(&mut tree, scope.locals, found);
        let empty = || Node::new(Value::Map(Map::new()), span);
        unwrapped(tree).and_then(unwrapped).unwrap_or_else(empty)
    }
}

/// `NAME`, or a mapping with `service` and perhaps `file`; nothing where a mistake was told.
fn target(extends: &Node) -> Option<Target<'_>> {
    match &extends.value {
        Value::Text(_) => Some(Target { file: None, service: extends }),
        Value::Map(_) => {
            let service = extends.get("service").filter(|node| node.as_text().is_some())?;
            match extends.get("file") {
                None => Some(Target { file: None, service }),
                file => file
                    .filter(|node| node.as_text().is_some())
                    .map(|file| Target { file: Some(file), service }),
            }
        }
        _ => None,
    }
}

fn mention<'m>(node: &'m Node, keys: &'m KeyPath<'m>) -> Option<Mention<'m>> {
    let name = node.as_text()?;
    Some(Mention { name, span: node.span, origin: node.origin, keys })
}

fn tell_missing(home: &Home<'_>, mention: Mention<'_>, found: &mut Findings) {
    let known = home.services.into_iter().flat_map(Map::keys).map(String::as_str);
    let path: &RepoPath = home.scope.path;
    let (message, hint) = match mention.origin {
        Origin::Filled => {
            (format!("with its variables filled in, {path} has no such service"), None)
        }
        Origin::Written => (
            format!("there is no service '{}' in {path}", mention.name),
            nearest(mention.name, known).map(|near| format!("did you mean '{near}'?")),
        ),
    };
    let hint = hint.unwrap_or_else(|| "name a service that this file declares itself".to_owned());
    found.error(mention.keys, mention.span, (message, hint));
}

/// What is wrong as YAML with the service that is taken, and not with others of its file.
fn tell_faults_of(opened: &Opened, service: &Node, found: &mut Findings) {
    for fault in &opened.faults {
        let keys: Vec<&str> = fault.keys.iter().map(String::as_str).collect();
        if keys.starts_with(&[SERVICES, service.as_text().unwrap_or_default()]) {
            found.fault(opened.id, fault.clone());
        }
    }
}

/// A service whose base is missing: that it has no image is no mistake of its own.
fn without_base(mut node: Node, extends: Span) -> Node {
    if let Value::Map(map) = &mut node.value {
        let unknown = || Entry { key: extends, node: Node::new(Value::Unusable, extends) };
        map.entry("image".to_owned()).or_insert_with(unknown);
    }
    node
}

fn wrapped(key: &str, node: Node) -> Node {
    let span = node.span;
    let entry = Entry { key: span, node };
    Node::new(Value::Map(Map::from([(key.to_owned(), entry)])), span)
}

fn unwrapped(node: Node) -> Option<Node> {
    match node.value {
        Value::Map(map) => map.into_values().next().map(|entry| entry.node),
        _ => None,
    }
}
