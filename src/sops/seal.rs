//! Sealing: a plain text in, the same text with its values sealed and metadata out.

use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use super::Format;
use super::cipher::{DataKey, MARK, bound};
use super::keys::Recipient;
use super::metadata::Metadata;
use super::open::{Known, Opened, SEALED_ONLY, metadata_of, upper_hex};
use super::random::Random;
use super::rule::Rule;
use super::sheet::{Content, Item, Kind, Manner, Scalar, Sheet, SheetError, read};
use super::write::{Edit, metadata_text, quoted, spliced, yaml_text};
use crate::model::SecretBytes;

/// Whom a file is sealed to, and which of its values.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Groups of recipients.
    pub groups: Vec<Vec<Recipient>>,
    /// How many groups have to open; all when not given.
    pub threshold: Option<u8>,
    /// Which values are sealed.
    pub rule: Rule,
    /// Whether the MAC is over sealed values only.
    pub mac_only_encrypted: bool,
}

/// What sealing is given besides.
#[derive(Debug)]
pub struct Moment {
    /// The time, in the form of RFC 3339 with seconds: it is told in the file.
    pub at: String,
    /// Random bytes for nonces, the data key and its shares. What the age crate needs it draws from
    /// the system itself.
    pub random: Random,
}

/// Why a text can't be sealed. Nothing of its content is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The text can't be read.
    #[error("it can't be read as {0}")]
    Text(Format, #[source] SheetError),
    /// It is sealed already.
    #[error("it is sealed already; 'skep secret edit' changes it")]
    Sealed,
    /// A value of it is a sealed one.
    #[error("line {0}: the value is sealed already, without the metadata that would open it")]
    HalfSealed(u32),
    /// There is nothing in it.
    #[error("it holds no value")]
    Empty,
    /// The groups of recipients and their threshold do not fit.
    #[error(
        "the recipients can't be used: each group needs one, at most 255 groups, and a threshold of 2 to their number"
    )]
    Recipients,
    /// Some recipients are not of age.
    #[error(
        "it is sealed to other keys than those of age too; only SOPS itself can seal to these again"
    )]
    OtherKeys,
    /// Comments say what is sealed.
    #[error("comments say which of its values are sealed; only SOPS itself seals by comments")]
    ByComments,
}

/// Seals a text.
///
/// # Errors
/// When it can't be read, or the terms can't be used.
pub fn seal(
    (format, plain): (Format, &SecretBytes),
    terms: &Terms,
    mut moment: Moment,
) -> Result<Vec<u8>, SealError> {
    let key = DataKey::new(moment.random.array());
    let mut metadata = Metadata {
        groups: Vec::new(),
        threshold: 0,
        rule: terms.rule.clone(),
        mac: String::new(),
        changed: moment.at.clone(),
        mac_only_encrypted: terms.mac_only_encrypted,
    };
    let groups = (terms.groups.as_slice(), terms.threshold);
    let sealed = metadata.seal_key(&key, groups, &mut moment.random);
    sealed.ok_or(SealError::Recipients)?;
    write((format, plain), (metadata, &key), (&Known::default(), moment))
}

impl Opened {
    /// How the file holds values.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// True when a file is sealed to these recipients already, in these groups.
    #[must_use]
    pub fn is_sealed_to(&self, terms: &Terms) -> bool {
        let groups = terms.groups.iter();
        let wanted: Vec<Vec<String>> =
            groups.map(|group| group.iter().map(ToString::to_string).collect()).collect();
        let needed = terms.threshold.map_or(wanted.len(), usize::from);
        let now: Vec<Vec<String>> = self
            .metadata
            .groups
            .iter()
            .map(|group| group.iter().map(|sealed| sealed.recipient.clone()).collect())
            .collect();
        now == wanted && (now.len() == 1 || self.metadata.threshold == needed)
    }

    /// Seals a text that was changed, for the same recipients and with the same data key. What did
    /// not change keeps its sealed form.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn sealed_anew(&self, plain: &SecretBytes, moment: Moment) -> Result<Vec<u8>, SealError> {
        let metadata = Metadata { changed: moment.at.clone(), ..self.metadata.clone() };
        write((self.format, plain), (metadata, &self.key), (&self.known, moment))
    }

    /// Seals all values anew with a new data key, for the same recipients.
    ///
    /// # Errors
    /// When some of the recipients are not of age.
    pub fn rotated(&self, moment: Moment) -> Result<Vec<u8>, SealError> {
        let groups = self.metadata.same_recipients().ok_or(SealError::OtherKeys)?;
        let threshold = u8::try_from(self.metadata.threshold).ok();
        let terms = Terms {
            threshold: threshold.filter(|_| groups.len() > 1),
            groups,
            rule: self.metadata.rule.clone(),
            mac_only_encrypted: self.metadata.mac_only_encrypted,
        };
        seal((self.format, &self.plain), &terms, moment)
    }

    /// The file with its data key sealed to other recipients; all else stays.
    ///
    /// # Errors
    /// When the recipients can't be used.
    pub fn rekeyed(
        &self,
        sealed: &[u8],
        (groups, threshold): (&[Vec<Recipient>], Option<u8>),
        mut random: Random,
    ) -> Result<Vec<u8>, SealError> {
        let outer = if self.format == Format::Binary { Format::Json } else { self.format };
        let sheet = read(outer, sealed).map_err(|error| SealError::Text(outer, error))?;
        let mut metadata = metadata_of(&sheet).map_err(|_| SealError::Empty)?;
        let key = metadata.seal_key(&self.key, (groups, threshold), &mut random);
        key.ok_or(SealError::Recipients)?;
        Ok(replaced(outer, sealed, (&sheet, &metadata)))
    }
}

/// Puts metadata where other metadata stands.
fn replaced(format: Format, text: &[u8], (sheet, metadata): (&Sheet, &Metadata)) -> Vec<u8> {
    let written = metadata_text(format, &metadata.written());
    let mut edits: Vec<Edit> = Vec::new();
    for (count, cut) in sheet.cuts.iter().enumerate() {
        let old = text.get(cut.clone()).unwrap_or_default();
        let new = match format {
            Format::Dotenv if count > 0 => String::new(),
            Format::Json | Format::Binary => {
                let (before, after) = (old.starts_with(b","), old.ends_with(b","));
                let before = if before { ",\n\t" } else { "" };
                format!("{before}{written}{}", if after { "," } else { "" })
            }
            _ => written.clone(),
        };
        edits.push((cut.clone(), Zeroizing::new(new.into_bytes())));
    }
    spliced(text, edits)
}

fn write(
    (format, plain): (Format, &SecretBytes),
    (mut metadata, key): (Metadata, &DataKey),
    (known, mut moment): (&Known, Moment),
) -> Result<Vec<u8>, SealError> {
    let text = plain.reveal();
    let sheet = read(format, text).map_err(|error| SealError::Text(format, error))?;
    if sheet.meta.is_some() {
        return Err(SealError::Sealed);
    }
    if metadata.rule.goes_by_comments() {
        return Err(SealError::ByComments);
    }
    let valued = |item: &Item| matches!(&item.content, Content::Value(_));
    if !sheet.items.iter().any(valued) || text.is_empty() {
        return Err(SealError::Empty);
    }
    let mut sealing = Sealing { key, known, random: &mut moment.random, mac: Sha512::new() };
    let edits = sealing.edits(&sheet, &metadata)?;
    let mac = Scalar::new(Kind::Str, upper_hex(&sealing.mac.finalize()));
    let nonce = moment.random.array();
    metadata.mac = key.seal(&mac, &metadata.changed, nonce).ok_or(SealError::Empty)?;
    Ok(finished((format, text), (&sheet, edits), &metadata))
}

/// Puts sealed values and metadata into the text.
fn finished(
    (format, text): (Format, &[u8]),
    (sheet, mut edits): (&Sheet, Vec<Edit>),
    metadata: &Metadata,
) -> Vec<u8> {
    let written = metadata_text(format, &metadata.written());
    if format == Format::Binary {
        let sealed = edits.pop().map(|(_, sealed)| sealed).unwrap_or_default();
        let data = quoted(&String::from_utf8_lossy(&sealed));
        return format!("{{\n\t\"data\": {data},\n\t{written}\n}}\n").into_bytes();
    }
    for tail in &sheet.tails {
        let before = text.get(..*tail).unwrap_or_default();
        let break_ = if before.is_empty() || before.ends_with(b"\n") { "" } else { "\n" };
        let new = match format {
            Format::Json if sheet.items.is_empty() => format!("\n\t{written}\n"),
            Format::Json => format!(",\n\t{written}"),
            _ => format!("{break_}{written}"),
        };
        edits.push((*tail..*tail, Zeroizing::new(new.into_bytes())));
    }
    spliced(text, edits)
}

struct Sealing<'a> {
    key: &'a DataKey,
    known: &'a Known,
    random: &'a mut Random,
    mac: Sha512,
}

impl Sealing<'_> {
    fn edits(&mut self, sheet: &Sheet, metadata: &Metadata) -> Result<Vec<Edit>, SealError> {
        if metadata.mac_only_encrypted {
            self.mac.update(SEALED_ONLY);
        }
        let mut edits = Vec::new();
        for item in &sheet.items {
            let seals = metadata.rule.seals(&item.keys).unwrap_or_default();
            let value = match &item.content {
                Content::Comment(text) => Scalar { kind: Kind::Comment, text: text.clone() },
                Content::Value(value) => value.clone(),
            };
            if value.text.reveal().starts_with(MARK.as_bytes()) {
                return Err(SealError::HalfSealed(item.line));
            }
            if value.kind == Kind::Null {
                continue;
            }
            let counted = seals || !metadata.mac_only_encrypted;
            if counted && value.kind != Kind::Comment {
                self.mac.update(value.text.reveal());
            }
            if !seals || value.text.reveal().is_empty() {
                continue;
            }
            let sealed = self.sealed(&value, &bound(&item.keys)).ok_or(SealError::Empty)?;
            let written = match item.manner {
                Manner::Json => quoted(&sealed),
                Manner::Flow => yaml_text(&sealed, Manner::Flow),
                _ => sealed,
            };
            edits.push((item.span.clone(), Zeroizing::new(written.into_bytes())));
        }
        Ok(edits)
    }

    fn sealed(&mut self, value: &Scalar, bound: &str) -> Option<String> {
        match self.known.get(bound, value) {
            Some(sealed) => Some(sealed.clone()),
            None => self.key.seal(value, bound, self.random.array()),
        }
    }
}
