//! `kind: Node`: labels and availability of nodes. Counts only in the root source.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use globset::{Glob, GlobBuilder};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::load::check::{Shapes, check};
use crate::load::compose::{ScalarText, schema_of};
use crate::load::findings::Findings;
use crate::load::manifest::envelope::Subject;
use crate::load::yaml::{KeyPath, Node, decode};
use crate::model::{Availability, DesiredNode, Enforce, NodeMatch, Place, Role};

/// What the schema says of it.
pub(in crate::load::manifest) const ABOUT: &str = "Labels, availability and role of nodes. Counts only in the \
    source that the operator was started with.";

/// An example.
pub(in crate::load::manifest) const EXAMPLE: &str = "\
apiVersion: skep/v1
kind: Node
metadata:
  name: storage
spec:
  match:
    hostname: db-*
  labels:
    disk: ssd
  availability: active
";

/// Spec of nodes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct NodeForm {
    /// Which nodes are meant. Of several nodes with one host name the ready one is.
    #[serde(rename = "match")]
    pub matches: MatchForm,
    /// Labels that they have. They are put back when they differ; labels that are not declared stay.
    pub labels: Option<BTreeMap<String, ScalarText>>,
    /// Whether they take tasks; a difference is only reported unless `enforce` is true.
    pub availability: Option<AvailabilityForm>,
    /// Whether they are managers; a difference is only reported unless `enforce` is true.
    pub role: Option<RoleForm>,
    /// Puts availability and role right: one role at a time, and never so that the managers lose
    /// their quorum. `false` by default, so that a person may drain a node for a patch.
    #[schemars(extend("default" = false))]
    pub enforce: Option<bool>,
}

/// Patterns, with `*` and `?`; both have to fit where both are given.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "NodeMatch", deny_unknown_fields)]
pub struct MatchForm {
    /// Pattern of the host name.
    pub hostname: Option<String>,
    /// Pattern of the id.
    pub id: Option<String>,
}

/// Whether a node takes tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Availability")]
pub enum AvailabilityForm {
    /// It does.
    Active,
    /// It keeps those that it has.
    Pause,
    /// It takes none, and loses those that it has.
    Drain,
}

/// Whether a node is a manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Role")]
pub enum RoleForm {
    /// It only runs tasks.
    Worker,
    /// It keeps the swarm.
    Manager,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes::new(&schema_of::<NodeForm>()));

/// Reads what is asked of nodes; `None` when it can't be used.
pub fn read(
    subject: &Subject,
    mut spec: Node,
    place: Place,
    findings: &mut Findings,
) -> Option<DesiredNode> {
    check(&mut spec, &SHAPES, findings);
    let form: NodeForm = decode(&spec).ok()?;
    let root = KeyPath::root();
    let path = root.key("match");
    let mut glob = |key: &str, text: Option<&str>| -> Option<Option<Glob>> {
        let Some(text) = text else { return Some(None) };
        match GlobBuilder::new(text).build() {
            Ok(glob) => Some(Some(glob)),
            Err(error) => {
                let message = format!("'{text}' is no pattern: {}", error.kind());
                findings.error_in(&spec, &path.key(key), (message, "as in db-*"));
                None
            }
        }
    };
    let hostname = glob("hostname", form.matches.hostname.as_deref())?;
    let id = glob("id", form.matches.id.as_deref())?;
    if hostname.is_none() && id.is_none() {
        let message = "no node is meant";
        findings.error_in(&spec, &path, (message, "say hostname: or id:, * for all nodes"));
        return None;
    }
    let labels = form.labels.unwrap_or_default();
    Some(DesiredNode {
        name: subject.name.clone(),
        matches: NodeMatch { hostname, id },
        labels: labels.into_iter().map(|(name, value)| (name, value.0)).collect(),
        availability: form.availability.map(availability),
        role: form.role.map(role),
        enforce: if form.enforce == Some(true) { Enforce::Yes } else { Enforce::No },
        place,
    })
}

fn availability(form: AvailabilityForm) -> Availability {
    match form {
        AvailabilityForm::Active => Availability::Active,
        AvailabilityForm::Pause => Availability::Pause,
        AvailabilityForm::Drain => Availability::Drain,
    }
}

fn role(form: RoleForm) -> Role {
    match form {
        RoleForm::Worker => Role::Worker,
        RoleForm::Manager => Role::Manager,
    }
}
