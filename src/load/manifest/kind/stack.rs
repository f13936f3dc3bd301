//! `kind: Stack`: files, variables of its own, and any section of a compose file.
//!
//! One file can make several stacks: two manifests name it, each with its own name and variables.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::load::check::{Shapes, check};
use crate::load::compose::{
    ApprovalForm, Config, DependsOn, IgnoreForm, Logging, MovedFromForm, Network, PruneForm,
    RecreateForm, RevealForm, RolloutForm, ScalarText, Secret, Service, Unsupported, Volume,
    WindowForm, schema_of,
};
use crate::load::findings::Findings;
use crate::load::yaml::{Entry, KeyPath, Map, Node, Span, Value, decode};

/// What the schema says of it.
pub(in crate::load::manifest) const ABOUT: &str = "A stack: compose files, variables for them, and what is added to \
    or put over what they say. Files that a stack names make no stack of their own.";

/// An example.
pub(in crate::load::manifest) const EXAMPLE: &str = "\
apiVersion: skep/v1
kind: Stack
metadata:
  name: shop-test
spec:
  files:
    - shop.yml
  variables:
    TAG: \"1.5\"
  services:
    web:
      deploy:
        replicas: 1
";

/// Spec of a stack.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct StackForm {
    /// Compose files, relative to this one; later files override earlier ones.
    #[schemars(extend("uniqueItems" = true))]
    pub files: Option<Vec<String>>,
    /// Variables for the files; they win over the environment and over `.env`.
    pub variables: Option<BTreeMap<String, ScalarText>>,
    /// Stops all writes to the stack, with this reason; drift is still reported.
    pub suspend: Option<String>,
    /// How rollouts of its services are judged, and what follows when one failed.
    pub rollout: Option<RolloutForm>,
    /// Who says yes to what is planned; `auto`, nobody, by default.
    #[schemars(extend("default" = "auto"))]
    pub approval: Option<ApprovalForm>,
    /// When the stack may be written; without any, at all times.
    pub windows: Option<Vec<WindowForm>>,
    /// Stacks of the same source with a lower wave come first: services are begun once all of
    /// theirs are healthy at this revision; `0` by default.
    #[schemars(extend("default" = 0))]
    pub wave: Option<i32>,
    /// Stacks, of any source, that come first, with how far all of their services have to be.
    pub depends_on: Option<DependsOn>,
    /// Whether what the engine can't change in place may be made anew; by default when a person
    /// confirms it.
    #[schemars(extend("default" = "confirm"))]
    pub recreate: Option<RecreateForm>,
    /// What becomes of what leaves the stack, or goes with it; `auto`, it is removed, by default.
    #[schemars(extend("default" = "auto"))]
    pub prune: Option<PruneForm>,
    /// Values of variables, arguments and options that may be shown in JSON, pages and logs too:
    /// `true`, or the paths of fields. A secret is never shown.
    pub reveal: Option<RevealForm>,
    /// Fields that others decide, such as an autoscaler: they are compared no more, and a write
    /// leaves them as they are.
    pub ignore: Option<Vec<IgnoreForm>>,
    /// Where the stack was before: its owner changes and no task does. A stack that had another
    /// name is made anew, once a person approved of that.
    pub moved_from: Option<MovedFromForm>,
    /// Profiles that are asked for: services with other profiles are left out. `*` stands for all.
    #[schemars(extend("uniqueItems" = true))]
    pub profiles: Option<Vec<String>>,
    /// Keys that Swarm can do nothing with and that are to be warned of only, in all services.
    #[schemars(extend("uniqueItems" = true))]
    pub ignore_unsupported: Option<Vec<Unsupported>>,
    /// Log driver of services that have none of their own.
    pub logging: Option<Logging>,
    /// Services, over those of the files.
    pub services: Option<BTreeMap<String, Service>>,
    /// Networks, over those of the files.
    pub networks: Option<BTreeMap<String, Option<Network>>>,
    /// Named volumes, over those of the files.
    pub volumes: Option<BTreeMap<String, Option<Volume>>>,
    /// Secrets, over those of the files.
    pub secrets: Option<BTreeMap<String, Secret>>,
    /// Configs, over those of the files.
    pub configs: Option<BTreeMap<String, Config>>,
}

/// The keys that are a stack's own; the rest has the form of a compose file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
struct Own {
    #[schemars(extend("uniqueItems" = true))]
    files: Option<Vec<String>>,
    variables: Option<BTreeMap<String, ScalarText>>,
    suspend: Option<String>,
    rollout: Option<RolloutForm>,
    approval: Option<ApprovalForm>,
    windows: Option<Vec<WindowForm>>,
    wave: Option<i32>,
    depends_on: Option<DependsOn>,
    recreate: Option<RecreateForm>,
    prune: Option<PruneForm>,
    reveal: Option<RevealForm>,
    ignore: Option<Vec<IgnoreForm>>,
    moved_from: Option<MovedFromForm>,
    #[schemars(extend("uniqueItems" = true))]
    profiles: Option<Vec<String>>,
    #[schemars(extend("uniqueItems" = true))]
    ignore_unsupported: Option<Vec<Unsupported>>,
    logging: Option<Logging>,
}

static OWN: LazyLock<Shapes> = LazyLock::new(|| Shapes::new(&schema_of::<Own>()));

/// Keys that a compose file has under `x-skep`.
const SETTINGS: [&str; 14] = [
    "suspend",
    "rollout",
    "approval",
    "windows",
    "wave",
    "depends_on",
    "recreate",
    "prune",
    "reveal",
    "ignore",
    "moved_from",
    "profiles",
    "ignore_unsupported",
    "logging",
];

/// A stack as its manifest declares it.
#[derive(Debug, Clone)]
pub struct StackHead {
    /// Files, with the places where they are named.
    pub files: Vec<(String, Span)>,
    /// Variables for them.
    pub variables: BTreeMap<String, String>,
    /// The rest, in the form of a compose file.
    pub tree: Node,
}

/// Reads the spec of a stack.
pub fn head(mut spec: Node, findings: &mut Findings) -> StackHead {
    check(&mut spec, &OWN, findings);
    let own: Own = decode(&spec).unwrap_or_default();
    let listed = spec.get("files").map(|node| node.value.clone());
    let spans = match listed {
        Some(Value::List(items)) => items.iter().map(|item| item.span).collect(),
        _ => Vec::new(),
    };
    let mut settings = Map::new();
    if let Value::Map(map) = &mut spec.value {
        let taken = SETTINGS.iter().filter_map(|key| map.remove_entry(*key));
        settings = taken.collect();
        map.remove("files");
        map.remove("variables");
    }
    refuse(&spec, findings);
    if let Value::Map(map) = &mut spec.value {
        map.remove("include");
    }
    let span = settings.values().next().map(|entry| entry.key);
    if let (Value::Map(map), Some(span)) = (&mut spec.value, span) {
        let settings = Node::new(Value::Map(settings), span);
        map.insert("x-skep".to_owned(), Entry { key: span, node: settings });
    }
    let variables = own.variables.unwrap_or_default();
    StackHead {
        files: own.files.unwrap_or_default().into_iter().zip(spans).collect(),
        variables: variables.into_iter().map(|(name, value)| (name, value.0)).collect(),
        tree: spec,
    }
}

/// Keys of a compose file that a manifest says elsewhere.
fn refuse(spec: &Node, findings: &mut Findings) {
    let root = KeyPath::root();
    for (key, place) in [
        ("name", "the name stands in metadata.name"),
        ("version", "the version stands in apiVersion"),
        ("include", "list the file under files, or include it in one of those"),
        ("x-skep", &format!("write its keys without x-skep: {}", SETTINGS.join(", "))),
    ] {
        if spec.get(key).is_some() {
            findings.error_in(spec, &root.key(key), (format!("unknown key '{key}'"), place));
        }
    }
}
