//! Opening: a sealed text and identities in, the text as it was before it was sealed out.

use std::collections::BTreeMap;

use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Format;
use super::cipher::{DataKey, MARK, bound};
use super::keys::Identities;
use super::metadata::{Metadata, MetadataError};
use super::sheet::{Content, Item, Kind, Manner, Scalar, Sheet, SheetError, read};
use super::write::{spliced, value_text};
use crate::model::SecretBytes;

/// What a MAC over sealed values only begins with, so that it is never one over all of them
/// (`MACOnlyEncryptedInitialization`): the SHA-256 of `sops`.
pub(super) const SEALED_ONLY: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b,
    0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// Why a sealed file can't be opened. Nothing of its content is in it: lines, keys and recipients
/// stand in clear in the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The text can't be read.
    #[error("it can't be read as {0}")]
    Text(Format, #[source] SheetError),
    /// There is no metadata.
    #[error("it has no metadata of SOPS")]
    Plain,
    /// The metadata can't be used.
    #[error("its metadata can't be used")]
    Metadata(#[source] MetadataError),
    /// No identity opens enough of it.
    #[error("{}", no_key(recipients, *groups, *given))]
    NoKey {
        /// Whom it is sealed to.
        recipients: Vec<String>,
        /// Groups that were opened, that have to be, and that there are.
        groups: (usize, usize, usize),
        /// How many identities were tried.
        given: usize,
    },
    /// A value was changed, moved, or sealed with another key.
    #[error("line {line}: the value at '{spot}' was changed, moved, or belongs to another file")]
    Value {
        /// Line, from 1.
        line: u32,
        /// Keys that lead to it.
        spot: String,
    },
    /// A value that should be sealed is not.
    #[error("line {line}: the value at '{spot}' is not sealed and should be")]
    Unsealed {
        /// Line, from 1.
        line: u32,
        /// Keys that lead to it.
        spot: String,
    },
    /// A value is sealed that should not be.
    #[error("line {line}: the value at '{spot}' is still sealed, and the file says that it is not")]
    StillSealed {
        /// Line, from 1.
        line: u32,
        /// Keys that lead to it.
        spot: String,
    },
    /// A comment was changed.
    #[error("line {line}: the comment was changed, or belongs to another file")]
    Comment {
        /// Line, from 1.
        line: u32,
    },
    /// The MAC does not fit.
    #[error("its MAC does not fit: values were changed, added, removed or put into another order")]
    Mac,
}

fn no_key(
    recipients: &[String],
    (open, needed, all): (usize, usize, usize),
    given: usize,
) -> String {
    let tried = match given {
        0 => "there is no age identity".to_owned(),
        1 => "the identity does not open it".to_owned(),
        _ => format!("none of the {given} identities opens it"),
    };
    let groups = match all {
        1 => String::new(),
        _ => format!(" ({open} of {all} groups of keys open, {needed} have to)"),
    };
    format!("{tried}{groups}; it is sealed to {}", recipients.join(", "))
}

/// A file that was opened.
#[derive(Debug)]
pub struct Opened {
    pub(super) format: Format,
    /// The text as it was before it was sealed.
    pub plain: SecretBytes,
    /// What stood under `sops`.
    pub metadata: Metadata,
    pub(super) key: DataKey,
    pub(super) known: Known,
}

/// Sealed forms of what was opened: what stays as it is keeps its form.
#[derive(Default)]
pub(super) struct Known(BTreeMap<(String, Kind, Hash), String>);

/// Stands for a value: the value itself is not kept a second time.
type Hash = [u8; 64];

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Known(…)")
    }
}

impl Known {
    fn insert(&mut self, bound: String, value: &Scalar, sealed: &str) {
        self.0.insert((bound, value.kind, hash(value)), sealed.to_owned());
    }

    pub(super) fn get(&self, bound: &str, value: &Scalar) -> Option<&String> {
        self.0.get(&(bound.to_owned(), value.kind, hash(value)))
    }
}

fn hash(value: &Scalar) -> Hash {
    Sha512::digest(value.text.reveal()).into()
}

/// Opens a file.
///
/// # Errors
/// When it is no sealed file, no identity opens it, or it was changed.
pub fn open(format: Format, bytes: &[u8], identities: &Identities) -> Result<Opened, OpenError> {
    let outer = if format == Format::Binary { Format::Json } else { format };
    let sheet = read(outer, bytes).map_err(|error| OpenError::Text(outer, error))?;
    let metadata = metadata_of(&sheet)?;
    let key = metadata.data_key(identities).map_err(|open| {
        let (all, needed) = metadata.groups();
        let groups = (open, needed, all);
        OpenError::NoKey { recipients: metadata.recipients(), groups, given: identities.count() }
    })?;
    let mut opening = Opening { sheet: &sheet, key: &key, known: Known::default() };
    let values = opening.values(&metadata)?;
    let text = bytes;
    let plain = match (format, values.first(), sheet.items.first()) {
        (Format::Binary, Some(Some(value)), Some(item)) if item.spot == "data" => {
            value.text.clone()
        }
        (Format::Binary, ..) => return Err(OpenError::Plain),
        _ => plain_text(text, &sheet, &values)?,
    };
    let known = opening.known;
    Ok(Opened { format, plain, metadata, key, known })
}

/// What is known of a sealed file without opening it.
///
/// # Errors
/// When it is no sealed file, or its metadata can't be used.
pub fn inspect(format: Format, bytes: &[u8]) -> Result<Metadata, OpenError> {
    let outer = if format == Format::Binary { Format::Json } else { format };
    metadata_of(&read(outer, bytes).map_err(|error| OpenError::Text(outer, error))?)
}

pub(super) fn metadata_of(sheet: &Sheet) -> Result<Metadata, OpenError> {
    let meta = sheet.meta.as_ref().ok_or(OpenError::Plain)?;
    Metadata::of(meta).map_err(OpenError::Metadata)
}

struct Opening<'a> {
    sheet: &'a Sheet,
    key: &'a DataKey,
    known: Known,
}

impl Opening<'_> {
    /// What each item opens to; `None` for one that stays as it is. The MAC was compared.
    fn values(&mut self, metadata: &Metadata) -> Result<Vec<Option<Scalar>>, OpenError> {
        let (mut mac, mut values) = (Sha512::new(), Vec::new());
        if metadata.mac_only_encrypted {
            mac.update(SEALED_ONLY);
        }
        for (at, item) in self.sheet.items.iter().enumerate() {
            let opened = match &item.content {
                Content::Comment(text) => self.comment(at, text)?,
                Content::Value(value) => {
                    let opened = self.value(item, value, metadata)?;
                    let counted = opened.is_some() || !metadata.mac_only_encrypted;
                    let value = opened.as_ref().unwrap_or(value);
                    if counted && value.kind != Kind::Comment {
                        mac.update(value.text.reveal());
                    }
                    opened
                }
            };
            values.push(opened);
        }
        let found = upper_hex(&mac.finalize());
        let told = self.key.open(&metadata.mac, &metadata.changed).ok_or(OpenError::Mac)?;
        let same = told.text.reveal().ct_eq(found.as_bytes());
        if bool::from(same) { Ok(values) } else { Err(OpenError::Mac) }
    }

    fn value(
        &mut self,
        item: &Item,
        value: &Scalar,
        metadata: &Metadata,
    ) -> Result<Option<Scalar>, OpenError> {
        let (line, spot) = (item.line, item.spot.clone());
        let text = std::str::from_utf8(value.text.reveal()).unwrap_or_default();
        let marked = value.kind == Kind::Str && text.starts_with(MARK);
        match metadata.rule.seals(&item.keys).unwrap_or(marked) {
            _ if value.kind == Kind::Null => Ok(None),
            true if value.kind == Kind::Str && text.is_empty() => Ok(None),
            true if !marked => Err(OpenError::Unsealed { line, spot }),
            true => {
                let bound = bound(&item.keys);
                let opened = self.key.open(text, &bound);
                let opened = opened.ok_or(OpenError::Value { line, spot })?;
                self.known.insert(bound, &opened, text);
                Ok(Some(opened))
            }
            false if marked => Err(OpenError::StillSealed { line, spot }),
            false => Ok(None),
        }
    }

    /// A comment is bound to the keys of the mapping that it stands in. Which one that is depends on
    /// the reader, so those around it are tried.
    fn comment(&mut self, at: usize, text: &SecretBytes) -> Result<Option<Scalar>, OpenError> {
        let sealed = std::str::from_utf8(text.reveal()).unwrap_or_default();
        if !sealed.starts_with(MARK) {
            return Ok(None);
        }
        let items = &self.sheet.items;
        let value = |item: &&Item| matches!(item.content, Content::Value(_));
        let around = [items[..at].iter().rev().find(value), items[at..].iter().find(value)];
        let around = around.into_iter().flatten().chain([&items[at]]);
        for keys in around.map(|item| &item.keys) {
            for length in (0..=keys.len()).rev() {
                let bound = bound(&keys[..length]);
                if let Some(opened) = self.key.open(sealed, &bound) {
                    self.known.insert(bound, &opened, sealed);
                    return Ok(Some(opened));
                }
            }
        }
        Err(OpenError::Comment { line: items[at].line })
    }
}

/// The text with what was opened in its place, and without metadata.
fn plain_text(
    text: &[u8],
    sheet: &Sheet,
    values: &[Option<Scalar>],
) -> Result<SecretBytes, OpenError> {
    let mut edits: Vec<_> =
        sheet.cuts.iter().map(|cut| (cut.clone(), Zeroizing::new(Vec::new()))).collect();
    for (item, value) in sheet.items.iter().zip(values) {
        let Some(value) = value else { continue };
        let unfit = || OpenError::Value { line: item.line, spot: item.spot.clone() };
        let mut span = item.span.clone();
        let written = match (&item.content, value.kind, item.manner) {
            (Content::Value(_), Kind::Comment, Manner::Block(_)) => {
                // SOPS seals a comment of a list as an entry of it.
                let before = text.get(..span.start).unwrap_or_default().trim_ascii_end();
                span.start = before.strip_suffix(b"-").map_or(span.start, <[u8]>::len);
                Zeroizing::new([b"#", value.text.reveal()].concat())
            }
            (Content::Value(_), Kind::Comment, _) => return Err(unfit()),
            (Content::Comment(_), ..) => Zeroizing::new(value.text.reveal().to_vec()),
            (Content::Value(_), _, manner) => value_text(value, manner).ok_or_else(unfit)?,
        };
        edits.push((span, written));
    }
    Ok(SecretBytes::new(spliced(text, edits)))
}

/// Hex in capitals, as the MAC is written.
pub(super) fn upper_hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or('0');
    let pairs = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    pairs.map(|c| c.to_ascii_uppercase()).collect()
}
