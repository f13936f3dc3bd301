//! `depends_on`: which service waits for which.
//!
//! docker takes the short form and makes nothing of it, whatever it names. So what is wrong with it
//! is a warning, and an error in the long form, which docker refuses.

use std::collections::{BTreeMap, BTreeSet};

use super::LeftOut;
use crate::load::check::nearest;
use crate::load::findings::Findings;
use crate::load::yaml::{KeyPath, Map, Node, Origin, Span, Value};
use crate::model::Condition;

/// By the key of a service: the keys of those that it waits for, with what it waits for. There is
/// no circle in it.
pub type Dependencies = BTreeMap<String, BTreeMap<String, Condition>>;

/// One service that another one waits for.
struct Need {
    service: String,
    condition: Condition,
    form: Form,
    presence: Presence,
    /// Where it is wanted that a service is restarted with the one that it waits for.
    restart: Option<Span>,
    span: Span,
    origin: Origin,
}

/// How it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Short,
    Long,
}

/// Whether it has to be declared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    Optional,
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
            if services.contains_key(&need.service) {
                if need.form == Form::Long {
                    long.insert((name.clone(), need.service.clone()));
                }
                found.entry(name.clone()).or_default().insert(need.service, need.condition);
            } else if need.presence == Presence::Required {
                tell_missing(&need, (services, left_out), &keys, findings);
            }
        }
    }
    for circle in break_circles(&mut found) {
        tell_circle(tree, &circle, &long, findings);
    }
    found.retain(|_, needs| !needs.is_empty());
    found
}

fn needs(node: &Node) -> Vec<Need> {
    let need = |service: &str, at: &Node, span: Span| {
        let form = if at.as_map().is_some() { Form::Long } else { Form::Short };
        let flag = |key: &str, flag: bool| at.get(key).filter(|n| n.value == Value::Bool(flag));
        Need {
            service: service.to_owned(),
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
        Origin::Written => format!(" '{}'", need.service),
        Origin::Filled => String::new(),
    };
    if let Some(profiles) = left_out.get(&need.service) {
        let message = format!("the service{quoted} is left out: nobody asks for its profiles");
        let hint = format!(
            "ask for one of them ({}) in profiles of x-skep, or write required: false",
            profiles.join(", ")
        );
        return findings.error(keys, need.span, (message, hint));
    }
    let message = format!("there is no service{quoted} to wait for");
    let near = nearest(&need.service, services.keys().map(String::as_str));
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
    let spelled: Vec<&str> = circle.iter().chain([first]).map(String::as_str).collect();
    let message = format!("services wait for each other in a circle: {}", spelled.join(" → "));
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

/// Takes the steps of all circles away, and gives each circle from its first name on.
fn break_circles(found: &mut Dependencies) -> Vec<Vec<String>> {
    let mut circles = Vec::new();
    let mut open = Open::new(found);
    loop {
        open.close();
        let Some(circle) = open.circle(found) else { return circles };
        for (index, name) in circle.iter().enumerate() {
            let next = &circle[(index + 1) % circle.len()];
            if let Some(needs) = found.get_mut(name) {
                needs.remove(next);
            }
            open.no_longer(name, next);
        }
        circles.push(circle);
    }
}

/// Services that are not known yet to be in no circle.
struct Open {
    /// Steps of each that lead to others that are open.
    steps: BTreeMap<String, usize>,
    /// Who waits for a service.
    waiting: BTreeMap<String, Vec<String>>,
    /// Those without steps left.
    ready: Vec<String>,
    /// A way of steps, to look for circles; each look goes on where the last one ended.
    way: Vec<String>,
    /// Where on the way a service stands.
    seen: BTreeMap<String, usize>,
}

impl Open {
    fn new(found: &Dependencies) -> Self {
        let mut waiting: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, needs) in found {
            for need in needs.keys() {
                waiting.entry(need.clone()).or_default().push(name.clone());
            }
        }
        let steps: BTreeMap<String, usize> =
            found.iter().map(|(name, needs)| (name.clone(), needs.len())).collect();
        let ready = waiting.keys().filter(|name| !steps.contains_key(*name)).cloned().collect();
        Self { steps, waiting, ready, way: Vec::new(), seen: BTreeMap::new() }
    }

    /// Closes what waits for nothing that is open.
    fn close(&mut self) {
        while let Some(name) = self.ready.pop() {
            for waiting in self.waiting.remove(&name).unwrap_or_default() {
                self.one_less(&waiting);
            }
        }
    }

    /// One does not wait for the other any more.
    fn no_longer(&mut self, name: &str, next: &str) {
        if let Some(waiting) = self.waiting.get_mut(next) {
            waiting.retain(|other| other != name);
        }
        self.one_less(name);
    }

    fn one_less(&mut self, name: &str) {
        if let Some(left) = self.steps.get_mut(name) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.steps.remove(name);
                self.ready.push(name.to_owned());
            }
        }
    }

    /// A circle, if anything is open still: from each open service a step leads to another one.
    fn circle(&mut self, found: &Dependencies) -> Option<Vec<String>> {
        // What was closed since the last look is the end of the way: the rest waits for its next.
        while self.way.last().is_some_and(|last| !self.steps.contains_key(last)) {
            self.cut(self.way.len() - 1);
        }
        if self.way.is_empty() {
            let first = self.steps.keys().next()?.clone();
            self.go(first);
        }
        loop {
            let needs = found.get(self.way.last()?)?;
            let next = needs.keys().find(|need| self.steps.contains_key(*need))?.clone();
            let Some(start) = self.seen.get(&next).copied() else {
                self.go(next);
                continue;
            };
            let mut circle = self.way[start..].to_vec();
            self.cut(start + 1);
            let first = circle.iter().enumerate().min_by(|(_, a), (_, b)| a.cmp(b));
            let first = first.map_or(0, |(index, _)| index);
            circle.rotate_left(first);
            return Some(circle);
        }
    }

    fn go(&mut self, name: String) {
        self.seen.insert(name.clone(), self.way.len());
        self.way.push(name);
    }

    fn cut(&mut self, length: usize) {
        for name in self.way.drain(length..) {
            self.seen.remove(&name);
        }
    }
}
