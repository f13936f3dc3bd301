//! `profiles`: services that are there only when they are asked for.

use std::collections::{BTreeMap, BTreeSet};

use crate::load::check::nearest;
use crate::load::findings::Findings;
use crate::load::interpolate::Variables;
use crate::load::yaml::{KeyPath, Node, Value};

/// Variable that asks for profiles, as for `docker compose`.
const VARIABLE: &str = "COMPOSE_PROFILES";

/// Asks for all profiles.
const ALL: &str = "*";

/// Services that were left out, with their profiles.
pub type LeftOut = BTreeMap<String, Vec<String>>;

/// Leaves out the services of profiles that nobody asks for, as if they were not declared: what is
/// wrong with them alone is not told either.
pub fn leave_out(tree: &mut Node, variables: &Variables<'_>, findings: &mut Findings) -> LeftOut {
    let mut asked = asked_in(tree);
    let by_variable = variables.get(VARIABLE).unwrap_or_default().split(',').map(str::trim);
    asked.extend(by_variable.filter(|name| !name.is_empty()).map(str::to_owned));
    let mut left_out = LeftOut::new();
    let mut known = BTreeSet::new();
    if let Value::Map(sections) = &mut tree.value
        && let Some(Value::Map(services)) =
            sections.get_mut("services").map(|entry| &mut entry.node.value)
    {
        services.retain(|name, entry| {
            let profiles = texts(entry.node.get("profiles"));
            known.extend(profiles.iter().cloned());
            let wanted = |profile: &String| asked.contains(profile) || asked.contains(ALL);
            let stays = profiles.is_empty() || profiles.iter().any(wanted);
            if !stays {
                findings.forget(&("services".to_owned(), name.clone()));
                left_out.insert(name.clone(), profiles);
            }
            stays
        });
    }
    warn_of_unknown(tree, &known, findings);
    left_out
}

fn asked_in(tree: &Node) -> BTreeSet<String> {
    let settings = tree.get("x-skep");
    texts(settings.and_then(|settings| settings.get("profiles"))).into_iter().collect()
}

fn texts(list: Option<&Node>) -> Vec<String> {
    match list.map(|node| &node.value) {
        Some(Value::List(items)) => {
            items.iter().filter_map(Node::as_text).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// A profile that no service has was probably meant to be another one.
fn warn_of_unknown(tree: &Node, known: &BTreeSet<String>, findings: &mut Findings) {
    let root = KeyPath::root();
    let settings = root.key("x-skep");
    let list = settings.key("profiles");
    for (index, name) in texts(tree.find(&list)).iter().enumerate() {
        if name != ALL && !known.contains(name) {
            let near = nearest(name, known.iter().map(String::as_str));
            let hint =
                near.map_or("remove it".to_owned(), |near| format!("did you mean '{near}'?"));
            let message = "no service of the stack has this profile";
            findings.warning_in(tree, &list.index(index), (message, hint));
        }
    }
}
