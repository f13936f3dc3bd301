//! The key of the hashes over secret content: made once for an instance, kept in the swarm.

use crate::diff::{HASH_LABEL, OWNER_LABEL};
use crate::ledger::{KEY_BYTES, Ledgers, key_name};
use crate::model::engine::StringMap;
use crate::model::{HashKey, Instance, NewData, Observed, SecretBytes};
use crate::ports::{Swarm, SwarmError, Write};
use crate::reconcile::Operator;

/// Label that marks the key's config.
const KEY_LABEL: &str = "skep.key";

/// Where the key of hashes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyFound {
    /// In the swarm, or it was given.
    Kept,
    /// Nowhere yet: this process has one that could be kept.
    OwnOnly,
    /// Nowhere any more, and content was hashed with it: with another key all of it would seem to
    /// have changed.
    Lost,
}

impl Operator {
    /// Puts the key in its place.
    pub(super) fn find_key(
        &mut self,
        ledgers: &mut Ledgers,
        observed: &Observed,
    ) -> Result<KeyFound, SwarmError> {
        if let Some(key) = &self.settings.key {
            ledgers.key = Some(key.clone());
        }
        if ledgers.key.is_some() {
            return Ok(KeyFound::Kept);
        }
        if has_hashes(observed, &self.settings.instance) {
            return Ok(KeyFound::Lost);
        }
        ledgers.key = Some(self.own_key()?);
        Ok(KeyFound::OwnOnly)
    }

    /// The key that this process would keep in a swarm that has none yet. It stays the same, so
    /// that what was loaded with it holds in the next pass too.
    fn own_key(&mut self) -> Result<HashKey, SwarmError> {
        if let Some(key) = &self.memory.own_key {
            return Ok(key.clone());
        }
        let key = fresh().map_err(|error| SwarmError::Unavailable {
            attempted: "make a key".to_owned(),
            message: "the system gave no random bytes".to_owned(),
            source: Some(Box::new(error)),
        })?;
        self.memory.own_key = Some(key.clone());
        Ok(key)
    }
}

/// Whether content of the instance has a hash.
fn has_hashes(observed: &Observed, instance: &Instance) -> bool {
    let secrets = observed.secrets.values().map(|secret| &secret.spec.labels);
    let configs = observed.configs.values().map(|config| &config.spec.labels);
    let owner = format!("{instance}/");
    secrets.chain(configs).any(|labels| {
        let ours = labels.get(OWNER_LABEL).is_some_and(|label| label.starts_with(&owner));
        ours && labels.contains_key(HASH_LABEL)
    })
}

/// What is told of a key that is lost.
pub(super) fn lost(instance: &Instance) -> String {
    let name = key_name(instance);
    format!(
        "the config {name}, which held the key of the content hashes, is gone: secrets and configs \
         can't be compared and are left as they are; make it again with the key from a backup, or \
         give it with --key-file"
    )
}

/// Keeps a key in the swarm. When another operator was faster, that is a conflict: the next look
/// finds the winner's.
pub(super) async fn keep(
    key: Option<HashKey>,
    swarm: &dyn Swarm,
    instance: &Instance,
) -> Result<(), SwarmError> {
    let Some(key) = key else { return Ok(()) };
    let labels = StringMap::from([(KEY_LABEL.to_owned(), instance.to_string())]);
    let new = NewData::labelled(key_name(instance), labels);
    let bytes = SecretBytes::new(key.reveal().to_vec());
    swarm.write(&Write::CreateConfig { new, bytes }).await.map(drop)
}

#[expect(clippy::disallowed_methods, reason = "the one place that makes a key")]
fn fresh() -> Result<HashKey, getrandom::Error> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(HashKey::new(bytes))
}
