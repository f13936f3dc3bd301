//! The lease: which of the operators of an instance acts.
//!
//! A swarm config of its own, whose labels change by compare-and-swap on its version. What counts
//! is that the version changes; nobody reads a clock out of it.

use serde::{Deserialize, Serialize};

use super::objects::RECORD_LABEL;
use crate::model::engine::{LiveConfig, StringMap};
use crate::model::{Instance, SpecHash};

/// Label that marks a lease and names its instance.
pub const LEASE_LABEL: &str = "skep.lease";
/// Data of a lease: the engine refuses empty configs.
pub const LEASE_DATA: &[u8] = b"skep keeps in the labels of this config which operator acts\n";
/// Largest record in bytes.
const LEASE_LIMIT: usize = 1024;
/// Longest name of a holder in bytes.
const HOLDER_LIMIT: usize = 256;
/// What the names of all leases begin with.
const PREFIX: &str = "skep.lease.";

/// What a lease says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Version of the format.
    pub format: u32,
    /// The operator that acts; `None` when the last one gave the lease up.
    pub holder: Option<String>,
    /// Changes with each renewal: labels that are the same would be no change.
    pub beat: u64,
}

impl Lease {
    /// A lease of this holder.
    #[must_use]
    pub fn of(holder: &str, beat: u64) -> Self {
        let cut = holder.floor_char_boundary(HOLDER_LIMIT);
        Self { format: super::FORMAT, holder: Some(holder[..cut].to_owned()), beat }
    }

    /// A lease that its holder gave up.
    #[must_use]
    pub fn free(beat: u64) -> Self {
        Self { format: super::FORMAT, holder: None, beat }
    }

    /// Reads a config; `None` when it holds something else.
    #[must_use]
    pub fn read(config: &LiveConfig) -> Option<Self> {
        let text = config.spec.labels.get(RECORD_LABEL)?;
        if text.len() > LEASE_LIMIT {
            return None;
        }
        serde_json::from_str(text).ok()
    }

    /// All labels of its config.
    ///
    /// # Errors
    /// Never in practice: it can be written as JSON.
    pub fn labels(&self, instance: &Instance) -> Result<StringMap, serde_json::Error> {
        Ok(StringMap::from([
            (LEASE_LABEL.to_owned(), instance.to_string()),
            (RECORD_LABEL.to_owned(), serde_json::to_string(self)?),
        ]))
    }
}

/// Name of the config that is an instance's lease.
#[must_use]
pub fn lease_name(instance: &Instance) -> String {
    let name = format!("{PREFIX}{instance}");
    if name.len() <= crate::model::name::MAX_DATA_NAME {
        return name;
    }
    format!("{PREFIX}{}", SpecHash::of(name.as_bytes()).as_str())
}

/// True for names of leases, of whatever instance: they say nothing about drift.
#[must_use]
pub fn is_lease_name(name: &str) -> bool {
    name.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::engine::ConfigSpec;

    fn stored(labels: StringMap) -> LiveConfig {
        LiveConfig { spec: ConfigSpec { labels, ..ConfigSpec::default() }, ..LiveConfig::default() }
    }

    fn saying(text: &str) -> Option<Lease> {
        Lease::read(&stored(StringMap::from([(RECORD_LABEL.to_owned(), text.to_owned())])))
    }

    #[test]
    fn a_lease_comes_back_as_it_was_written_and_is_small() {
        let instance = Instance::default();
        for lease in [Lease::of("m1/17/ab", 3), Lease::free(4), Lease::of(&"é".repeat(999), 5)] {
            let labels = lease.labels(&instance).expect("labels");
            let bytes: usize = labels.iter().map(|(key, value)| key.len() + value.len()).sum();
            assert!(bytes <= 1024, "{bytes}");
            assert_eq!(Lease::read(&stored(labels)), Some(lease));
        }
    }

    #[test]
    fn what_is_no_lease_is_none() {
        for text in ["", "{}", "null", r#"{"format":1,"beat":-1}"#, &"9".repeat(2000)] {
            assert_eq!(saying(text), None, "{text}");
        }
        assert_eq!(Lease::read(&stored(StringMap::new())), None);
    }

    #[test]
    fn the_lease_is_no_ledger_of_a_stack() {
        let long = Instance::new("a".repeat(60)).expect("a name");
        for instance in [Instance::default(), long] {
            let name = lease_name(&instance);
            assert!(name.len() <= 64 && is_lease_name(&name), "{name}");
        }
        assert!(!is_lease_name("skep.ledger.skep"));
    }
}
