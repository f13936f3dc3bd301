//! Records as JSON in a label.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::objects::{INSTANCE_LABEL, KEY_BYTES, RECORD_LABEL, STACK_LABEL, key_name};
use super::{Entry, FORMAT, Ledgers, STABLE_LABEL, stable};
use crate::model::engine::LiveConfig;
use crate::model::{HashKey, Instance, LedgerRecord, StackName, Suspension, Target};

/// Largest label in bytes. Raft takes more (about 1.4 MB of labels was tried), but every listing
/// of configs carries it. 2,000 services in one stack take about 240 kB.
pub const RECORD_LIMIT: usize = 512 * 1024;

/// Records up to this size are kept as plain JSON, so that `docker config inspect` shows them;
/// larger ones are compressed.
const PLAIN_LIMIT: usize = 32 * 1024;
/// Largest record that is unpacked.
const UNPACKED_LIMIT: u64 = 8 * 1024 * 1024;
/// What a compressed record begins with.
const PACKED: &str = "deflate:";

/// Why a record can't be written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It holds too much.
    #[error("the ledger record has {0} bytes, the limit is {RECORD_LIMIT}: split the stack")]
    TooLarge(usize),
    /// It can't be written as JSON.
    #[error("the ledger record can't be written")]
    Json(#[from] serde_json::Error),
    /// It can't be compressed.
    #[error("the ledger record can't be compressed")]
    Pack(#[from] std::io::Error),
}

/// A record as the value of a label.
pub(super) fn encode(record: &LedgerRecord) -> Result<String, RecordError> {
    let json = serde_json::to_string(record)?;
    let text = if json.len() > PLAIN_LIMIT { pack(&json)? } else { json };
    if text.len() > RECORD_LIMIT {
        return Err(RecordError::TooLarge(text.len()));
    }
    Ok(text)
}

fn pack(json: &str) -> Result<String, std::io::Error> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(json.as_bytes())?;
    Ok(format!("{PACKED}{}", STANDARD.encode(encoder.finish()?)))
}

fn unpack(text: &str) -> Result<String, String> {
    let Some(packed) = text.strip_prefix(PACKED) else { return Ok(text.to_owned()) };
    let bytes = STANDARD.decode(packed).map_err(|e| e.to_string())?;
    let mut json = String::new();
    DeflateDecoder::new(&*bytes)
        .take(UNPACKED_LIMIT)
        .read_to_string(&mut json)
        .map_err(|e| e.to_string())?;
    Ok(json)
}

/// Everything that an instance remembers, out of a listing of configs.
#[must_use]
pub fn decode(configs: &BTreeMap<String, Arc<LiveConfig>>, instance: &Instance) -> Ledgers {
    Records::default().decode(configs, instance)
}

/// Records by the config that they were read from, for those who look again and again: the same
/// config holds the same record.
#[derive(Debug, Default)]
pub struct Records(BTreeMap<String, Known>);

#[derive(Debug)]
struct Known {
    config: Arc<LiveConfig>,
    record: Read,
}

type Read = Result<Arc<LedgerRecord>, String>;

impl Records {
    /// The same as [`decode`]; only what is not the same as last time is read.
    #[must_use]
    pub fn decode(
        &mut self,
        configs: &BTreeMap<String, Arc<LiveConfig>>,
        instance: &Instance,
    ) -> Ledgers {
        let mut before = std::mem::take(&mut self.0);
        let mut ledgers = Ledgers::default();
        for (name, config) in configs {
            let labels = &config.spec.labels;
            let ours = |label| labels.get(label).map(String::as_str) == Some(instance.as_str());
            if ours(INSTANCE_LABEL) {
                let known = before.remove(name).filter(|known| known.is_of(config));
                let known = known.unwrap_or_else(|| Known::read(config));
                take(&mut ledgers, config, known.record.clone());
                self.0.insert(name.clone(), known);
            } else if ours(STABLE_LABEL) {
                // What is no part of a set is nobody's, and left alone.
                let _ = stable::take(&mut ledgers.stable, config);
            }
        }
        ledgers.key = configs.get(&key_name(instance)).and_then(|config| key(config));
        ledgers
    }
}

impl Known {
    fn read(config: &Arc<LiveConfig>) -> Self {
        Self { config: Arc::clone(config), record: parse(config).map(Arc::new) }
    }

    fn is_of(&self, config: &Arc<LiveConfig>) -> bool {
        Arc::ptr_eq(&self.config, config) || self.config == *config
    }
}

fn take(ledgers: &mut Ledgers, config: &LiveConfig, record: Read) {
    let target =
        Target { name: config.spec.name.clone(), id: config.id.clone(), version: config.version };
    let Some(stack) = config.spec.labels.get(STACK_LABEL) else {
        let record = record.unwrap_or_else(|why| Arc::new(unreadable(&why)));
        (ledgers.suspension, ledgers.sync) = (record.suspension.clone(), record.sync);
        ledgers.instance = Some(Entry { record, target });
        return;
    };
    let Ok(stack) = StackName::new(stack.clone()) else { return };
    match record {
        Ok(record) => {
            ledgers.stacks.insert(stack, Entry { record, target });
        }
        Err(why) => {
            ledgers.unreadable.insert(stack, why);
        }
    }
}

/// Nobody knows whether a record of the instance that can't be read suspends everything: it does,
/// until a person resumes.
fn unreadable(why: &str) -> LedgerRecord {
    let reason = format!("what the instance remembers can't be read: {why}");
    let suspension = Some(Suspension { reason, until: None });
    LedgerRecord { suspension, ..LedgerRecord::default() }
}

fn parse(config: &LiveConfig) -> Result<LedgerRecord, String> {
    let text = config.spec.labels.get(RECORD_LABEL).ok_or("the record is missing")?;
    let record: LedgerRecord = serde_json::from_str(&unpack(text)?).map_err(|e| e.to_string())?;
    if record.format > FORMAT {
        return Err(format!(
            "the record has format {}, this skep knows up to {FORMAT}",
            record.format
        ));
    }
    Ok(record)
}

fn key(config: &LiveConfig) -> Option<HashKey> {
    let bytes = STANDARD.decode(&config.spec.data).ok()?;
    <[u8; KEY_BYTES]>::try_from(bytes).ok().map(HashKey::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{ledger_labels, ledger_name};
    use crate::model::ServiceRecord;
    use crate::model::engine::ConfigSpec;

    fn instance() -> Instance {
        Instance::default()
    }

    fn stored(stack: Option<&StackName>, record: &LedgerRecord) -> (String, Arc<LiveConfig>) {
        let name = ledger_name(&instance(), stack);
        let labels = ledger_labels(&instance(), stack, record).expect("labels");
        let spec = ConfigSpec { name: name.clone(), labels, ..ConfigSpec::default() };
        (name, Arc::new(LiveConfig { id: "c1".into(), spec, ..LiveConfig::default() }))
    }

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let stack = StackName::new("shop").expect("a name");
        let record = LedgerRecord {
            format: FORMAT,
            suspension: Some(Suspension { reason: "patch".into(), until: None }),
            ..LedgerRecord::default()
        };
        let ledgers = decode(&BTreeMap::from([stored(Some(&stack), &record)]), &instance());
        assert_eq!(*ledgers.stacks[&stack].record, record);
        assert!(ledgers.suspension.is_none());
    }

    #[test]
    fn only_a_record_that_is_another_one_is_read_anew() {
        let (shop, tools) = (StackName::new("shop"), StackName::new("tools"));
        let (shop, tools) = (shop.expect("a name"), tools.expect("a name"));
        let with = |sync| LedgerRecord { format: FORMAT, sync, ..LedgerRecord::default() };
        let look = |sync| {
            BTreeMap::from([stored(Some(&shop), &with(sync)), stored(Some(&tools), &with(0))])
        };
        let mut records = Records::default();
        let first = records.decode(&look(1), &instance());
        let second = records.decode(&look(2), &instance());
        let same = |stack| Arc::ptr_eq(&first.stacks[stack].record, &second.stacks[stack].record);
        assert_eq!((same(&shop), same(&tools)), (false, true));
        assert_eq!(second.stacks[&shop].record.sync, 2);
        let third = records.decode(&BTreeMap::new(), &instance());
        assert!(third.stacks.is_empty() && records.0.is_empty(), "nothing is kept of what is gone");
    }

    #[test]
    fn two_thousand_services_fit_into_a_record() {
        let stack = StackName::new("shop").expect("a name");
        let hash = |n: u32| Some(crate::model::SpecHash::of(&n.to_le_bytes()));
        let service = |n: u32| ServiceRecord {
            attempted: hash(n),
            loose: hash(n + 10_000),
            stable: hash(n),
            ..ServiceRecord::default()
        };
        let services = (0..2000).map(|n| (format!("shop_service-{n}"), service(n))).collect();
        let record = LedgerRecord { format: FORMAT, services, ..LedgerRecord::default() };
        let (name, config) = stored(Some(&stack), &record);
        let size = config.spec.labels.get(RECORD_LABEL).map_or(0, String::len);
        assert!((1..RECORD_LIMIT / 2).contains(&size), "{size} bytes");
        let ledgers = decode(&BTreeMap::from([(name, config)]), &instance());
        assert_eq!(*ledgers.stacks[&stack].record, record);
    }

    #[test]
    fn another_instances_records_are_not_ours() {
        let stack = StackName::new("shop").expect("a name");
        let configs = BTreeMap::from([stored(Some(&stack), &LedgerRecord::default())]);
        let other = Instance::new("other").expect("a name");
        assert!(decode(&configs, &other).stacks.is_empty());
    }

    #[test]
    fn a_record_of_a_newer_format_is_unreadable_and_not_empty() {
        let stack = StackName::new("shop").expect("a name");
        let record = LedgerRecord { format: FORMAT + 1, ..LedgerRecord::default() };
        let ledgers = decode(&BTreeMap::from([stored(Some(&stack), &record)]), &instance());
        assert!(ledgers.stacks.is_empty());
        assert!(ledgers.unreadable[&stack].contains("format 2"));
    }

    #[test]
    fn a_suspension_of_everything_was_lost_with_a_record_of_a_newer_format() {
        let record = LedgerRecord { format: FORMAT + 1, ..LedgerRecord::default() };
        let ledgers = decode(&BTreeMap::from([stored(None, &record)]), &instance());
        let reason = ledgers.suspension.expect("everything is suspended").reason;
        assert!(reason.contains("format 2"), "{reason}");
    }

    #[test]
    fn two_pairs_of_instance_and_stack_never_share_a_name() {
        let name = |instance: &str, stack: &str| {
            ledger_name(
                &Instance::new(instance).expect("a name"),
                Some(&StackName::new(stack).expect("a name")),
            )
        };
        assert_ne!(name("a-b", "c"), name("a", "b-c"));
        let long = name(&"a".repeat(60), &"b".repeat(60));
        assert!(long.len() <= 64 && long != name(&"a".repeat(60), &"c".repeat(60)));
    }
}
