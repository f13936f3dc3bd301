//! What the engine refuses in a service spec (`validateServiceSpec` and below it, in
//! `manager/controlapi/service.go`). It runs over specs with the engine's defaults filled in.

use std::collections::BTreeSet;

use crate::model::ImageRef;
use crate::model::engine::{
    ContainerSpec, DataFile, Healthcheck, Resources, ServiceMode, ServiceSpec, TaskSpec,
    UpdateConfig,
};
use crate::model::name::{MAX_SERVICE_NAME, check_service_name};

use super::{Refusal, endpoint};
use crate::model::engine::Constraint;

const MILLISECOND: i64 = 1_000_000;
const MIN_NANO_CPUS: i64 = 1_000_000;
const MIN_MEMORY: i64 = 4 * 1024 * 1024;

/// Checks everything that needs no look into the store.
pub(super) fn spec(spec: &ServiceSpec) -> Result<(), Refusal> {
    name(&spec.name)?;
    task(&spec.task_template)?;
    if spec.mode.as_ref().is_some_and(ServiceMode::is_job) {
        if spec.update_config.is_some() {
            return Err(Refusal::invalid("Jobs may not have an update config"));
        }
    } else {
        update(spec.update_config.as_deref())?;
    }
    endpoint::check(spec.endpoint_spec.as_ref())
}

fn name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::invalid("meta: name must be provided"));
    }
    if name.len() > MAX_SERVICE_NAME {
        return Err(Refusal::invalid("name must be 63 characters or fewer"));
    }
    check_service_name(name)
        .map_err(|_| Refusal::invalid("name must be valid as a DNS name component"))
}

fn task(task: &TaskSpec) -> Result<(), Refusal> {
    if let Some(requirements) = &task.resources {
        resources(requirements.limits.as_deref())?;
        resources(requirements.reservations.as_deref())?;
    }
    if let Some(policy) = &task.restart_policy {
        not_negative(policy.delay.unwrap_or(0), "TaskSpec: restart-delay cannot be negative")?;
        not_negative(policy.window.unwrap_or(0), "TaskSpec: restart-window cannot be negative")?;
    }
    let constraints = task.placement.iter().flat_map(|placement| &placement.constraints);
    for text in constraints {
        Constraint::parse(text).map_err(Refusal::unknown)?;
    }
    match &task.container_spec {
        Some(spec) => container(spec),
        None => Err(Refusal::invalid("TaskSpec: missing runtime")),
    }
}

fn resources(resources: Option<&Resources>) -> Result<(), Refusal> {
    let Some(Resources { nano_cpus, memory_bytes, .. }) = resources else { return Ok(()) };
    if *nano_cpus != 0 && *nano_cpus < MIN_NANO_CPUS {
        return Err(Refusal::invalid("invalid cpu value: Must be at least 0.001"));
    }
    if *memory_bytes != 0 && *memory_bytes < MIN_MEMORY {
        return Err(Refusal::invalid(format!(
            "invalid memory value {memory_bytes}: Must be at least 4MiB"
        )));
    }
    Ok(())
}

fn container(spec: &ContainerSpec) -> Result<(), Refusal> {
    let secrets = spec.secrets.iter().map(|s| (&s.secret_id, &s.secret_name, s.file.as_ref()));
    references("secret", secrets)?;
    let configs = spec.configs.iter().filter(|config| !config.extra.contains_key("Runtime"));
    references("config", configs.map(|c| (&c.config_id, &c.config_name, c.file.as_ref())))?;
    if spec.image.is_empty() {
        return Err(Refusal::invalid("ContainerSpec: image reference must be provided"));
    }
    if spec.image.parse::<ImageRef>().is_err() {
        return Err(Refusal::invalid(format!(
            "ContainerSpec: \"{}\" is not a valid repository/tag",
            spec.image
        )));
    }
    let mut targets = BTreeSet::new();
    if let Some(twice) = spec.mounts.iter().find(|mount| !targets.insert(&mount.target)) {
        return Err(Refusal::invalid(format!(
            "ContainerSpec: duplicate mount point: {}",
            twice.target
        )));
    }
    spec.healthcheck.as_deref().map_or(Ok(()), healthcheck)
}

/// Every reference needs id, name and a target of its own.
fn references<'a>(
    kind: &str,
    references: impl Iterator<Item = (&'a String, &'a String, Option<&'a DataFile>)>,
) -> Result<(), Refusal> {
    let mut targets: BTreeSet<&str> = BTreeSet::new();
    for (id, name, file) in references {
        if id.is_empty() || name.is_empty() {
            return Err(Refusal::invalid(format!("malformed {kind} reference")));
        }
        let Some(file) = file else {
            return Err(Refusal::invalid(format!(
                "malformed {kind} reference, no target provided"
            )));
        };
        if file.name.is_empty() || !targets.insert(&file.name) {
            return Err(Refusal::invalid(format!(
                "{kind} references '{name}' and another have a conflicting target: '{}'",
                file.name
            )));
        }
    }
    Ok(())
}

fn healthcheck(check: &Healthcheck) -> Result<(), Refusal> {
    let times = [
        ("Interval", check.interval),
        ("Timeout", check.timeout),
        ("StartPeriod", check.start_period),
        ("StartInterval", check.start_interval),
    ];
    let short = times.iter().find(|(_, time)| *time != 0 && *time < MILLISECOND);
    if let Some((name, _)) = short {
        return Err(Refusal::invalid(format!(
            "ContainerSpec: {name} in HealthConfig cannot be less than 1ms"
        )));
    }
    not_negative(check.retries, "ContainerSpec: Retries in HealthConfig cannot be negative")
}

fn update(config: Option<&UpdateConfig>) -> Result<(), Refusal> {
    let Some(config) = config else { return Ok(()) };
    not_negative(config.delay, "TaskSpec: update-delay cannot be negative")?;
    not_negative(config.monitor, "TaskSpec: update-monitor cannot be negative")?;
    if !(0.0..=1.0).contains(&config.max_failure_ratio) {
        return Err(Refusal::invalid(
            "TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1",
        ));
    }
    if !matches!(config.failure_action.as_str(), "pause" | "continue" | "rollback") {
        let action = &config.failure_action;
        return Err(Refusal::Refused(format!("unrecognized update failure action {action}")));
    }
    if !matches!(config.order.as_str(), "stop-first" | "start-first") {
        return Err(Refusal::Refused(format!("unrecognized update order {}", config.order)));
    }
    Ok(())
}

fn not_negative(number: i64, text: &str) -> Result<(), Refusal> {
    if number < 0 { Err(Refusal::invalid(text)) } else { Ok(()) }
}
