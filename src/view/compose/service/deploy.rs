//! `deploy`: mode, updates, restarts, placement, resources.

use crate::diff::fields::duration_text;
use crate::model::engine::{
    GenericResource, Placement, ResourceRequirements, Resources, RestartPolicy, ServiceMode,
    ServiceSpec, UpdateConfig,
};
use crate::view::yaml::{Map, Yaml};

use crate::view::compose::sheet::Sheet;

impl Sheet<'_> {
    /// How many tasks.
    pub(super) fn mode(deploy: &mut Map, mode: Option<&ServiceMode>) {
        let replicas = match mode {
            None => Some(1),
            Some(ServiceMode::Replicated(replicated)) => Some(replicated.replicas.unwrap_or(1)),
            Some(ServiceMode::ReplicatedJob(job)) => {
                let concurrent = job.max_concurrent.unwrap_or(1);
                Some(job.total_completions.unwrap_or(concurrent))
            }
            Some(ServiceMode::Global {} | ServiceMode::GlobalJob {}) => None,
        };
        deploy.put_unless("mode", mode.map_or("replicated", ServiceMode::word), "replicated");
        deploy.put_some("replicas", replicas);
    }

    /// The rest of `deploy`.
    pub(super) fn deploy(&mut self, deploy: &mut Map, spec: &ServiceSpec) {
        for (key, config) in
            [("update_config", &spec.update_config), ("rollback_config", &spec.rollback_config)]
        {
            let Some(config) = config else { continue };
            self.unknown(&format!("deploy.{key}"), &config.extra);
            deploy.put(key, update_config(config));
        }
        let task = &spec.task_template;
        if let Some(policy) = &task.restart_policy {
            self.unknown("deploy.restart_policy", &policy.extra);
            deploy.put("restart_policy", restart_policy(policy));
        }
        if let Some(placement) = &task.placement {
            self.unknown("deploy.placement", &placement.extra);
            deploy.put_filled("placement", self::placement(placement));
        }
        if let Some(resources) = &task.resources {
            deploy.put_filled("resources", self.resources(resources));
        }
        if !matches!(task.runtime.as_str(), "" | "container") {
            self.remark("runtime", format!("no key says the runtime {}", task.runtime));
        }
    }

    fn resources(&mut self, resources: &ResourceRequirements) -> Map {
        let mut map = Map::new();
        for (key, amounts) in
            [("limits", &resources.limits), ("reservations", &resources.reservations)]
        {
            if let Some(amounts) = amounts {
                map.put_filled(key, self.amounts(key, amounts));
            }
        }
        self.unknown("deploy.resources", &resources.extra);
        map
    }

    fn amounts(&mut self, key: &str, amounts: &Resources) -> Map {
        let path = format!("deploy.resources.{key}");
        let mut map = Map::new();
        map.put_some("cpus", (amounts.nano_cpus != 0).then(|| cpus(amounts.nano_cpus)));
        map.put_some("memory", (amounts.memory_bytes != 0).then(|| bytes(amounts.memory_bytes)));
        if amounts.pids != 0 && key == "limits" {
            map.put("pids", amounts.pids);
        } else if amounts.pids != 0 {
            self.remark(&format!("{path}.pids"), format!("no key says this: {}", amounts.pids));
        }
        let mut generic: Vec<Yaml> = Vec::new();
        for resource in &amounts.generic_resources {
            match resource {
                GenericResource::DiscreteResourceSpec { kind, value } if key != "limits" => {
                    let spec = Map::from_iter([
                        ("kind", Yaml::from(kind.as_str())),
                        ("value", Yaml::from(*value)),
                    ]);
                    generic.push(Map::from_iter([("discrete_resource_spec", spec)]).into());
                }
                other => {
                    let what = match other {
                        GenericResource::DiscreteResourceSpec { kind, value } => {
                            format!("{kind}={value}")
                        }
                        GenericResource::NamedResourceSpec { kind, value } => {
                            format!("{kind}={value}, by name")
                        }
                    };
                    self.remark(
                        &format!("{path}.generic_resources"),
                        format!("no key says this: {what}"),
                    );
                }
            }
        }
        map.put_filled("generic_resources", generic);
        self.unknown(&path, &amounts.extra);
        map
    }
}

fn update_config(config: &UpdateConfig) -> Map {
    let mut map = Map::new();
    map.put("parallelism", config.parallelism);
    map.put_some("delay", duration(config.delay));
    if !config.failure_action.is_empty() {
        map.put_unless("failure_action", config.failure_action.as_str(), "pause");
    }
    map.put_some("monitor", duration(config.monitor));
    if config.max_failure_ratio != 0.0 {
        // By way of text: 0.1 as a number of half the size is 0.10000000149 in the larger one.
        let ratio = config.max_failure_ratio.to_string().parse().unwrap_or_default();
        map.put("max_failure_ratio", Yaml::Float(ratio));
    }
    if !config.order.is_empty() {
        map.put_unless("order", config.order.as_str(), "stop-first");
    }
    map
}

/// Always with its condition: a policy that is there is not nothing to the engine.
fn restart_policy(policy: &RestartPolicy) -> Map {
    let mut map = Map::new();
    let condition = if policy.condition.is_empty() { "any" } else { &policy.condition };
    map.put("condition", condition);
    map.put_some("delay", policy.delay.map(duration_text));
    map.put_some("max_attempts", policy.max_attempts.filter(|attempts| *attempts != 0));
    map.put_some("window", policy.window.map(duration_text));
    map
}

fn placement(placement: &Placement) -> Map {
    let mut map = Map::new();
    map.put_filled("constraints", Yaml::texts(&placement.constraints));
    let spread = |text: &str| Yaml::from(Map::from_iter([("spread", text)]));
    let preferences = placement.preferences.iter();
    let preferences: Vec<Yaml> =
        preferences.map(|one| spread(&one.spread.spread_descriptor)).collect();
    map.put_filled("preferences", preferences);
    map.put_unless("max_replicas_per_node", placement.max_replicas, 0);
    map
}

/// A duration that is not nothing.
pub(super) fn duration(nanoseconds: i64) -> Option<String> {
    (nanoseconds != 0).then(|| duration_text(nanoseconds))
}

/// Billionths of a processor as `0.25`.
fn cpus(nanos: i64) -> String {
    let (whole, part) = (nanos / 1_000_000_000, (nanos % 1_000_000_000).unsigned_abs());
    let text = format!("{whole}.{part:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Bytes in the largest unit that divides them.
pub(super) fn bytes(bytes: i64) -> String {
    let units = [(1_i64 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")];
    let unit = units.iter().find(|(size, _)| bytes % size == 0);
    unit.map_or_else(|| bytes.to_string(), |(size, word)| format!("{}{word}", bytes / size))
}
