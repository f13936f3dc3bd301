//! The engine's API as rules over the store: what a write does, and what is refused with which
//! words (`manager/controlapi` in swarmkit, `daemon/cluster` in moby).

mod check;
mod data;
mod endpoint;
mod fill;
mod network;
mod node;
mod refusal;
mod service;

pub(crate) use refusal::Refusal;
pub(crate) use service::{SpecSource, update as update_service};

use crate::model::{Kind, ObjectRef, Target};
use crate::ports::{Write, Written};

use super::store::Store;

/// Makes a write, or says why not. A refused write changes nothing.
///
/// # Errors
/// The engine's reason.
pub(crate) fn apply(store: &mut Store, write: &Write) -> Result<Written, Refusal> {
    match write {
        Write::CreateNetwork(spec) => network::create(store, spec),
        Write::CreateSecret { new, bytes } => data::create_secret(store, new, bytes),
        Write::CreateConfig { new, bytes } => data::create_config(store, new, bytes),
        Write::AdoptSecret { target, labels, bytes } => {
            data::label_secret(store, target, (labels, Some(bytes)))
        }
        Write::Label { kind: Kind::Secret, target, labels } => {
            data::label_secret(store, target, (labels, None))
        }
        Write::Label { target, labels, .. } => data::label_config(store, target, labels),
        Write::CreateService { spec } => service::create(store, spec),
        Write::UpdateService { target, spec } => {
            service::update(store, target, SpecSource::New(spec))
        }
        Write::RollBack { target, .. } => service::update(store, target, SpecSource::Previous),
        Write::UpdateNode { target, spec } => node::update(store, target, spec),
        Write::Remove { object, target } => remove(store, object, target),
    }
}

/// Removes by id. The version is not looked at, as the engine does not. What is gone already is
/// no error; an id that means something else by now is a conflict (the port's re-reading).
fn remove(store: &mut Store, object: &ObjectRef, target: &Target) -> Result<Written, Refusal> {
    let written = Written { id: target.id.clone(), warnings: Vec::new() };
    match name_of(store, object.kind, &target.id) {
        None => return Ok(written),
        Some(name) if name != object.name => {
            return Err(Refusal::Conflict(format!("{} is now called {name}", target.id)));
        }
        Some(_) => {}
    }
    match object.kind {
        Kind::Service => service::remove(store, &target.id)?,
        Kind::Network => network::remove(store, &target.id)?,
        Kind::Secret => data::remove_secret(store, &target.id)?,
        Kind::Config => data::remove_config(store, &target.id)?,
        Kind::Node => return Err(Refusal::Refused("nodes are not removed".to_owned())),
    }
    Ok(written)
}

fn name_of<'a>(store: &'a Store, kind: Kind, id: &str) -> Option<&'a str> {
    let name = match kind {
        Kind::Service => &store.service(id)?.service.spec.name,
        Kind::Network => &store.networks.get(id)?.name,
        Kind::Secret => &store.secrets.get(id)?.live.spec.name,
        Kind::Config => &store.configs.get(id)?.spec.name,
        Kind::Node => &store.nodes.get(id)?.node.description.hostname,
    };
    Some(name)
}
