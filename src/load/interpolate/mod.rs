//! Variables in a tree: filled in before anything else looks at it.
//!
//! Only values are touched, never keys, in the sections of a compose file; other `x-` keys stay as
//! they are. A text that changed at a place where docker wants a number or a boolean becomes one.

mod cast;
mod template;
mod variables;

pub use template::{TemplateError, fill};
pub use variables::Variables;

use crate::load::findings::Findings;
use crate::load::yaml::{KeyPath, Merging, Node, Origin, Value};
use cast::Cast;

/// Fills in the variables of a compose tree.
pub fn interpolate(tree: &mut Node, variables: &Variables<'_>, findings: &mut Findings) {
    let Value::Map(sections) = &mut tree.value else { return };
    let root = KeyPath::root();
    for (name, entry) in sections {
        if !name.starts_with("x-") || name == "x-skep" {
            let mut walk = Walk { variables, findings };
            walk.node(&mut entry.node, &root.key(name));
        }
    }
}

struct Walk<'a> {
    variables: &'a Variables<'a>,
    findings: &'a mut Findings,
}

impl Walk<'_> {
    fn node(&mut self, node: &mut Node, path: &KeyPath<'_>) {
        if node.merging == Merging::Removes {
            return;
        }
        match &mut node.value {
            Value::Text(text) if text.contains('$') => {
                let filled = fill(text, self.variables);
                node.value = self.value(filled, node, path);
                node.origin = Origin::Filled;
            }
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.node(item, &path.index(index));
                }
            }
            Value::Map(map) => {
                for (key, entry) in map {
                    if !key.starts_with("x-") || key == "x-skep" {
                        self.node(&mut entry.node, &path.key(key));
                    }
                }
            }
            _ => {}
        }
    }

    fn value(
        &mut self,
        filled: Result<String, Vec<TemplateError>>,
        node: &Node,
        path: &KeyPath<'_>,
    ) -> Value {
        let text = match filled {
            Ok(text) => text,
            Err(errors) => {
                for error in errors {
                    self.findings.error(path, node.span, (error.to_string(), error.hint()));
                }
                return Value::Unusable;
            }
        };
        let changed = Some(text.as_str()) != node.as_text();
        let Some(cast) = Cast::at(path).filter(|_| changed) else { return Value::Text(text) };
        cast.read(&text).unwrap_or_else(|| {
            let message = format!("with its variables filled in, this is not {}", cast.wanted());
            self.findings.error(path, node.span, (message, "check the variable's value"));
            Value::Unusable
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::load::yaml::{FileId, parse};

    fn check(text: &str, variables: &[(&str, &str)]) -> String {
        let given: BTreeMap<String, String> =
            variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let variables = Variables { layers: vec![&given], process: &given };
        let mut tree = parse(text.as_bytes(), FileId::default()).documents.remove(0);
        let mut findings = Findings::default();
        interpolate(&mut tree, &variables, &mut findings);
        let found = findings
            .iter()
            .map(|finding| format!("\n! {}: {}", finding.key, finding.remark.message));
        let values = tree.get("services").and_then(|services| services.get("a")).map(|a| &a.value);
        let Some(Value::Map(map)) = values else { return String::new() };
        let shown = map.iter().map(|(key, entry)| format!("{key}={:?}", entry.node.value));
        shown.chain(found).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_number_is_made_only_where_docker_makes_one() {
        insta::assert_snapshot!(check(
            "services: {a: {deploy: '$R', init: '$B', read_only: '$B', oom_score_adj: '$R', image: 'x$R'}}",
            &[("R", "3"), ("B", "on")],
        ), @r#"deploy=Text("3") image=Text("x3") init=Bool(true) oom_score_adj=Int(3) read_only=Bool(true)"#);
        insta::assert_snapshot!(check("services: {a: {read_only: '$B', tty: 'true'}}", &[("B", "perhaps")]), @r#"
        read_only=Unusable tty=Text("true") 
        ! services.a.read_only: with its variables filled in, this is not a boolean (true, yes, on, y or false, no, off, n)
        "#);
    }

    #[test]
    fn x_keys_are_left_alone() {
        insta::assert_snapshot!(check("services: {a: {x-note: '$UNSET', image: '$UNSET'}}", &[]), @r#"
        image=Unusable x-note=Text("$UNSET") 
        ! services.a.image: the variable 'UNSET' is not set and has no default
        "#);
    }
}
