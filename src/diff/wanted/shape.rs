//! The declaration in the shape of what is there.
//!
//! The engine restarts tasks for differences that mean nothing: order of lists, `nil` against
//! empty (swarmkit `IsTaskDirty`). So whatever means the same is sent as it was read, and what
//! nobody declares (`ForceUpdate`, a free replica count, unknown fields) is left as it is.

use crate::diff::fields::{
    Fields, NamesById, OWN_LABELS, configs, endpoint, log_driver, mode, mounts, networks,
    placement, resources, restart_policy, secrets, update_config,
};
use crate::model::engine::{ContainerSpec, Extra, ServiceMode, ServiceSpec, TaskSpec};

/// Puts a wanted spec into the shape of the spec that was read.
#[must_use]
pub fn in_shape_of(mut wanted: ServiceSpec, live: &ServiceSpec, names: &NamesById) -> ServiceSpec {
    free_replicas(&mut wanted.mode, live.mode.as_ref());
    keep(&mut wanted.mode, &live.mode, |m| mode(m.as_ref()));
    keep(&mut wanted.update_config, &live.update_config, |c| update_config("", c.as_deref()));
    keep(&mut wanted.rollback_config, &live.rollback_config, |c| update_config("", c.as_deref()));
    keep(&mut wanted.endpoint_spec, &live.endpoint_spec, |e| endpoint(e.as_ref()));
    keep_extra(&mut wanted.extra, &live.extra);
    task(&mut wanted.task_template, &live.task_template, names);
    let own = live.labels.iter().filter(|(key, _)| key.starts_with(OWN_LABELS));
    for (key, value) in own {
        wanted.labels.entry(key.clone()).or_insert_with(|| value.clone());
    }
    wanted
}

/// A replica count that nobody declared belongs to whoever scales.
fn free_replicas(wanted: &mut Option<ServiceMode>, live: Option<&ServiceMode>) {
    if let (Some(ServiceMode::Replicated(wanted)), Some(ServiceMode::Replicated(live))) =
        (wanted, live)
    {
        wanted.replicas = wanted.replicas.or(live.replicas);
    }
}

fn task(wanted: &mut TaskSpec, live: &TaskSpec, names: &NamesById) {
    wanted.force_update = live.force_update;
    keep(&mut wanted.resources, &live.resources, |r| resources(r.as_ref()));
    keep(&mut wanted.restart_policy, &live.restart_policy, |r| restart_policy(r.as_deref()));
    keep(&mut wanted.networks, &live.networks, |n| networks(n, names));
    keep(&mut wanted.log_driver, &live.log_driver, |l| log_driver(l.as_deref()));
    if wanted.runtime.is_empty() && live.runtime == "container" {
        wanted.runtime.clone_from(&live.runtime);
    }
    keep_placement(wanted, live);
    keep_extra(&mut wanted.extra, &live.extra);
    if let (Some(wanted), Some(live)) = (&mut wanted.container_spec, &live.container_spec) {
        container(wanted, live, names);
    }
}

/// Platforms come from the registry: without an answer, those that are there stay.
fn keep_placement(wanted: &mut TaskSpec, live: &TaskSpec) {
    let platforms = wanted.placement.as_ref().map(|p| p.platforms.clone()).unwrap_or_default();
    let before = live.placement.as_ref().map(|p| p.platforms.clone()).unwrap_or_default();
    keep(&mut wanted.placement, &live.placement, |p| placement(p.as_ref()));
    if let Some(placement) = &mut wanted.placement {
        placement.platforms = if platforms.is_empty() { before } else { platforms };
    }
}

fn container(wanted: &mut ContainerSpec, live: &ContainerSpec, names: &NamesById) {
    for (ours, theirs) in [
        (&mut wanted.env, &live.env),
        (&mut wanted.hosts, &live.hosts),
        (&mut wanted.groups, &live.groups),
        (&mut wanted.capability_add, &live.capability_add),
        (&mut wanted.capability_drop, &live.capability_drop),
    ] {
        keep_set(ours, theirs);
    }
    keep(&mut wanted.mounts, &live.mounts, |m| mounts(m));
    keep(&mut wanted.secrets, &live.secrets, |s| secrets(s, names));
    keep(&mut wanted.configs, &live.configs, |c| configs(c, names));
    keep(&mut wanted.privileges, &live.privileges, |p| alone(names, |c| c.privileges = p.clone()));
    keep(&mut wanted.healthcheck, &live.healthcheck, |h| {
        alone(names, |c| c.healthcheck = h.clone())
    });
    keep(&mut wanted.dns_config, &live.dns_config, |d| alone(names, |c| c.dns_config = d.clone()));
    keep(&mut wanted.stop_grace_period, &live.stop_grace_period, |g| {
        alone(names, |c| c.stop_grace_period = *g)
    });
    keep(&mut wanted.ulimits, &live.ulimits, |u| alone(names, |c| c.ulimits = u.clone()));
    if wanted.isolation.is_empty() && live.isolation == "default" {
        wanted.isolation.clone_from(&live.isolation);
    }
    keep_extra(&mut wanted.extra, &live.extra);
}

/// Fields of a container that has only one thing set.
fn alone(names: &NamesById, set: impl FnOnce(&mut ContainerSpec)) -> Fields {
    let mut container = ContainerSpec::default();
    set(&mut container);
    crate::diff::fields::container(&container, names)
}

/// Takes over what was read when it means the same.
fn keep<T: Clone + PartialEq>(wanted: &mut T, live: &T, picture: impl Fn(&T) -> Fields) {
    // Mostly they are equal as they stand, and pictures are dear.
    if wanted != live && picture(wanted) == picture(live) {
        wanted.clone_from(live);
    }
}

/// Takes over the order that was read when the entries are the same.
fn keep_set(wanted: &mut Vec<String>, live: &Vec<String>) {
    let sorted = |list: &Vec<String>| {
        let mut list: Vec<&String> = list.iter().collect();
        list.sort_unstable();
        list.into_iter().cloned().collect::<Vec<_>>()
    };
    if wanted != live && sorted(wanted) == sorted(live) {
        wanted.clone_from(live);
    }
}

/// Leaves unknown fields as they were read.
fn keep_extra(wanted: &mut Extra, live: &Extra) {
    for (key, value) in live {
        wanted.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(value: serde_json::Value) -> ServiceSpec {
        serde_json::from_value(value).expect("a service spec")
    }

    #[test]
    fn what_means_the_same_is_sent_as_it_was_read() {
        let live = spec(json!({
            "Name": "a", "Labels": {"skep.hold": "x"}, "FutureField": 1,
            "TaskTemplate": {
                "ContainerSpec": {"Image": "x", "Env": ["B=2", "A=1"], "Isolation": "default",
                    "Sysctls": {}, "NewThing": {"a": 1}},
                "Networks": [{"Target": "n1"}], "ForceUpdate": 4, "Runtime": "container",
                "Placement": {"Platforms": [{"Architecture": "amd64", "OS": "linux"}]}
            },
            "Mode": {"Replicated": {"Replicas": 7}},
            "EndpointSpec": {"Mode": "vip"}
        }));
        let wanted = spec(json!({
            "Name": "a",
            "TaskTemplate": {
                "ContainerSpec": {"Image": "x", "Env": ["A=1", "B=2"]},
                "Networks": [{"Target": "net"}], "Placement": {}
            },
            "Mode": {"Replicated": {}},
            "EndpointSpec": {}
        }));
        let names = NamesById::from([("n1".to_owned(), "net".to_owned())]);
        assert_eq!(in_shape_of(wanted, &live, &names), live);
    }

    #[test]
    fn a_declared_change_is_sent_as_declared() {
        let live = spec(json!({"Mode": {"Replicated": {"Replicas": 7}},
            "TaskTemplate": {"ContainerSpec": {"Image": "x", "Env": ["B=2", "A=1"]}}}));
        let wanted = spec(json!({"Mode": {"Replicated": {"Replicas": 2}},
            "TaskTemplate": {"ContainerSpec": {"Image": "x", "Env": ["A=1", "B=3"]}}}));
        assert_eq!(in_shape_of(wanted.clone(), &live, &NamesById::new()), wanted);
    }
}
