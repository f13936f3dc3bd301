//! `kind: Guard`: what the stacks of sources may do. Counts only in the root source.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::load::check::{Shapes, check};
use crate::load::compose::{ScalarText, schema_of};
use crate::load::findings::Findings;
use crate::load::manifest::envelope::Subject;
use crate::load::yaml::{KeyPath, Node, decode};
use crate::model::guard::{
    Allowed, Choice, ConstraintRules, ExternalRules, Guard, GuardScope, Limit, MountRules,
    PortRules, SecurityRules, TraefikRules, UnreadGuard,
};
use crate::model::{Pattern, Place};

/// What the schema says of it.
pub(in crate::load::manifest) const ABOUT: &str = "What the stacks of sources may do. A stack that breaks a rule is \
    held as a whole. Counts only in the source that the operator was started with. In all patterns * stands for any \
    text.";

/// An example.
pub(in crate::load::manifest) const EXAMPLE: &str = "\
apiVersion: skep/v1
kind: Guard
metadata:
  name: teams
spec:
  sources: [team-*]
  images:
    allow: [registry.example/*]
  mounts:
    types: [volume, tmpfs]
  capabilities:
    allow: [NET_BIND_SERVICE]
  ports:
    published: [8000-8999]
    modes: [ingress]
  traefik:
    hosts:
      allow: [\"*.teams.example\"]
  limits: [memory]
";

/// Spec of a guard. A rule that is not there allows everything.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GuardForm {
    /// Names of the sources whose stacks are meant; without it, of all.
    pub sources: Option<Vec<String>>,
    /// Names of the stacks that are meant; without it, all.
    pub stacks: Option<Vec<String>>,
    /// Images that may run, as `REGISTRY/PATH` or `REGISTRY/PATH:TAG`, with what docker leaves away:
    /// `docker.io/library/nginx`.
    pub images: Option<ChoiceForm>,
    /// What may be mounted.
    pub mounts: Option<MountsForm>,
    /// Capabilities that may be added, without `CAP_`.
    pub capabilities: Option<ChoiceForm>,
    /// What loosens the walls around a container.
    pub security: Option<SecurityForm>,
    /// Ports that may be published.
    pub ports: Option<PortsForm>,
    /// Full names that services, networks, secrets and configs may have.
    pub names: Option<ChoiceForm>,
    /// Labels that services, networks, secrets and configs may have, as `KEY` or `KEY=VALUE`.
    pub labels: Option<ChoiceForm>,
    /// What may be asked of Traefik in labels of services.
    pub traefik: Option<TraefikForm>,
    /// What services may use that their stack does not make.
    pub external: Option<ExternalForm>,
    /// Constraints (`deploy.placement.constraints`), spelled without blanks:
    /// `node.labels.team==shop`.
    pub constraints: Option<ConstraintsForm>,
    /// Limits (`deploy.resources.limits`) that each service has to have.
    pub limits: Option<Vec<LimitForm>>,
}

/// What fits `allow`, where it is written, and does not fit `deny`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "Choice", deny_unknown_fields)]
pub struct ChoiceForm {
    /// What is allowed; everything without it.
    pub allow: Option<Vec<String>>,
    /// What is not, also where `allow` fits.
    pub deny: Option<Vec<String>>,
}

/// What may be mounted.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "MountRules", deny_unknown_fields)]
pub struct MountsForm {
    /// Types that are allowed; all without it. A volume that the local driver binds to a path is a
    /// `bind`.
    pub types: Option<Vec<MountWord>>,
    /// Directories of nodes: what is allowed is so with all that lies in it, what is denied also with
    /// the directories that it lies in.
    pub paths: Option<ChoiceForm>,
    /// Whether docker's socket may be mounted, or a directory that it lies in; `false` by default.
    #[schemars(extend("default" = false))]
    pub docker_socket: Option<bool>,
}

/// Type of a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "MountType")]
pub enum MountWord {
    /// A directory or file of the node.
    Bind,
    /// A named volume.
    Volume,
    /// A directory in memory.
    Tmpfs,
    /// A named pipe of Windows.
    Npipe,
    /// A volume of the cluster.
    Cluster,
}

/// What loosens the walls around a container.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "SecurityRules", deny_unknown_fields)]
pub struct SecurityForm {
    /// Whether another seccomp profile than the default, and no `AppArmor`, are allowed.
    pub unconfined: Option<bool>,
    /// Whether a service may join the network of its node.
    pub host_network: Option<bool>,
    /// Whether processes may gain privileges; `false` asks for `x-skep.no_new_privileges: true`.
    pub new_privileges: Option<bool>,
    /// Kernel parameters (`sysctls`) that may be set.
    pub sysctls: Option<ChoiceForm>,
}

/// Ports that may be published.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "PortRules", deny_unknown_fields)]
pub struct PortsForm {
    /// Numbers and ranges (`8000-8999`) that are allowed; all without it. A port that the engine
    /// chooses is one of 30000-32767.
    pub published: Option<Vec<ScalarText>>,
    /// Modes that are allowed; both without it.
    pub modes: Option<Vec<PortMode>>,
}

/// How a port is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PortMode {
    /// On all nodes.
    Ingress,
    /// On the nodes with a task.
    Host,
}

/// What may be asked of Traefik.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "TraefikRules", deny_unknown_fields)]
pub struct TraefikForm {
    /// Hosts in rules of routers.
    pub hosts: Option<ChoiceForm>,
    /// Whether two stacks may claim one host, router, service or middleware; `false` by default: the
    /// stack that runs with it has it, else the first by name.
    #[schemars(extend("default" = false))]
    pub shared: Option<bool>,
}

/// What services may use that their stack does not make.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "ExternalRules", deny_unknown_fields)]
pub struct ExternalForm {
    /// Secrets.
    pub secrets: Option<ChoiceForm>,
    /// Configs.
    pub configs: Option<ChoiceForm>,
    /// Networks.
    pub networks: Option<ChoiceForm>,
}

/// Where tasks may and have to run.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "ConstraintRules", deny_unknown_fields)]
pub struct ConstraintsForm {
    /// For each of these, every service has a constraint that fits.
    pub require: Option<Vec<String>>,
    /// Constraints that are allowed; all without it.
    pub allow: Option<Vec<String>>,
    /// Constraints that are not.
    pub deny: Option<Vec<String>>,
}

/// A limit of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Limit")]
pub enum LimitForm {
    /// Memory.
    Memory,
    /// Processors.
    Cpus,
    /// Processes.
    Pids,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes::new(&schema_of::<GuardForm>()));

/// Reads a guard; with a mistake in it, what is known of whom it is about. Mistakes are told.
pub fn read(
    subject: &Subject,
    mut spec: Node,
    place: Place,
    findings: &mut Findings,
) -> Result<Guard, UnreadGuard> {
    check(&mut spec, &SHAPES, findings);
    let about = scope(&spec);
    let form = decode::<GuardForm>(&spec).ok();
    let published = form.as_ref().and_then(|form| form.ports.as_ref()?.published.clone());
    let published = published.map(|texts| ranges(&texts, &spec, findings));
    let Some(form) = form.filter(|_| findings.spoiled().whole.is_none()) else {
        return Err(UnreadGuard { about, place });
    };
    Ok(Guard {
        name: subject.name.clone(),
        about,
        images: form.images.map(choice),
        mounts: form.mounts.map(mounts),
        capabilities: form.capabilities.map(choice),
        security: form.security.map(security),
        ports: form.ports.map(|ports| PortRules {
            published,
            modes: ports.modes.map(|modes| modes.into_iter().map(mode).collect()),
        }),
        names: form.names.map(choice),
        labels: form.labels.map(choice),
        traefik: form.traefik.map(|traefik| TraefikRules {
            hosts: traefik.hosts.map(choice).unwrap_or_default(),
            shared: traefik.shared.unwrap_or_default().into(),
        }),
        external: form.external.map(external),
        constraints: form.constraints.map(constraints),
        limits: form.limits.into_iter().flatten().map(limit).collect(),
        places: places(&spec, &place),
        place,
    })
}

/// Whom a guard is about, also when something else in it is wrong. A selector with a mistake selects
/// all.
fn scope(spec: &Node) -> GuardScope {
    let texts = |key| {
        let texts: Option<Vec<String>> = spec.get(key).and_then(|node| decode(node).ok());
        texts.map(patterns)
    };
    GuardScope { sources: texts("sources"), stacks: texts("stacks") }
}

/// Where each rule stands.
fn places(spec: &Node, place: &Place) -> BTreeMap<String, Place> {
    let entries = spec.as_map().into_iter().flatten();
    let at = |start| Place { file: place.file.clone(), at: Some(start) };
    entries.map(|(key, entry)| (key.clone(), at(entry.key.start))).collect()
}

fn patterns(texts: Vec<String>) -> Vec<Pattern> {
    texts.into_iter().map(Pattern::new).collect()
}

fn choice(form: ChoiceForm) -> Choice {
    Choice { allow: form.allow.map(patterns), deny: patterns(form.deny.unwrap_or_default()) }
}

fn mounts(form: MountsForm) -> MountRules {
    let word = |word: MountWord| match word {
        MountWord::Bind => "bind".to_owned(),
        MountWord::Volume => "volume".to_owned(),
        MountWord::Tmpfs => "tmpfs".to_owned(),
        MountWord::Npipe => "npipe".to_owned(),
        MountWord::Cluster => "cluster".to_owned(),
    };
    MountRules {
        types: form.types.map(|types| types.into_iter().map(word).collect()),
        paths: form.paths.map(choice).unwrap_or_default(),
        docker_socket: form.docker_socket.unwrap_or_default().into(),
    }
}

fn security(form: SecurityForm) -> SecurityRules {
    SecurityRules {
        unconfined: form.unconfined.map(Allowed::from),
        host_network: form.host_network.map(Allowed::from),
        new_privileges: form.new_privileges.map(Allowed::from),
        sysctls: form.sysctls.map(choice),
    }
}

fn mode(mode: PortMode) -> String {
    match mode {
        PortMode::Ingress => "ingress".to_owned(),
        PortMode::Host => "host".to_owned(),
    }
}

fn external(form: ExternalForm) -> ExternalRules {
    let of = |form: Option<ChoiceForm>| form.map(choice).unwrap_or_default();
    ExternalRules {
        secrets: of(form.secrets),
        configs: of(form.configs),
        networks: of(form.networks),
    }
}

fn constraints(form: ConstraintsForm) -> ConstraintRules {
    let plain = |texts: Vec<String>| {
        patterns(texts.into_iter().map(|text| text.replace(' ', "")).collect())
    };
    ConstraintRules {
        require: plain(form.require.unwrap_or_default()),
        choice: Choice { allow: form.allow.map(plain), deny: plain(form.deny.unwrap_or_default()) },
    }
}

fn limit(form: LimitForm) -> Limit {
    match form {
        LimitForm::Memory => Limit::Memory,
        LimitForm::Cpus => Limit::Cpus,
        LimitForm::Pids => Limit::Pids,
    }
}

/// Ranges of ports; what is none is told.
fn ranges(texts: &[ScalarText], spec: &Node, findings: &mut Findings) -> Vec<(u16, u16)> {
    let root = KeyPath::root();
    let ports = root.key("ports");
    let list = ports.key("published");
    let mut ranges = Vec::new();
    for (index, ScalarText(text)) in texts.iter().enumerate() {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
            (Ok(first), Ok(last)) if 0 < first && first <= last => ranges.push((first, last)),
            _ => {
                let remark = ("this is no port, and no range of ports", "write 8000-8999");
                findings.error_in(spec, &list.index(index), remark);
            }
        }
    }
    ranges
}
