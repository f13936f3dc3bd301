//! Several compose trees to one, the later over the earlier.
//!
//! The rules are those of `docker stack deploy -c a -c b` (`cli/compose/loader/merge.go`), without
//! its accidents: `false`, `0` and `""` override, a health check's test and ports without a
//! published side don't run together, `53/tcp` and `53/udp` are two ports, and a secret that is
//! mounted twice stays so. `extends` puts a service over its base by the same rules. Values keep
//! the places where they were written.

mod items;
#[cfg(test)]
mod tests;

use crate::load::findings::SECTIONS;
use crate::load::yaml::{Entry, Merging, Node, Value};
use items::{
    appended, host_lines, keyed, names, pairs, ports, source_key, tmpfs_key, volume_key, words,
};

/// Puts one tree over another.
#[must_use]
pub fn merge(base: Node, over: Node) -> Node {
    with(base, over, |key, base, over| match key {
        "services" => with(base, over, |_, base, over| extend(base, over)),
        "x-skep" => replace_each(base, over),
        key if SECTIONS.contains(&key) => replace_each(base, over),
        _ => over,
    })
}

/// Takes out of a merged tree what `!reset` takes away, and forgets the tags.
pub fn settle(node: &mut Node) {
    node.merging = Merging::Merged;
    let stays = |node: &Node| node.merging != Merging::Removes;
    match &mut node.value {
        Value::List(items) => {
            items.retain(stays);
            items.iter_mut().for_each(settle);
        }
        Value::Map(map) => {
            map.retain(|_, entry| stays(&entry.node));
            map.values_mut().for_each(|entry| settle(&mut entry.node));
        }
        _ => {}
    }
}

/// Merges two mappings with a rule for keys that both have. What is nothing overrides nothing, and
/// what both have from one place is there once.
fn with(base: Node, over: Node, mut rule: impl FnMut(&str, Node, Node) -> Node) -> Node {
    match (base.value, over.value) {
        (Value::Map(mut map), Value::Map(over_map)) => {
            for (key, entry) in over_map {
                let merged = match map.remove(&key) {
                    None => entry,
                    Some(_) if entry.node.merging != Merging::Merged => entry,
                    Some(old) if entry.node.value == Value::Null => old,
                    Some(old) if old.node.span == entry.node.span && old.node == entry.node => old,
                    Some(old) if old.node.merging == Merging::Removes => entry,
                    Some(old) => Entry { node: rule(&key, old.node, entry.node), ..entry },
                };
                map.insert(key, merged);
            }
            Node { merging: over.merging, ..Node::new(Value::Map(map), over.span) }
        }
        (value, Value::Null) => Node::new(value, base.span),
        (_, value) => Node { value, ..over },
    }
}

fn replace_each(base: Node, over: Node) -> Node {
    with(base, over, |_, _, over| over)
}

/// Puts one service over another.
#[must_use]
pub fn extend(base: Node, over: Node) -> Node {
    let mut service = with(base, over, |key, base, over| match key {
        "command" | "entrypoint" => over,
        "environment" | "labels" | "sysctls" => replace_each(pairs(base), pairs(over)),
        "ports" => keyed(base, over, ports),
        "volumes" => keyed(base, over, |node| vec![(volume_key(&node), node)]),
        "tmpfs" => keyed(words(base), words(over), |node| vec![(tmpfs_key(&node), node)]),
        "secrets" | "configs" => keyed(base, over, |node| vec![(source_key(&node), node)]),
        "networks" => with(names(base), names(over), |_, base, over| replace_each(base, over)),
        "depends_on" => with(names(base), names(over), |_, base, over| deep(base, over)),
        "dns" | "dns_search" | "env_file" | "label_file" => appended(words(base), words(over)),
        "extra_hosts" => appended(host_lines(base), host_lines(over)),
        "ulimits" => replace_each(base, over),
        "logging" => logging(base, over),
        "healthcheck" => replace_each(base, over),
        "deploy" => with(base, over, |key, base, over| match key {
            "labels" => replace_each(pairs(base), pairs(over)),
            _ => deep(base, over),
        }),
        _ => deep(base, over),
    });
    sort_mounts(&mut service);
    service
}

/// Mounts of a merged service are sorted by target, also when only one of the two has some.
fn sort_mounts(service: &mut Node) {
    let Value::Map(map) = &mut service.value else { return };
    if let Some(Value::List(items)) = map.get_mut("volumes").map(|entry| &mut entry.node.value) {
        items.sort_by_cached_key(volume_key);
    }
}

/// Mappings key by key, lists one after the other, the rest replaced.
fn deep(base: Node, over: Node) -> Node {
    match (&base.value, &over.value) {
        (Value::Map(_), Value::Map(_)) => with(base, over, |_, base, over| deep(base, over)),
        (Value::List(_), Value::List(_) | Value::Text(_)) | (Value::Text(_), Value::List(_)) => {
            appended(words(base), words(over))
        }
        _ => over,
    }
}

/// Options run together as long as the driver stays the same.
fn logging(base: Node, over: Node) -> Node {
    let driver = |node: &Node| node.get("driver").and_then(Node::as_text).map(str::to_owned);
    match (driver(&base), driver(&over)) {
        (Some(old), Some(new)) if old != new => over,
        _ => deep(base, over),
    }
}
