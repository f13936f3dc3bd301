//! One look at a swarm: a listing of each kind, sent at the same time.

mod cache;
mod elements;
mod predefined;
mod standing;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use self::cache::{Kept, Listing, Versioned};
use self::elements::Elements;
use self::predefined::{Predefined, add_predefined};
use self::standing::{Judgements, Verdicts};
use super::fault::no_answer;
use super::link::{Call, Link};
use super::write::checked;
use crate::model::engine::{LiveConfig, LiveNetwork, LiveSecret, Node, Service, Task};
use crate::model::{Gap, Observed, SeenTask};
use crate::ports::SwarmError;

/// Services that a question about tasks names; with more, all tasks are asked about.
const MOST_NAMED_SERVICES: usize = 16;

/// Most by which the own clock may differ from the engine's, which tells whole seconds.
const MOST_OFF: SignedDuration = SignedDuration::from_secs(5);

/// What is kept from look to look.
#[derive(Clone, Default)]
struct Memory {
    services: Arc<Kept<Service>>,
    tasks: Arc<Kept<Task>>,
    configs: Arc<Kept<LiveConfig>>,
    verdicts: Arc<Verdicts>,
    predefined: Arc<Predefined>,
}

/// Looks at one swarm, again and again.
#[derive(Default)]
pub(super) struct Looker(Mutex<Memory>);

impl Looker {
    /// Looks. `at` is when the look begins.
    pub(super) async fn look(&self, link: &Link, at: Timestamp) -> Result<Observed, SwarmError> {
        let memory = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let engine = link.engine().await?;
        // All are heard to their end: of several that fail the same one is told each time, and a trouble
        // that lasts is one line of the log.
        let (services, tasks, others, secrets, configs) = futures::join!(
            kept(link, "service", "/services?status=true", memory.services),
            kept(link, "task", "/tasks", memory.tasks),
            networks_and_nodes(link),
            plain::<LiveSecret>(link, "secret", "/secrets"),
            kept(link, "config", "/configs", memory.configs),
        );
        let (services, tasks, secrets, configs) = (services?, tasks?, secrets?, configs?);
        let (networks, nodes) = others?;
        let mut remembered = Memory {
            services: by_id(&services.objects, |service| &service.id),
            tasks: by_id(&tasks.objects, |task| &task.id),
            configs: by_id(&configs.objects, |config| &config.id),
            verdicts: Arc::default(),
            predefined: Arc::default(),
        };
        let mut gaps = BTreeSet::new();
        let services = named(services, &mut gaps, |service| &service.spec.name);
        gaps.extend(tasks.gaps);
        let (tasks, verdicts) = judge(link, &services, tasks.objects, &memory.verdicts).await?;
        remembered.verdicts = Arc::new(verdicts);
        let mut networks = by_name_once(networks, &mut gaps);
        let known = &memory.predefined;
        remembered.predefined =
            Arc::new(add_predefined(link, &services, &mut networks, known).await?);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = remembered;
        Ok(Observed {
            at: dated(at, link.date()),
            engine: (*engine).clone(),
            services,
            tasks,
            networks,
            secrets: named(secrets, &mut gaps, |secret| &secret.spec.name),
            configs: named(configs, &mut gaps, |config| &config.spec.name),
            nodes: named(nodes, &mut gaps, |node| &node.id),
            gaps,
        })
    }
}

/// When a look was. The age of tasks is judged by it, and they were dated by clocks of the swarm: where
/// the own clock is far from the engine's, the engine's counts.
fn dated(own: Timestamp, engine: Option<Timestamp>) -> Timestamp {
    engine.filter(|engine| own.duration_until(*engine).abs() > MOST_OFF).unwrap_or(own)
}

/// `{"scope":["swarm"]}`, percent-encoded.
const SWARM_NETWORKS: &str = "/networks?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D";

async fn kept<T: Versioned>(
    link: &Link,
    kind: &str,
    path: &str,
    kept: Arc<Kept<T>>,
) -> Result<Listing<Arc<T>>, SwarmError> {
    list(link, kind, path, |raw| cache::read_kept(raw, &kept)).await
}

async fn plain<T: DeserializeOwned>(
    link: &Link,
    kind: &str,
    path: &str,
) -> Result<Listing<T>, SwarmError> {
    list(link, kind, path, |raw| serde_json::from_str(raw)).await
}

async fn list<T>(
    link: &Link,
    kind: &str,
    path: &str,
    read: impl Fn(&str) -> serde_json::Result<T>,
) -> Result<Listing<T>, SwarmError> {
    let mut listing = Listing { objects: Vec::new(), gaps: BTreeSet::new() };
    let call = Call::get(format!("list {kind}s"), path);
    elements(link, call, |raw| listing.add(kind, raw, &read)).await?;
    Ok(listing)
}

/// Reads a list, element by element.
async fn elements(
    link: &Link,
    call: Call,
    mut each: impl FnMut(&RawValue),
) -> Result<(), SwarmError> {
    let attempted = call.attempted.clone();
    let mut elements = Elements::default();
    link.pieces(call, |piece| elements.take(piece, &mut each)).await?;
    let unreadable = |cause: serde_json::Error| {
        no_answer(&attempted, "its answer could not be read", Some(cause.into()))
    };
    elements.end().map_err(unreadable)
}

/// While the swarm has no leader, all listings fail but the one of networks: the engine then tells
/// of those that this node has heard of, as if they were all (moby
/// `api/server/router/network/network_routes.go`). So nodes are asked for after it.
async fn networks_and_nodes(
    link: &Link,
) -> Result<(Listing<ListedNetwork>, Listing<Node>), SwarmError> {
    let networks = plain(link, "network", SWARM_NETWORKS).await?;
    let nodes = plain(link, "node", "/nodes").await?;
    Ok((networks, nodes))
}

/// One config by its name. The engine finds objects by the beginning of an id, too: such a one is
/// another.
pub(super) async fn config(link: &Link, name: &str) -> Result<Option<LiveConfig>, SwarmError> {
    let attempted = format!("read config {name}");
    let call = Call::get(attempted.clone(), format!("/configs/{}", checked(name)?));
    let answer = match link.answer(call).await {
        Err(SwarmError::Conflict { .. }) => return Ok(None),
        answer => answer?,
    };
    let config: LiveConfig = serde_json::from_slice(&answer).map_err(|cause| {
        no_answer(&attempted, "its answer could not be read", Some(cause.into()))
    })?;
    Ok(Some(config).filter(|config| config.spec.name == name))
}

fn by_id<T>(objects: &[Arc<T>], id: impl Fn(&T) -> &String) -> Arc<Kept<T>> {
    Arc::new(objects.iter().map(|object| (id(object).clone(), object.clone())).collect())
}

fn named<T>(
    listing: Listing<T>,
    gaps: &mut BTreeSet<Gap>,
    name: impl Fn(&T) -> &String,
) -> BTreeMap<String, T> {
    gaps.extend(listing.gaps);
    listing.objects.into_iter().map(|object| (name(&object).clone(), object)).collect()
}

/// A network as the listing shows it.
#[derive(Deserialize)]
struct ListedNetwork {
    #[serde(flatten)]
    network: LiveNetwork,
    #[serde(rename = "Peers", default)]
    peers: Option<Vec<IgnoredAny>>,
}

impl ListedNetwork {
    /// A network that was removed stays in the listing while a task on the asked node still lets
    /// go of it: then the node tells of its own copy, and only such a copy names peers
    /// (`api/server/router/network/network_routes.go`, `getNetworksList`). For the swarm the
    /// network is gone: a service that refers to it is refused, and its name is free.
    fn is_gone(&self) -> bool {
        self.peers.as_ref().is_some_and(|peers| !peers.is_empty())
    }
}

/// Networks by name; of several with one name the oldest is shown, and the name is a gap.
fn by_name_once(
    listing: Listing<ListedNetwork>,
    gaps: &mut BTreeSet<Gap>,
) -> BTreeMap<String, LiveNetwork> {
    gaps.extend(listing.gaps);
    let there = listing.objects.into_iter().filter(|listed| !listed.is_gone());
    let mut networks: Vec<LiveNetwork> = there.map(|listed| listed.network).collect();
    networks.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    let mut once = BTreeMap::new();
    for network in networks {
        match once.entry(network.name.clone()) {
            Entry::Vacant(free) => {
                free.insert(network);
            }
            Entry::Occupied(_) => {
                gaps.insert(Gap::Ambiguous { kind: "network".to_owned(), name: network.name });
            }
        }
    }
    once
}

async fn judge(
    link: &Link,
    services: &BTreeMap<String, Arc<Service>>,
    tasks: Vec<Arc<Task>>,
    known: &Verdicts,
) -> Result<(BTreeMap<String, Vec<SeenTask>>, Verdicts), SwarmError> {
    let by_id = services.values().map(|service| (service.id.as_str(), &**service)).collect();
    let mut judgements = Judgements::new(tasks, &by_id, known);
    let open = judgements.open();
    if !open.is_empty() {
        judgements.settle(&up_to_date(link, &open).await?);
    }
    let verdicts = judgements.verdicts();
    Ok((judgements.seen(), verdicts))
}

/// Ids of the tasks that the engine calls up to date, of these services at least.
async fn up_to_date(
    link: &Link,
    services: &BTreeSet<String>,
) -> Result<HashSet<String>, SwarmError> {
    let attempted = "list tasks that are up to date";
    let ask = |named: &BTreeSet<String>| ids(link, Call::get(attempted, question(named)));
    if services.len() > MOST_NAMED_SERVICES {
        return ask(&BTreeSet::new()).await;
    }
    match ask(services).await {
        // One of the named services is gone meanwhile: then the engine answers 404.
        Err(SwarmError::Conflict { .. }) => ask(&BTreeSet::new()).await,
        answer => answer,
    }
}

fn question(services: &BTreeSet<String>) -> String {
    let mut filters = serde_json::json!({ "_up-to-date": ["true"] });
    if !services.is_empty() {
        filters["service"] = services.iter().cloned().collect();
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("filters", &filters.to_string())
        .finish();
    format!("/tasks?{query}")
}

#[derive(Deserialize)]
struct IdOnly {
    #[serde(rename = "ID")]
    id: String,
}

async fn ids(link: &Link, call: Call) -> Result<HashSet<String>, SwarmError> {
    let attempted = call.attempted.clone();
    let mut ids = HashSet::new();
    let mut unreadable = None;
    elements(link, call, |raw| match serde_json::from_str::<IdOnly>(raw.get()) {
        Ok(task) => {
            ids.insert(task.id);
        }
        Err(why) => unreadable = Some(why),
    })
    .await?;
    match unreadable {
        None => Ok(ids),
        Some(why) => Err(no_answer(&attempted, "its answer could not be read", Some(why.into()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_far_from_the_engines_does_not_count() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let check = |own, engine, expected| assert_eq!(dated(at(own), engine), at(expected));
        check(1000, Some(at(998)), 1000);
        check(1000, Some(at(1004)), 1000);
        check(1000, Some(at(90)), 90);
        check(1000, Some(at(9000)), 9000);
        check(1000, None, 1000);
    }
}
