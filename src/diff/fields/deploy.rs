//! Fields of what compose keeps under `deploy`.

use super::{Fields, REPLICAS};
use crate::model::engine::{
    GenericResource, Placement, ResourceRequirements, Resources, RestartPolicy, ServiceMode,
    UpdateConfig,
};

/// The engine's defaults for updates and restarts (`api/defaults/service.go` in swarmkit).
const MONITOR: i64 = 5_000_000_000;
const RESTART_DELAY: i64 = 5_000_000_000;

/// Fields of a service's mode.
#[must_use]
pub fn mode(mode: Option<&ServiceMode>) -> Fields {
    let mut fields = Fields::default();
    match mode {
        None => fields.put(REPLICAS, 1),
        Some(ServiceMode::Replicated(replicated)) => {
            fields.put(REPLICAS, replicated.replicas.unwrap_or(1));
        }
        Some(ServiceMode::ReplicatedJob(job)) => {
            let concurrent = job.max_concurrent.unwrap_or(1);
            fields.put("deploy.max_concurrent", concurrent);
            fields.put("deploy.total_completions", job.total_completions.unwrap_or(concurrent));
        }
        Some(ServiceMode::Global {} | ServiceMode::GlobalJob {}) => {}
    }
    fields.put_unless("deploy.mode", mode.map_or("replicated", ServiceMode::word), "replicated");
    fields
}

/// Fields of an update or rollback configuration under a path.
#[must_use]
pub fn update_config(path: &str, config: Option<&UpdateConfig>) -> Fields {
    let mut fields = Fields::default();
    let Some(config) = config else { return fields };
    let at = |key: &str| format!("{path}.{key}");
    fields.put_unless(&at("parallelism"), config.parallelism, 1);
    fields.put_duration(&at("delay"), config.delay, 0);
    fields.put_unless(&at("failure_action"), or(&config.failure_action, "pause"), "pause");
    let monitor = if config.monitor == 0 { MONITOR } else { config.monitor };
    fields.put_duration(&at("monitor"), monitor, MONITOR);
    fields.put_unless(&at("max_failure_ratio"), config.max_failure_ratio, 0.0);
    fields.put_unless(&at("order"), or(&config.order, "stop-first"), "stop-first");
    fields
}

/// Fields of a restart policy.
#[must_use]
pub fn restart_policy(policy: Option<&RestartPolicy>) -> Fields {
    let mut fields = Fields::default();
    let Some(policy) = policy else { return fields };
    let path = "deploy.restart_policy";
    fields.put_unless(&format!("{path}.condition"), or(&policy.condition, "any"), "any");
    let delay = policy.delay.unwrap_or(RESTART_DELAY);
    fields.put_duration(&format!("{path}.delay"), delay, RESTART_DELAY);
    fields.put_unless(&format!("{path}.max_attempts"), policy.max_attempts.unwrap_or(0), 0);
    fields.put_duration(&format!("{path}.window"), policy.window.unwrap_or(0), 0);
    fields
}

/// Fields of a placement. Platforms are left out: they come from the registry with the digest.
#[must_use]
pub fn placement(placement: Option<&Placement>) -> Fields {
    let mut fields = Fields::default();
    let Some(placement) = placement else { return fields };
    fields.put_set("deploy.placement.constraints", &placement.constraints);
    let spread: Vec<String> =
        placement.preferences.iter().map(|p| p.spread.spread_descriptor.clone()).collect();
    fields.put_list("deploy.placement.preferences", &spread);
    fields.put_unless("deploy.placement.max_replicas_per_node", placement.max_replicas, 0);
    fields
}

/// Fields of limits and reservations.
#[must_use]
pub fn resources(resources: Option<&ResourceRequirements>) -> Fields {
    let mut fields = Fields::default();
    let Some(resources) = resources else { return fields };
    for (path, amounts) in [
        ("deploy.resources.limits", resources.limits.as_deref()),
        ("deploy.resources.reservations", resources.reservations.as_deref()),
    ] {
        if let Some(amounts) = amounts {
            self::amounts(&mut fields, path, amounts);
        }
    }
    if let Some(bytes) = resources.swap_bytes {
        fields.put("x-skep.swap", bytes);
    }
    if let Some(percent) = resources.memory_swappiness {
        fields.put("x-skep.swappiness", percent);
    }
    fields
}

fn amounts(fields: &mut Fields, path: &str, amounts: &Resources) {
    if amounts.nano_cpus != 0 {
        let whole = amounts.nano_cpus / 1_000_000_000;
        let part = format!("{:09}", amounts.nano_cpus % 1_000_000_000);
        let part = part.trim_end_matches('0');
        let dot = if part.is_empty() { "" } else { "." };
        fields.put(format!("{path}.cpus"), format!("{whole}{dot}{part}"));
    }
    fields.put_unless(&format!("{path}.memory"), amounts.memory_bytes, 0);
    fields.put_unless(&format!("{path}.pids"), amounts.pids, 0);
    for resource in &amounts.generic_resources {
        match resource {
            GenericResource::DiscreteResourceSpec { kind, value } => {
                fields.put(format!("{path}.generic_resources.{kind}"), value);
            }
            GenericResource::NamedResourceSpec { kind, value } => {
                fields.put(format!("{path}.generic_resources.{kind}[{value}]"), "present");
            }
        }
    }
}

fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}
