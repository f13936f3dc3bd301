//! Bytes that must not be shown, and the hashes that stand for them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::desired::DataRef;

/// Bytes of a secret, a config or a credential. They can be handed to the engine and nowhere else:
/// there is no `Display`, no `Serialize`, and `Debug` shows neither content nor length.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes the bytes over; they are wiped when the last copy is dropped.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the one place that sends them.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(…)")
    }
}

/// The 32 random bytes that key the hashes of secret content (see the architecture page,
/// "What must survive the operator").
#[derive(Clone, PartialEq, Eq)]
pub struct HashKey(Zeroizing<[u8; 32]>);

impl HashKey {
    /// Wraps a key.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key's bytes, for the one place that stores them.
    #[must_use]
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA-256 of some content under this key.
    #[must_use]
    pub fn hash(&self, content: &[u8]) -> KeyedHash {
        // A 32-byte key is valid for HMAC-SHA-256, which takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_slice()) else {
            return KeyedHash(String::new());
        };
        mac.update(content);
        KeyedHash(hex(&mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(…)")
    }
}

/// Hex of a keyed hash over content: says equal or different, and nothing else without the key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyedHash(String);

impl KeyedHash {
    /// Reads a hash back from a label.
    pub fn from_label(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// All 64 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ten digits that go into the name of a changed secret or config.
    #[must_use]
    pub fn suffix(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

/// Hex of the SHA-256 over a service's canonical spec: everything but replicas and service labels,
/// references by name (law 3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpecHash(String);

impl SpecHash {
    /// Hashes canonical bytes; 32 hex digits are kept, to save room in the ledger.
    #[must_use]
    pub fn of(canonical: &[u8]) -> Self {
        let mut text = hex(&Sha256::digest(canonical));
        text.truncate(32);
        Self(text)
    }

    /// A hash that is kept in a label.
    #[must_use]
    pub fn from_label(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Content of secrets and configs beside the plan: load fills it, the executor takes from it.
#[derive(Debug, Clone, Default)]
pub struct SideStore(BTreeMap<(DataRef, Option<KeyedHash>), Arc<SecretBytes>>);

impl SideStore {
    /// Puts content in.
    pub fn insert(&mut self, data: DataRef, hash: Option<KeyedHash>, bytes: SecretBytes) {
        self.0.insert((data, hash), Arc::new(bytes));
    }

    /// The content of one secret or config, by the hash that the plan names.
    #[must_use]
    pub fn get(&self, data: &DataRef, hash: Option<&KeyedHash>) -> Option<&SecretBytes> {
        self.0.get(&(data.clone(), hash.cloned())).map(AsRef::as_ref)
    }

    /// True when there is no content at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over all that another store holds.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_of_secret_types_holds_neither_content_nor_length() {
        let secret = SecretBytes::new(b"hunter2".to_vec());
        let key = HashKey::new([7; 32]);
        assert_eq!(format!("{secret:?} {key:?}"), "SecretBytes(…) HashKey(…)");
    }

    #[test]
    fn the_keyed_hash_is_hmac_sha_256() {
        // Computed with Python's hmac module.
        let hash = HashKey::new([0; 32]).hash(b"skep");
        assert_eq!(
            hash.as_str(),
            "15456fe6a604ab755e193ed75351049b2566b6a9a31ffb32663440c9c5d1e241"
        );
        assert_eq!(hash.suffix(), "15456fe6a6");
        assert_ne!(hash, HashKey::new([1; 32]).hash(b"skep"));
    }
}
