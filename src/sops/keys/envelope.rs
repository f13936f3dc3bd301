//! A data key, or a part of one, as it is sealed to one recipient: an armored age file.

use std::io::{Read, Write};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{Decryptor, Encryptor};
use zeroize::Zeroizing;

use super::{Identities, Recipient};
use crate::sops::bounds::MAX_ENVELOPE;

/// Longest part of a data key, in bytes: the key, and the place of a share.
const MAX_PART: usize = 33;

/// Opens it; `None` when none of the identities does, or it is damaged.
pub(in crate::sops) fn unwrap(sealed: &str, identities: &Identities) -> Option<Zeroizing<Vec<u8>>> {
    if sealed.len() > MAX_ENVELOPE || identities.count() == 0 {
        return None;
    }
    let reader = ArmoredReader::new(sealed.trim().as_bytes());
    let decryptor = Decryptor::new(reader).ok()?;
    let stream = decryptor.decrypt(identities.iter()).ok()?;
    let mut plain = Zeroizing::new(Vec::with_capacity(MAX_PART + 1));
    stream.take(MAX_PART as u64 + 1).read_to_end(&mut plain).ok()?;
    (plain.len() <= MAX_PART).then_some(plain)
}

/// Seals it to a recipient. The age crate draws the randomness for this from the system itself.
pub(in crate::sops) fn wrap(part: &[u8], recipient: &Recipient) -> Option<String> {
    let encryptor = Encryptor::with_recipients(std::iter::once(recipient.inner())).ok()?;
    let mut sealed = Vec::new();
    let armor = ArmoredWriter::wrap_output(&mut sealed, Format::AsciiArmor).ok()?;
    let mut writer = encryptor.wrap_output(armor).ok()?;
    writer.write_all(part).ok()?;
    writer.finish().and_then(ArmoredWriter::finish).ok()?;
    String::from_utf8(sealed).ok()
}
