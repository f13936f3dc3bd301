//! Shamir's secret sharing over GF(2⁸), as SOPS has it from Vault (`shamir/shamir.go`): a polynomial
//! for each byte, a share is the values of all of them and, as its last byte, their place.

use zeroize::Zeroizing;

use crate::sops::random::Random;

/// Product in GF(2⁸) modulo x⁸ + x⁴ + x³ + x + 1, without branches on what is multiplied.
fn product(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0_u8, |sum, bit| {
        let reduced = (sum << 1) ^ (0x1b & 0_u8.wrapping_sub(sum >> 7));
        reduced ^ (a & 0_u8.wrapping_sub((b >> bit) & 1))
    })
}

/// What times it is one: its 254th power.
fn inverse(a: u8) -> u8 {
    let power = |(value, square): (u8, u8)| (product(value, square), product(square, square));
    // 254 is seven ones and a zero.
    (0..7).fold((1, product(a, a)), |state, _| power(state)).0
}

/// The secret that shares are of; `None` when they can't be shares of one.
pub(in crate::sops) fn combine(shares: &[Zeroizing<Vec<u8>>]) -> Option<Zeroizing<Vec<u8>>> {
    let length = shares.first()?.len().checked_sub(1)?;
    let places: Vec<u8> = shares.iter().filter_map(|share| share.last().copied()).collect();
    let twice = |at: usize| places[..at].contains(&places[at]) || places[at] == 0;
    let fits = shares.len() >= 2
        && length > 0
        && shares.iter().all(|share| share.len() == length + 1)
        && !(0..places.len()).any(twice);
    if !fits {
        return None;
    }
    let weight = |at: usize| {
        let others = (0..places.len()).filter(|other| *other != at);
        others.fold(1, |weight, other| {
            product(weight, product(places[other], inverse(places[at] ^ places[other])))
        })
    };
    let weights: Vec<u8> = (0..places.len()).map(weight).collect();
    let byte = |at: usize| {
        shares
            .iter()
            .zip(&weights)
            .fold(0, |sum, (share, weight)| sum ^ product(share[at], *weight))
    };
    Some(Zeroizing::new((0..length).map(byte).collect()))
}

/// Splits a secret in shares, of which `threshold` give it back; both are 2 to 255.
pub(in crate::sops) fn split(
    secret: &[u8],
    (shares, threshold): (u8, u8),
    random: &mut Random,
) -> Vec<Zeroizing<Vec<u8>>> {
    let mut found: Vec<Zeroizing<Vec<u8>>> =
        (0..shares).map(|_| Zeroizing::new(Vec::with_capacity(secret.len() + 1))).collect();
    for byte in secret {
        let mut polynomial = Zeroizing::new(vec![0; usize::from(threshold.max(1))]);
        random.fill(&mut polynomial);
        polynomial[0] = *byte;
        for (place, share) in (1..=shares).zip(&mut found) {
            let value = polynomial.iter().rev().fold(0, |sum, term| product(sum, place) ^ term);
            share.push(value);
        }
    }
    for (place, share) in (1..=shares).zip(&mut found) {
        share.push(place);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_that_of_aes() {
        // FIPS 197, 4.2: {57} • {83} = {c1}; and each inverse is one.
        assert_eq!(product(0x57, 0x83), 0xc1);
        assert_eq!(product(0x57, 0x13), 0xfe);
        assert!((1..=255).all(|a| product(a, inverse(a)) == 1));
        assert_eq!(inverse(0x53), 0xca);
    }

    #[test]
    fn shares_that_are_enough_give_the_secret_back_and_fewer_do_not() {
        let secret: Vec<u8> = (0..32).collect();
        let shares = split(&secret, (5, 3), &mut Random::new([7; 32]));
        for [a, b, c] in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
            let some = [shares[a].clone(), shares[b].clone(), shares[c].clone()];
            assert_eq!(combine(&some).unwrap().as_slice(), secret);
            assert_ne!(combine(&some[..2]).unwrap().as_slice(), secret);
        }
        assert_eq!(combine(&shares).unwrap().as_slice(), secret);
        assert_eq!(combine(&[shares[0].clone(), shares[0].clone()]), None);
        assert_eq!(combine(&shares[..1]), None);
        assert_eq!(combine(&[Zeroizing::new(vec![1, 1]), Zeroizing::new(vec![1, 2, 3])]), None);
    }

    #[test]
    fn a_known_line_is_continued_to_its_beginning() {
        // 0x42 + 0x10·x at 1 and 2, by hand: 0x42 ^ 0x10 = 0x52, 0x42 ^ 0x20 = 0x62.
        let shares = [Zeroizing::new(vec![0x52, 1]), Zeroizing::new(vec![0x62, 2])];
        assert_eq!(combine(&shares).unwrap().as_slice(), [0x42]);
    }
}
