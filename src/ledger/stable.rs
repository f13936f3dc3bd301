//! Stable stacks as data of configs, and back. The data is read when something has to be put back,
//! and not before: a look at the swarm costs the same however much is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::objects::STACK_LABEL;
use crate::model::engine::{LiveConfig, StringMap};
use crate::model::{
    Instance, Kind, LedgerRecord, NewStable, ObjectRef, Revision, SpecHash, StableStack, StackName,
    Target,
};

/// Label that marks a part of a stable stack and names its instance.
pub const STABLE_LABEL: &str = "skep.stable";
/// Label with the revision that declared it; a tree has `tree:` before it.
const REVISION_LABEL: &str = "skep.revision";
/// Label with the number of the set.
const NUMBER_LABEL: &str = "skep.number";
/// Label that says which part of how many: `1/2`.
const PART_LABEL: &str = "skep.part";
/// Label with the hash of what is in it.
const CONTENT_LABEL: &str = "skep.content";
/// Label with the names of the secrets and configs that it needs, as JSON.
const USES_LABEL: &str = "skep.uses";

/// Sets of one stack that are kept.
pub const KEPT_SETS: usize = 5;
/// Bytes of one part: the engine takes less than 1000 KiB (`manager/controlapi/config.go`).
const PART_BYTES: usize = 900_000;
/// Largest stack that is unpacked.
const UNPACKED_LIMIT: u64 = 64 * 1024 * 1024;
/// Version of the format of the data.
const DATA_FORMAT: u32 = 1;

/// A set that is kept, still packed.
#[derive(Debug, Clone, PartialEq)]
pub struct StableSet {
    /// The revision that declared it.
    pub revision: Revision,
    /// Its number: a later set has a higher one.
    pub number: u32,
    /// Stands for all that is in it.
    pub content: SpecHash,
    /// When the engine made it.
    pub at: Option<Timestamp>,
    /// Secrets and configs that it needs.
    pub uses: BTreeSet<ObjectRef>,
    of: u32,
    parts: BTreeMap<u32, Arc<LiveConfig>>,
}

/// Data with its format.
#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    format: u32,
    stack: T,
}

/// Secrets and configs by name, as they stand in a label.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Uses {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    secrets: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    configs: BTreeSet<String>,
}

impl StableSet {
    /// True when all of its parts are there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.missing().is_empty()
    }

    /// Parts that are not there.
    #[must_use]
    pub fn missing(&self) -> Vec<u32> {
        (1..=self.of).filter(|part| !self.parts.contains_key(part)).collect()
    }

    /// Its configs.
    pub fn targets(&self) -> impl Iterator<Item = Target> {
        self.parts.values().map(|config| Target {
            name: config.spec.name.clone(),
            id: config.id.clone(),
            version: config.version,
        })
    }

    /// Unpacks it.
    ///
    /// # Errors
    /// When a part is missing, or the data is not what it should be.
    pub fn open(&self) -> Result<StableStack, String> {
        if !self.is_whole() {
            return Err("a part of it is missing".to_owned());
        }
        let mut packed = Vec::new();
        for config in self.parts.values() {
            packed.extend(STANDARD.decode(&config.spec.data).map_err(|e| e.to_string())?);
        }
        let mut json = Vec::new();
        DeflateDecoder::new(&*packed)
            .take(UNPACKED_LIMIT)
            .read_to_end(&mut json)
            .map_err(|e| e.to_string())?;
        let format = |format: u32| {
            let newer = format > DATA_FORMAT;
            newer.then(|| format!("it has format {format}, this skep knows up to {DATA_FORMAT}"))
        };
        let envelope: Envelope<serde_json::Value> =
            serde_json::from_slice(&json).map_err(|e| e.to_string())?;
        match format(envelope.format) {
            Some(newer) => Err(newer),
            None => serde_json::from_value(envelope.stack).map_err(|e| e.to_string()),
        }
    }
}

/// The set that holds what was attempted last of every service; `None` when that is not kept.
#[must_use]
pub fn current<'a>(record: &LedgerRecord, sets: &'a [StableSet]) -> Option<&'a StableSet> {
    let last = sets.iter().rev().filter(|set| set.is_whole());
    let number = record.pin.as_ref().map(|pin| pin.number);
    let mut last = last.filter(|set| number.is_none_or(|pinned| set.number == pinned));
    let set = last.next()?;
    let kept = set.open().ok()?;
    let attempted = |name: &String| record.services.get(name).and_then(|s| s.attempted.as_ref());
    let same = kept.services.iter().all(|(name, kept)| attempted(name) == kept.hash.as_ref());
    (same || number.is_some()).then_some(set)
}

/// Packs a stack into the data of as many configs as it takes.
///
/// # Errors
/// Never in practice: it can be written as JSON, and memory takes all of it.
pub fn pack_stable(stack: &StableStack) -> Result<Vec<Vec<u8>>, std::io::Error> {
    let json = serde_json::to_vec(&Envelope { format: DATA_FORMAT, stack })?;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&json)?;
    Ok(encoder.finish()?.chunks(PART_BYTES).map(<[u8]>::to_vec).collect())
}

/// Name of the config that holds a part.
#[must_use]
pub fn stable_name(instance: &Instance, new: &NewStable) -> String {
    let (stack, number, part) = (&new.stack, new.number, new.part.0);
    let name = format!("skep.stable.{instance}.{stack}.{number}.{part}");
    if name.len() <= crate::model::name::MAX_DATA_NAME {
        return name;
    }
    format!("skep.stable.{}", SpecHash::of(name.as_bytes()).as_str())
}

/// All labels of the config that holds a part.
#[must_use]
pub fn stable_labels(instance: &Instance, new: &NewStable) -> StringMap {
    let revision = match &new.revision {
        Revision::Commit(id) => id.clone(),
        Revision::Tree(id) => format!("tree:{id}"),
    };
    let names = |kind: Kind| {
        let named = new.uses.iter().filter(|object| object.kind == kind);
        named.map(|object| object.name.clone()).collect()
    };
    let uses = Uses { secrets: names(Kind::Secret), configs: names(Kind::Config) };
    StringMap::from([
        (STABLE_LABEL.to_owned(), instance.to_string()),
        (STACK_LABEL.to_owned(), new.stack.to_string()),
        (REVISION_LABEL.to_owned(), revision),
        (NUMBER_LABEL.to_owned(), new.number.to_string()),
        (PART_LABEL.to_owned(), format!("{}/{}", new.part.0, new.part.1)),
        (CONTENT_LABEL.to_owned(), new.content.as_str().to_owned()),
        (USES_LABEL.to_owned(), serde_json::to_string(&uses).unwrap_or_default()),
    ])
}

/// Adds a config to the sets of its stack, when it is a part of one.
pub(super) fn take(
    sets: &mut BTreeMap<StackName, Vec<StableSet>>,
    config: &Arc<LiveConfig>,
) -> Option<()> {
    let labels = &config.spec.labels;
    let stack = StackName::new(labels.get(STACK_LABEL)?.clone()).ok()?;
    let number = labels.get(NUMBER_LABEL)?.parse().ok()?;
    let (part, of) = labels.get(PART_LABEL)?.split_once('/')?;
    let (part, of) = (part.parse().ok()?, of.parse().ok()?);
    let revision = labels.get(REVISION_LABEL)?;
    let revision = match revision.strip_prefix("tree:") {
        Some(tree) => Revision::Tree(tree.to_owned()),
        None => Revision::Commit(revision.clone()),
    };
    let uses: Uses = serde_json::from_str(labels.get(USES_LABEL)?).ok()?;
    let content = SpecHash::from_label(labels.get(CONTENT_LABEL)?);
    let sets = sets.entry(stack).or_default();
    let place = sets.iter().position(|set| set.number == number).unwrap_or_else(|| {
        let named = |kind, names: BTreeSet<String>| {
            names.into_iter().map(move |name| ObjectRef::new(kind, name))
        };
        let uses = named(Kind::Secret, uses.secrets).chain(named(Kind::Config, uses.configs));
        let (at, uses, parts) = (config.created_at, uses.collect(), BTreeMap::new());
        sets.push(StableSet { revision, number, content, at, uses, of, parts });
        sets.len() - 1
    });
    sets.get_mut(place)?.parts.insert(part, Arc::clone(config));
    sets.sort_by_key(|set| set.number);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StableService;
    use crate::model::engine::ConfigSpec;

    fn instance() -> Instance {
        Instance::default()
    }

    fn new(number: u32, part: (u32, u32), spec: &Arc<StableStack>) -> NewStable {
        NewStable {
            stack: StackName::new("shop").expect("a name"),
            revision: Revision::Commit("c1".to_owned()),
            number,
            part,
            content: SpecHash::of(&number.to_le_bytes()),
            uses: [ObjectRef::new(Kind::Secret, "shop_password")].into(),
            spec: Arc::clone(spec),
        }
    }

    /// Services whose specs can't be compressed much.
    fn stack(services: u32) -> Arc<StableStack> {
        let mut stack = StableStack::default();
        for n in 0..services {
            let mut service = StableService::default();
            let words = (0..40u32).map(|word| {
                let hash = SpecHash::of(&[n.to_le_bytes(), word.to_le_bytes()].concat());
                (format!("label.{word}"), hash.as_str().to_owned())
            });
            Arc::make_mut(&mut service.spec).labels = words.collect();
            stack.services.insert(format!("shop_{n}"), service);
        }
        Arc::new(stack)
    }

    fn configs(number: u32, spec: &Arc<StableStack>) -> Vec<Arc<LiveConfig>> {
        let packed = pack_stable(spec).expect("packed");
        let of = u32::try_from(packed.len()).expect("few parts");
        let part = |(part, data): (u32, Vec<u8>)| {
            assert!(data.len() <= PART_BYTES);
            let new = new(number, (part, of), spec);
            let (name, labels) = (stable_name(&instance(), &new), stable_labels(&instance(), &new));
            let spec =
                ConfigSpec { name, labels, data: STANDARD.encode(data), ..ConfigSpec::default() };
            Arc::new(LiveConfig { id: format!("{number}.{part}"), spec, ..LiveConfig::default() })
        };
        (1..).zip(packed).map(part).collect()
    }

    fn sets<'a>(configs: impl IntoIterator<Item = &'a Arc<LiveConfig>>) -> Vec<StableSet> {
        let mut sets = BTreeMap::new();
        for config in configs {
            take(&mut sets, config).expect("a part");
        }
        sets.into_values().next().unwrap_or_default()
    }

    #[test]
    fn a_stack_comes_back_as_it_was_kept_in_one_part_or_in_several() {
        for (services, parts) in [(3, 1), (1500, 2)] {
            let stack = stack(services);
            let configs = configs(7, &stack);
            assert_eq!(configs.len(), parts);
            let sets = sets(configs.iter().rev());
            assert_eq!(sets.len(), 1);
            assert_eq!(sets[0].open(), Ok((*stack).clone()));
            assert_eq!(sets[0].revision, Revision::Commit("c1".to_owned()));
            assert!(sets[0].uses.contains(&ObjectRef::new(Kind::Secret, "shop_password")));
        }
    }

    #[test]
    fn a_set_without_one_of_its_parts_is_not_opened() {
        let configs = configs(7, &stack(1500));
        let sets = sets(&configs[..1]);
        assert_eq!(sets[0].missing(), [2]);
        assert_eq!(sets[0].open(), Err("a part of it is missing".to_owned()));
    }

    #[test]
    fn later_sets_come_after_earlier_ones() {
        let stack = stack(1);
        let all = [configs(10, &stack), configs(9, &stack)].concat();
        let numbers: Vec<u32> = sets(&all).iter().map(|set| set.number).collect();
        assert_eq!(numbers, [9, 10]);
    }

    #[test]
    fn what_a_newer_skep_kept_is_not_opened() {
        let mut config = (*configs(1, &stack(1))[0]).clone();
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(br#"{"format":2,"stack":"else"}"#).expect("packed");
        config.spec.data = STANDARD.encode(encoder.finish().expect("packed"));
        let sets = sets(&[Arc::new(config)]);
        let why = "it has format 2, this skep knows up to 1";
        assert_eq!(sets[0].open(), Err(why.to_owned()));
    }
}
