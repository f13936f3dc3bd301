//! Fields that an engine does not know. They are reported, and neither sent nor compared: the
//! engine would drop them silently (`adjustForAPIVersion` in moby), and drift would never end.

use crate::model::ApiVersion;
use crate::model::engine::{ContainerSpec, ServiceSpec};

/// Takes out of a spec what the engine does not know, and says what that was.
pub fn strip(spec: &mut ServiceSpec, api: ApiVersion) -> Vec<(String, ApiVersion)> {
    let mut stripped = Vec::new();
    if let Some(container) = &mut spec.task_template.container_spec {
        for rule in RULES.iter().filter(|rule| api < rule.needs) {
            if (rule.take)(container) {
                stripped.push((rule.field.to_owned(), rule.needs));
            }
        }
    }
    let pids = spec.task_template.resources.as_mut().and_then(|r| r.limits.as_deref_mut());
    if let Some(limits) = pids.filter(|limits| limits.pids != 0 && api < ApiVersion::v1(41)) {
        limits.pids = 0;
        stripped.push(("deploy.resources.limits.pids".to_owned(), ApiVersion::v1(41)));
    }
    stripped
}

/// One field and the API version that knows it.
struct Rule {
    field: &'static str,
    needs: ApiVersion,
    /// Takes the field out; true when it was there.
    take: fn(&mut ContainerSpec) -> bool,
}

const RULES: [Rule; 8] = [
    Rule { field: "sysctls", needs: ApiVersion::v1(40), take: |c| taken(&mut c.sysctls) },
    Rule { field: "cap_add", needs: ApiVersion::v1(41), take: |c| taken(&mut c.capability_add) },
    Rule { field: "cap_drop", needs: ApiVersion::v1(41), take: |c| taken(&mut c.capability_drop) },
    Rule { field: "ulimits", needs: ApiVersion::v1(41), take: |c| taken(&mut c.ulimits) },
    Rule {
        field: "healthcheck.start_interval",
        needs: ApiVersion::v1(44),
        take: |c| {
            c.healthcheck.as_deref_mut().is_some_and(|check| taken(&mut check.start_interval))
        },
    },
    Rule {
        field: "x-skep.no_new_privileges",
        needs: ApiVersion::v1(44),
        take: |c| c.privileges.as_deref_mut().is_some_and(|p| taken(&mut p.no_new_privileges)),
    },
    Rule { field: "volumes[].volume.subpath", needs: ApiVersion::v1(45), take: take_subpaths },
    Rule {
        field: "oom_score_adj",
        needs: ApiVersion::v1(46),
        take: |c| taken(&mut c.oom_score_adj),
    },
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
