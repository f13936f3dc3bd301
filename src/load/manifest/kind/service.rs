//! `kind: Service`: a service of a stack, with the keys of a compose file.

use crate::load::manifest::add_labels;
use crate::load::yaml::{Entry, Map, Node, Value};

/// What the schema says of it.
pub(in crate::load::manifest) const ABOUT: &str =
    "A service of a stack; its spec has the keys of a service in a compose file.";

/// An example.
pub(in crate::load::manifest) const EXAMPLE: &str = "\
apiVersion: skep/v1
kind: Service
metadata:
  name: web
  stack: shop
  labels:
    team: shop
spec:
  image: registry.example/shop/web:1.4
  ports:
    - 8080:80
  deploy:
    replicas: 2
";

/// The spec with the labels of the metadata below `deploy.labels`; its own win.
pub(in crate::load::manifest) fn with_labels(mut spec: Node, labels: &Map) -> Node {
    let span = spec.span;
    let (Value::Map(map), false) = (&mut spec.value, labels.is_empty()) else { return spec };
    let empty = Entry { key: span, node: Node::new(Value::Map(Map::new()), span) };
    let deploy = map.entry("deploy".to_owned()).or_insert(empty);
    if deploy.node.value == Value::Null {
        deploy.node.value = Value::Map(Map::new());
    }
    add_labels(&mut deploy.node, labels);
    spec
}
