//! age identities, which open, and recipients, which are sealed to.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use age::secrecy::ExposeSecret;
use age::x25519;

use crate::model::SecretBytes;
use crate::sops::bounds::MAX_IDENTITIES;

/// What an identity begins with.
const IDENTITY: &str = "AGE-SECRET-KEY-1";

/// Why a text holds no identities. It names a line and nothing of what stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// A line is none.
    #[error("line {0} is no age identity; one begins with {IDENTITY} and stands alone in its line")]
    Line(usize),
    /// An identity of a plugin or of another kind.
    #[error("line {0} is an identity of a plugin or of ssh; only those of age itself are read")]
    Kind(usize),
    /// Not a single one.
    #[error("it holds no age identity; 'skep secret keygen' makes one")]
    Empty,
    /// Too many.
    #[error("it holds more than {MAX_IDENTITIES} identities")]
    TooMany,
    /// Bytes that are no text.
    #[error("it is not valid UTF-8")]
    NoText,
}

/// What opens sealed files. It shows nothing of itself but how many there are.
#[derive(Clone, Default)]
pub struct Identities(Vec<Arc<x25519::Identity>>);

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identities({})", self.0.len())
    }
}

impl Identities {
    /// None, for those who have no keys: every sealed file is a problem then.
    pub const NONE: &'static Self = &Self(Vec::new());

    /// Reads a file of identities: one in a line, lines with `#` are comments.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn read(bytes: &SecretBytes) -> Result<Self, IdentityError> {
        let text = std::str::from_utf8(bytes.reveal()).map_err(|_| IdentityError::NoText)?;
        let mut found = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            for word in line.split_ascii_whitespace() {
                found.push(Arc::new(identity(word, number)?));
            }
            if found.len() > MAX_IDENTITIES {
                return Err(IdentityError::TooMany);
            }
        }
        if found.is_empty() { Err(IdentityError::Empty) } else { Ok(Self(found)) }
    }

    /// Takes over those of another place.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
        self.0.truncate(MAX_IDENTITIES);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What is sealed to them; public.
    #[must_use]
    pub fn recipients(&self) -> BTreeSet<String> {
        self.0.iter().map(|identity| identity.to_public().to_string()).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|identity| identity.as_ref() as &dyn age::Identity)
    }
}

fn identity(word: &str, line: usize) -> Result<x25519::Identity, IdentityError> {
    let other = word.starts_with("AGE-") && !word.starts_with(IDENTITY);
    if other || word.starts_with("-----BEGIN") {
        return Err(IdentityError::Kind(line));
    }
    x25519::Identity::from_str(word).map_err(|_| IdentityError::Line(line))
}

/// A new identity as the content of its file, and its recipient. The randomness is the system's: the
/// age crate draws it itself.
#[must_use]
pub fn generate() -> (SecretBytes, Recipient) {
    let identity = x25519::Identity::generate();
    let recipient = Recipient(identity.to_public());
    let text = format!("# recipient: {recipient}\n{}\n", identity.to_string().expose_secret());
    (SecretBytes::new(text.into_bytes()), recipient)
}

/// Why a text is no recipient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    /// An identity stands where a recipient should: it is not repeated.
    #[error(
        "a secret identity stands where its recipient (age1…) should; make a new one, this one has been shown"
    )]
    Secret,
    /// Something else.
    #[error(
        "'{0}' is no recipient of age; one begins with age1, plugins and ssh keys are not taken"
    )]
    Unknown(String),
}

/// What is sealed to; public.
#[derive(Clone)]
pub struct Recipient(x25519::Recipient);

impl Recipient {
    /// Reads one.
    ///
    /// # Errors
    /// When it is none of age's own.
    pub fn read(text: &str) -> Result<Self, RecipientError> {
        let text = text.trim();
        if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY") {
            return Err(RecipientError::Secret);
        }
        let read = x25519::Recipient::from_str(text);
        read.map(Self).map_err(|_| RecipientError::Unknown(text.chars().take(100).collect()))
    }

    pub(super) fn inner(&self) -> &dyn age::Recipient {
        &self.0
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<usize, IdentityError> {
        Identities::read(&SecretBytes::new(text.as_bytes().to_vec())).map(|found| found.count())
    }

    #[test]
    fn a_file_of_identities_has_one_in_a_line_and_a_mistake_names_only_its_line() {
        let (one, recipient) = generate();
        let one = String::from_utf8(one.reveal().to_vec()).unwrap();
        let two = format!("{one}\n\n{one}");
        assert_eq!(read(&two), Ok(2));
        assert_eq!(read(""), Err(IdentityError::Empty));
        assert_eq!(read(&format!("{one}hunter2\n")), Err(IdentityError::Line(3)));
        assert_eq!(read("AGE-PLUGIN-YUBIKEY-1X\n"), Err(IdentityError::Kind(1)));
        let broken = one.replace("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1A");
        assert_eq!(read(&broken), Err(IdentityError::Line(2)));
        let words = IdentityError::Line(2).to_string();
        assert!(!words.contains("hunter2"));
        let found = Identities::read(&SecretBytes::new(one.clone().into_bytes())).unwrap();
        assert_eq!(found.recipients().into_iter().collect::<Vec<_>>(), [recipient.to_string()]);
        assert_eq!(format!("{found:?}"), "Identities(1)");
        let line = one.lines().last().unwrap();
        assert_eq!(Recipient::read(line).map(|_| ()), Err(RecipientError::Secret));
    }
}
