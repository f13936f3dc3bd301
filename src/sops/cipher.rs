//! One sealed value: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]` (`aes/cipher.go` of SOPS). The keys
//! that lead to a value are authenticated with it, so that it can't be moved.

use aes_gcm::aead::consts::U32;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Key};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::sheet::{Kind, Scalar, resolve};
use crate::model::SecretBytes;

/// What a sealed value begins with.
pub const MARK: &str = "ENC[AES256_GCM,";

/// Bytes of a nonce.
pub(super) const NONCE: usize = 32;
const TAG: usize = 16;

/// The key that all values of a file are sealed with.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct DataKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl DataKey {
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    fn cipher(&self) -> AesGcm<Aes256, U32> {
        AesGcm::new(&Key::<AesGcm<Aes256, U32>>::from(*self.0))
    }

    /// Opens a sealed value that stands under these keys.
    pub(super) fn open(&self, sealed: &str, bound: &str) -> Option<Scalar> {
        if sealed.is_empty() {
            return Some(Scalar::new(Kind::Str, ""));
        }
        let parts = Parts::of(sealed)?;
        let message = [parts.data.as_slice(), parts.tag.as_slice()].concat();
        let payload = Payload { msg: &message, aad: bound.as_bytes() };
        let nonce = <[u8; NONCE]>::try_from(parts.nonce.as_slice()).ok()?;
        let plain = self.cipher().decrypt(&nonce.into(), payload).ok()?;
        typed(parts.kind, SecretBytes::new(plain))
    }

    /// Seals a value that stands under these keys.
    pub(super) fn seal(&self, value: &Scalar, bound: &str, nonce: [u8; NONCE]) -> Option<String> {
        if value.text.reveal().is_empty() {
            return Some(String::new());
        }
        let payload = Payload { msg: value.text.reveal(), aad: bound.as_bytes() };
        let sealed = self.cipher().encrypt(&nonce.into(), payload).ok()?;
        let (data, tag) = sealed.split_at(sealed.len().checked_sub(TAG)?);
        let [data, nonce, tag] = [data, &nonce, tag].map(|bytes| STANDARD.encode(bytes));
        Some(format!("{MARK}data:{data},iv:{nonce},tag:{tag},type:{}]", word(value.kind)))
    }
}

struct Parts<'a> {
    data: Vec<u8>,
    nonce: Vec<u8>,
    tag: Vec<u8>,
    kind: &'a str,
}

impl<'a> Parts<'a> {
    fn of(sealed: &'a str) -> Option<Self> {
        let rest = sealed.strip_prefix(MARK)?.strip_prefix("data:")?.strip_suffix(']')?;
        let (data, rest) = rest.split_once(",iv:")?;
        let (nonce, rest) = rest.split_once(",tag:")?;
        let (tag, kind) = rest.split_once(",type:")?;
        let decode = |text: &str| STANDARD.decode(text).ok();
        let parts = Self { data: decode(data)?, nonce: decode(nonce)?, tag: decode(tag)?, kind };
        (parts.tag.len() == TAG).then_some(parts)
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Null | Kind::Str => "str",
        Kind::Int => "int",
        Kind::Float => "float",
        Kind::Bool => "bool",
        Kind::Time => "time",
        Kind::Comment => "comment",
    }
}

/// A value in its canonical form; `None` when it is not what its type says.
fn typed(word: &str, text: SecretBytes) -> Option<Scalar> {
    let plain = |kind| {
        let (found, form) = resolve(std::str::from_utf8(text.reveal()).ok()?);
        let fits = found == kind || (kind == Kind::Float && found == Kind::Int);
        fits.then(|| Scalar::new(kind, form))
    };
    match word {
        "int" => plain(Kind::Int),
        "float" => match text.reveal() {
            b"+Inf" | b"-Inf" | b"NaN" => Some(Scalar { kind: Kind::Float, text }),
            _ => plain(Kind::Float),
        },
        "time" => plain(Kind::Time),
        "bool" => match text.reveal() {
            b"True" | b"true" | b"TRUE" | b"1" | b"t" | b"T" => {
                Some(Scalar::new(Kind::Bool, "True"))
            }
            b"False" | b"false" | b"FALSE" | b"0" | b"f" | b"F" => {
                Some(Scalar::new(Kind::Bool, "False"))
            }
            _ => None,
        },
        "str" | "bytes" => Some(Scalar { kind: Kind::Str, text }),
        "comment" => Some(Scalar { kind: Kind::Comment, text }),
        _ => None,
    }
}

/// The keys that lead to a value, as they are authenticated with it.
pub(super) fn bound(keys: &[String]) -> String {
    format!("{}:", keys.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_only_whole_and_under_its_own_keys() {
        let key = DataKey::new([3; 32]);
        let value = Scalar::new(Kind::Int, "42");
        let bound_to = bound(&["a".to_owned(), "b".to_owned()]);
        assert_eq!(bound_to, "a:b:");
        let sealed = key.seal(&value, &bound_to, [9; NONCE]).unwrap();
        assert_eq!(key.open(&sealed, &bound_to), Some(value));
        assert_eq!(key.open(&sealed, "a:c:"), None);
        assert_eq!(DataKey::new([4; 32]).open(&sealed, &bound_to), None);
        for at in 0..sealed.len() {
            let mut broken = sealed.clone().into_bytes();
            broken[at] = if broken[at] == b'A' { b'B' } else { b'A' };
            let broken = String::from_utf8(broken).unwrap();
            assert_eq!(key.open(&broken, &bound_to), None, "{broken}");
        }
        assert_eq!(format!("{key:?}"), "DataKey(…)");
    }
}
