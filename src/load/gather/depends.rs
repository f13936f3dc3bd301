//! `depends_on`: which service waits for which.
//!
//! docker takes the short form and makes nothing of it, whatever it names. So what is wrong with it
//! is a warning, and an error in the long form, which docker refuses.

use std::collections::{BTreeMap, BTreeSet};

use super::LeftOut;
use crate::load::check::nearest;
use crate::load::circles::{break_circles, spelled};
use crate::load::findings::Findings;
use crate::load::yaml::{KeyPath, Map, Node, Origin, Span, Value};
use crate::model::{Condition, Phase, Presence, Rank};

/// By the key of a service: the keys of those that it waits for, with what it waits for. There is
/// no circle in it.
pub type Dependencies = BTreeMap<String, BTreeMap<String, Condition>>;

/// One service, or stack, that another one waits for.
pub struct Need {
    /// Its name.
    pub name: String,
    /// How far it has to be.
    pub condition: Condition,
    form: Form,
    /// Whether it has to be declared.
    pub presence: Presence,
    /// Where it is wanted that a service is restarted with the one that it waits for.
    restart: Option<Span>,
    /// Where it is named.
    pub span: Span,
    origin: Origin,
}

/// How it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Short,
    Long,
}

/// Where a service stands in the order of its stack.
pub fn rank_of(services: &Map, name: &str) -> Rank {
    let settings = services.get(name).and_then(|entry| entry.node.get("x-skep"));
    let value = |key: &str| settings.and_then(|settings| settings.get(key)).map(|node| &node.value);
    let wave = match value("wave") {
        Some(Value::Int(wave)) => i32::try_from(*wave).unwrap_or_default(),
        _ => 0,
    };
    let phase = match value("hook") {
        Some(Value::Text(word)) if word == "pre" => Phase::Pre,
        Some(Value::Text(word)) if word == "post" => Phase::Post,
        _ => Phase::Services,
    };
    Rank { phase, wave }
}

/// A service that waits for one that comes later, which waits for it.
fn tell_rank(tree: &Node, (name, need): (&String, &String), rank: Rank, findings: &mut Findings) {
    let circle = spelled(&[name.clone(), need.clone()]);
    let message = format!("services wait for each other in a circle: {circle}");
    let why = match rank.phase {
        Phase::Post => "is run once all services are healthy".to_owned(),
        Phase::Services if rank_of_hook(tree, name) => {
            "is begun after all that is run before".to_owned()
        }
        _ => format!("has wave {} and waits for all with a lower one", rank.wave),
    };
    let hint = format!("'{need}' {why}; take the step away, or let '{name}' come as late");
    let root = KeyPath::root();
    let section = root.key("services");
    let service = section.key(name);
    findings.error_in(tree, &service.key("depends_on"), (message, hint));
}

fn rank_of_hook(tree: &Node, name: &str) -> bool {
    let services = tree.get("services").and_then(Node::as_map);
    services.is_some_and(|services| rank_of(services, name).is_hook())
}

/// Reads `depends_on` of all services. What leads nowhere or in a circle is told and left out.
pub fn dependencies(tree: &Node, left_out: &LeftOut, findings: &mut Findings) -> Dependencies {
    let Some(services) = tree.get("services").and_then(Node::as_map) else {
        return Dependencies::new();
    };
    let mut found = Dependencies::new();
    let mut long = BTreeSet::new();
    let root = KeyPath::root();
    let section = root.key("services");
    for (name, entry) in services {
        let Some(node) = entry.node.get("depends_on") else { continue };
        let service = section.key(name);
        let keys = service.key("depends_on");
        for need in needs(node) {
            if let Some(span) = need.restart {
                let message = "'restart' has no effect: Swarm restarts no service because another \
                               one changed";
                findings.warning(&keys, span, (message, "remove it"));
            }
            if services.contains_key(&need.name) {
                if need.form == Form::Long {
                    long.insert((name.clone(), need.name.clone()));
                }
                found.entry(name.clone()).or_default().insert(need.name, need.condition);
            } else if need.presence == Presence::Required {
                tell_missing(&need, (services, left_out), &keys, findings);
            }
        }
    }
    for circle in break_circles(&mut found) {
        tell_circle(tree, &circle, &long, findings);
    }
    for (name, needs) in &found {
        let later = needs.keys().filter(|need| rank_of(services, need) > rank_of(services, name));
        later.for_each(|need| tell_rank(tree, (name, need), rank_of(services, need), findings));
    }
    found.retain(|_, needs| !needs.is_empty());
    found
}

/// What a `depends_on` names.
pub fn needs(node: &Node) -> Vec<Need> {
    let need = |service: &str, at: &Node, span: Span| {
        let form = if at.as_map().is_some() { Form::Long } else { Form::Short };
        let flag = |key: &str, flag: bool| at.get(key).filter(|n| n.value == Value::Bool(flag));
        Need {
            name: service.to_owned(),
            condition: condition(at.get("condition").and_then(Node::as_text)),
            form,
            presence: flag("required", false).map_or(Presence::Required, |_| Presence::Optional),
            restart: flag("restart", true).map(|node| node.span),
            span,
            origin: at.origin,
        }
    };
    match &node.value {
        Value::List(items) => {
            items.iter().filter_map(|item| Some(need(item.as_text()?, item, item.span))).collect()
        }
        Value::Map(map) => {
            map.iter().map(|(name, entry)| need(name, &entry.node, entry.key)).collect()
        }
        _ => Vec::new(),
    }
}

fn condition(word: Option<&str>) -> Condition {
    match word {
        Some("service_healthy") => Condition::Healthy,
        Some("service_completed_successfully") => Condition::Completed,
        _ => Condition::Started,
    }
}

fn tell_missing(
    need: &Need,
    (services, left_out): (&Map, &LeftOut),
    keys: &KeyPath<'_>,
    findings: &mut Findings,
) {
    let quoted = match need.origin {
        Origin::Written => format!(" '{}'", need.name),
        Origin::Filled => String::new(),
    };
    if let Some(profiles) = left_out.get(&need.name) {
        let message = format!("the service{quoted} is left out: nobody asks for its profiles");
        let hint = format!(
            "ask for one of them ({}) in profiles of x-skep, or write required: false",
            profiles.join(", ")
        );
        return findings.error(keys, need.span, (message, hint));
    }
    let message = format!("there is no service{quoted} to wait for");
    let near = nearest(&need.name, services.keys().map(String::as_str));
    let hint = match near.filter(|_| need.origin == Origin::Written) {
        Some(near) => format!("did you mean '{near}'?"),
        None => "remove it, or declare the service".to_owned(),
    };
    match need.form {
        Form::Short => findings.warning(keys, need.span, (message, hint)),
        Form::Long => findings.error(keys, need.span, (message, hint)),
    }
}

fn tell_circle(
    tree: &Node,
    circle: &[String],
    long: &BTreeSet<(String, String)>,
    findings: &mut Findings,
) {
    let Some(first) = circle.first() else { return };
    let message = format!("services wait for each other in a circle: {}", spelled(circle));
    let root = KeyPath::root();
    let section = root.key("services");
    let service = section.key(first);
    let keys = service.key("depends_on");
    let steps = circle.iter().zip(circle.iter().skip(1).chain([first]));
    let strict = steps.into_iter().any(|(a, b)| long.contains(&(a.clone(), b.clone())));
    if strict {
        findings.error_in(tree, &keys, (message, "take one of these steps away"));
    } else {
        let hint = "take one of these steps away; none of them waits for the next one now";
        findings.warning_in(tree, &keys, (message, hint));
    }
}
