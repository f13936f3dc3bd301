//! Lists and mappings brought to one form, so that they can be put over each other.

use std::collections::BTreeSet;

use crate::load::text::{parse_ports, parse_volume};
use crate::load::yaml::{Entry, Map, Node, Span, Value};

/// A list of `NAME=value` as a mapping.
pub(super) fn pairs(node: Node) -> Node {
    let Value::List(items) = node.value else { return node };
    let mut map = Map::new();
    for item in items {
        let Some(text) = item.as_text() else { continue };
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Value::Text(value.to_owned())),
            None => (text.to_owned(), Value::Null),
        };
        map.insert(name, Entry { key: item.span, node: Node { value, ..item } });
    }
    Node::new(Value::Map(map), node.span)
}

/// A list of names as a mapping to nothing.
pub(super) fn names(node: Node) -> Node {
    let Value::List(items) = node.value else { return node };
    let entry = |item: Node| {
        let name = item.as_text()?.to_owned();
        Some((name, Entry { key: item.span, node: Node { value: Value::Null, ..item } }))
    };
    Node::new(Value::Map(items.into_iter().filter_map(entry).collect()), node.span)
}

/// One word, or a list of words, as a list.
pub(super) fn words(node: Node) -> Node {
    match node.value {
        Value::Text(_) => Node::new(Value::List(vec![node.clone()]), node.span),
        _ => node,
    }
}

/// Addresses by name as a list of `name=address`, as docker does before it merges.
pub(super) fn host_lines(node: Node) -> Node {
    let Value::Map(map) = node.value else { return node };
    let line = |(name, entry): (String, Entry)| {
        let address = entry.node.scalar_text()?;
        Some(Node { value: Value::Text(format!("{name}={address}")), ..entry.node })
    };
    Node::new(Value::List(map.into_iter().filter_map(line).collect()), node.span)
}

/// Two lists, one after the other.
pub(super) fn appended(base: Node, over: Node) -> Node {
    match (base.value, over.value) {
        (Value::List(mut items), Value::List(more)) => {
            items.extend(more);
            Node::new(Value::List(items), over.span)
        }
        (_, value) => Node::new(value, over.span),
    }
}

/// Lists whose items have a key: an item goes over those with its key in the other list. Sorted by
/// key, as docker sorts them.
pub(super) fn keyed(base: Node, over: Node, keys: impl Fn(Node) -> Vec<(String, Node)>) -> Node {
    let list = |node: Node| match node.value {
        Value::List(items) => items.into_iter().flat_map(&keys).collect(),
        _ => Vec::new(),
    };
    let span = over.span;
    let (mut items, more) = (list(base), list(over));
    let named: BTreeSet<&String> = more.iter().map(|(key, _)| key).collect();
    items.retain(|(key, _)| !named.contains(key));
    items.extend(more);
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    Node::new(Value::List(items.into_iter().map(|(_, node)| node).collect()), span)
}

/// One long form per port.
pub(super) fn ports(node: Node) -> Vec<(String, Node)> {
    let (span, origin) = (node.span, node.origin);
    let Some(text) = node.scalar_text() else { return vec![(long_port_key(&node), node)] };
    let Ok(range) = parse_ports(&text) else { return vec![(text, node)] };
    let long = |(published, target): &(u16, u16)| {
        let int = |value: u16| Value::Int(i128::from(value));
        let word = |text: &str| Value::Text(text.to_owned());
        let node = mapping(
            [
                ("target", int(*target)),
                ("published", int(*published)),
                ("protocol", word(range.protocol.as_str())),
                ("mode", word("ingress")),
            ],
            span,
        );
        (long_port_key(&node), Node { origin, ..node })
    };
    range.pairs.iter().map(long).collect()
}

fn mapping<const N: usize>(entries: [(&str, Value); N], span: Span) -> Node {
    let entry = |(key, value): (&str, Value)| {
        (key.to_owned(), Entry { key: span, node: Node::new(value, span) })
    };
    Node::new(Value::Map(entries.into_iter().map(entry).collect()), span)
}

/// The published side, or the target where the engine chooses; with the protocol.
fn long_port_key(node: &Node) -> String {
    let part = |key: &str| node.get(key).and_then(Node::scalar_text).unwrap_or_default();
    let protocol = Some(part("protocol")).filter(|p| !p.is_empty()).unwrap_or("tcp".to_owned());
    match part("published").as_str() {
        "" | "0" => format!("-{:>5}/{protocol}", part("target")),
        published => format!("{published:>5}/{protocol}"),
    }
}

pub(super) fn volume_key(node: &Node) -> String {
    match node.as_text().map(parse_volume) {
        Some(Ok(volume)) => volume.target,
        _ => node.get("target").and_then(Node::scalar_text).unwrap_or_default(),
    }
}

pub(super) fn source_key(node: &Node) -> String {
    let long = || node.get("source").and_then(Node::scalar_text);
    node.as_text().map(str::to_owned).or_else(long).unwrap_or_default()
}

/// The path of `/run:size=64m`.
pub(super) fn tmpfs_key(node: &Node) -> String {
    let text = node.as_text().unwrap_or_default();
    text.split_once(':').map_or(text, |(target, _)| target).to_owned()
}
