//! Services: create, update, roll back, remove (`manager/controlapi/service.go`).

use std::sync::Arc;

use crate::model::Target;
use crate::model::engine::{ContainerSpec, ServiceSpec, UpdateState, UpdateStatus, Version};
use crate::ports::Written;

use super::{Refusal, check, endpoint, fill, network};
use crate::sim::store::{Id, ServiceRow, Store};

/// Where the new spec of a service comes from.
#[derive(Clone, Copy)]
pub(crate) enum SpecSource<'a> {
    /// From the request.
    New(&'a ServiceSpec),
    /// From `PreviousSpec` (`?rollback=previous`).
    Previous,
}

pub(super) fn create(store: &mut Store, spec: &ServiceSpec) -> Result<Written, Refusal> {
    let spec = prepared(store, spec)?;
    endpoint::check_clash(store, &spec)?;
    if store.service_id(&spec.name).is_some() {
        return Err(Refusal::exists(format!(
            "name conflicts with an existing object: service {} already exists",
            spec.name
        )));
    }
    let id = store.add_service(spec);
    Ok(Written { id: id.to_string(), warnings: Vec::new() })
}

/// Writes a service. Every write, also one that changes nothing, has the side effects of an update:
/// the version goes up, `PreviousSpec` is what was there, `UpdateStatus` is empty, a job runs again.
pub(crate) fn update(
    store: &mut Store,
    target: &Target,
    source: SpecSource<'_>,
) -> Result<Written, Refusal> {
    let id: Id = target.id.as_str().into();
    let live = live(store, &id)?;
    let spec = match source {
        SpecSource::New(spec) => Some(prepared(store, spec)?),
        SpecSource::Previous => None,
    };
    if let Some(spec) = &spec {
        check_change(store, &live, spec)?;
    } else if live.previous_spec.is_none() {
        return Err(Refusal::Refused(format!(
            "rpc error: code = FailedPrecondition desc = service {id} does not have a previous spec"
        )));
    }
    if live.version != target.version {
        return Err(Refusal::out_of_sequence());
    }
    let now = store.now;
    store.change_service(&id, |row| {
        row.job_iteration = row.job_iteration.map(|iteration| iteration + 1);
        match spec {
            Some(spec) => put_spec(row, spec, target.version),
            None => roll_back(row, now),
        }
    });
    Ok(Written { id: target.id.clone(), warnings: Vec::new() })
}

pub(super) fn remove(store: &mut Store, id: &str) -> Result<(), Refusal> {
    match store.delete_service(&id.into()) {
        Some(_) => Ok(()),
        None => Err(Refusal::gone("service", id)),
    }
}

fn live(store: &Store, id: &str) -> Result<Arc<crate::model::engine::Service>, Refusal> {
    let row = store.service(id).ok_or_else(|| Refusal::gone("service", id))?;
    Ok(Arc::clone(&row.service))
}

/// Defaults filled in, names resolved, everything checked that does not depend on the old spec.
fn prepared(store: &Store, spec: &ServiceSpec) -> Result<ServiceSpec, Refusal> {
    let mut spec = fill::service(spec.clone(), store.engine.api);
    network::resolve(store, &mut spec)?;
    check::spec(&spec)?;
    if let Some(container) = &spec.task_template.container_spec {
        data_exists(store, container)?;
    }
    Ok(spec)
}

/// A reference counts only if id and name belong to each other.
fn data_exists(store: &Store, container: &ContainerSpec) -> Result<(), Refusal> {
    let secret = container.secrets.iter().find(|reference| {
        let row = store.secrets.get(reference.secret_id.as_str());
        row.is_none_or(|row| row.live.spec.name != reference.secret_name)
    });
    if let Some(secret) = secret {
        return Err(Refusal::dangling("secret", &secret.secret_name));
    }
    let config = container.configs.iter().find(|reference| {
        let config = store.configs.get(reference.config_id.as_str());
        config.is_none_or(|config| config.spec.name != reference.config_name)
    });
    match config {
        Some(config) => Err(Refusal::dangling("config", &config.config_name)),
        None => Ok(()),
    }
}

fn check_change(
    store: &Store,
    live: &crate::model::engine::Service,
    spec: &ServiceSpec,
) -> Result<(), Refusal> {
    if spec.endpoint_spec.is_some() && spec.endpoint_spec != live.spec.endpoint_spec {
        endpoint::check_clash(store, spec)?;
    }
    let word = |spec: &ServiceSpec| spec.mode.as_ref().map(|mode| mode.word());
    if word(spec) != word(&live.spec) {
        return Err(Refusal::unimplemented("service mode change is not allowed"));
    }
    if spec.name != live.spec.name {
        return Err(Refusal::unimplemented("renaming services is not supported"));
    }
    Ok(())
}

fn put_spec(row: &mut ServiceRow, spec: ServiceSpec, version: Version) {
    let service = Arc::make_mut(&mut row.service);
    let previous = std::mem::replace(&mut service.spec, spec);
    service.previous_spec = Some(Box::new(previous));
    service.update_status = None;
    row.previous_spec_version = row.spec_version;
    row.spec_version = version.index;
}

/// A rollback that somebody asked for keeps the spec that was left as `PreviousSpec`.
fn roll_back(row: &mut ServiceRow, now: jiff::Timestamp) {
    let service = Arc::make_mut(&mut row.service);
    let Some(previous) = service.previous_spec.take() else { return };
    let left = std::mem::replace(&mut service.spec, *previous);
    service.previous_spec = Some(Box::new(left));
    service.update_status = Some(UpdateStatus {
        state: UpdateState::RollbackStarted,
        started_at: Some(now),
        completed_at: None,
        message: "manually requested rollback".to_owned(),
    });
    std::mem::swap(&mut row.spec_version, &mut row.previous_spec_version);
}
