//! A compose file as manifests.

use super::included::Included;
use super::{Desk, Names, copies};
use crate::load::manifest::envelope::{API_VERSION, Kind};
use crate::load::manifest::single;
use crate::load::yaml::{Entry, KeyPath, Map, Node, Value};
use crate::model::RepoPath;

/// Kinds that take an entry of a section out of a compose file; volumes have none and stay with
/// the stack.
const ENTRIES: [Kind; 4] = [Kind::Network, Kind::Config, Kind::Secret, Kind::Service];

/// Takes a compose tree apart: a `Stack` with what has no kind of its own, and a manifest for each
/// entry, in the order of their sections.
///
/// Services that begin as copies of each other stay together in the `Stack`, because a manifest is
/// a document by itself; so does what an included file declares too.
pub fn take_apart(
    desk: &mut Desk<'_>,
    (own, mut tree): (&RepoPath, Node),
    stack: &str,
) -> Vec<Node> {
    let span = tree.span;
    let Included { files, declared } = desk.included(&tree, own);
    let stays = bonded(&tree, (own, desk), declared);
    let Value::Map(mut map) = std::mem::replace(&mut tree.value, Value::Null) else {
        desk.findings.error(&KeyPath::root(), span, "this is no compose file");
        return Vec::new();
    };
    map.remove("name");
    map.remove("version");
    if let Some(include) = map.remove("include").filter(|_| !files.is_empty()) {
        let node = Node::new(Value::List(files), include.node.span);
        map.insert("files".to_owned(), Entry { node, ..include });
    }
    let settings = map.remove("x-skep").map(|entry| entry.node.value);
    if let Some(Value::Map(settings)) = settings {
        map.extend(settings);
    }
    let mut entries = Vec::new();
    for kind in ENTRIES {
        let Some(section) = kind.section() else { continue };
        let Some(Entry { key, node }) = map.remove(section) else { continue };
        let Value::Map(section_map) = node.value else { continue };
        let (keep, leave): (Map, Map) = section_map
            .into_iter()
            .partition(|(name, _)| stays.contains(&(section.to_owned(), name.clone())));
        if !keep.is_empty() {
            let node = Node::new(Value::Map(keep), node.span);
            map.insert(section.to_owned(), Entry { key, node });
        }
        entries.extend(in_order(leave).map(|(name, entry)| (kind, name, entry.node)));
    }
    let head = manifest(Kind::Stack, stack, Node::new(Value::Map(map), span));
    let entries = entries.into_iter().map(|(kind, name, node)| manifest(kind, &name, node));
    std::iter::once(head).chain(entries).collect()
}

/// What stays in the `Stack`. A base whose name is a variable may be any service.
fn bonded(tree: &Node, own: (&RepoPath, &Desk<'_>), declared: Names) -> Names {
    let mut stays = declared;
    for (name, base) in copies(tree, own) {
        let base = base.as_text().unwrap_or_default();
        let named: Vec<&str> = match base.contains('$') {
            true => tree
                .get("services")
                .and_then(Node::as_map)
                .into_iter()
                .flatten()
                .map(|(name, _)| name.as_str())
                .collect(),
            false => vec![name, base],
        };
        stays.extend(named.into_iter().map(|name| ("services".to_owned(), name.to_owned())));
    }
    stays
}

/// Entries as they were written.
fn in_order(section: Map) -> impl Iterator<Item = (String, Entry)> {
    let mut entries: Vec<(String, Entry)> = section.into_iter().collect();
    entries.sort_by_key(|(_, entry)| (entry.key.file, entry.key.start));
    entries.into_iter()
}

fn manifest(kind: Kind, name: &str, mut spec: Node) -> Node {
    let span = spec.span;
    if spec.value == Value::Null {
        spec.value = Value::Map(Map::new());
    }
    let text = |text: &str| Node::new(Value::Text(text.to_owned()), span);
    let entry = |key: &str, node: Node| (key.to_owned(), Entry { key: span, node });
    let map = Map::from([
        entry("apiVersion", text(API_VERSION)),
        entry("kind", text(kind.as_str())),
        entry("metadata", single("name", span, text(name))),
        entry("spec", spec),
    ]);
    Node::new(Value::Map(map), span)
}
