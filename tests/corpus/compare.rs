//! What docker sends and what skep makes, held against each other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use skep::load::Loaded;
use skep::model::engine::{NetworkSpec, ServiceSpec};
use skep::model::{Content, DesiredData, DesiredStack};

use crate::cases::Case;

/// Objects by kind and name.
pub type Objects = BTreeMap<String, Value>;

/// What docker sends, by kind and name, in the words of our model.
pub fn wanted(case: &Case) -> Objects {
    let mut objects = Objects::new();
    for request in case.requests.iter().filter(|request| request["m"] == "POST") {
        let path = request["p"].as_str().unwrap();
        let (kind, body) = match path {
            "/services/create" => {
                let spec: ServiceSpec = serde_json::from_value(request["b"].clone()).unwrap();
                ("service", serde_json::to_value(normal(spec)).unwrap())
            }
            "/networks/create" => {
                let mut spec: NetworkSpec = serde_json::from_value(request["b"].clone()).unwrap();
                spec.extra.clear();
                ("network", serde_json::to_value(spec).unwrap())
            }
            "/secrets/create" | "/configs/create" => (&path[1..7], data_body(&request["b"])),
            _ => continue,
        };
        objects.insert(format!("{kind}/{}", request["b"]["Name"].as_str().unwrap()), body);
    }
    objects
}

fn data_body(body: &Value) -> Value {
    let mut body = body.clone();
    let object = body.as_object_mut().unwrap();
    object.retain(|_, value| !value.is_null());
    body
}

/// What skep makes, in the same words.
pub fn made(stack: &DesiredStack, loaded: &Loaded) -> Objects {
    let mut objects = Objects::new();
    for (name, service) in &stack.services {
        let spec = serde_json::to_value(normal(service.spec.clone())).unwrap();
        objects.insert(format!("service/{name}"), spec);
    }
    for (name, network) in &stack.networks {
        objects.insert(format!("network/{name}"), serde_json::to_value(&network.spec).unwrap());
    }
    for (name, data) in &stack.secrets {
        objects.insert(format!("secret/{name}"), data_made(name, data, loaded));
    }
    for (name, data) in &stack.configs {
        objects.insert(format!("config/{name}"), data_made(name, data, loaded));
    }
    objects
}

fn data_made(name: &str, data: &DesiredData, loaded: &Loaded) -> Value {
    use base64::Engine as _;
    let mut body = json!({ "Name": name, "Labels": data.labels });
    if let Some(driver) = &data.templating {
        body["Templating"] = serde_json::to_value(driver).unwrap();
    }
    match &data.content {
        Content::Driver(driver) => body["Driver"] = serde_json::to_value(driver).unwrap(),
        Content::Stored { data, hash } => {
            let bytes = loaded.data.get(data, hash.as_ref()).unwrap();
            body["Data"] = json!(base64::engine::general_purpose::STANDARD.encode(bytes.reveal()));
        }
    }
    body
}

/// What has no meaning is brought to one form: ids of the recording engine, and the order of ports,
/// secrets and configs.
fn normal(mut spec: ServiceSpec) -> ServiceSpec {
    let container = spec.task_template.container_spec.as_mut().unwrap();
    for secret in &mut container.secrets {
        secret.secret_id.clear();
    }
    let mut names = BTreeMap::new();
    for config in &mut container.configs {
        names.insert(std::mem::take(&mut config.config_id), config.config_name.clone());
    }
    if let Some(spec) =
        container.privileges.as_deref_mut().and_then(|p| p.credential_spec.as_deref_mut())
        && let Some(name) = names.get(&spec.config).filter(|_| !spec.config.is_empty())
    {
        spec.config.clone_from(name);
    }
    container.secrets.sort_by_key(|s| format!("{s:?}"));
    container.configs.sort_by_key(|c| format!("{c:?}"));
    if let Some(endpoint) = &mut spec.endpoint_spec {
        endpoint.ports.sort_by_key(|p| format!("{p:?}"));
    }
    spec
}

/// Paths that differ, with both values.
pub fn differences(wanted: &Objects, made: &Objects) -> Vec<String> {
    let names: BTreeSet<&String> = wanted.keys().chain(made.keys()).collect();
    let mut out = Vec::new();
    for name in names {
        let null = Value::Null;
        let (w, m) = (wanted.get(name).unwrap_or(&null), made.get(name).unwrap_or(&null));
        compare(name, w, m, &mut out);
    }
    out
}

fn compare(path: &str, wanted: &Value, made: &Value, out: &mut Vec<String>) {
    match (wanted, made) {
        (Value::Object(w), Value::Object(m)) => {
            let keys: BTreeSet<&String> = w.keys().chain(m.keys()).collect();
            for key in keys {
                let null = Value::Null;
                compare(
                    &format!("{path}.{key}"),
                    w.get(key).unwrap_or(&null),
                    m.get(key).unwrap_or(&null),
                    out,
                );
            }
        }
        (Value::Array(w), Value::Array(m)) if w.len() == m.len() => {
            for (index, (w, m)) in w.iter().zip(m).enumerate() {
                compare(&format!("{path}[{index}]"), w, m, out);
            }
        }
        _ if wanted == made => {}
        _ => out.push(format!("{path}: docker {wanted}, skep {made}")),
    }
}
