//! Manifests: `apiVersion: skep/v1`.
//!
//! What a manifest declares is brought into the form of a compose file, with the places kept, and
//! goes the same way from there: the spec of a `Service` has the keys of a service in a compose
//! file, and so for `Network`, `Secret` and `Config`. Manifests of one stack make one tree.

mod envelope;
mod exchange;
mod kind;
mod schema;

pub use envelope::{GuardMetadata, Kind, Metadata, SourceMetadata, StackMetadata, Subject, open};
pub use exchange::{Desk, Together, put_together, take_apart};
pub use kind::guard::{GuardForm, read as read_guard};
pub use kind::image::read as read_image;
pub use kind::node::read as read_node;
pub use kind::source::{SourceForm, read as read_source};
pub use kind::stack::{StackForm, StackHead, head as stack_head};
#[cfg(test)]
pub(crate) use schema::examples;
pub use schema::schemas;

use crate::load::yaml::{Entry, Map, Node, Span, Value};

/// Brings the spec of a manifest into the section of a compose file where it belongs; `None` for
/// kinds that declare no entry of a stack.
#[must_use]
pub fn entry(subject: &Subject, spec: Node) -> Option<Node> {
    let node = match subject.kind {
        Kind::Service => kind::service::with_labels(spec, &subject.labels),
        Kind::Job => kind::job::as_service(spec, &subject.labels),
        Kind::Network | Kind::Secret | Kind::Config => {
            let mut spec = spec;
            add_labels(&mut spec, &subject.labels);
            spec
        }
        Kind::Stack | Kind::Source | Kind::Guard | Kind::Node | Kind::Image => return None,
    };
    let section = subject.kind.section()?;
    let entry = single(&subject.name, subject.name_span, node);
    Some(single(section, subject.name_span, entry))
}

/// A mapping of one key.
fn single(key: &str, span: Span, node: Node) -> Node {
    let entry = Entry { key: span, node };
    Node::new(Value::Map(Map::from([(key.to_owned(), entry)])), span)
}

/// Puts labels below `labels`, where the key does not say otherwise.
fn add_labels(node: &mut Node, labels: &Map) {
    let Value::Map(map) = &mut node.value else { return };
    let Some(first) = labels.values().next() else { return };
    let empty = Node::new(Value::Map(Map::new()), first.key);
    let own = map.entry("labels".to_owned()).or_insert(Entry { key: first.key, node: empty });
    match &mut own.node.value {
        Value::Map(own) => {
            for (key, label) in labels {
                own.entry(key.clone()).or_insert_with(|| label.clone());
            }
        }
        Value::List(own) => own.extend(labels.iter().map(|(key, label)| {
            let value = label.node.scalar_text().unwrap_or_default();
            Node::new(Value::Text(format!("{key}={value}")), label.key)
        })),
        _ => {}
    }
}
