//! Fields that an engine does not know. They are reported, and neither sent nor compared: the
//! engine would drop them silently (`adjustForAPIVersion` in moby), and drift would never end.

use crate::model::ApiVersion;
use crate::model::engine::{ContainerSpec, ResourceRequirements, ServiceSpec};

/// Takes out of a spec what the engine does not know, and says what that was.
pub fn strip(spec: &mut ServiceSpec, api: ApiVersion) -> Vec<(String, ApiVersion)> {
    let task = &mut spec.task_template;
    let mut stripped = Vec::new();
    if let Some(container) = &mut task.container_spec {
        take(container, &CONTAINER, api, &mut stripped);
    }
    if let Some(resources) = &mut task.resources {
        take(resources, &RESOURCES, api, &mut stripped);
    }
    stripped
}

fn take<T>(
    part: &mut T,
    rules: &[Rule<T>],
    api: ApiVersion,
    stripped: &mut Vec<(String, ApiVersion)>,
) {
    for rule in rules.iter().filter(|rule| api < rule.needs) {
        if (rule.take)(part) {
            stripped.push((rule.field.to_owned(), rule.needs));
        }
    }
}

/// One field and the API version that knows it.
struct Rule<T> {
    field: &'static str,
    needs: ApiVersion,
    /// Takes the field out; true when it was there.
    take: fn(&mut T) -> bool,
}

const fn rule<T>(field: &'static str, minor: u16, take: fn(&mut T) -> bool) -> Rule<T> {
    Rule { field, needs: ApiVersion::v1(minor), take }
}

const CONTAINER: [Rule<ContainerSpec>; 10] = [
    rule("sysctls", 40, |c| taken(&mut c.sysctls)),
    rule("cap_add", 41, |c| taken(&mut c.capability_add)),
    rule("cap_drop", 41, |c| taken(&mut c.capability_drop)),
    rule("ulimits", 41, |c| taken(&mut c.ulimits)),
    rule("healthcheck.start_interval", 44, |c| {
        c.healthcheck.as_deref_mut().is_some_and(|check| taken(&mut check.start_interval))
    }),
    rule("x-skep.no_new_privileges", 44, |c| {
        c.privileges.as_deref_mut().is_some_and(|p| taken(&mut p.no_new_privileges))
    }),
    rule("x-skep.seccomp", 44, |c| {
        c.privileges.as_deref_mut().is_some_and(|p| taken(&mut p.seccomp))
    }),
    rule("x-skep.apparmor", 44, |c| {
        c.privileges.as_deref_mut().is_some_and(|p| taken(&mut p.app_armor))
    }),
    rule("volumes[].volume.subpath", 45, take_subpaths),
    rule("oom_score_adj", 46, |c| taken(&mut c.oom_score_adj)),
];

const RESOURCES: [Rule<ResourceRequirements>; 3] = [
    rule("deploy.resources.limits.pids", 41, |r| {
        r.limits.as_deref_mut().is_some_and(|limits| taken(&mut limits.pids))
    }),
    rule("x-skep.swap", 52, |r| taken(&mut r.swap_bytes)),
    rule("x-skep.swappiness", 52, |r| taken(&mut r.memory_swappiness)),
];

fn taken<T: Default + PartialEq>(field: &mut T) -> bool {
    std::mem::take(field) != T::default()
}

fn take_subpaths(container: &mut ContainerSpec) -> bool {
    let options = container.mounts.iter_mut().filter_map(|mount| mount.volume_options.as_mut());
    options.filter_map(|volume| taken(&mut volume.subpath).then_some(())).count() > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::engine::Healthcheck;

    #[test]
    fn an_engine_of_20_10_loses_the_start_interval_and_says_so() {
        let check = Healthcheck { start_interval: 5, retries: 3, ..Healthcheck::default() };
        let container = ContainerSpec {
            healthcheck: Some(Box::new(check)),
            oom_score_adj: 7,
            ..ContainerSpec::default()
        };
        let mut spec = ServiceSpec::default();
        spec.task_template.container_spec = Some(container);
        let mut newer = spec.clone();
        let fields: Vec<String> =
            strip(&mut spec, ApiVersion::v1(41)).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["healthcheck.start_interval", "oom_score_adj"]);
        assert!(strip(&mut spec, ApiVersion::v1(41)).is_empty());
        assert!(strip(&mut newer, ApiVersion::v1(51)).is_empty());
    }
}
