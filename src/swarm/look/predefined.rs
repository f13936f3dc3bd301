//! Networks of the nodes themselves, `host` and `bridge`, as the swarm knows them.
//!
//! The swarm keeps one of each for all nodes, under an id of its own, and a spec that is read back
//! names that id. No listing shows them (`filterPredefinedNetworks` in moby's
//! `daemon/cluster/networks.go`), so they are asked for one by one, and once: they never change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::engine::{LiveNetwork, NODE_NETWORK_MARK, Service};
use crate::ports::SwarmError;
use crate::swarm::link::{Call, Link};

/// Those that are known, by id.
pub(super) type Predefined = BTreeMap<String, LiveNetwork>;

/// Adds the networks that services join and that no listing shows; gives all that are known.
pub(super) async fn add_predefined(
    link: &Link,
    services: &BTreeMap<String, Arc<Service>>,
    networks: &mut BTreeMap<String, LiveNetwork>,
    known: &Predefined,
) -> Result<Predefined, SwarmError> {
    let mut predefined = known.clone();
    for id in unlisted(services, networks) {
        if !predefined.contains_key(&id)
            && let Some(network) = ask(link, &id).await?
        {
            predefined.insert(id.clone(), network);
        }
        if let Some(network) = predefined.get(&id) {
            networks.entry(network.name.clone()).or_insert_with(|| network.clone());
        }
    }
    Ok(predefined)
}

/// Ids that services name and no listed network has.
fn unlisted(
    services: &BTreeMap<String, Arc<Service>>,
    networks: &BTreeMap<String, LiveNetwork>,
) -> BTreeSet<String> {
    let listed: BTreeSet<&str> = networks.values().map(|network| network.id.as_str()).collect();
    let specs = services.values().map(|service| &service.spec);
    let joined = specs.flat_map(|spec| spec.task_template.networks.iter().chain(&spec.networks));
    let targets = joined.map(|network| network.target.as_str());
    // What is no id can't be asked for by id.
    let is_id = |id: &&str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric());
    targets.filter(|id| !listed.contains(id)).filter(is_id).map(str::to_owned).collect()
}

/// A network that was removed meanwhile is none.
async fn ask(link: &Link, id: &str) -> Result<Option<LiveNetwork>, SwarmError> {
    let call = Call::get(format!("look at network {id}"), format!("/networks/{id}"));
    let answer = match link.answer(call).await {
        Ok(answer) => answer,
        Err(SwarmError::Conflict { .. } | SwarmError::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let network: Option<LiveNetwork> = serde_json::from_slice(&answer).ok();
    let is_predefined = |network: &LiveNetwork| {
        network.id == id
            && network.labels.get(NODE_NETWORK_MARK).map(String::as_str) == Some("true")
    };
    Ok(network.filter(is_predefined))
}
