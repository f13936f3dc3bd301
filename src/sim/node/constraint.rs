//! Placement constraints (`manager/constraint/constraint.go`): key, `==` or `!=`, value; compared
//! without regard to case.

use crate::model::engine::Node;

/// One constraint, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Constraint {
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
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
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
    pub(crate) fn holds(&self, node: &Node) -> bool {
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
        key if key.starts_with("engine.labels.") => Some(""),
        _ => None,
    }
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
