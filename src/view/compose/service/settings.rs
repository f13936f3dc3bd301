//! `x-skep` of a service: what the engine does and compose has no key for.

use crate::model::engine::{ContainerSpec, ServiceMode, ServiceSpec};
use crate::view::yaml::Map;

use super::deploy::bytes;
use crate::view::compose::sheet::Sheet;

impl Sheet<'_> {
    /// Privileges, concurrency of a job, swap.
    pub(super) fn settings(&mut self, spec: &ServiceSpec, container: &ContainerSpec) -> Map {
        let mut map = Map::new();
        if let Some(privileges) = container.privileges.as_deref() {
            map.put_unless("no_new_privileges", privileges.no_new_privileges, false);
            match privileges.seccomp.as_deref().map(|seccomp| seccomp.mode.as_str()) {
                None | Some("" | "default") => {}
                Some("unconfined") => map.put("seccomp", "unconfined"),
                Some(mode) => {
                    let message = format!("a {mode} profile is not drawn: name its file");
                    self.remark("x-skep.seccomp", message);
                }
            }
            let disabled = privileges.app_armor.as_deref().is_some_and(|a| a.mode == "disabled");
            map.put_some("apparmor", disabled.then_some("unconfined"));
        }
        if let Some(ServiceMode::ReplicatedJob(job)) = &spec.mode {
            let concurrent = job.max_concurrent.unwrap_or(1);
            let total = job.total_completions.unwrap_or(concurrent);
            map.put_some("max_concurrent", (total != concurrent).then_some(concurrent));
        }
        if let Some(resources) = &spec.task_template.resources {
            let swap = |swap: i64| if swap < 0 { "unlimited".to_owned() } else { bytes(swap) };
            map.put_some("swap", resources.swap_bytes.map(swap));
            map.put_some("swappiness", resources.memory_swappiness);
        }
        map
    }
}
