//! A spec that refers to objects by name: ids are those of one swarm at one time.

use crate::diff::fields::NamesById;
use crate::diff::owner::{HOLD_LABEL, OWNER_LABEL};
use crate::model::Replicas;
use crate::model::engine::{ContainerSpec, ServiceMode, ServiceSpec};

/// The spec with names in place of ids, and without what nobody declared: the number of times that
/// tasks were asked for anew, a free number of tasks, what people and skep put on the service.
#[must_use]
pub fn named(mut spec: ServiceSpec, replicas: Replicas, names: &NamesById) -> ServiceSpec {
    let task = &mut spec.task_template;
    task.force_update = 0;
    for network in task.networks.iter_mut().chain(&mut spec.networks) {
        rename(&mut network.target, names);
    }
    if let Some(container) = &mut task.container_spec {
        without_ids(container, names);
    }
    if let (Replicas::Free, Some(ServiceMode::Replicated(replicated))) = (replicas, &mut spec.mode)
    {
        replicated.replicas = None;
    }
    spec.labels.retain(|key, _| key != HOLD_LABEL && key != OWNER_LABEL);
    spec
}

fn without_ids(container: &mut ContainerSpec, names: &NamesById) {
    container.secrets.iter_mut().for_each(|reference| reference.secret_id.clear());
    container.configs.iter_mut().for_each(|reference| reference.config_id.clear());
    let credentials =
        container.privileges.as_deref_mut().and_then(|p| p.credential_spec.as_deref_mut());
    if let Some(credentials) = credentials {
        rename(&mut credentials.config, names);
    }
}

fn rename(target: &mut String, names: &NamesById) {
    if let Some(name) = names.get(target) {
        target.clone_from(name);
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
    fn ids_and_what_nobody_declared_are_left_out() {
        let live = spec(json!({
            "Name": "a", "Labels": {"skep.hold": "x", "skep.keep": "y", "skep.owner": "z"},
            "Mode": {"Replicated": {"Replicas": 7}},
            "TaskTemplate": {
                "ForceUpdate": 3,
                "Networks": [{"Target": "n1"}, {"Target": "host"}],
                "ContainerSpec": {"Image": "x", "Secrets": [{"SecretID": "s1", "SecretName": "k"}],
                    "Privileges": {"CredentialSpec": {"Config": "c1"}}}
            }
        }));
        let kept = spec(json!({
            "Name": "a", "Labels": {"skep.keep": "y"},
            "Mode": {"Replicated": {}},
            "TaskTemplate": {
                "Networks": [{"Target": "net"}, {"Target": "host"}],
                "ContainerSpec": {"Image": "x", "Secrets": [{"SecretID": "", "SecretName": "k"}],
                    "Privileges": {"CredentialSpec": {"Config": "credentials"}}}
            }
        }));
        let names = [("n1", "net"), ("c1", "credentials")];
        let names = names.map(|(id, name)| (id.to_owned(), name.to_owned())).into();
        assert_eq!(named(live.clone(), Replicas::Free, &names), kept);
        let declared = named(live, Replicas::Declared, &names);
        assert_eq!(declared.mode, spec(json!({"Mode": {"Replicated": {"Replicas": 7}}})).mode);
    }
}
