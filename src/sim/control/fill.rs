//! What the engine makes of a posted service spec before anybody can read it back: defaults filled
//! in, what it does not know or keep dropped (`daemon/cluster/convert`, `adjustForAPIVersion` in
//! `api/server/router/swarm`).

use crate::model::ApiVersion;
use crate::model::engine::{
    ContainerSpec, EndpointSpec, JobMode, Mount, PortConfig, Privileges, Replicated,
    ResourceRequirements, RestartPolicy, ServiceMode, ServiceSpec, TaskSpec, UpdateConfig,
};

/// The spec as it will be read back; network targets are resolved elsewhere.
pub(super) fn service(mut spec: ServiceSpec, api: ApiVersion) -> ServiceSpec {
    spec.extra.clear();
    spec.mode = Some(mode(spec.mode.take()));
    task(&mut spec.task_template, api);
    spec.update_config.as_deref_mut().into_iter().for_each(update);
    spec.rollback_config.as_deref_mut().into_iter().for_each(update);
    spec.endpoint_spec.iter_mut().for_each(endpoint);
    spec
}

fn mode(mode: Option<ServiceMode>) -> ServiceMode {
    match mode {
        None => ServiceMode::Replicated(Replicated { replicas: Some(1) }),
        Some(ServiceMode::Replicated(Replicated { replicas })) => {
            ServiceMode::Replicated(Replicated { replicas: Some(replicas.unwrap_or(1)) })
        }
        Some(ServiceMode::ReplicatedJob(job)) => {
            let max_concurrent = job.max_concurrent.unwrap_or(1);
            let total = job.total_completions.unwrap_or(max_concurrent);
            ServiceMode::ReplicatedJob(JobMode {
                max_concurrent: Some(max_concurrent),
                total_completions: Some(total),
            })
        }
        Some(other) => other,
    }
}

fn update(config: &mut UpdateConfig) {
    default(&mut config.failure_action, "pause");
    default(&mut config.order, "stop-first");
    config.extra.clear();
}

fn endpoint(endpoint: &mut EndpointSpec) {
    default(&mut endpoint.mode, "vip");
    endpoint.ports.iter_mut().for_each(port);
    endpoint.extra.clear();
}

fn port(port: &mut PortConfig) {
    default(&mut port.protocol, "tcp");
    default(&mut port.publish_mode, "ingress");
    port.extra.clear();
}

fn task(task: &mut TaskSpec, api: ApiVersion) {
    default(&mut task.runtime, "container");
    task.restart_policy.as_deref_mut().into_iter().for_each(restart);
    task.resources.iter_mut().for_each(|resources| requirements(resources, api));
    if let Some(placement) = &mut task.placement {
        placement.extra.clear();
    }
    if let Some(driver) = &mut task.log_driver {
        driver.extra.clear();
    }
    for attachment in &mut task.networks {
        attachment.extra.clear();
    }
    if let Some(spec) = &mut task.container_spec {
        container(spec, api);
    }
    task.extra.clear();
}

fn restart(policy: &mut RestartPolicy) {
    default(&mut policy.condition, "any");
    policy.max_attempts.get_or_insert(0);
    policy.extra.clear();
}

/// Swap settings came with API 1.52; everything else that is unknown is dropped.
fn requirements(resources: &mut ResourceRequirements, api: ApiVersion) {
    if api < ApiVersion::v1(52) {
        (resources.swap_bytes, resources.memory_swappiness) = (None, None);
    }
    resources.extra.clear();
    let amounts = [&mut resources.limits, &mut resources.reservations];
    for amount in amounts.into_iter().flatten() {
        amount.extra.clear();
    }
}

fn container(spec: &mut ContainerSpec, api: ApiVersion) {
    default(&mut spec.isolation, "default");
    spec.extra.clear();
    if let Some(check) = &mut spec.healthcheck {
        check.extra.clear();
        if api < ApiVersion::v1(44) {
            check.start_interval = 0;
        }
    }
    if api < ApiVersion::v1(46) {
        spec.oom_score_adj = 0;
    }
    spec.privileges.iter_mut().for_each(|known| privileges(known, api));
    spec.mounts.iter_mut().for_each(|known| mount(known, api));
    if let Some(dns) = &mut spec.dns_config {
        dns.extra.clear();
    }
    for secret in &mut spec.secrets {
        secret.extra.clear();
    }
    for config in &mut spec.configs {
        config.extra.retain(|key, _| key == "Runtime");
    }
}

/// Seccomp, `AppArmor` and the ban on new privileges came with API 1.44.
fn privileges(privileges: &mut Privileges, api: ApiVersion) {
    let known = api >= ApiVersion::v1(44);
    privileges.no_new_privileges &= known;
    privileges.seccomp = privileges.seccomp.take().filter(|_| known);
    privileges.app_armor = privileges.app_armor.take().filter(|_| known);
    privileges.extra.clear();
}

fn mount(mount: &mut Mount, api: ApiVersion) {
    default(&mut mount.kind, "bind");
    mount.consistency.clear();
    mount.extra.clear();
    mount.bind_options = mount.bind_options.take().filter(|bind| !bind.propagation.is_empty());
    if let Some(bind) = &mut mount.bind_options {
        bind.extra.clear();
    }
    if let Some(volume) = &mut mount.volume_options {
        volume.extra.clear();
        if api < ApiVersion::v1(45) {
            volume.subpath.clear();
        }
    }
    if let Some(tmpfs) = &mut mount.tmpfs_options {
        tmpfs.extra.retain(|key, _| key == "Options" && api >= ApiVersion::v1(46));
    }
}

fn default(text: &mut String, value: &str) {
    if text.is_empty() {
        value.clone_into(text);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The container that is read back after this one was posted.
    fn read_back(minor: u16, container: Value) -> Value {
        let spec = json!({"Name": "web", "TaskTemplate": {"ContainerSpec": container}});
        let filled = service(serde_json::from_value(spec).unwrap(), ApiVersion::v1(minor));
        let mut filled = serde_json::to_value(filled).unwrap();
        filled["TaskTemplate"]["ContainerSpec"].take()
    }

    /// `adjustForAPIVersion`: silently zeroed by requests of an older version.
    #[test]
    fn a_field_is_kept_from_the_api_version_on_that_knows_it() {
        for (minor, path, container) in [
            (44, "/Healthcheck/StartInterval", json!({"Healthcheck": {"StartInterval": 9}})),
            (44, "/Privileges/Seccomp", json!({"Privileges": {"Seccomp": {"Mode": "custom"}}})),
            (44, "/Privileges/NoNewPrivileges", json!({"Privileges": {"NoNewPrivileges": true}})),
            (
                45,
                "/Mounts/0/VolumeOptions/Subpath",
                json!({"Mounts": [{"VolumeOptions": {"Subpath": "a"}}]}),
            ),
            (46, "/OomScoreAdj", json!({"OomScoreAdj": 5})),
            (
                46,
                "/Mounts/0/TmpfsOptions/Options",
                json!({"Mounts": [{"TmpfsOptions": {"Options": [["noexec"]]}}]}),
            ),
        ] {
            let before = read_back(minor - 1, container.clone());
            assert_eq!(before.pointer(path), None, "{path} with 1.{}", minor - 1);
            let after = read_back(minor, container.clone());
            assert_eq!(after.pointer(path), container.pointer(path), "{path} with 1.{minor}");
        }
    }

    #[test]
    fn a_service_without_a_mode_has_one_task_and_a_job_ends_when_all_its_tasks_did() {
        let replicated =
            |number| Some(ServiceMode::Replicated(Replicated { replicas: Some(number) }));
        assert_eq!(Some(mode(None)), replicated(1));
        let empty = Some(ServiceMode::Replicated(Replicated::default()));
        assert_eq!(Some(mode(empty)), replicated(1));
        assert_eq!(Some(mode(replicated(0))), replicated(0));
        let job = |most, total| {
            ServiceMode::ReplicatedJob(JobMode { max_concurrent: most, total_completions: total })
        };
        assert_eq!(mode(Some(job(None, None))), job(Some(1), Some(1)));
        assert_eq!(mode(Some(job(Some(3), None))), job(Some(3), Some(3)));
        assert_eq!(mode(Some(job(None, Some(5)))), job(Some(1), Some(5)));
    }

    #[test]
    fn what_was_filled_in_once_is_not_changed_again() {
        let spec = json!({
            "Name": "web",
            "TaskTemplate": {
                "ContainerSpec": {"Mounts": [{"Target": "/a", "BindOptions": {}}]},
                "RestartPolicy": {}
            },
            "UpdateConfig": {}, "EndpointSpec": {"Ports": [{"TargetPort": 80}]}
        });
        let once = service(serde_json::from_value(spec).unwrap(), ApiVersion::v1(41));
        assert_eq!(service(once.clone(), ApiVersion::v1(41)), once);
    }
}
