//! `x-skep` of a service: what the engine does and compose has no key for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::engine::{Seccomp, ServiceMode, ServiceSpec};
use crate::view::yaml::Map;

use super::deploy::bytes;
use crate::view::compose::choose::Contents;
use crate::view::compose::sheet::Sheet;

impl Sheet<'_> {
    /// Privileges, concurrency of a job, swap.
    pub(super) fn settings(&mut self, map: &mut Map, key: &str, spec: &ServiceSpec) {
        let container = spec.task_template.container_spec.as_ref();
        if let Some(privileges) = container.and_then(|container| container.privileges.as_deref()) {
            map.put_unless("no_new_privileges", privileges.no_new_privileges, false);
            if let Some(seccomp) = privileges.seccomp.as_deref() {
                map.put_some("seccomp", self.seccomp(key, seccomp));
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
    }

    /// `unconfined`, or a file with the profile.
    fn seccomp(&mut self, key: &str, seccomp: &Seccomp) -> Option<String> {
        match seccomp.mode.as_str() {
            "" | "default" => None,
            "unconfined" => Some("unconfined".to_owned()),
            mode => {
                let profile = STANDARD.decode(&seccomp.profile).ok();
                let profile = profile.filter(|_| self.contents == Contents::Beside);
                let path = format!("seccomp/{key}.json");
                if let Some(profile) = profile {
                    self.files.insert(path.clone(), profile);
                    return Some(path);
                }
                let message = format!("a {mode} profile stands in a file: use --output");
                self.remark("x-skep.seccomp", message);
                None
            }
        }
    }
}
