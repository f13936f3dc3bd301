//! JSON Schemas of all kinds, for editors and for `crds/`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Value, json};

use super::envelope::{API_VERSION, GuardMetadata, Kind, Metadata, SourceMetadata, StackMetadata};
use super::kind::image::ImageForm;
use super::kind::node::NodeForm;
use super::kind::{config, guard, image, job, network, node, secret, service, source, stack};
use super::{GuardForm, SourceForm, StackForm};
use crate::load::compose::{ComposeFile, Config, Network, Secret, Service, schema_of};
use crate::load::yaml::{FileId, Node, Value as Yaml, parse};

/// A manifest, for its schema only.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "only the schema is made of it")]
struct Manifest<M, S> {
    api_version: String,
    kind: String,
    /// What is declared, and under which name.
    metadata: M,
    /// What it should be.
    spec: S,
}

/// JSON Schema per kind, and the one of compose files, by file name.
#[must_use]
pub fn schemas() -> BTreeMap<String, Value> {
    let mut compose = schema_of::<ComposeFile>();
    compose["title"] = json!("Compose file for skep");
    compose["examples"] = json!([example_value(COMPOSE_EXAMPLE)]);
    let kinds = Kind::ALL
        .into_iter()
        .map(|kind| (format!("{}.json", kind.as_str().to_lowercase()), manifest_schema(kind)));
    let mut schemas: BTreeMap<String, Value> =
        kinds.chain([("compose.json".to_owned(), compose)]).collect();
    schemas.values_mut().for_each(take_variables);
    schemas
}

/// Lets a variable stand for a number, a boolean and a word of a list: an editor sees files before
/// they are filled in.
fn take_variables(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(take_variables),
        Value::Object(object) => {
            let keeps = |key: &str| matches!(key, "examples" | "default");
            let inner = object.iter_mut().filter(|(key, _)| !keeps(key));
            inner.for_each(|(_, value)| take_variables(value));
            if let Some(types) = object.get("type").and_then(with_text) {
                object.insert("type".to_owned(), types);
                object.insert("pattern".to_owned(), json!(VARIABLE));
            }
            let words = object.get_mut("oneOf").and_then(Value::as_array_mut);
            let words = words.filter(|list| list.iter().all(|one| one.get("const").is_some()));
            if let Some(words) = words {
                let about = "A variable that stands for one of them.";
                words.push(json!({ "type": "string", "pattern": VARIABLE, "description": about }));
            }
        }
        _ => {}
    }
}

/// What a text with a variable looks like.
const VARIABLE: &str = r"\$";

/// The types of a number or a boolean, and text; `None` where text is allowed anyway.
fn with_text(types: &Value) -> Option<Value> {
    let mut names = match types {
        Value::Array(names) => names.clone(),
        one => vec![one.clone()],
    };
    let typed = |name: &Value| matches!(name.as_str(), Some("integer" | "number" | "boolean"));
    let wants = names.iter().any(typed) && !names.contains(&json!("string"));
    wants.then(|| {
        names.push(json!("string"));
        Value::Array(names)
    })
}

/// An example of a compose file.
const COMPOSE_EXAMPLE: &str = "\
services:
  web:
    image: registry.example/shop/web:1.4
    ports:
      - 8080:80
    secrets:
      - database
    deploy:
      replicas: 2
secrets:
  database:
    file: secrets/database.txt
";

/// An example as a value, for the schema.
fn example_value(text: &str) -> Value {
    let document = parse(text.as_bytes(), FileId::default()).documents.into_iter().next();
    document.map_or(Value::Null, |node| json_of(&node))
}

fn json_of(node: &Node) -> Value {
    match &node.value {
        Yaml::Null | Yaml::Unusable => Value::Null,
        Yaml::Bool(value) => json!(value),
        Yaml::Int(value) => i64::try_from(*value).map_or(Value::Null, |value| json!(value)),
        Yaml::Float(value) => json!(value),
        Yaml::Text(text) => json!(text),
        Yaml::List(items) => items.iter().map(json_of).collect(),
        Yaml::Map(map) => {
            map.iter().map(|(key, entry)| (key.clone(), json_of(&entry.node))).collect()
        }
    }
}

/// Schema of a whole manifest.
fn manifest_schema(kind: Kind) -> Value {
    let (mut schema, about, example) = match kind {
        Kind::Stack => {
            (schema_of::<Manifest<StackMetadata, StackForm>>(), stack::ABOUT, stack::EXAMPLE)
        }
        Kind::Service => {
            (schema_of::<Manifest<Metadata, Service>>(), service::ABOUT, service::EXAMPLE)
        }
        Kind::Job => (schema_of::<Manifest<Metadata, job::JobSpec>>(), job::ABOUT, job::EXAMPLE),
        Kind::Network => {
            (schema_of::<Manifest<Metadata, Network>>(), network::ABOUT, network::EXAMPLE)
        }
        Kind::Secret => (schema_of::<Manifest<Metadata, Secret>>(), secret::ABOUT, secret::EXAMPLE),
        Kind::Config => (schema_of::<Manifest<Metadata, Config>>(), config::ABOUT, config::EXAMPLE),
        Kind::Source => {
            (schema_of::<Manifest<SourceMetadata, SourceForm>>(), source::ABOUT, source::EXAMPLE)
        }
        Kind::Guard => {
            (schema_of::<Manifest<GuardMetadata, GuardForm>>(), guard::ABOUT, guard::EXAMPLE)
        }
        Kind::Node => {
            (schema_of::<Manifest<SourceMetadata, NodeForm>>(), node::ABOUT, node::EXAMPLE)
        }
        Kind::Image => {
            (schema_of::<Manifest<SourceMetadata, ImageForm>>(), image::ABOUT, image::EXAMPLE)
        }
    };
    let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
    schema["title"] = json!(format!("{} ({API_VERSION})", kind.as_str()));
    schema["description"] = json!(format!("{about}\n\n{example}"));
    schema["examples"] = json!([example_value(example)]);
    schema["properties"]["apiVersion"] =
        json!({ "const": API_VERSION, "description": "Version of the format." });
    schema["properties"]["kind"] =
        json!({ "const": kind.as_str(), "description": "What is declared." });
    schema
}

/// Schema of the envelope alone, with any mapping as the spec.
pub(super) fn envelope_schema(kind: Kind) -> Value {
    let mut schema = manifest_schema(kind);
    schema["properties"]["spec"] = json!({ "type": "object" });
    schema
}

/// An example of each kind.
#[cfg(test)]
pub(crate) fn examples() -> [(Kind, &'static str); 10] {
    [
        (Kind::Stack, stack::EXAMPLE),
        (Kind::Service, service::EXAMPLE),
        (Kind::Job, job::EXAMPLE),
        (Kind::Network, network::EXAMPLE),
        (Kind::Secret, secret::EXAMPLE),
        (Kind::Config, config::EXAMPLE),
        (Kind::Source, source::EXAMPLE),
        (Kind::Guard, guard::EXAMPLE),
        (Kind::Node, node::EXAMPLE),
        (Kind::Image, image::EXAMPLE),
    ]
}
