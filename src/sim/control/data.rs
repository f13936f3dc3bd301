//! Secrets and configs: immutable but for their labels (`manager/controlapi/secret.go`, `config.go`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::engine::{
    ConfigSpec, ContainerSpec, LiveConfig, LiveSecret, SecretSpec, StringMap, Version,
};
use crate::model::name::check_data_name;
use crate::model::{NewData, SecretBytes, Target};
use crate::ports::Written;

use super::Refusal;
use crate::sim::store::{SecretRow, Store};

/// Bytes that a secret may have at most (`api/validation/secrets.go`: less than 500 KiB).
const MAX_SECRET: usize = 500 * 1024 - 1;
/// Bytes that a config may have at most (`manager/controlapi/config.go`: less than 1000 KiB).
const MAX_CONFIG: usize = 1000 * 1024 - 1;

pub(super) fn create_secret(
    store: &mut Store,
    new: &NewData,
    bytes: &SecretBytes,
) -> Result<Written, Refusal> {
    check_name(&new.name)?;
    if new.driver.is_none() {
        check_size("secret", bytes.reveal().len(), MAX_SECRET)?;
    }
    if store.secrets.values().any(|row| row.live.spec.name == new.name) {
        return Err(Refusal::exists(format!("secret {} already exists", new.name)));
    }
    let spec = SecretSpec {
        name: new.name.clone(),
        labels: new.labels.clone(),
        driver: new.driver.clone(),
        templating: new.templating.clone(),
        ..SecretSpec::default()
    };
    let id = store.new_id().to_string();
    let live = LiveSecret { id: id.clone(), version: Version::default(), spec };
    store.put_secret(SecretRow { live, data: bytes.clone() });
    Ok(Written { id, warnings: Vec::new() })
}

pub(super) fn create_config(
    store: &mut Store,
    new: &NewData,
    bytes: &SecretBytes,
) -> Result<Written, Refusal> {
    check_name(&new.name)?;
    check_size("config", bytes.reveal().len(), MAX_CONFIG)?;
    if store.configs.values().any(|config| config.spec.name == new.name) {
        return Err(Refusal::exists(format!("config {} already exists", new.name)));
    }
    let spec = ConfigSpec {
        name: new.name.clone(),
        labels: new.labels.clone(),
        data: STANDARD.encode(bytes.reveal()),
        templating: new.templating.clone(),
        ..ConfigSpec::default()
    };
    let id = store.new_id().to_string();
    let (version, created_at) = (Version::default(), Some(store.now));
    store.put_config(LiveConfig { id: id.clone(), version, created_at, spec });
    Ok(Written { id, warnings: Vec::new() })
}

/// Sets labels by compare-and-swap: what the ledger stands on.
pub(super) fn label_config(
    store: &mut Store,
    target: &Target,
    labels: &StringMap,
) -> Result<Written, Refusal> {
    let mut config = store
        .configs
        .get(target.id.as_str())
        .map(|config| LiveConfig::clone(config))
        .ok_or_else(|| Refusal::gone("config", &target.id))?;
    if config.spec.name != target.name {
        return Err(Refusal::invalid("only updates to Labels are allowed"));
    }
    if config.version != target.version {
        return Err(Refusal::out_of_sequence());
    }
    config.spec.labels.clone_from(labels);
    store.put_config(config);
    Ok(Written { id: target.id.clone(), warnings: Vec::new() })
}

/// Sets labels of a secret, by the same rules. Content that comes along has to be the secret's.
pub(super) fn label_secret(
    store: &mut Store,
    target: &Target,
    (labels, bytes): (&StringMap, Option<&SecretBytes>),
) -> Result<Written, Refusal> {
    let row = store.secrets.get(target.id.as_str()).cloned();
    let mut row = row.ok_or_else(|| Refusal::gone("secret", &target.id))?;
    let other = bytes.is_some_and(|bytes| bytes.reveal() != row.data.reveal());
    if row.live.spec.name != target.name || other {
        return Err(Refusal::invalid("only updates to Labels are allowed"));
    }
    if row.live.version != target.version {
        return Err(Refusal::out_of_sequence());
    }
    row.live.spec.labels.clone_from(labels);
    store.put_secret(row);
    Ok(Written { id: target.id.clone(), warnings: Vec::new() })
}

pub(super) fn remove_secret(store: &mut Store, id: &str) -> Result<(), Refusal> {
    let Some(row) = store.secrets.get(id) else { return Err(Refusal::gone("secret", id)) };
    let users = users(store, |c| c.secrets.iter().any(|secret| secret.secret_id == id));
    refuse_while_used("secret", &row.live.spec.name, &users)?;
    store.delete_secret(id);
    Ok(())
}

pub(super) fn remove_config(store: &mut Store, id: &str) -> Result<(), Refusal> {
    let Some(config) = store.configs.get(id) else { return Err(Refusal::gone("config", id)) };
    let users = users(store, |c| c.configs.iter().any(|config| config.config_id == id));
    refuse_while_used("config", &config.spec.name, &users)?;
    store.delete_config(id);
    Ok(())
}

/// Names of the services whose `Spec` refers to something. `PreviousSpec` and running tasks do not
/// count (swarmkit#2509).
fn users(store: &Store, refers: impl Fn(&ContainerSpec) -> bool) -> Vec<String> {
    let mut names: Vec<String> = store
        .services
        .values()
        .map(|row| &row.service.spec)
        .filter(|spec| spec.task_template.container_spec.as_ref().is_some_and(&refers))
        .map(|spec| spec.name.clone())
        .collect();
    names.sort();
    names
}

fn refuse_while_used(kind: &str, name: &str, users: &[String]) -> Result<(), Refusal> {
    if users.is_empty() {
        return Ok(());
    }
    let word = if users.len() == 1 { "service" } else { "services" };
    Err(Refusal::InUse(format!(
        "rpc error: code = InvalidArgument desc = {kind} '{name}' is in use by the following {word}: {}",
        users.join(", ")
    )))
}

fn check_name(name: &str) -> Result<(), Refusal> {
    check_data_name(name).map_err(|_| {
        Refusal::invalid(
            "invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end \
             character must be [a-zA-Z0-9]",
        )
    })
}

fn check_size(kind: &str, size: usize, most: usize) -> Result<(), Refusal> {
    if (1..=most).contains(&size) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "{kind} data must be larger than 0 and less than {} bytes",
        most + 1
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_bounds_on_both_sides() {
        for (size, most, allowed) in [
            (0, MAX_SECRET, false),
            (1, MAX_SECRET, true),
            (511_999, MAX_SECRET, true),
            (512_000, MAX_SECRET, false),
            (1_023_999, MAX_CONFIG, true),
            (1_024_000, MAX_CONFIG, false),
        ] {
            assert_eq!(check_size("secret", size, most).is_ok(), allowed, "{size}");
        }
    }

    #[test]
    fn all_services_that_use_something_are_named() {
        let used = |users: &[&str]| {
            let users: Vec<String> = users.iter().map(|user| (*user).to_owned()).collect();
            refuse_while_used("secret", "pw", &users).map_err(|r| r.message().to_owned())
        };
        assert_eq!(used(&[]), Ok(()));
        assert!(used(&["a"]).is_err_and(|e| e.ends_with("following service: a")));
        assert!(used(&["a", "b"]).is_err_and(|e| e.ends_with("following services: a, b")));
    }
}
