//! The key of the hashes over secret content: made once for an instance, kept in the swarm.

use super::Operator;
use crate::ledger::{KEY_BYTES, key_name};
use crate::model::engine::StringMap;
use crate::model::{HashKey, NewData, SecretBytes};
use crate::ports::{SwarmError, Write};

/// Label that marks the key's config.
const KEY_LABEL: &str = "skep.key";

impl Operator {
    /// Makes the key. When another operator was faster, that is a conflict: the next look finds
    /// the winner's.
    pub(super) async fn make_key(&self) -> Result<HashKey, SwarmError> {
        let instance = &self.settings.instance;
        let key = fresh().map_err(|error| SwarmError::Unavailable {
            attempted: "make a key".to_owned(),
            message: "the system gave no random bytes".to_owned(),
            source: Some(Box::new(error)),
        })?;
        let new = NewData {
            name: key_name(instance),
            labels: StringMap::from([(KEY_LABEL.to_owned(), instance.to_string())]),
            data: None,
            hash: None,
            driver: None,
            templating: None,
        };
        let bytes = SecretBytes::new(key.reveal().to_vec());
        self.doors.swarm.write(&Write::CreateConfig { new, bytes }).await?;
        Ok(key)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that makes a key")]
fn fresh() -> Result<HashKey, getrandom::Error> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(HashKey::new(bytes))
}
