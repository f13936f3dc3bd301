//! What all declarations together ask of each node.

use std::collections::BTreeMap;

use globset::GlobMatcher;

use super::role::READY;
use crate::model::engine::{Node, StringMap};
use crate::model::{
    Availability, DesiredNode, Enforce, HeldReason, Observed, Problem, Role, Severity,
};

/// What is asked of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) meant: Meant,
    pub(super) labels: StringMap,
    pub(super) availability: Option<(Availability, Enforce)>,
    pub(super) role: Option<(Role, Enforce)>,
}

/// Whether the node itself is meant by what fits its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Meant {
    /// It is.
    #[default]
    Yes,
    /// Another one of its name is.
    No(HeldReason),
}

/// Merges what fits each node. Of two that say different things about one label neither counts.
pub(super) fn wishes(
    declared: &[DesiredNode],
    observed: &Observed,
) -> (BTreeMap<String, Wish>, Vec<Problem>) {
    let (mut wishes, mut problems) = (BTreeMap::new(), Vec::new());
    let fits: Vec<(&DesiredNode, Fit)> = declared.iter().map(|one| (one, Fit::of(one))).collect();
    for (one, fit) in &fits {
        if !observed.nodes.values().any(|node| fit.fits(node)) {
            let problem = problem_of(one, format!("no node fits {}", one.name));
            problems.push(problem.severity(Severity::Warning));
        }
    }
    for (id, node) in &observed.nodes {
        let mut said = Said::default();
        let mut twin = None;
        for (one, _) in fits.iter().filter(|(_, fit)| fit.fits(node)) {
            match namesake(node, observed).filter(|_| one.matches.id.is_none()) {
                Some(reason) => twin = Some(reason),
                None => said.take(one, &mut problems),
            }
        }
        if let Some(wish) = said.wish(twin) {
            wishes.insert(id.clone(), wish);
        }
    }
    problems.sort();
    problems.dedup();
    (wishes, problems)
}

/// Patterns, ready to be used.
struct Fit {
    hostname: Option<GlobMatcher>,
    id: Option<GlobMatcher>,
}

impl Fit {
    fn of(declared: &DesiredNode) -> Self {
        let matches = &declared.matches;
        let ready =
            |glob: &Option<globset::Glob>| glob.as_ref().map(globset::Glob::compile_matcher);
        Self { hostname: ready(&matches.hostname), id: ready(&matches.id) }
    }

    fn fits(&self, node: &Node) -> bool {
        let fits = |glob: &Option<GlobMatcher>, text: &str| {
            glob.as_ref().is_none_or(|glob| glob.is_match(text))
        };
        fits(&self.hostname, &node.description.hostname) && fits(&self.id, &node.id)
    }
}

/// Why a node is not the one that its host name means: a machine that was set up anew joins under a
/// new id, and the old one stays in the list.
fn namesake(node: &Node, observed: &Observed) -> Option<HeldReason> {
    let host = &node.description.hostname;
    let same = observed.nodes.values().filter(|other| other.description.hostname == *host);
    if same.clone().count() < 2 {
        return None;
    }
    let ready: Vec<&Node> = same.filter(|node| node.status.state == READY).collect();
    match ready.as_slice() {
        [one] if one.id == node.id => None,
        [one] => Some(HeldReason::Namesake { meant: Some(one.id.clone()) }),
        _ => Some(HeldReason::Namesake { meant: None }),
    }
}

/// What was said of one node so far, each with who said it.
#[derive(Default)]
struct Said<'a> {
    labels: BTreeMap<&'a String, (Option<&'a String>, &'a DesiredNode)>,
    availability: Option<(Option<(Availability, Enforce)>, &'a DesiredNode)>,
    role: Option<(Option<(Role, Enforce)>, &'a DesiredNode)>,
    any: bool,
}

impl<'a> Said<'a> {
    fn take(&mut self, one: &'a DesiredNode, problems: &mut Vec<Problem>) {
        self.any = true;
        for (key, value) in &one.labels {
            let said = self.labels.entry(key).or_insert((Some(value), one));
            if said.0 != Some(value) {
                said.0 = None;
                problems.extend(contradiction(&format!("label {key}"), said.1, one));
            }
        }
        if let Some(availability) = one.availability {
            let wanted = Some((availability, one.enforce));
            let said = self.availability.get_or_insert((wanted, one));
            if said.0 != wanted {
                said.0 = None;
                problems.extend(contradiction("availability", said.1, one));
            }
        }
        if let Some(role) = one.role {
            let wanted = Some((role, one.enforce));
            let said = self.role.get_or_insert((wanted, one));
            if said.0 != wanted {
                said.0 = None;
                problems.extend(contradiction("role", said.1, one));
            }
        }
    }

    fn wish(self, twin: Option<HeldReason>) -> Option<Wish> {
        let meant = match twin {
            Some(reason) if !self.any => Meant::No(reason),
            None if !self.any => return None,
            _ => Meant::Yes,
        };
        let labels = self.labels.into_iter();
        let labels = labels.filter_map(|(key, (value, _))| Some((key.clone(), value?.clone())));
        Some(Wish {
            meant,
            labels: labels.collect(),
            availability: self.availability.and_then(|(wanted, _)| wanted),
            role: self.role.and_then(|(wanted, _)| wanted),
        })
    }
}

fn contradiction(what: &str, one: &DesiredNode, other: &DesiredNode) -> [Problem; 2] {
    let tell = |of: &DesiredNode, than: &DesiredNode| {
        let file = &than.place.file;
        let message = format!("{} says another {what} of the same node ({file})", than.name);
        problem_of(of, message).hint("say it in one of the two; none of them counts")
    };
    [tell(one, other), tell(other, one)]
}

fn problem_of(declared: &DesiredNode, message: String) -> Problem {
    let problem = Problem::error(declared.place.file.clone(), message);
    match declared.place.at {
        Some(at) => problem.at(at),
        None => problem,
    }
}
