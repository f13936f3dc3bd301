//! The places of a text: which values and comments stand where, typed as SOPS types them, so that
//! each can be exchanged and everything between them stays.

mod dotenv;
mod json;
mod scalar;
mod yaml;

use std::ops::Range;

pub(super) use dotenv::PREFIX;
pub(super) use scalar::{is_text, resolve};

use super::Format;
use super::bounds::{MAX_BYTES, MAX_ITEMS, MAX_PATH};
use crate::model::SecretBytes;

/// What a text is made of.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// Values and comments, in the order of the text.
    pub(super) items: Vec<Item>,
    /// What stands under `sops`.
    pub(super) meta: Option<Meta>,
    /// Where that stands; in YAML once in each document.
    pub(super) cuts: Vec<Range<usize>>,
    /// Where it would go.
    pub(super) tails: Vec<usize>,
}

/// One value or comment.
#[derive(Debug)]
pub(super) struct Item {
    /// Keys that lead to it; places in lists do not count (`sops.go`, `walkSlice`).
    pub(super) keys: Vec<String>,
    /// Keys and places in lists, with dots between them.
    pub(super) spot: String,
    /// Line, from 1.
    pub(super) line: u32,
    /// The bytes that mean it, with quotes and the like.
    pub(super) span: Range<usize>,
    /// What it is.
    pub(super) content: Content,
    /// How another value is written in its place.
    pub(super) manner: Manner,
}

#[derive(Debug)]
pub(super) enum Content {
    Value(Scalar),
    /// A comment, without `#`.
    Comment(SecretBytes),
}

/// A value in the form that is sealed and counted in the MAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar {
    pub(super) kind: Kind,
    pub(super) text: SecretBytes,
}

impl Scalar {
    pub(super) fn new(kind: Kind, text: impl Into<Vec<u8>>) -> Self {
        Self { kind, text: SecretBytes::new(text.into()) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Null,
    Str,
    Int,
    Float,
    Bool,
    Time,
    Comment,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// YAML, where a text of several lines may stand below, indented like this.
    Block(usize),
    /// YAML in brackets.
    Flow,
    /// JSON.
    Json,
    /// The rest of a line of variables.
    Line,
    /// All of the file.
    Raw,
}

/// What stands under `sops`, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meta {
    /// A text.
    Text(String),
    /// A number or a truth.
    Bare(String),
    List(Vec<Meta>),
    Map(Vec<(String, Meta)>),
}

impl Meta {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Bare(text) => Some(text),
            Self::List(_) | Self::Map(_) => None,
        }
    }
}

/// Why a text can't be read. It names a line, and of the content only keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct SheetError {
    /// Line, from 1.
    pub line: u32,
    /// What is wrong.
    pub what: String,
}

impl SheetError {
    fn new(line: u32, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }
}

/// Reads a text.
pub(super) fn read(format: Format, bytes: &[u8]) -> Result<Sheet, SheetError> {
    if bytes.len() > MAX_BYTES {
        return Err(SheetError::new(1, format!("the file has more than {MAX_BYTES} bytes")));
    }
    let text = || {
        let text = std::str::from_utf8(bytes);
        text.map_err(|error| SheetError::new(line_of(bytes, error.valid_up_to()), "no UTF-8"))
    };
    match format {
        Format::Yaml => yaml::read(text()?),
        Format::Json => json::read(text()?),
        Format::Dotenv => dotenv::read(text()?),
        Format::Binary => Ok(raw(bytes)),
    }
}

/// A file that is one value, under the key `data`.
fn raw(bytes: &[u8]) -> Sheet {
    let item = Item {
        keys: vec!["data".to_owned()],
        spot: "data".to_owned(),
        line: 1,
        span: 0..bytes.len(),
        content: Content::Value(Scalar::new(Kind::Str, bytes)),
        manner: Manner::Raw,
    };
    Sheet { items: vec![item], ..Sheet::default() }
}

impl Sheet {
    /// Takes an item in, within bounds.
    fn push(&mut self, item: Item) -> Result<(), SheetError> {
        if self.items.len() >= MAX_ITEMS {
            let what = format!("the file holds more than {MAX_ITEMS} values");
            return Err(SheetError::new(item.line, what));
        }
        reachable(&item.spot, item.line)?;
        self.items.push(item);
        Ok(())
    }

    /// Takes over what stands under `sops`. Further documents repeat it; one that says something else
    /// was changed.
    fn metadata(&mut self, meta: Meta, line: u32) -> Result<(), SheetError> {
        match &self.meta {
            Some(known) if *known != meta => {
                Err(SheetError::new(line, "the documents differ in their metadata"))
            }
            _ => {
                self.meta = Some(meta);
                Ok(())
            }
        }
    }
}

/// Bounds the keys that lead to a value, or to a list or mapping of them: they are kept with each.
fn reachable(spot: &str, line: u32) -> Result<(), SheetError> {
    if spot.len() <= MAX_PATH {
        return Ok(());
    }
    let what = format!("the keys that lead here have more than {MAX_PATH} bytes");
    Err(SheetError::new(line, what))
}

/// Line of a place, from 1.
fn line_of(bytes: &[u8], at: usize) -> u32 {
    let before = bytes.get(..at).unwrap_or(bytes);
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(lines + 1).unwrap_or(u32::MAX)
}
