//! Guards: what the stacks of a source may do.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::desired::{DesiredStack, Place};
use super::name::ObjectRef;
use super::pattern::Pattern;

/// A `Guard` manifest of the root source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    /// Its name.
    pub name: String,
    /// The stacks that it is about.
    pub about: GuardScope,
    /// Images that may run, as `REGISTRY/PATH` or with the tag.
    pub images: Option<Choice>,
    /// What may be mounted.
    pub mounts: Option<MountRules>,
    /// Capabilities that may be added.
    pub capabilities: Option<Choice>,
    /// What loosens the walls around a container.
    pub security: Option<SecurityRules>,
    /// Ports that may be published.
    pub ports: Option<PortRules>,
    /// Names that objects may have.
    pub names: Option<Choice>,
    /// Labels that objects may have, as `KEY` or `KEY=VALUE`.
    pub labels: Option<Choice>,
    /// What may be asked of Traefik.
    pub traefik: Option<TraefikRules>,
    /// What may be used that the stack does not make.
    pub external: Option<ExternalRules>,
    /// Where tasks may and have to run.
    pub constraints: Option<ConstraintRules>,
    /// Limits that each service has to have.
    pub limits: BTreeSet<Limit>,
    /// Where the manifest is.
    pub place: Place,
    /// Where each of its rules is, by key.
    pub places: BTreeMap<String, Place>,
}

/// The stacks that a guard is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuardScope {
    /// Names of sources; `None` is all.
    pub sources: Option<Vec<Pattern>>,
    /// Names of stacks; `None` is all.
    pub stacks: Option<Vec<Pattern>>,
}

impl GuardScope {
    /// True when it is about a stack.
    #[must_use]
    pub fn covers(&self, stack: &DesiredStack) -> bool {
        let fits = |patterns: &Option<Vec<Pattern>>, name: &str| {
            patterns.as_ref().is_none_or(|all| all.iter().any(|pattern| pattern.fits(name)))
        };
        fits(&self.sources, stack.source.as_str()) && fits(&self.stacks, stack.name.as_str())
    }
}

/// A guard that has mistakes: what it may be about is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadGuard {
    /// What is known of the stacks that it is about.
    pub about: GuardScope,
    /// Where it is.
    pub place: Place,
}

/// What is allowed: what fits `allow`, where there is any, and does not fit `deny`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// What is allowed; `None` is everything.
    pub allow: Option<Vec<Pattern>>,
    /// What is not.
    pub deny: Vec<Pattern>,
}

impl Choice {
    /// True when something is allowed. It may be written in several ways.
    #[must_use]
    pub fn permits(&self, spellings: &[&str]) -> bool {
        let fits = |pattern: &Pattern| spellings.iter().any(|text| pattern.fits(text));
        self.allow.as_ref().is_none_or(|allow| allow.iter().any(fits))
            && !self.deny.iter().any(fits)
    }
}

/// What may be mounted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MountRules {
    /// Types of mounts; `None` is all.
    pub types: Option<BTreeSet<String>>,
    /// Directories of nodes.
    pub paths: Choice,
    /// Whether docker's socket may be.
    pub docker_socket: Allowed,
}

/// Whether something is allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Allowed {
    /// It is not.
    #[default]
    No,
    /// It is.
    Yes,
}

impl From<bool> for Allowed {
    fn from(allowed: bool) -> Self {
        if allowed { Self::Yes } else { Self::No }
    }
}

/// What loosens the walls around a container. What is not named is not judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityRules {
    /// Seccomp other than the default, and no `AppArmor`.
    pub unconfined: Option<Allowed>,
    /// The network of the node.
    pub host_network: Option<Allowed>,
    /// Processes that can gain privileges.
    pub new_privileges: Option<Allowed>,
    /// Kernel parameters.
    pub sysctls: Option<Choice>,
}

/// Ports that may be published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortRules {
    /// Published ports, from and to; `None` is all.
    pub published: Option<Vec<(u16, u16)>>,
    /// `ingress` and `host`; `None` is both.
    pub modes: Option<BTreeSet<String>>,
}

/// What may be asked of Traefik.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraefikRules {
    /// Hosts.
    pub hosts: Choice,
    /// Whether two stacks may claim one host, router, service or middleware.
    pub shared: Allowed,
}

/// What may be used that the stack does not make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExternalRules {
    /// Secrets.
    pub secrets: Choice,
    /// Configs.
    pub configs: Choice,
    /// Networks.
    pub networks: Choice,
}

/// Where tasks may and have to run. Constraints are spelled without blanks around `==` and `!=`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConstraintRules {
    /// Each service has a constraint that fits, for each of these.
    pub require: Vec<Pattern>,
    /// Constraints that a service may have.
    pub choice: Choice,
}

/// A limit of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// `deploy.resources.limits.memory`
    Memory,
    /// `deploy.resources.limits.cpus`
    Cpus,
    /// `deploy.resources.limits.pids`
    Pids,
}

impl Limit {
    /// Its key in a compose file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpus => "cpus",
            Self::Pids => "pids",
        }
    }
}

/// A rule that a stack breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Violation {
    /// Name of the guard.
    pub guard: String,
    /// Key of the rule: `mounts`.
    pub rule: String,
    /// Where the rule is.
    pub rule_at: Place,
    /// What breaks it.
    pub object: ObjectRef,
    /// Where that is declared.
    pub at: Place,
    /// What is wrong: `it mounts /etc of the node`.
    pub what: String,
}
