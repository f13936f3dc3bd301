//! The key of the hashes over secret content: made once for an instance, kept in the swarm.

use super::Operator;
use crate::ledger::{KEY_BYTES, key_name};
use crate::model::engine::StringMap;
use crate::model::{HashKey, Instance, NewData, SecretBytes};
use crate::ports::{Swarm, SwarmError, Write};

/// Label that marks the key's config.
const KEY_LABEL: &str = "skep.key";

impl Operator {
    /// The key that this process would keep in a swarm that has none yet. It stays the same, so
    /// that what was loaded with it holds in the next pass too.
    pub(super) fn own_key(&mut self) -> Result<HashKey, SwarmError> {
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

/// Keeps a key in the swarm. When another operator was faster, that is a conflict: the next look
/// finds the winner's.
pub(super) async fn keep(
    key: Option<HashKey>,
    swarm: &dyn Swarm,
    instance: &Instance,
) -> Result<(), SwarmError> {
    let Some(key) = key else { return Ok(()) };
    let new = NewData {
        name: key_name(instance),
        labels: StringMap::from([(KEY_LABEL.to_owned(), instance.to_string())]),
        data: None,
        hash: None,
        driver: None,
        templating: None,
    };
    let bytes = SecretBytes::new(key.reveal().to_vec());
    swarm.write(&Write::CreateConfig { new, bytes }).await.map(drop)
}

#[expect(clippy::disallowed_methods, reason = "the one place that makes a key")]
fn fresh() -> Result<HashKey, getrandom::Error> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(HashKey::new(bytes))
}
