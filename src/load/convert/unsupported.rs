//! Keys that Swarm can do nothing with: errors, or warnings where the author says so.

use super::Stage;
use crate::load::compose::{Service, Unsupported};
use crate::load::yaml::{KeyPath, Map, Node, Value};

impl Stage<'_, '_> {
    /// True when the author takes the loss of a key.
    pub(super) fn ignores(&self, service: &Service, key: Unsupported) -> bool {
        let own = service.settings.as_ref().and_then(|own| own.ignore_unsupported.as_ref());
        let all = self.settings.ignore_unsupported.as_ref();
        own.into_iter().chain(all).flatten().any(|ignored| *ignored == key)
    }

    /// Tells the keys of a service that Swarm can do nothing with.
    pub(super) fn unsupported(&mut self, service: &Service, path: &KeyPath<'_>) {
        let Some(map) = self.input.tree.find(path).and_then(Node::as_map) else { return };
        for key in Unsupported::ALL {
            let Some(entry) = map.get(key.key()) else { continue };
            let here = path.key(key.key());
            let name = key.key();
            if self.ignores(service, key) && asks(key, &entry.node) {
                let message = format!("'{name}' has no effect: {}", key.reason());
                let hint = "x-skep.ignore_unsupported says to run the service without it";
                self.findings.warning(&here, entry.key, (message, hint));
            } else if key == Unsupported::Links && !asks(key, &entry.node) {
                let message = "'links' has no effect: services find each other by name on a \
                               common network";
                self.findings.warning(&here, entry.key, (message, "remove it"));
            } else if key != Unsupported::SecurityOpt && asks(key, &entry.node) {
                let message = format!("'{name}' can't be used in a swarm: {}", key.reason());
                let hint = format!(
                    "{}; x-skep: {{ignore_unsupported: [{name}]}} runs the service without it",
                    key.instead()
                );
                self.findings.error(&here, entry.key, (message, hint));
            }
        }
        let own = service.settings.as_ref().and_then(|own| own.ignore_unsupported.as_ref());
        let settings = path.key("x-skep");
        let unused = |key: Unsupported| !map.get(key.key()).is_some_and(|e| asks(key, &e.node));
        self.unused(own, &settings.key(LIST), unused);
    }

    /// Tells the names in the file's own list that no service has use for.
    pub(super) fn unsupported_of_all(&mut self) {
        let services = self.entries("services").map(Map::values).into_iter().flatten();
        let nodes: Vec<&Node> = services.map(|entry| &entry.node).collect();
        let asked = |key: Unsupported| {
            nodes.iter().any(|node| node.get(key.key()).is_some_and(|value| asks(key, value)))
        };
        let root = KeyPath::root();
        let settings = root.key("x-skep");
        let all = self.settings.ignore_unsupported.clone();
        self.unused(all.as_ref(), &settings.key(LIST), |key| !asked(key));
    }

    fn unused(
        &mut self,
        list: Option<&Vec<Unsupported>>,
        path: &KeyPath<'_>,
        is_unused: impl Fn(Unsupported) -> bool,
    ) {
        for (index, key) in list.into_iter().flatten().enumerate() {
            if is_unused(*key) {
                let message =
                    format!("'{}' is not used here, so there is nothing to ignore", key.key());
                self.warning(&path.index(index), (message, "remove it from the list"));
            }
        }
    }
}

const LIST: &str = "ignore_unsupported";

/// True when a value asks for something: `false`, nothing and empty ones are what Swarm does
/// anyway. Links are missed where they give another name than the service's own.
fn asks(key: Unsupported, value: &Node) -> bool {
    match &value.value {
        Value::Null | Value::Bool(false) | Value::Unusable => false,
        Value::Text(text) => !text.is_empty(),
        Value::List(items) if key == Unsupported::Links => items.iter().any(renames),
        Value::List(items) => !items.is_empty(),
        Value::Map(map) => !map.is_empty(),
        _ => true,
    }
}

fn renames(link: &Node) -> bool {
    link.as_text().and_then(|text| text.split_once(':')).is_some_and(|(name, alias)| name != alias)
}
