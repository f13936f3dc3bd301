//! What services ask of Traefik in their labels. Of two stacks that ask for one host, or give one
//! name to a router, Traefik takes whichever it reads first, or neither.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::diff::NAMESPACE_LABEL;
use crate::model::engine::StringMap;
use crate::model::guard::{Allowed, Guard, Violation};
use crate::model::{Desired, Kind, ObjectRef, Observed, Place, StackName};

/// Something that one stack can have only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// A host.
    Host(String),
    /// A router, service or middleware of a protocol: `http router web`.
    Named(String),
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => write!(f, "the host {host}"),
            Self::Named(name) => write!(f, "the {name}"),
        }
    }
}

/// Claims in the labels of a service.
fn claims(labels: &StringMap) -> BTreeSet<Claim> {
    let named = labels.keys().filter_map(|key| {
        let mut parts = key.strip_prefix("traefik.")?.splitn(4, '.');
        let (protocol, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
        parts.next()?;
        let kind = match kind {
            "routers" => "router",
            "services" => "service",
            "middlewares" => "middleware",
            _ => return None,
        };
        Some(Claim::Named(format!("{protocol} {kind} {name}")))
    });
    named.chain(hosts(labels).into_iter().map(Claim::Host)).collect()
}

/// Hosts in the rules of routers.
pub(super) fn hosts(labels: &StringMap) -> BTreeSet<String> {
    let rule = |key: &str| key.starts_with("traefik.") && key.ends_with(".rule");
    let rules = labels.iter().filter(|(key, _)| rule(key));
    rules.flat_map(|(_, rule)| hosts_in(rule)).collect()
}

/// `Host(`a`, `b`)` and `HostSNI(`a`)`. Everything of `HostSNI(`*`)` is nobody's host.
fn hosts_in(rule: &str) -> Vec<String> {
    let mut hosts = Vec::new();
    for matcher in ["Host(", "HostSNI(", "HostHeader("] {
        for (at, _) in rule.match_indices(matcher) {
            let inside = &rule[at + matcher.len()..];
            let inside = inside.split(')').next().unwrap_or_default();
            let quoted = inside.split(['`', '"', '\'']).skip(1).step_by(2);
            hosts.extend(quoted.filter(|host| *host != "*").map(str::to_lowercase));
        }
    }
    hosts
}

/// What runs of names that can be claimed once, of stacks that are known.
#[must_use]
pub fn standing_claims(
    observed: &Observed,
    is_known: impl Fn(&StackName) -> bool,
) -> BTreeMap<Claim, StackName> {
    let mut standing = BTreeMap::new();
    for service in observed.services.values() {
        let labels = &service.spec.labels;
        let stack = labels.get(NAMESPACE_LABEL).and_then(|name| StackName::new(name.clone()).ok());
        let Some(stack) = stack.filter(|stack| is_known(stack)) else { continue };
        for claim in claims(labels) {
            standing.entry(claim).or_insert_with(|| stack.clone());
        }
    }
    standing
}

/// Stacks that claim what another one has.
pub(super) fn claimed_twice(
    guards: &[Guard],
    desired: &Desired,
    standing: &BTreeMap<Claim, StackName>,
) -> Vec<(StackName, Vec<Violation>)> {
    let exclusive =
        |guard: &&Guard| guard.traefik.as_ref().is_some_and(|t| t.shared == Allowed::No);
    let guards: Vec<&Guard> = guards.iter().filter(exclusive).collect();
    if guards.is_empty() {
        return Vec::new();
    }
    let mut claimed: BTreeMap<Claim, BTreeMap<&StackName, (&String, &Place)>> = BTreeMap::new();
    for (name, stack) in &desired.stacks {
        for (service, declared) in stack.all_services() {
            for claim in claims(&declared.spec.labels) {
                let stacks = claimed.entry(claim).or_default();
                stacks.entry(name).or_insert((service, &declared.place));
            }
        }
    }
    let mut found: BTreeMap<StackName, Vec<Violation>> = BTreeMap::new();
    for (claim, stacks) in claimed.iter().filter(|(_, stacks)| stacks.len() > 1) {
        let owner = standing.get(claim).filter(|owner| stacks.contains_key(owner));
        let Some(owner) = owner.or_else(|| stacks.keys().next().copied()) else { continue };
        let Some((_, first)) = stacks.get(owner) else { continue };
        for (name, (service, place)) in stacks.iter().filter(|(name, _)| **name != owner) {
            let Some(stack) = desired.stacks.get(*name) else { continue };
            // A stack that no guard is about is not held; it may still be whose the name is.
            let Some(guard) = guards.iter().find(|guard| guard.about.covers(stack)) else {
                continue;
            };
            let what = format!("{claim} is the stack {owner}'s ({})", super::spelled(first));
            found.entry((*name).clone()).or_default().push(Violation {
                guard: guard.name.clone(),
                rule: "traefik".to_owned(),
                rule_at: guard.places.get("traefik").unwrap_or(&guard.place).clone(),
                object: ObjectRef::new(Kind::Service, service.as_str()),
                at: (*place).clone(),
                what,
            });
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_found_in_labels() {
        let labels: StringMap = [
            ("traefik.enable", "true"),
            (
                "traefik.http.routers.web.rule",
                "Host(`Shop.example`, `www.shop.example`) && PathPrefix(`/a`)",
            ),
            ("traefik.http.services.web.loadbalancer.server.port", "80"),
            ("traefik.tcp.routers.db.rule", "HostSNI(`*`)"),
            ("traefik.http.middlewares.auth.basicauth.users", "x"),
            ("other.http.routers.x.rule", "Host(`no.example`)"),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
        let found: Vec<String> = claims(&labels).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "the host shop.example",
                "the host www.shop.example",
                "the http middleware auth",
                "the http router web",
                "the http service web",
                "the tcp router db",
            ]
        );
    }
}
