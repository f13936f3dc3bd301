//! Sealed files on their way: what is made of a file is made of what it holds in clear.

use std::ops::Deref;
use std::sync::Arc;

use crate::load::Identities;
use crate::load::findings::Remark;
use crate::model::{RepoPath, SecretBytes};
use crate::sops::{Format, MARK, OpenError, Standing, open, standing};

/// What a file holds.
pub enum Text {
    /// As it lies in the source.
    Lying(Arc<[u8]>),
    /// A sealed file that was opened, and its form.
    Opened(SecretBytes, Format),
}

impl Deref for Text {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Lying(bytes) => bytes,
            Self::Opened(bytes, _) => bytes.reveal(),
        }
    }
}

/// What a file holds in clear.
///
/// # Errors
/// When it is sealed and can't be opened, or holds sealed values that nothing opens.
pub fn plain_text(
    path: &RepoPath,
    bytes: Arc<[u8]>,
    identities: &Identities,
) -> Result<Text, Remark> {
    let format = match standing(path.file_name(), &bytes) {
        Standing::Plain => return Ok(Text::Lying(bytes)),
        Standing::Stray => return Err(stray(&format!("'{path}'"))),
        Standing::Sealed(format) => format,
    };
    match open(format, &bytes, identities) {
        Ok(opened) if holds_sealed(opened.plain.reveal()) => {
            Err(stray(&format!("'{path}' is opened, and what it holds")))
        }
        Ok(opened) => Ok(Text::Opened(opened.plain, format)),
        Err(error) => {
            let mut message = format!("'{path}' is sealed and can't be opened: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(inner) = cause {
                message.push_str(&format!(": {inner}"));
                cause = inner.source();
            }
            Err(Remark::from((message, advice(&error))))
        }
    }
}

/// True for what holds a sealed value: it is never sent to the swarm.
pub fn holds_sealed(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes())
}

/// Why something with sealed values in it is not taken; `what` stands before.
pub fn stray(what: &str) -> Remark {
    let message = format!("{what} holds a sealed value (ENC[AES256_GCM,…) that nothing opens");
    let hint =
        "seal whole files in YAML, JSON, lines of variables, or as one value; INI is not read";
    Remark::from((message, hint))
}

fn advice(error: &OpenError) -> &'static str {
    match error {
        OpenError::NoKey { given: 0, .. } => {
            "give the identity: --age-key-file, SKEP_AGE_KEY, or the mounted secret skep-age-key"
        }
        OpenError::NoKey { .. } => {
            "give an identity of one of them, or seal the file to yours: skep secret rekey"
        }
        _ => "take the file as it was before the change, or seal it anew",
    }
}
