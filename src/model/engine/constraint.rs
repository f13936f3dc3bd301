//! Which nodes may run a task: placement constraints (`manager/constraint/constraint.go`: key, `==`
//! or `!=`, value; compared without regard to case), platforms, and what a node has at all.

use super::{Node, TaskSpec};
use crate::model::image::Platform;

/// True when the node satisfies all constraints of a task.
#[must_use]
pub fn satisfies(node: &Node, task: &TaskSpec) -> bool {
    let constraints = task.placement.iter().flat_map(|placement| &placement.constraints);
    constraints
        .filter_map(|text| Constraint::parse(text).ok())
        .all(|constraint| constraint.holds(node))
}

/// True when the task's image was built for the node's platform, or nobody knows for which.
#[must_use]
pub fn fits_platform(node: &Node, task: &TaskSpec) -> bool {
    let placement = task.placement.as_ref();
    placement.is_none_or(|placement| is_one_of(node, &placement.platforms))
}

/// True when the node's platform is one of these, or there are none.
#[must_use]
pub fn is_one_of(node: &Node, platforms: &[Platform]) -> bool {
    let own = &node.description.platform;
    platforms.is_empty()
        || platforms.iter().any(|platform| {
            (platform.architecture.is_empty()
                || architecture(&platform.architecture) == architecture(&own.architecture))
                && (platform.os.is_empty() || platform.os == own.os)
        })
}

/// True when the node has as much in all as the task reserves. A node that does not say what it
/// has counts as large enough.
#[must_use]
pub fn is_large_enough(node: &Node, task: &TaskSpec) -> bool {
    let reserved = task.resources.as_ref().and_then(|resources| resources.reservations.as_ref());
    let Some(reserved) = reserved else { return true };
    let has = node.description.extra.get("Resources");
    let at_least = |name: &str, wanted: i64| {
        let number = has.and_then(|has| has.get(name)).and_then(serde_json::Value::as_i64);
        number.is_none_or(|number| number >= wanted)
    };
    at_least("NanoCPUs", reserved.nano_cpus) && at_least("MemoryBytes", reserved.memory_bytes)
}

/// Go's and `uname`'s words for one architecture are the same to the scheduler.
#[must_use]
pub fn architecture(word: &str) -> &str {
    match word {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        word => word,
    }
}

/// One constraint, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    key: String,
    relation: Relation,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    Different,
}

impl Constraint {
    /// Parses `node.role == manager` and the like.
    ///
    /// # Errors
    /// The engine's words for what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let split =
            text.split_once("==").map(|(key, value)| (key, Relation::Equal, value)).or_else(|| {
                text.split_once("!=").map(|(key, value)| (key, Relation::Different, value))
            });
        let Some((key, relation, value)) = split else {
            return Err("constraint expected one operator from ==, !=".to_owned());
        };
        let (key, value) = (key.trim(), value.trim());
        if !valid_key(key) {
            return Err(format!("key '{key}' is invalid"));
        }
        if !valid_value(value) {
            return Err(format!("value '{value}' is invalid"));
        }
        Ok(Self { key: key.to_owned(), relation, value: value.to_owned() })
    }

    /// True when the node satisfies it; an unknown key is satisfied by no node.
    #[must_use]
    pub fn holds(&self, node: &Node) -> bool {
        let Some(found) = property(node, &self.key) else { return false };
        let equal = self.value.eq_ignore_ascii_case(found);
        equal == (self.relation == Relation::Equal)
    }
}

/// A property of a node as text. Labels that are not there are empty.
fn property<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    const LABELS: &str = "node.labels.";
    if key.len() > LABELS.len() && key[..LABELS.len()].eq_ignore_ascii_case(LABELS) {
        return Some(node.spec.labels.get(&key[LABELS.len()..]).map_or("", String::as_str));
    }
    match key.to_ascii_lowercase().as_str() {
        "node.id" => Some(&node.id),
        "node.hostname" => Some(&node.description.hostname),
        "node.role" => Some(&node.spec.role),
        "node.ip" => Some(&node.status.addr),
        "node.platform.os" => Some(&node.description.platform.os),
        "node.platform.arch" => Some(&node.description.platform.architecture),
        _ => engine_label(node, key),
    }
}

/// A label that the node's engine was started with; empty when it is not there.
fn engine_label<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    const LABELS: &str = "engine.labels.";
    let named = key.len() > LABELS.len() && key[..LABELS.len()].eq_ignore_ascii_case(LABELS);
    let labels = || node.description.extra.get("Engine")?.get("Labels");
    let label = || labels()?.get(&key[LABELS.len()..])?.as_str();
    named.then(|| label().unwrap_or_default())
}

/// `^(?i)[a-z_][a-z0-9\-_.]+$`
fn valid_key(key: &str) -> bool {
    key.len() > 1
        && key.is_ascii()
        && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// `^(?i)[a-z0-9:\-_\s\.\*\(\)\?\+\[\]\\\^\$\|\/]+$`
fn valid_value(value: &str) -> bool {
    !value.is_empty()
        && value.chars().all(|c| {
            c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || ":-_.*()?+[]\\^$|/".contains(c)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str) -> Result<bool, String> {
        let mut node = Node::default();
        node.description.hostname = "N1".into();
        node.spec.role = "manager".into();
        node.spec.labels.insert("Zone".into(), "a".into());
        let engine = serde_json::json!({ "Labels": { "disk": "ssd" } });
        node.description.extra.insert("Engine".into(), engine);
        Constraint::parse(text).map(|constraint| constraint.holds(&node))
    }

    #[test]
    fn keys_and_values_are_compared_without_case_and_labels_by_their_exact_name() {
        for (text, expected) in [
            ("node.hostname == n1", true),
            ("node.hostname!=n1", false),
            ("Node.Role==Manager", true),
            ("node.labels.Zone == A", true),
            ("node.labels.zone == a", false),
            ("node.labels.none != x", true),
            ("engine.labels.disk == SSD", true),
            ("engine.labels.none == ssd", false),
            ("node.color == red", false),
            ("node.color != red", false),
        ] {
            assert_eq!(holds(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_constraint_is_refused_in_the_engines_words() {
        for (text, words) in [
            ("node.role", "expected one operator"),
            ("node.role > manager", "expected one operator"),
            ("-x == y", "key '-x' is invalid"),
            ("node.role == <b>", "value '<b>' is invalid"),
            ("node.role ==", "value '' is invalid"),
        ] {
            assert!(holds(text).is_err_and(|e| e.contains(words)), "{text}");
        }
    }
}
