//! JSON with places. A key that stands twice is refused, because readers differ in which one counts.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{
    Content, Item, Kind, Manner, Meta, Scalar, Sheet, SheetError, line_of, reachable, resolve,
};
use crate::sops::bounds::{MAX_DEPTH, MAX_PATH};

pub(super) fn read(text: &str) -> Result<Sheet, SheetError> {
    let mut reader = Reader { text, at: 0, line: (0, 1), sheet: Sheet::default(), depth: 0 };
    reader.blanks();
    if reader.peek() != Some(b'{') {
        return Err(reader.wrong("the file has to be one object"));
    }
    reader.object(&Trail::default())?;
    reader.blanks();
    if reader.at != text.len() {
        return Err(reader.wrong("something stands behind the object"));
    }
    Ok(reader.sheet)
}

/// Keys that lead to a value.
#[derive(Clone, Default)]
struct Trail {
    keys: Vec<String>,
    spot: String,
}

impl Trail {
    fn key(&self, key: &str) -> Self {
        let mut keys = self.keys.clone();
        keys.push(key.to_owned());
        Self { keys, spot: self.place(key).spot }
    }

    fn place(&self, part: &str) -> Self {
        let dot = if self.spot.is_empty() { "" } else { "." };
        Self { keys: self.keys.clone(), spot: format!("{}{dot}{part}", self.spot) }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// A place whose line is known, and that line.
    line: (usize, u32),
    sheet: Sheet,
    depth: usize,
}

impl Reader<'_> {
    fn object(&mut self, trail: &Trail) -> Result<(), SheetError> {
        let top = self.deeper()? == 1;
        self.at += 1;
        let (mut known, mut comma) = (BTreeSet::new(), None);
        self.blanks();
        let mut end = self.at;
        while self.peek() != Some(b'}') {
            let start = self.at;
            let key = self.string()?;
            if !known.insert(key.clone()) {
                return Err(self.wrong("a key stands twice in one object"));
            }
            self.blanks();
            self.take(b':')?;
            self.blanks();
            if top && key == "sops" {
                let meta = self.meta()?;
                self.sheet.metadata(meta, 1)?;
                let cut = self.cut(start, comma);
                self.sheet.cuts.push(cut);
            } else {
                self.value(&trail.key(&key))?;
            }
            end = self.at;
            comma = self.next(b'}')?;
        }
        self.at += 1;
        self.depth -= 1;
        if top {
            self.sheet.tails.push(end);
        }
        Ok(())
    }

    /// What goes with the metadata: the comma before it, or the one behind when it comes first.
    fn cut(&self, start: usize, comma: Option<usize>) -> Range<usize> {
        if let Some(comma) = comma {
            return comma..self.at;
        }
        let rest = self.text[self.at..].trim_start();
        let end = rest.strip_prefix(',').map_or(self.at, |rest| self.text.len() - rest.len());
        start..end
    }

    fn list(&mut self, trail: &Trail) -> Result<(), SheetError> {
        self.deeper()?;
        self.at += 1;
        self.blanks();
        let mut place = 0_usize;
        while self.peek() != Some(b']') {
            self.value(&trail.place(&place.to_string()))?;
            place += 1;
            self.next(b']')?;
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    /// Goes over the comma to the next entry, or to the end; gives the comma's place.
    fn next(&mut self, end: u8) -> Result<Option<usize>, SheetError> {
        self.blanks();
        if self.peek() == Some(end) {
            return Ok(None);
        }
        let comma = self.at;
        self.take(b',')?;
        self.blanks();
        match self.peek() == Some(end) {
            true => Err(self.wrong("something is missing behind the comma")),
            false => Ok(Some(comma)),
        }
    }

    fn value(&mut self, trail: &Trail) -> Result<(), SheetError> {
        if trail.spot.len() > MAX_PATH {
            let line = self.line_at(self.at);
            reachable(&trail.spot, line)?;
        }
        match self.peek() {
            Some(b'{') => self.object(trail),
            Some(b'[') => self.list(trail),
            _ => {
                let start = self.at;
                let scalar = self.scalar()?;
                let line = self.line_at(start);
                let item = Item {
                    keys: trail.keys.clone(),
                    spot: trail.spot.clone(),
                    line,
                    span: start..self.at,
                    content: Content::Value(scalar),
                    manner: Manner::Json,
                };
                self.sheet.push(item)
            }
        }
    }

    fn scalar(&mut self) -> Result<Scalar, SheetError> {
        if self.peek() == Some(b'"') {
            return Ok(Scalar::new(Kind::Str, self.string()?));
        }
        let word = self.word();
        let number = |c: u8| matches!(c, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        match word {
            "null" => Ok(Scalar::new(Kind::Null, "")),
            "true" => Ok(Scalar::new(Kind::Bool, "True")),
            "false" => Ok(Scalar::new(Kind::Bool, "False")),
            word if word.bytes().all(number) && is_number(word) => {
                let (kind, form) = resolve(word);
                Ok(Scalar::new(kind, form))
            }
            _ => Err(self.wrong("no valid JSON")),
        }
    }

    fn word(&mut self) -> &str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    fn string(&mut self) -> Result<String, SheetError> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong("a text in quotes is missing"));
        }
        let (bytes, start) = (self.text.as_bytes(), self.at);
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
                None => return Err(self.wrong("a quote is not closed")),
            }
        }
        self.at = at + 1;
        let quoted = self.text.get(start..=at).unwrap_or_default();
        serde_json::from_str(quoted).map_err(|_| self.wrong("a text that is no valid JSON"))
    }

    fn meta(&mut self) -> Result<Meta, SheetError> {
        match self.peek() {
            Some(b'{') => {
                self.deeper()?;
                self.at += 1;
                self.blanks();
                let mut entries: Vec<(String, Meta)> = Vec::new();
                while self.peek() != Some(b'}') {
                    let key = self.string()?;
                    if entries.iter().any(|(known, _)| *known == key) {
                        return Err(self.wrong("a key stands twice in the metadata"));
                    }
                    self.blanks();
                    self.take(b':')?;
                    self.blanks();
                    entries.push((key, self.meta()?));
                    self.next(b'}')?;
                }
                self.at += 1;
                self.depth -= 1;
                Ok(Meta::Map(entries))
            }
            Some(b'[') => {
                self.deeper()?;
                self.at += 1;
                self.blanks();
                let mut items = Vec::new();
                while self.peek() != Some(b']') {
                    items.push(self.meta()?);
                    self.next(b']')?;
                }
                self.at += 1;
                self.depth -= 1;
                Ok(Meta::List(items))
            }
            Some(b'"') => self.string().map(Meta::Text),
            _ => Ok(Meta::Bare(self.word().to_owned())),
        }
    }

    fn deeper(&mut self) -> Result<usize, SheetError> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => Err(self.wrong(&format!("nested more than {MAX_DEPTH} levels deep"))),
            false => Ok(self.depth),
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), SheetError> {
        if self.peek() != Some(byte) {
            return Err(self.wrong(&format!("'{}' is missing", char::from(byte))));
        }
        self.at += 1;
        Ok(())
    }

    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Lines are counted on from the last place that was asked for.
    fn line_at(&mut self, at: usize) -> u32 {
        let (known, line) = self.line;
        let passed = self.text.as_bytes().get(known..at).unwrap_or_default();
        let more = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line = (at.max(known), line.saturating_add(u32::try_from(more).unwrap_or(0)));
        self.line.1
    }

    fn wrong(&self, what: &str) -> SheetError {
        SheetError::new(line_of(self.text.as_bytes(), self.at), what)
    }
}

/// True for what JSON takes for a number: no `+` in front, no needless zeros, digits around a point.
fn is_number(word: &str) -> bool {
    let number: Result<serde_json::Number, _> = serde_json::from_str(word);
    number.is_ok()
}
