//! Guards: which stacks break which rule. A function over what is declared; only who was first with
//! a name of Traefik is told by what runs.

mod mounts;
mod service;
mod traefik;

use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

pub use traefik::{Claim, standing_claims};

use crate::diff::references;
use crate::model::guard::{Choice, Guard, UnreadGuard, Violation};
use crate::model::{Desired, DesiredStack, HeldReason, Kind, ObjectRef, Place, StackName};

/// The guards of the root source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Guards {
    /// Those that could be read.
    pub known: Vec<Guard>,
    /// Those that could not: what they may be about is held.
    pub unread: Vec<UnreadGuard>,
}

/// What guards say against a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Rules that it breaks.
    pub violations: Vec<Violation>,
    /// Guards that may be about it and could not be read.
    pub unread: Vec<Place>,
}

impl Verdicts {
    /// Why nothing of the stack is written, and for what of it.
    pub fn reasons(&self) -> impl Iterator<Item = (Option<&ObjectRef>, HeldReason)> {
        let unread = self.unread.iter().map(|place| {
            let missing = format!("a guard ({}), which has mistakes", spelled(place));
            (None, HeldReason::ViewIncomplete { missing })
        });
        let broken = self.violations.iter().map(|violation| {
            let reason = HeldReason::Guarded {
                guard: violation.guard.clone(),
                rule: violation.rule.clone(),
                rule_at: spelled(&violation.rule_at),
                at: spelled(&violation.at),
                what: violation.what.clone(),
            };
            (Some(&violation.object), reason)
        });
        unread.chain(broken)
    }
}

/// `guards.yml:7`.
fn spelled(place: &Place) -> String {
    match place.at {
        Some(at) => format!("{}:{}", place.file, at.line),
        None => place.file.to_string(),
    }
}

/// What guards say against the stacks. `standing` is what runs of names that can be claimed once.
#[must_use]
pub fn judge(
    guards: &Guards,
    desired: &Desired,
    standing: &BTreeMap<Claim, StackName>,
) -> BTreeMap<StackName, Verdicts> {
    let mut verdicts: BTreeMap<StackName, Verdicts> = BTreeMap::new();
    for (name, stack) in &desired.stacks {
        for guard in guards.unread.iter().filter(|guard| guard.about.covers(stack)) {
            verdicts.entry(name.clone()).or_default().unread.push(guard.place.clone());
        }
        for guard in guards.known.iter().filter(|guard| guard.about.covers(stack)) {
            let found = Judge::new(guard, stack).stack();
            if !found.is_empty() {
                verdicts.entry(name.clone()).or_default().violations.extend(found);
            }
        }
    }
    for (name, found) in traefik::claimed_twice(&guards.known, desired, standing) {
        verdicts.entry(name).or_default().violations.extend(found);
    }
    verdicts
}

/// One guard over one stack.
struct Judge<'a> {
    guard: &'a Guard,
    stack: &'a DesiredStack,
    found: Vec<Violation>,
}

impl<'a> Judge<'a> {
    fn new(guard: &'a Guard, stack: &'a DesiredStack) -> Self {
        Self { guard, stack, found: Vec::new() }
    }

    fn stack(mut self) -> Vec<Violation> {
        self.objects();
        self.external();
        for (name, service) in self.stack.all_services() {
            self.service(name, service);
        }
        self.found
    }

    fn tell(&mut self, rule: &str, (object, at): (&ObjectRef, &Place), what: String) {
        let rule_at = self.guard.places.get(rule).unwrap_or(&self.guard.place).clone();
        let (guard, rule) = (self.guard.name.clone(), rule.to_owned());
        let (object, at) = (object.clone(), at.clone());
        self.found.push(Violation { guard, rule, rule_at, object, at, what });
    }

    /// Names and labels of everything that the stack makes.
    fn objects(&mut self) {
        let stack = self.stack;
        let services = stack.all_services();
        let services = services.map(|(n, s)| (Kind::Service, n, &s.spec.labels, &s.place));
        let networks = stack.networks.iter();
        let networks = networks.map(|(n, one)| (Kind::Network, n, &one.spec.labels, &one.place));
        let secrets =
            stack.secrets.iter().map(|(n, one)| (Kind::Secret, n, &one.labels, &one.place));
        let configs =
            stack.configs.iter().map(|(n, one)| (Kind::Config, n, &one.labels, &one.place));
        let guard = self.guard;
        for (kind, name, labels, place) in services.chain(networks).chain(secrets).chain(configs) {
            let object = ObjectRef::new(kind, name);
            if !permits(guard.names.as_ref(), &[name]) {
                self.tell("names", (&object, place), format!("the name {name} is not allowed"));
            }
            let own = labels.iter().filter(|(key, _)| !key.starts_with("com.docker.stack."));
            for (key, value) in own {
                if !permits(guard.labels.as_ref(), &[key, &format!("{key}={value}")]) {
                    self.tell(
                        "labels",
                        (&object, place),
                        format!("the label {key} is not allowed"),
                    );
                }
            }
        }
    }

    /// What services use, and the stack does not make.
    fn external(&mut self) {
        let Some(rules) = &self.guard.external else { return };
        let stack = self.stack;
        for (name, service) in stack.all_services() {
            for used in references(&service.spec) {
                let (own, choice) = match used.kind {
                    Kind::Network => (stack.networks.contains_key(&used.name), &rules.networks),
                    Kind::Secret => (stack.secrets.contains_key(&used.name), &rules.secrets),
                    Kind::Config => (stack.configs.contains_key(&used.name), &rules.configs),
                    Kind::Service | Kind::Node => continue,
                };
                if !own && !choice.permits(&[&used.name]) {
                    let object = ObjectRef::new(Kind::Service, name);
                    let what = format!("it uses {used}, which is not allowed");
                    self.tell("external", (&object, &service.place), what);
                }
            }
        }
    }
}

fn permits(choice: Option<&Choice>, spellings: &[&str]) -> bool {
    choice.is_none_or(|choice| choice.permits(spellings))
}
