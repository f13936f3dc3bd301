//! The envelope: `apiVersion`, `kind`, `metadata`, `spec`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Deserialize;

use super::schema::envelope_schema;
use crate::load::check::{Shapes, check, nearest};
use crate::load::compose::ScalarText;
use crate::load::findings::Findings;
use crate::load::yaml::{KeyPath, Map, Node, Span};

/// The only version that there is.
pub const API_VERSION: &str = "skep/v1";

/// What a manifest declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A stack: files, variables, and any section of a compose file.
    Stack,
    /// A service of a stack.
    Service,
    /// A job of a stack, run by a schedule.
    Job,
    /// A network of a stack.
    Network,
    /// A secret of a stack.
    Secret,
    /// A config of a stack.
    Config,
    /// A further source of declarations.
    Source,
    /// What the stacks of sources may do.
    Guard,
    /// Labels and availability of nodes.
    Node,
    /// Which image of a repository services run.
    Image,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Stack,
        Self::Service,
        Self::Job,
        Self::Network,
        Self::Secret,
        Self::Config,
        Self::Source,
        Self::Guard,
        Self::Node,
        Self::Image,
    ];

    /// The word for it in `kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stack => "Stack",
            Self::Service => "Service",
            Self::Job => "Job",
            Self::Network => "Network",
            Self::Secret => "Secret",
            Self::Config => "Config",
            Self::Source => "Source",
            Self::Guard => "Guard",
            Self::Node => "Node",
            Self::Image => "Image",
        }
    }

    /// The section of a compose file that its spec belongs to.
    #[must_use]
    pub fn section(self) -> Option<&'static str> {
        match self {
            Self::Service | Self::Job => Some("services"),
            Self::Network => Some("networks"),
            Self::Secret => Some("secrets"),
            Self::Config => Some("configs"),
            Self::Stack | Self::Source | Self::Guard | Self::Node | Self::Image => None,
        }
    }
}

/// Metadata of what belongs to a stack.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Metadata {
    /// Name inside of the stack, like the key in a compose file.
    pub name: String,
    /// The stack that it belongs to. Without it: the stack that is declared in the same file, or
    /// the one that the file is called after.
    pub stack: Option<String>,
    /// Labels of the object in the engine (for a service those of the service, not of its
    /// containers).
    pub labels: Option<BTreeMap<String, ScalarText>>,
}

/// Metadata of a stack.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StackMetadata {
    /// Name of the stack.
    pub name: String,
}

/// Metadata of a source, of a declaration of nodes, or of an image.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SourceMetadata {
    /// Its name.
    pub name: String,
}

/// Metadata of a guard.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GuardMetadata {
    /// Name of the guard, to be told by.
    pub name: String,
}

/// What a manifest is about.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Kind.
    pub kind: Kind,
    /// `metadata.name`
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// `metadata.stack`
    pub stack: Option<(String, Span)>,
    /// `metadata.labels`
    pub labels: Map,
}

/// Envelopes, prepared once: what differs between kinds is the metadata.
static ENVELOPES: LazyLock<BTreeMap<Kind, Shapes>> = LazyLock::new(|| {
    let shapes = |kind: Kind| (kind, Shapes::new(&envelope_schema(kind)));
    Kind::ALL.into_iter().map(shapes).collect()
});

/// Opens a manifest. `None` when it can't be told what it declares; the mistakes are told.
pub fn open(tree: &mut Node, findings: &mut Findings) -> Option<(Subject, Node)> {
    let root = KeyPath::root();
    if tree.get("apiVersion").and_then(Node::as_text) != Some(API_VERSION) {
        let message = format!("the only version is {API_VERSION}");
        findings.error_in(tree, &root.key("apiVersion"), message);
        return None;
    }
    let word = tree.get("kind").and_then(Node::as_text).unwrap_or_default();
    let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.as_str() == word) else {
        let near = nearest(word, Kind::ALL.into_iter().map(Kind::as_str));
        let all = Kind::ALL.map(Kind::as_str).join(", ");
        let hint =
            near.map_or(format!("the kinds are {all}"), |near| format!("did you mean '{near}'?"));
        findings.error_in(tree, &root.key("kind"), ("this is no kind of manifest", hint));
        return None;
    };
    if let Some(shapes) = ENVELOPES.get(&kind) {
        check(tree, shapes, findings);
    }
    let metadata = tree.get("metadata")?;
    let name = metadata.get("name")?;
    let stack =
        metadata.get("stack").and_then(|node| Some((node.as_text()?.to_owned(), node.span)));
    let labels = metadata.get("labels").and_then(Node::as_map).cloned().unwrap_or_default();
    let subject =
        Subject { kind, name: name.as_text()?.to_owned(), name_span: name.span, stack, labels };
    Some((subject, tree.get("spec")?.clone()))
}
