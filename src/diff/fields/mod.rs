//! A service spec as a flat map of fields, in the words of a compose file.
//!
//! Two specs mean the same when their maps are equal: what the engine fills in, drops or reorders
//! (`daemon/cluster/convert` in moby) makes no difference here, because a field that
//! has its default is left out and lists are keyed by what identifies an entry. The paths are the
//! ones that `diff` prints and that ignore rules name.

mod container;
mod data;
mod deploy;
mod endpoint;
mod mounts;
mod task;

use std::collections::BTreeMap;

use crate::model::engine::ServiceSpec;
use crate::model::{FieldRules, SpecHash};

pub use container::container;
pub use data::{configs, secrets};
pub use deploy::{mode, placement, resources, restart_policy, update_config};
pub use endpoint::{endpoint, port_text};
pub use mounts::mounts;
pub use task::{log_driver, networks};

/// Names of swarm objects by id: specs that were read back hold ids.
pub type NamesById = BTreeMap<String, String>;

/// Path of the number of tasks.
pub const REPLICAS: &str = "deploy.replicas";
/// Path of the image.
pub const IMAGE: &str = "image";
/// Prefix of service-level labels.
pub const SERVICE_LABELS: &str = "deploy.labels";
/// Labels that skep and people put on services for skep; they are never part of a comparison.
pub const OWN_LABELS: &str = "skep.";

/// A value of a field, as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldValue {
    /// The value, in the form that a compose file would have it.
    pub text: String,
    /// Whether it may be somebody's secret (law 10: environment, arguments).
    pub secrecy: Secrecy,
}

/// Whether a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Secrecy {
    /// Anybody may see it.
    Open,
    /// It may be a secret: masked everywhere but in text on a terminal.
    Masked,
}

/// Fields of a spec by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<String, FieldValue>);

impl Fields {
    /// Adds a field that anybody may see.
    pub fn put(&mut self, path: impl Into<String>, text: impl ToString) {
        self.insert(path, text.to_string(), Secrecy::Open);
    }

    /// Adds a field whose value may be a secret.
    pub fn put_masked(&mut self, path: impl Into<String>, text: impl ToString) {
        self.insert(path, text.to_string(), Secrecy::Masked);
    }

    /// Adds a field unless its value is the default.
    pub fn put_unless<T: ToString + PartialEq>(&mut self, path: &str, value: T, default: T) {
        if value != default {
            self.put(path, value);
        }
    }

    /// Adds a field for each entry of a map.
    pub fn put_map<'a>(
        &mut self,
        path: &str,
        map: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) {
        for (key, value) in map {
            self.put(format!("{path}.{key}"), value);
        }
    }

    /// Adds a field for each entry of a map whose values may be secret.
    pub fn put_masked_map<'a>(
        &mut self,
        path: &str,
        map: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) {
        for (key, value) in map {
            self.put_masked(format!("{path}.{key}"), value);
        }
    }

    /// Adds a list whose order counts, as one field.
    pub fn put_list(&mut self, path: &str, list: &[String]) {
        if !list.is_empty() {
            self.put(path, list_text(list));
        }
    }

    /// Adds a list whose order does not count: one field for each entry.
    pub fn put_set<'a>(&mut self, path: &str, set: impl IntoIterator<Item = &'a String>) {
        for entry in set {
            self.put(format!("{path}[{entry}]"), "present");
        }
    }

    /// Adds nanoseconds as a duration unless they are the default.
    pub fn put_duration(&mut self, path: &str, nanoseconds: i64, default: i64) {
        if nanoseconds != default {
            self.put(path, duration_text(nanoseconds));
        }
    }

    /// Takes over the fields of another map.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The value at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&FieldValue> {
        self.0.get(path)
    }

    /// All fields, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &FieldValue)> {
        self.0.iter()
    }

    /// The fields that these rules do not cover.
    #[must_use]
    pub fn without(mut self, rules: &FieldRules) -> Self {
        if !rules.is_empty() {
            self.0.retain(|path, _| !rules.cover(path));
        }
        self
    }

    /// The same, with the values that these rules cover open to everybody.
    #[must_use]
    pub fn revealed(mut self, rules: &FieldRules) -> Self {
        if !rules.is_empty() {
            let covered = self.0.iter_mut().filter(|(path, _)| rules.cover(path));
            covered.for_each(|(_, value)| value.secrecy = Secrecy::Open);
        }
        self
    }

    /// Hash over everything but replicas and service-level labels (law 3).
    #[must_use]
    pub fn hash(&self) -> SpecHash {
        self.hash_where(|path| !is_loose(path))
    }

    /// Hash over replicas and service-level labels: what can change without new tasks.
    #[must_use]
    pub fn loose_hash(&self) -> SpecHash {
        self.hash_where(is_loose)
    }

    fn hash_where(&self, counts: impl Fn(&str) -> bool) -> SpecHash {
        let mut bytes = Vec::with_capacity(self.0.len() * 48);
        for (path, value) in self.0.iter().filter(|(path, _)| counts(path)) {
            for part in [path.as_str(), value.text.as_str()] {
                bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
                bytes.extend_from_slice(part.as_bytes());
            }
        }
        SpecHash::of(&bytes)
    }

    fn insert(&mut self, path: impl Into<String>, text: String, secrecy: Secrecy) {
        self.0.insert(path.into(), FieldValue { text, secrecy });
    }
}

/// True for replicas and service-level labels, which the spec hash leaves out.
#[must_use]
pub fn is_loose(path: &str) -> bool {
    path == REPLICAS || path.strip_prefix(SERVICE_LABELS).is_some_and(|rest| rest.starts_with('.'))
}

/// All fields of a service spec.
#[must_use]
pub fn fields(spec: &ServiceSpec, names: &NamesById) -> Fields {
    let mut fields = Fields::default();
    let labels = spec.labels.iter().filter(|(key, _)| !key.starts_with(OWN_LABELS));
    fields.put_map(SERVICE_LABELS, labels);
    fields.extend(mode(spec.mode.as_ref()));
    fields.extend(update_config("deploy.update_config", spec.update_config.as_deref()));
    fields.extend(update_config("deploy.rollback_config", spec.rollback_config.as_deref()));
    fields.extend(endpoint(spec.endpoint_spec.as_ref()));
    fields.extend(task::task(&spec.task_template, names));
    if spec.task_template.networks.is_empty() {
        fields.extend(networks(&spec.networks, names));
    }
    fields
}

/// A list as JSON, so that blanks in entries can be told from blanks between them.
fn list_text(list: &[String]) -> String {
    serde_json::to_string(list).unwrap_or_default()
}

/// Nanoseconds in the form of a compose file: `1m30s`, `500ms`.
#[must_use]
pub fn duration_text(nanoseconds: i64) -> String {
    const UNITS: [(u64, &str); 6] = [
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
        (1, "ns"),
    ];
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    let mut rest = nanoseconds.unsigned_abs();
    let mut text = if nanoseconds < 0 { "-".to_owned() } else { String::new() };
    for (unit, word) in UNITS {
        if rest >= unit {
            text.push_str(&format!("{}{word}", rest / unit));
            rest %= unit;
        }
    }
    text
}

#[cfg(test)]
mod tests;
