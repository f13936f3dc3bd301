//! `deploy`: mode, updates, restarts, placement, resources.

use super::Stage;
use crate::load::compose::{
    Deploy, GenericResourceForm, MODE, Order, PARALLELISM, PlacementForm, ResourcesForm,
    RestartPolicyForm, Service, ServiceSettings, UpdateConfigForm,
};
use crate::load::yaml::KeyPath;
use crate::model::engine::{
    GenericResource, JobMode, Placement, PlacementPreference, Replicated, ResourceRequirements,
    Resources, RestartPolicy, ServiceMode, SpreadOver, UpdateConfig,
};

impl Stage<'_, '_> {
    /// How many tasks, where.
    pub(super) fn mode(
        &mut self,
        (deploy, settings): (&Deploy, Option<&ServiceSettings>),
        service: &KeyPath<'_>,
    ) -> Option<ServiceMode> {
        let (replicas, path) = (deploy.replicas, &service.key("deploy"));
        let most = settings.and_then(|settings| settings.max_concurrent);
        let word = deploy.mode.as_deref().filter(|word| !word.is_empty()).unwrap_or(MODE);
        if replicas.is_some() && matches!(word, "global" | "global-job") {
            let message = format!("'replicas' does not fit the mode {word}: it runs on every node");
            self.error(&path.key("replicas"), (message, "remove it, or change the mode"));
        }
        if most.is_some() && word != "replicated-job" {
            let message = "'max_concurrent' is for the mode replicated-job only";
            let settings = service.key("x-skep");
            self.error(&settings.key("max_concurrent"), (message, "remove it, or change the mode"));
        }
        Some(match word {
            MODE => ServiceMode::Replicated(Replicated { replicas }),
            "global" => ServiceMode::Global {},
            "global-job" => ServiceMode::GlobalJob {},
            "replicated-job" => ServiceMode::ReplicatedJob(JobMode {
                max_concurrent: most.or(replicas),
                total_completions: replicas,
            }),
            _ => {
                let hint = "the modes are replicated, global, replicated-job and global-job";
                self.error(&path.key("mode"), ("this is no mode of a service", hint));
                return None;
            }
        })
    }

    /// What happens when a task ends: `deploy.restart_policy`, else what `restart` says.
    pub(super) fn restart(
        &mut self,
        service: &Service,
        path: &KeyPath<'_>,
    ) -> Option<RestartPolicy> {
        let declared = service.deploy.as_ref().and_then(|deploy| deploy.restart_policy.as_ref());
        let restart = path.key("restart");
        match (declared, &service.restart) {
            (Some(policy), old) => {
                if old.is_some() {
                    let message = "'restart' has no effect beside deploy.restart_policy";
                    self.warning(&restart, (message, "remove it"));
                }
                Some(restart_policy(policy))
            }
            (None, Some(word)) => self.restart_word(word, &restart),
            (None, None) => None,
        }
    }

    /// Limits, reservations and swap.
    pub(super) fn resources(
        &mut self,
        service: &Service,
        path: &KeyPath<'_>,
    ) -> ResourceRequirements {
        let form = service.deploy.as_ref().and_then(|deploy| deploy.resources.as_ref());
        let mut resources = resources(form);
        let Some(settings) = &service.settings else { return resources };
        resources.swap_bytes = settings.swap.as_ref().map(|swap| swap.0);
        resources.memory_swappiness = settings.swappiness;
        let limited = resources.limits.as_ref().is_some_and(|limits| limits.memory_bytes > 0);
        if resources.swap_bytes.is_some() && !limited {
            let hint = "write deploy.resources.limits.memory as well";
            let remark = ("swap counts beside a memory limit, and there is none", hint);
            let here = path.key("x-skep");
            self.error(&here.key("swap"), remark);
        }
        resources
    }

    /// docker takes `no` for "nothing declared", and the engine then restarts always.
    fn restart_word(&mut self, word: &str, path: &KeyPath<'_>) -> Option<RestartPolicy> {
        let (name, attempts) = match word.split_once(':') {
            Some((name, attempts)) => (name, Some(attempts.parse::<u64>())),
            None => (word, None),
        };
        let condition = match (name, &attempts) {
            ("", None) => return None,
            ("no", None) => "none",
            ("always" | "unless-stopped", None) => "any",
            ("on-failure", None | Some(Ok(_))) => "on-failure",
            _ => {
                let hint = "write no, always, unless-stopped, on-failure or on-failure:3";
                self.error(path, ("this is no restart policy", hint));
                return None;
            }
        };
        let max_attempts = match (name, attempts) {
            ("on-failure", attempts) => Some(attempts.and_then(Result::ok).unwrap_or_default()),
            _ => None,
        };
        Some(RestartPolicy {
            condition: condition.to_owned(),
            max_attempts,
            ..RestartPolicy::default()
        })
    }
}

fn restart_policy(form: &RestartPolicyForm) -> RestartPolicy {
    RestartPolicy {
        condition: form.condition.clone().unwrap_or_default(),
        delay: form.delay.as_ref().map(|delay| delay.0),
        max_attempts: form.max_attempts,
        window: form.window.as_ref().map(|window| window.0),
        ..RestartPolicy::default()
    }
}

/// How updates or rollbacks are rolled out.
pub(super) fn update_config(form: &UpdateConfigForm) -> UpdateConfig {
    UpdateConfig {
        parallelism: form.parallelism.unwrap_or(PARALLELISM),
        delay: form.delay.as_ref().map(|delay| delay.0).unwrap_or_default(),
        failure_action: form.failure_action.clone().unwrap_or_default(),
        monitor: form.monitor.as_ref().map(|monitor| monitor.0).unwrap_or_default(),
        max_failure_ratio: form.max_failure_ratio.unwrap_or_default(),
        order: form.order.map(Order::as_str).unwrap_or_default().to_owned(),
        ..UpdateConfig::default()
    }
}

/// Which nodes.
pub(super) fn placement(form: Option<&PlacementForm>) -> Placement {
    let form = form.cloned().unwrap_or_default();
    let preference = |spread: Option<String>| PlacementPreference {
        spread: SpreadOver { spread_descriptor: spread.unwrap_or_default() },
    };
    let preferences = form.preferences.unwrap_or_default();
    Placement {
        constraints: form.constraints.unwrap_or_default(),
        preferences: preferences.into_iter().map(|form| preference(form.spread)).collect(),
        max_replicas: form.max_replicas_per_node.unwrap_or_default(),
        ..Placement::default()
    }
}

/// Limits and reservations.
fn resources(form: Option<&ResourcesForm>) -> ResourceRequirements {
    let Some(form) = form else { return ResourceRequirements::default() };
    let limits = form.limits.as_ref().map(|limits| Resources {
        nano_cpus: limits.cpus.as_ref().map(|cpus| cpus.0).unwrap_or_default(),
        memory_bytes: limits.memory.as_ref().map(|memory| memory.0).unwrap_or_default(),
        pids: limits.pids.unwrap_or_default(),
        ..Resources::default()
    });
    let reservations = form.reservations.as_ref().map(|wanted| Resources {
        nano_cpus: wanted.cpus.as_ref().map(|cpus| cpus.0).unwrap_or_default(),
        memory_bytes: wanted.memory.as_ref().map(|memory| memory.0).unwrap_or_default(),
        generic_resources: wanted.generic_resources.iter().flatten().map(generic).collect(),
        ..Resources::default()
    });
    let (limits, reservations) = (limits.map(Box::new), reservations.map(Box::new));
    ResourceRequirements { limits, reservations, ..ResourceRequirements::default() }
}

fn generic(form: &GenericResourceForm) -> GenericResource {
    let discrete = form.discrete_resource_spec.clone().unwrap_or_default();
    GenericResource::DiscreteResourceSpec {
        kind: discrete.kind.unwrap_or_default(),
        value: discrete.value.unwrap_or_default(),
    }
}
