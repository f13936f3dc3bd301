//! Several compose trees to one, the later over the earlier.
//!
//! The rules are those of `docker stack deploy -c a -c b` (`cli/compose/loader/merge.go`), without
//! its accidents: `false`, `0` and `""` override, a health check's test and ports without a
//! published side don't run together, and `53/tcp` and `53/udp` are two ports. Values keep the
//! places where they were written.

use std::collections::BTreeMap;

use crate::load::findings::SECTIONS;
use crate::load::text::{parse_ports, parse_volume};
use crate::load::yaml::{Entry, Map, Node, Span, Value};

/// Puts one tree over another.
#[must_use]
pub fn merge(base: Node, over: Node) -> Node {
    with(base, over, |key, base, over| match key {
        "services" => with(base, over, |_, base, over| service(base, over)),
        "x-skep" => replace_each(base, over),
        key if SECTIONS.contains(&key) => replace_each(base, over),
        _ => over,
    })
}

/// Merges two mappings with a rule for keys that both have. What is nothing overrides nothing.
fn with(base: Node, over: Node, mut rule: impl FnMut(&str, Node, Node) -> Node) -> Node {
    match (base.value, over.value) {
        (Value::Map(mut map), Value::Map(over_map)) => {
            for (key, entry) in over_map {
                let merged = match map.remove(&key) {
                    None => entry,
                    Some(old) if entry.node.value == Value::Null => old,
                    Some(old) => Entry { node: rule(&key, old.node, entry.node), ..entry },
                };
                map.insert(key, merged);
            }
            Node::new(Value::Map(map), over.span)
        }
        (value, Value::Null) => Node::new(value, base.span),
        (_, value) => Node::new(value, over.span),
    }
}

fn replace_each(base: Node, over: Node) -> Node {
    with(base, over, |_, _, over| over)
}

fn service(base: Node, over: Node) -> Node {
    with(base, over, |key, base, over| match key {
        "command" | "entrypoint" => over,
        "environment" | "labels" | "sysctls" => replace_each(pairs(base), pairs(over)),
        "ports" => keyed(base, over, ports),
        "volumes" => keyed(base, over, |node| vec![(volume_key(&node), node)]),
        "secrets" | "configs" => keyed(base, over, |node| vec![(source_key(&node), node)]),
        "networks" => with(names(base), names(over), |_, base, over| replace_each(base, over)),
        "ulimits" => replace_each(base, over),
        "logging" => logging(base, over),
        "healthcheck" => replace_each(base, over),
        "deploy" => with(base, over, |key, base, over| match key {
            "labels" => replace_each(pairs(base), pairs(over)),
            _ => deep(base, over),
        }),
        _ => deep(base, over),
    })
}

/// Mappings key by key, lists one after the other, the rest replaced.
fn deep(base: Node, over: Node) -> Node {
    match (base.value, over.value) {
        (value @ Value::Map(_), over_value @ Value::Map(_)) => {
            with(Node::new(value, base.span), Node::new(over_value, over.span), |_, base, over| {
                deep(base, over)
            })
        }
        (Value::List(mut items), Value::List(more)) => {
            items.extend(more);
            Node::new(Value::List(items), over.span)
        }
        (Value::List(mut items), value @ Value::Text(_)) => {
            items.push(Node::new(value, over.span));
            Node::new(Value::List(items), over.span)
        }
        (value @ Value::Text(_), Value::List(more)) => {
            let mut items = vec![Node::new(value, base.span)];
            items.extend(more);
            Node::new(Value::List(items), over.span)
        }
        (_, value) => Node::new(value, over.span),
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

/// A list of `NAME=value` as a mapping.
fn pairs(node: Node) -> Node {
    let Value::List(items) = node.value else { return node };
    let mut map = Map::new();
    for item in items {
        let Some(text) = item.as_text() else { continue };
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Value::Text(value.to_owned())),
            None => (text.to_owned(), Value::Null),
        };
        let entry = Entry { key: item.span, node: Node::new(value, item.span) };
        map.insert(name, entry);
    }
    Node::new(Value::Map(map), node.span)
}

/// A list of names as a mapping to nothing.
fn names(node: Node) -> Node {
    let Value::List(items) = node.value else { return node };
    let entry = |item: Node| {
        let span = item.span;
        let name = item.as_text()?.to_owned();
        Some((name, Entry { key: span, node: Node::new(Value::Null, span) }))
    };
    Node::new(Value::Map(items.into_iter().filter_map(entry).collect()), node.span)
}

/// Lists whose items have a key: of two with one key the later stays. Sorted by key.
fn keyed(base: Node, over: Node, keys: impl Fn(Node) -> Vec<(String, Node)>) -> Node {
    let mut items: BTreeMap<String, Node> = BTreeMap::new();
    for list in [base.value, over.value] {
        if let Value::List(list) = list {
            items.extend(list.into_iter().flat_map(&keys));
        }
    }
    Node::new(Value::List(items.into_values().collect()), over.span)
}

/// One long form per port.
fn ports(node: Node) -> Vec<(String, Node)> {
    let span = node.span;
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
        (long_port_key(&node), node)
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

fn volume_key(node: &Node) -> String {
    match node.as_text().map(parse_volume) {
        Some(Ok(volume)) => volume.target,
        _ => node.get("target").and_then(Node::scalar_text).unwrap_or_default(),
    }
}

fn source_key(node: &Node) -> String {
    let long = || node.get("source").and_then(Node::scalar_text);
    node.as_text().map(str::to_owned).or_else(long).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml::{FileId, parse};

    /// The service `a` of two trees merged, as a text.
    fn check(base: &str, over: &str) -> String {
        let tree = |text: &str| {
            let text = format!("services: {{a: {{{text}}}}}");
            parse(text.as_bytes(), FileId::default()).documents.remove(0)
        };
        let merged = merge(tree(base), tree(over));
        merged.get("services").and_then(|s| s.get("a")).map(show).unwrap_or_default()
    }

    fn show(node: &Node) -> String {
        match &node.value {
            Value::List(items) => {
                format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
            }
            Value::Map(map) => {
                let entry =
                    |(key, entry): (&String, &Entry)| format!("{key}: {}", show(&entry.node));
                format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
            Value::Null => "~".to_owned(),
            _ => node.scalar_text().unwrap_or_default(),
        }
    }

    #[test]
    fn scalars_are_replaced_also_by_false() {
        assert_eq!(check("tty: true, user: a", "tty: false, user: "), "{tty: false, user: a}");
    }

    #[test]
    fn mappings_and_their_list_forms_run_together() {
        assert_eq!(
            check(
                "environment: [A=1, B=2], labels: {x: 1}",
                "environment: {B: 3, C: }, labels: [y=2]"
            ),
            "{environment: {A: 1, B: 3, C: ~}, labels: {x: 1, y: 2}}"
        );
    }

    #[test]
    fn what_a_container_runs_is_replaced_as_a_whole() {
        assert_eq!(
            check(
                "command: [a], healthcheck: {test: [CMD, a], retries: 3}",
                "command: b c, healthcheck: {test: x}"
            ),
            "{command: b c, healthcheck: {retries: 3, test: x}}"
        );
    }

    #[test]
    fn ports_run_together_by_what_they_publish() {
        assert_eq!(
            check("ports: ['80:80', '53:53/udp', 9000]", "ports: ['80:8080', '53:53', '9001']"),
            "{ports: [{mode: ingress, protocol: tcp, published: 53, target: 53}, \
             {mode: ingress, protocol: udp, published: 53, target: 53}, \
             {mode: ingress, protocol: tcp, published: 80, target: 8080}, \
             {mode: ingress, protocol: tcp, published: 0, target: 9000}, \
             {mode: ingress, protocol: tcp, published: 0, target: 9001}]}"
        );
    }

    #[test]
    fn mounts_run_together_by_target_and_secrets_by_source() {
        assert_eq!(
            check(
                "volumes: ['/b:/b', '/a:/a'], secrets: [x, y]",
                "volumes: ['/c:/a:ro'], secrets: [{source: x, target: z}]"
            ),
            "{secrets: [{source: x, target: z}, y], volumes: [/c:/a:ro, /b:/b]}"
        );
    }

    #[test]
    fn other_lists_are_appended_and_log_options_follow_their_driver() {
        assert_eq!(
            check(
                "dns: 1.1.1.1, logging: {driver: a, options: {x: 1}}",
                "dns: [8.8.8.8], logging: {options: {y: 2}}"
            ),
            "{dns: [1.1.1.1, 8.8.8.8], logging: {driver: a, options: {x: 1, y: 2}}}"
        );
        assert_eq!(
            check("logging: {driver: a, options: {x: 1}}", "logging: {driver: b}"),
            "{logging: {driver: b}}"
        );
    }

    #[test]
    fn networks_in_both_forms_run_together() {
        assert_eq!(
            check("networks: [n]", "networks: {n: {aliases: [x]}, m: }"),
            "{networks: {m: ~, n: {aliases: [x]}}}"
        );
    }
}
