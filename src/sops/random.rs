//! Random bytes from one seed, so that sealing is a function of what it is given.

use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

/// Bytes that nobody can foretell who does not know the seed: hashes of the seed and a counter.
pub struct Random {
    seed: Zeroizing<[u8; 32]>,
    count: u64,
}

impl Random {
    /// Takes 32 bytes of the system's randomness, for one use.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self { seed: Zeroizing::new(seed), count: 0 }
    }

    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(32) {
            let mut hash = Sha512::new();
            hash.update(b"skep sops random");
            hash.update(self.seed.as_slice());
            hash.update(self.count.to_be_bytes());
            self.count += 1;
            part.copy_from_slice(&hash.finalize()[..part.len()]);
        }
    }

    pub(super) fn array(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        bytes
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random(…)")
    }
}
