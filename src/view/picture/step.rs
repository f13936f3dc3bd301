//! A step with its body, without the values in it that may be secret.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::model::{FieldRules, ObjectRef, Step, StepKind, Target};
use crate::plan::{PlannedStep, Stage};
use crate::view::veil::HIDDEN;

/// Whether the bodies of steps are drawn: a log has no use for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bodies {
    /// They are.
    Drawn,
    /// They are not.
    LeftOut,
}

/// One engine call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepView {
    /// When it is taken.
    pub stage: Stage,
    /// What kind of step it is.
    pub action: StepKind,
    /// The object; absent for the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// Id of the object, when it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Version that the write is conditional on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Objects that must be there first.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub needs: BTreeSet<ObjectRef>,
    /// What is sent: values of environment variables, arguments and driver options are hidden.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub body: Value,
}

impl StepView {
    /// Draws the picture of a step.
    #[must_use]
    pub fn of(planned: &PlannedStep, reveal: &FieldRules, bodies: Bodies) -> Self {
        let target = target(&planned.step);
        let object = planned.step.object();
        Self {
            stage: planned.stage,
            action: planned.step.kind(),
            id: target.map(|target| target.id.clone()),
            version: target.map(|target| target.version.index),
            needs: planned.needs.clone(),
            body: match bodies {
                Bodies::Drawn => masked_but(body(&planned.step), reveal),
                Bodies::LeftOut => Value::Null,
            },
            object,
        }
    }
}

/// The object as the plan saw it, where it is there.
pub(in crate::view) fn target(step: &Step) -> Option<&Target> {
    match step {
        Step::WriteLedger { target, .. } => target.as_ref(),
        Step::AdoptSecret { target, .. }
        | Step::Label { target, .. }
        | Step::UpdateService { target, .. }
        | Step::RollBack { target, .. }
        | Step::Withdraw { target, .. }
        | Step::UpdateNode { target, .. }
        | Step::Remove { target, .. } => Some(target),
        _ => None,
    }
}

/// What is sent, with all values: for hashes.
pub(in crate::view) fn body(step: &Step) -> Value {
    let body = match step {
        Step::WriteLedger { record, .. } => serde_json::to_value(record),
        // What is there, kept once more.
        Step::KeepStable(_) => return Value::Null,
        Step::CreateNetwork { spec } => serde_json::to_value(spec),
        Step::CreateSecret(new) | Step::CreateConfig(new) | Step::AdoptSecret { new, .. } => {
            serde_json::to_value(new)
        }
        Step::CreateService { spec } | Step::UpdateService { spec, .. } => {
            serde_json::to_value(spec)
        }
        Step::UpdateNode { spec, .. } => serde_json::to_value(spec),
        Step::Label { labels, .. } => serde_json::to_value(labels),
        // What comes back is the engine's to know.
        Step::RollBack { .. } | Step::Withdraw { .. } | Step::Remove { .. } => return Value::Null,
    };
    body.unwrap_or(Value::Null)
}

/// A body of the engine's API without the values in it that may be secret: environment,
/// arguments, health checks, options of log, volume and secret drivers, content.
#[must_use]
pub fn masked(body: Value) -> Value {
    masked_but(body, &FieldRules::default())
}

/// The same, but for the variables, arguments, health checks and options of the log driver that
/// these rules cover.
#[must_use]
pub fn masked_but(mut body: Value, reveal: &FieldRules) -> Value {
    mask(&mut body, reveal);
    body
}

fn mask(value: &mut Value, reveal: &FieldRules) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match key.as_str() {
                    "Env" => mask_environment(value, reveal),
                    "Args" if reveal.cover("command") => {}
                    "Command" if reveal.cover("entrypoint") => {}
                    "Test" if reveal.cover("healthcheck.test") => {}
                    "Args" | "Command" | "Test" | "Data" => hide(value),
                    "LogDriver" => mask_options(value, reveal),
                    "DriverConfig" | "Driver" | "Templating" | "driver" | "templating" => {
                        mask_options(value, &FieldRules::default());
                    }
                    _ => mask(value, reveal),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| mask(value, reveal)),
        _ => {}
    }
}

/// The names of variables stay: they say what differs, and are no secrets.
fn mask_environment(value: &mut Value, reveal: &FieldRules) {
    let Value::Array(entries) = value else { return hide(value) };
    for entry in entries {
        match entry.as_str().and_then(|text| text.split_once('=')) {
            Some((name, _)) if reveal.cover(&format!("environment.{name}")) => {}
            Some((name, _)) => *entry = Value::String(format!("{name}={HIDDEN}")),
            None if entry.is_string() => {}
            None => hide(entry),
        }
    }
}

/// The options of a driver; a driver of a network is a plain word.
fn mask_options(value: &mut Value, reveal: &FieldRules) {
    let Some(options) = value.get_mut("Options") else { return };
    match options {
        Value::Object(map) => {
            let hidden = |key: &str| !reveal.cover(&format!("logging.options.{key}"));
            map.iter_mut().filter(|(key, _)| hidden(key)).for_each(|(_, value)| hide(value));
        }
        other => hide(other),
    }
}

/// One word whatever there was: neither how many nor how long.
fn hide(value: &mut Value) {
    if !value.is_null() {
        *value = Value::String(HIDDEN.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_that_may_be_secret_are_hidden_wherever_they_stand() {
        let body = json!({
            "Name": "a",
            "TaskTemplate": {
                "ContainerSpec": {"Env": ["A=x", "B", "C=y=z"], "Args": ["x", "y"],
                    "Command": ["x"], "Healthcheck": {"Test": ["CMD", "x"], "Retries": 3},
                    "Mounts": [{"VolumeOptions": {"DriverConfig": {"Options": {"o": "x"}}}}]},
                "LogDriver": {"Name": "splunk", "Options": {"token": "x"}},
            },
            "Driver": "overlay", "Options": {"mtu": "1400"}, "Data": "eA==",
        });
        let expected = json!({
            "Name": "a",
            "TaskTemplate": {
                "ContainerSpec": {"Env": ["A=(hidden)", "B", "C=(hidden)"], "Args": "(hidden)",
                    "Command": "(hidden)", "Healthcheck": {"Test": "(hidden)", "Retries": 3},
                    "Mounts": [{"VolumeOptions": {"DriverConfig": {"Options": {"o": "(hidden)"}}}}]},
                "LogDriver": {"Name": "splunk", "Options": {"token": "(hidden)"}},
            },
            "Driver": "overlay", "Options": {"mtu": "1400"}, "Data": "(hidden)",
        });
        assert_eq!(masked(body), expected);
    }

    #[test]
    fn what_may_be_shown_is_shown_and_nothing_else() {
        let body = json!({
            "ContainerSpec": {"Env": ["A=x", "B=y"], "Args": ["x"], "Command": ["x"],
                "Healthcheck": {"Test": ["CMD", "x"]},
                "Mounts": [{"VolumeOptions": {"DriverConfig": {"Options": {"o": "x"}}}}]},
            "LogDriver": {"Name": "splunk", "Options": {"token": "x", "url": "y"}},
            "Data": "eA==",
        });
        let expected = json!({
            "ContainerSpec": {"Env": ["A=x", "B=(hidden)"], "Args": ["x"], "Command": "(hidden)",
                "Healthcheck": {"Test": "(hidden)"},
                "Mounts": [{"VolumeOptions": {"DriverConfig": {"Options": {"o": "(hidden)"}}}}]},
            "LogDriver": {"Name": "splunk", "Options": {"token": "(hidden)", "url": "y"}},
            "Data": "(hidden)",
        });
        let patterns = ["environment.A", "command", "logging.options.url", "Data"];
        let rules = patterns.into_iter().map(crate::model::Pattern::new).collect();
        assert_eq!(masked_but(body, &rules), expected);
    }
}
