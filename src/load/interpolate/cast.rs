//! Places where a filled-in text becomes a number or a boolean (`loader/interpolate.go` in
//! docker's CLI).

use crate::load::yaml::{KeyPath, Part, Value};

/// What a filled-in text has to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cast {
    /// A whole number.
    Int,
    /// Any number.
    Float,
    /// A boolean.
    Bool,
}

/// `*` stands for one key or list item.
const PLACES: [(&str, Cast); 58] = [
    ("configs.*.external", Cast::Bool),
    ("networks.*.attachable", Cast::Bool),
    ("networks.*.external", Cast::Bool),
    ("networks.*.internal", Cast::Bool),
    ("secrets.*.external", Cast::Bool),
    ("services.*.configs.*.mode", Cast::Int),
    ("services.*.deploy.placement.max_replicas_per_node", Cast::Int),
    ("services.*.deploy.replicas", Cast::Int),
    ("services.*.deploy.restart_policy.max_attempts", Cast::Int),
    ("services.*.deploy.rollback_config.max_failure_ratio", Cast::Float),
    ("services.*.deploy.rollback_config.parallelism", Cast::Int),
    ("services.*.deploy.update_config.max_failure_ratio", Cast::Float),
    ("services.*.deploy.update_config.parallelism", Cast::Int),
    ("services.*.healthcheck.disable", Cast::Bool),
    ("services.*.healthcheck.retries", Cast::Int),
    ("services.*.oom_score_adj", Cast::Int),
    ("services.*.ports.*.published", Cast::Int),
    ("services.*.ports.*.target", Cast::Int),
    ("services.*.privileged", Cast::Bool),
    ("services.*.read_only", Cast::Bool),
    ("services.*.secrets.*.mode", Cast::Int),
    ("services.*.stdin_open", Cast::Bool),
    ("services.*.tty", Cast::Bool),
    ("services.*.ulimits.*", Cast::Int),
    ("services.*.ulimits.*.hard", Cast::Int),
    ("services.*.ulimits.*.soft", Cast::Int),
    ("services.*.volumes.*.read_only", Cast::Bool),
    ("services.*.volumes.*.volume.nocopy", Cast::Bool),
    ("volumes.*.external", Cast::Bool),
    // Beyond docker: the same for keys that docker forgot or does not know.
    ("services.*.depends_on.*.required", Cast::Bool),
    ("services.*.depends_on.*.restart", Cast::Bool),
    ("services.*.env_file.*.required", Cast::Bool),
    ("services.*.deploy.resources.limits.pids", Cast::Int),
    ("services.*.init", Cast::Bool),
    ("networks.*.enable_ipv6", Cast::Bool),
    ("services.*.x-skep.default_network", Cast::Bool),
    ("services.*.x-skep.job.history.failed", Cast::Int),
    ("services.*.x-skep.job.history.succeeded", Cast::Int),
    ("services.*.x-skep.job.retries", Cast::Int),
    ("services.*.x-skep.max_concurrent", Cast::Int),
    ("services.*.x-skep.no_new_privileges", Cast::Bool),
    ("services.*.x-skep.rollout.atomic", Cast::Bool),
    ("services.*.x-skep.rollout.barrier", Cast::Bool),
    ("services.*.x-skep.rollout.canary", Cast::Int),
    ("x-skep.rollout.atomic", Cast::Bool),
    ("x-skep.rollout.barrier", Cast::Bool),
    ("x-skep.rollout.canary", Cast::Int),
    ("services.*.x-skep.reveal", Cast::Bool),
    ("services.*.x-skep.swappiness", Cast::Int),
    ("services.*.x-skep.wave", Cast::Int),
    ("x-skep.depends_on.*.required", Cast::Bool),
    ("x-skep.depends_on.*.restart", Cast::Bool),
    ("x-skep.wave", Cast::Int),
    ("x-skep.reveal", Cast::Bool),
    ("services.*.volumes.*.bind.create_host_path", Cast::Bool),
    ("services.*.volumes.*.tmpfs.mode", Cast::Int),
    ("services.*.volumes.*.tmpfs.size", Cast::Int),
    (
        "services.*.deploy.resources.reservations.generic_resources.*.discrete_resource_spec.value",
        Cast::Int,
    ),
];

impl Cast {
    /// What is wanted at a place, if it is not text.
    #[must_use]
    pub fn at(path: &KeyPath<'_>) -> Option<Self> {
        let parts = path.parts();
        let fits = |pattern: &str| {
            let mut steps = pattern.split('.');
            let same = parts.iter().all(|part| match (steps.next(), part) {
                (Some("*"), _) => true,
                (Some(step), Part::Key(key)) => step == *key,
                _ => false,
            });
            same && steps.next().is_none()
        };
        PLACES.iter().find(|(pattern, _)| fits(pattern)).map(|(_, cast)| *cast)
    }

    /// For the message: `this is not …`.
    #[must_use]
    pub fn wanted(self) -> &'static str {
        match self {
            Self::Int => "a whole number",
            Self::Float => "a number",
            Self::Bool => "a boolean (true, yes, on, y or false, no, off, n)",
        }
    }

    /// The value that a text stands for.
    #[must_use]
    pub fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::Int => text.parse::<i64>().ok().map(|value| Value::Int(value.into())),
            Self::Float => text.parse::<f64>().ok().filter(|f| f.is_finite()).map(Value::Float),
            Self::Bool => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "y" | "on" => Some(Value::Bool(true)),
                "false" | "no" | "n" | "off" => Some(Value::Bool(false)),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value as Json;

    use super::*;
    use crate::load::compose::{ComposeFile, schema_of};

    /// Paths of a schema that take no text.
    fn typed(whole: &Json, schema: &Json, path: &str, found: &mut BTreeSet<String>) {
        if let Some(name) = schema["$ref"].as_str() {
            typed(whole, &whole["$defs"][name.trim_start_matches("#/$defs/")], path, found);
        }
        if matches!(schema["type"].as_str(), Some("integer" | "number" | "boolean")) {
            found.insert(path.to_owned());
        }
        for (key, one) in schema["properties"].as_object().into_iter().flatten() {
            typed(whole, one, &format!("{path}.{key}"), found);
        }
        for branch in schema["anyOf"].as_array().into_iter().flatten() {
            typed(whole, branch, path, found);
        }
        for inner in [&schema["items"], &schema["additionalProperties"]] {
            if inner.is_object() {
                typed(whole, inner, &format!("{path}.*"), found);
            }
        }
    }

    #[test]
    fn a_variable_can_stand_for_every_number_and_boolean() {
        let schema = schema_of::<ComposeFile>();
        let mut found = BTreeSet::new();
        typed(&schema, &schema, "", &mut found);
        assert!(found.contains(".services.*.init"), "{found:?}");
        // What takes text beside it needs no cast.
        found.remove(".services.*.environment.*");
        let known = PLACES.iter().map(|(place, _)| format!(".{place}")).collect();
        let open: Vec<&String> = found.difference(&known).collect();
        assert_eq!(open, [""; 0], "places without a cast");
    }
}
