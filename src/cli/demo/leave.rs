//! What the demo leaves on an engine: nothing. Only what carries the owner label of the demo's
//! instance, and its ledger, is removed.

use std::time::Duration;

use jiff::SignedDuration;

use super::shop::STACK;
use crate::cli::error::Failure;
use crate::diff::{OWNER_LABEL, owner_label};
use crate::ledger::{INSTANCE_LABEL, STABLE_LABEL, key_name};
use crate::model::engine::StringMap;
use crate::model::{Instance, Kind, ObjectRef, Observed, Target};
use crate::ports::{SwarmError, Write};
use crate::reconcile::Doors;

/// Time between looks: ends of tasks send no events.
const WATCH: Duration = Duration::from_millis(250);
/// Longest wait for tasks to end and to let go of networks.
const PATIENCE: SignedDuration = SignedDuration::from_secs(90);

/// An object of the demo.
pub(super) struct Own {
    pub(super) object: ObjectRef,
    target: Target,
    layer: Layer,
}

/// What is removed together; the ledger last, so that a removal that is cut off can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Services,
    Foundation,
    Ledger,
}

/// Removes everything of an instance; how many objects that were.
pub(super) async fn clear(doors: &Doors, instance: &Instance) -> Result<usize, Failure> {
    let failed = |error: SwarmError| Failure::new("remove what the demo made", error);
    let late = doors.clock.now().saturating_add(PATIENCE).map_err(|error| Failure::of(&error))?;
    let mut removed = std::collections::BTreeSet::new();
    loop {
        let own = ours(&doors.swarm.look().await.map_err(failed)?, instance);
        let Some(layer) = own.iter().map(|own| own.layer).min() else { return Ok(removed.len()) };
        if doors.clock.now() > late {
            let names: Vec<String> = own.iter().map(|own| own.object.to_string()).collect();
            return Err(Failure::new("remove what the demo made", still(&names)));
        }
        for Own { object, target, .. } in own.into_iter().filter(|own| own.layer == layer) {
            removed.insert(object.clone());
            match doors.swarm.write(&Write::Remove { object, target }).await {
                // Used by a task that ends, or gone meanwhile: the next look tells.
                Ok(_) | Err(SwarmError::InUse { .. } | SwarmError::Conflict { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        doors.clock.sleep(WATCH).await;
    }
}

fn still(names: &[String]) -> String {
    format!("still there after {} s: {}", PATIENCE.as_secs(), names.join(", "))
}

/// All objects of an instance.
pub(super) fn ours(observed: &Observed, instance: &Instance) -> Vec<Own> {
    let key = key_name(instance);
    let services = observed.services.values().map(|service| {
        let target = target(&service.spec.name, &service.id, service.version);
        (Kind::Service, target, &service.spec.labels)
    });
    let networks = observed.networks.values().map(|network| {
        let target = target(&network.name, &network.id, Default::default());
        (Kind::Network, target, &network.labels)
    });
    let secrets = observed.secrets.values().map(|secret| {
        let target = target(&secret.spec.name, &secret.id, secret.version);
        (Kind::Secret, target, &secret.spec.labels)
    });
    let configs = observed.configs.values().map(|config| {
        let target = target(&config.spec.name, &config.id, config.version);
        (Kind::Config, target, &config.spec.labels)
    });
    let all = services.chain(networks).chain(secrets).chain(configs);
    all.filter_map(|(kind, target, labels)| {
        let layer = layer(instance, (kind, &target.name), labels)
            .or_else(|| (kind == Kind::Config && target.name == key).then_some(Layer::Ledger))?;
        Some(Own { object: ObjectRef::new(kind, &target.name), target, layer })
    })
    .collect()
}

fn target(name: &str, id: &str, version: crate::model::engine::Version) -> Target {
    Target { name: name.to_owned(), id: id.to_owned(), version }
}

/// When an object goes; `None` for what is not ours. An owner label counts only when it names the
/// object itself.
fn layer(instance: &Instance, (kind, name): (Kind, &str), labels: &StringMap) -> Option<Layer> {
    let mut remembers =
        [INSTANCE_LABEL, STABLE_LABEL].into_iter().filter_map(|label| labels.get(label));
    if kind == Kind::Config && remembers.any(|named| named == instance.as_str()) {
        return Some(Layer::Ledger);
    }
    let expected = owner_label(instance, kind, name);
    let owned = labels.get(OWNER_LABEL) == Some(&expected);
    owned.then_some(if kind == Kind::Service { Layer::Services } else { Layer::Foundation })
}

/// Something that has a name of the stack that the demo would make.
pub(super) fn in_the_way(observed: &Observed) -> Option<&str> {
    let prefix = format!("{STACK}_");
    let names = observed.services.keys().chain(observed.networks.keys());
    let mut names = names.chain(observed.secrets.keys()).chain(observed.configs.keys());
    names.find(|name| name.starts_with(&prefix)).map(String::as_str)
}
