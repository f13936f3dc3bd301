//! Seeded numbers. The generator is SplitMix64, written out here so that a seed means the same
//! world with every version of every crate.

use std::time::Duration;

/// A stream of numbers that its seed determines.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts the stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 when `limit` is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number().checked_rem(limit).unwrap_or(0)
    }

    /// True so many times in a thousand.
    pub fn chance(&mut self, per_mille: u16) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// A time between two bounds in milliseconds, the lower one included.
    pub fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(low + self.below(high.saturating_sub(low).max(1)))
    }

    /// An id as swarmkit makes them: 25 digits of base 36 (`identity/randomid.go`).
    pub fn id(&mut self) -> String {
        (0..25)
            .map(|_| {
                let digit = u32::try_from(self.below(36)).unwrap_or(0);
                char::from_digit(digit, 36).unwrap_or('0')
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let take = |seed| {
            let mut random = Random::new(seed);
            (random.id(), random.below(10), random.millis(5, 9))
        };
        assert_eq!(take(7), take(7));
        assert_ne!(take(7).0, take(8).0);
        assert_eq!(take(7).0.len(), 25);
    }

    #[test]
    fn the_first_numbers_of_seed_0_are_those_of_the_published_generator() {
        let mut random = Random::new(0);
        assert_eq!(random.number(), 0xE220_A839_7B1D_CDAF);
        assert_eq!(random.number(), 0x6E78_9E6A_A1B9_65F4);
    }
}
