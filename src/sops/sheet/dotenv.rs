//! Lines of variables, as `stores/dotenv` of SOPS reads them: `NAME=value`, taken literally; `\n` in
//! a value stands for the end of a line; `#` begins a comment at the start of a line only.

use std::collections::BTreeMap;

use super::{Content, Item, Kind, Manner, Meta, Scalar, Sheet, SheetError};
use crate::model::SecretBytes;

/// What the names of lines of metadata begin with.
pub(in crate::sops) const PREFIX: &str = "sops_";

pub(super) fn read(text: &str) -> Result<Sheet, SheetError> {
    let (mut sheet, mut fields) = (Sheet::default(), Vec::new());
    let mut at = 0;
    for (number, whole) in (1_u32..).zip(text.split_inclusive('\n')) {
        let start = at;
        at += whole.len();
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        if let Some(field) = line.strip_prefix(PREFIX) {
            let (name, value) = field.split_once('=').ok_or_else(|| no_sign(number))?;
            fields.push((name, value.replace("\\n", "\n")));
            sheet.cuts.push(start..at);
        } else if let Some(comment) = line.strip_prefix('#') {
            let content = Content::Comment(SecretBytes::new(comment.as_bytes().to_vec()));
            let span = start + 1..start + line.len();
            sheet.push(item(Vec::new(), number, (span, content)))?;
        } else if !line.is_empty() {
            let (name, value) = line.split_once('=').ok_or_else(|| no_sign(number))?;
            let scalar = Scalar::new(Kind::Str, value.replace("\\n", "\n"));
            let span = start + name.len() + 1..start + line.len();
            let content = (span, Content::Value(scalar));
            sheet.push(item(vec![name.to_owned()], number, content))?;
        }
    }
    sheet.tails.push(text.len());
    if !fields.is_empty() {
        sheet.meta = Some(nested(&fields)?);
    }
    Ok(sheet)
}

fn no_sign(line: u32) -> SheetError {
    SheetError::new(line, "'=' is missing")
}

fn item(keys: Vec<String>, line: u32, (span, content): (std::ops::Range<usize>, Content)) -> Item {
    Item { spot: keys.join("."), keys, line, span, content, manner: Manner::Line }
}

/// A tree of `age__list_0__map_enc` and the like (`stores/flatten.go`).
#[derive(Default)]
struct Branch {
    value: Option<String>,
    entries: BTreeMap<String, Branch>,
    places: BTreeMap<usize, Branch>,
}

fn nested(fields: &[(&str, String)]) -> Result<Meta, SheetError> {
    let mut root = Branch::default();
    for (name, value) in fields {
        let mut here = &mut root;
        for (count, part) in name.split("__").enumerate() {
            if count > 16 {
                return Err(SheetError::new(1, "the metadata is nested too deeply"));
            }
            let place = part.strip_prefix("list_").and_then(|digits| digits.parse().ok());
            here = match (count, place, part.strip_prefix("map_")) {
                (1.., Some(place), _) => here.places.entry(place).or_default(),
                (1.., None, Some(key)) => here.entries.entry(key.to_owned()).or_default(),
                _ => here.entries.entry(part.to_owned()).or_default(),
            };
        }
        here.value = Some(value.clone());
    }
    Ok(root.meta())
}

impl Branch {
    fn meta(self) -> Meta {
        if let Some(text) = self.value {
            return Meta::Text(text);
        }
        if !self.places.is_empty() {
            return Meta::List(self.places.into_values().map(Self::meta).collect());
        }
        Meta::Map(self.entries.into_iter().map(|(key, branch)| (key, branch.meta())).collect())
    }
}
