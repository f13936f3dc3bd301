//! YAML with places. What SOPS never writes is refused rather than read otherwise than it would:
//! anchors, aliases, tags, a key that stands twice.

use std::collections::BTreeSet;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::{Content, Item, Kind, Manner, Meta, Scalar, Sheet, SheetError, reachable, resolve};
use crate::model::SecretBytes;
use crate::sops::bounds::{MAX_DEPTH, MAX_ITEMS};

pub(super) fn read(text: &str) -> Result<Sheet, SheetError> {
    if text.starts_with('\u{feff}') {
        return Err(SheetError::new(1, "the file begins with a byte order mark"));
    }
    let mut reader = Reader::new(text);
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|error| {
            let line = u32::try_from(error.marker().line().max(1)).unwrap_or(u32::MAX);
            // The parser's words may hold a piece of the text.
            SheetError::new(line, "no valid YAML")
        })?;
        reader.event(event, span)?;
    }
    reader.comments(text.len())?;
    Ok(reader.sheet)
}

/// A list or mapping that is open.
struct Frame {
    open: Open,
    /// Column of its keys or of its dashes, from 0.
    column: usize,
    flow: Flow,
    /// Keys that lead to it, and with places in lists.
    keys: Vec<String>,
    spot: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Block,
    Brackets,
}

enum Open {
    Map { known: BTreeSet<String>, key: Option<String> },
    List { next: usize },
}

/// Metadata that is being read.
enum Part {
    List(Vec<Meta>),
    Map { entries: Vec<(String, Meta)>, key: Option<String> },
}

struct Reader<'a> {
    text: &'a str,
    /// Byte of each hundredth character; empty when all characters are one byte.
    table: Vec<usize>,
    frames: Vec<Frame>,
    parts: Vec<Part>,
    /// Where the key `sops` of the open document begins, from its key on.
    sops: Option<usize>,
    /// Column of the key that came last.
    key_column: usize,
    /// By how much the file indents; none as long as nothing in it is indented.
    step: Option<usize>,
    /// End of the last scalar, key or bracket: comments stand between these.
    end: usize,
    line: (usize, u32),
    sheet: Sheet,
}

const STEP: usize = 100;

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let table = match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().step_by(STEP).map(|(at, _)| at).collect(),
        };
        Self {
            text,
            table,
            frames: Vec::new(),
            parts: Vec::new(),
            sops: None,
            key_column: 0,
            step: None,
            end: 0,
            line: (0, 1),
            sheet: Sheet::default(),
        }
    }

    /// Byte of a character.
    fn byte(&self, index: usize) -> usize {
        if self.table.is_empty() {
            return index.min(self.text.len());
        }
        let Some(base) = self.table.get(index / STEP).copied() else { return self.text.len() };
        let rest = self.text.get(base..).unwrap_or_default();
        rest.char_indices().nth(index % STEP).map_or(self.text.len(), |(at, _)| base + at)
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), SheetError> {
        let start = self.byte(span.start.index());
        let tagged = match &event {
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(anchor, tag)
            | Event::MappingStart(anchor, tag) => *anchor != 0 || tag.is_some(),
            Event::Alias(_) => true,
            _ => false,
        };
        if tagged {
            let what = "anchors, aliases and tags are not read; write the value out";
            return Err(SheetError::new(self.line_at(start), what));
        }
        match event {
            Event::Scalar(text, style, ..) => self.scalar(&text, style, span),
            Event::SequenceStart(..) => self.open(Open::List { next: 0 }, start, &span),
            Event::MappingStart(..) => {
                let open = Open::Map { known: BTreeSet::new(), key: None };
                self.open(open, start, &span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::DocumentEnd => {
                let end = self.text.get(..start).unwrap_or_default().len();
                self.ended(end);
                self.sheet.tails.push(end);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> Result<(), SheetError> {
        let start = self.byte(span.start.index());
        let range = self.range(style, start, self.byte(span.end.index()));
        self.comments(range.start)?;
        self.end = range.end;
        if !self.parts.is_empty() || self.in_sops() {
            let meta = match style {
                ScalarStyle::Plain if resolve(text).0 != Kind::Str => Meta::Bare(text.to_owned()),
                _ => Meta::Text(text.to_owned()),
            };
            return self.part(meta, range.start);
        }
        if self.awaits_key() {
            self.key_column = span.start.col();
            return self.key(text, range.start);
        }
        let scalar = match style {
            ScalarStyle::Plain => {
                let (kind, form) = resolve(text);
                Scalar::new(kind, form)
            }
            _ => Scalar::new(Kind::Str, text),
        };
        let line = self.line_at(range.start);
        let manner = self.manner(span.start.col());
        let Some(frame) = self.frames.last_mut() else {
            return match scalar.kind {
                Kind::Null => Ok(()),
                _ => Err(SheetError::new(line, "a document has to be a mapping")),
            };
        };
        let (keys, spot) = frame.entry();
        let content = Content::Value(scalar);
        self.sheet.push(Item { keys, spot, line, span: range, content, manner })
    }

    fn manner(&self, column: usize) -> Manner {
        match self.frames.last() {
            Some(frame) if frame.flow == Flow::Brackets => Manner::Flow,
            Some(Frame { open: Open::List { .. }, .. }) => Manner::Block(column),
            _ => Manner::Block(self.key_column + self.step.unwrap_or(4)),
        }
    }

    /// The bytes that mean a scalar. The parser counts what follows a quoted text up to the end of
    /// the line in, and what stands above a text of several lines out.
    fn range(&self, style: ScalarStyle, start: usize, end: usize) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let closes = |at: usize| match style {
            ScalarStyle::SingleQuoted => bytes.get(at) == Some(&b'\''),
            _ => bytes.get(at) == Some(&b'"'),
        };
        match style {
            ScalarStyle::Plain => start..end,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let mut at = start + 1;
                while at < bytes.len() {
                    let double = style == ScalarStyle::DoubleQuoted;
                    let skips = match double {
                        true => bytes[at] == b'\\',
                        false => closes(at) && closes(at + 1),
                    };
                    if !skips && closes(at) {
                        break;
                    }
                    at += if skips { 2 } else { 1 };
                }
                start..(at + 1).min(bytes.len())
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let above = self.text.get(self.end..start).unwrap_or_default();
                let head = block_head(above).map_or(start, |at| self.end + at);
                let body = self.text.get(head..end).unwrap_or_default();
                head..head + body.trim_end().len()
            }
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { open: Open::Map { key: None, .. }, .. }))
    }

    /// True when what comes next is the value of the top-level key `sops`.
    fn in_sops(&self) -> bool {
        self.frames.len() == 1
            && matches!(&self.frames[0].open, Open::Map { key: Some(key), .. } if key == "sops")
    }

    fn key(&mut self, text: &str, start: usize) -> Result<(), SheetError> {
        let line = self.line_at(start);
        let top = self.frames.len() == 1;
        if top {
            self.ended(start);
        }
        let Some(Frame { open: Open::Map { known, key }, flow, .. }) = self.frames.last_mut()
        else {
            return Ok(());
        };
        if !known.insert(text.to_owned()) {
            return Err(SheetError::new(line, "a key stands twice in one mapping"));
        }
        *key = Some(text.to_owned());
        if top && text == "sops" {
            if *flow == Flow::Brackets {
                let what = "the metadata stands in brackets; save the file as JSON";
                return Err(SheetError::new(line, what));
            }
            self.sops = Some(start);
        }
        Ok(())
    }

    /// Metadata ends where the next key of the document begins, or with the document.
    fn ended(&mut self, end: usize) {
        if let Some(start) = self.sops.take() {
            self.sheet.cuts.push(start..end);
        }
    }

    fn open(&mut self, open: Open, start: usize, span: &Span) -> Result<(), SheetError> {
        let line = self.line_at(start);
        if self.frames.len() + self.parts.len() >= MAX_DEPTH {
            let what = format!("nested more than {MAX_DEPTH} levels deep");
            return Err(SheetError::new(line, what));
        }
        if !self.parts.is_empty() || self.in_sops() {
            self.parts.push(match open {
                Open::List { .. } => Part::List(Vec::new()),
                Open::Map { .. } => Part::Map { entries: Vec::new(), key: None },
            });
            return Ok(());
        }
        if self.awaits_key() {
            return Err(SheetError::new(line, "a list or mapping can't be a key"));
        }
        let bracket = span.end.index() > span.start.index();
        let (keys, spot) = match self.frames.last_mut() {
            Some(frame) => frame.entry(),
            None if matches!(open, Open::List { .. }) => {
                return Err(SheetError::new(line, "a document has to be a mapping"));
            }
            None => (Vec::new(), String::new()),
        };
        reachable(&spot, line)?;
        let within = self.frames.last().is_some_and(|frame| frame.flow == Flow::Brackets);
        let flow = if bracket || within { Flow::Brackets } else { Flow::Block };
        if !bracket && span.start.col() > 1 {
            self.step.get_or_insert(span.start.col());
        }
        if bracket {
            self.comments(start)?;
            self.end = self.byte(span.end.index());
        }
        self.frames.push(Frame { open, column: span.start.col(), flow, keys, spot });
        Ok(())
    }

    fn close(&mut self, span: &Span) -> Result<(), SheetError> {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        if end > start && self.text.get(start..end).is_some_and(|text| "]}".contains(text)) {
            self.comments(start)?;
            self.end = end;
        }
        match self.parts.pop() {
            Some(Part::List(items)) => self.part(Meta::List(items), start),
            Some(Part::Map { entries, .. }) => self.part(Meta::Map(entries), start),
            None => {
                self.last_comments(start)?;
                self.frames.pop();
                Ok(())
            }
        }
    }

    /// Takes the comments in that are indented like what ends here. Those further out stand before
    /// what comes next.
    fn last_comments(&mut self, next: usize) -> Result<(), SheetError> {
        let Some(Frame { column, flow: Flow::Block, .. }) = self.frames.last() else {
            return Ok(());
        };
        let (column, gap) = (*column, self.text.get(self.end..next).unwrap_or_default());
        let mut inside = self.end;
        for line in gap.split_inclusive('\n') {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            let first = inside == self.end && !self.text[..inside].ends_with('\n');
            let further_out = !first && line[blanks..].starts_with('#') && blanks < column;
            if further_out {
                break;
            }
            inside += line.len();
        }
        self.comments(inside)?;
        self.end = self.end.max(inside);
        Ok(())
    }

    /// Takes a finished piece of metadata in.
    fn part(&mut self, meta: Meta, start: usize) -> Result<(), SheetError> {
        match self.parts.last_mut() {
            Some(Part::List(items)) => items.push(meta),
            Some(Part::Map { entries, key }) => match key.take() {
                Some(key) => entries.push((key, meta)),
                None => {
                    let name = meta.text().unwrap_or_default().to_owned();
                    if entries.iter().any(|(known, _)| *known == name) {
                        let what = "a key stands twice in the metadata";
                        return Err(SheetError::new(self.line_at(start), what));
                    }
                    *key = Some(name);
                }
            },
            None => {
                if let Some(Frame { open: Open::Map { key, .. }, .. }) = self.frames.last_mut() {
                    *key = None;
                }
                let line = self.line_at(start);
                self.sheet.metadata(meta, line)?;
            }
        }
        Ok(())
    }

    /// Takes the comments in that stand between the last piece and the next one.
    fn comments(&mut self, next: usize) -> Result<(), SheetError> {
        let (start, gap) = (self.end, self.text.get(self.end..next).unwrap_or_default());
        if self.sops.is_some() || !gap.contains('#') {
            return Ok(());
        }
        let fresh = start == 0 || self.text[..start].ends_with('\n');
        let mut at = start;
        for line in gap.split_inclusive('\n') {
            let begins = at > start || fresh;
            let place = line.char_indices().find(|(at, c)| {
                *c == '#' && (line[..*at].ends_with([' ', '\t']) || (*at == 0 && begins))
            });
            if let Some((offset, _)) = place {
                self.comment(at + offset, line[offset..].trim_end().len())?;
            }
            at += line.len();
        }
        Ok(())
    }

    fn comment(&mut self, start: usize, length: usize) -> Result<(), SheetError> {
        let span = start + 1..start + length;
        let before = self.text.get(..start).unwrap_or_default();
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        // A comment belongs to the innermost mapping or list that it is indented like.
        let holds = |frame: &&Frame| frame.column <= column;
        let frame = self.frames.iter().rev().find(holds).or(self.frames.first());
        let keys = frame.map(|frame| frame.keys.clone()).unwrap_or_default();
        let spot = keys.join(".");
        let text = self.text.get(span.clone()).unwrap_or_default();
        let content = Content::Comment(SecretBytes::new(text.as_bytes().to_vec()));
        let line = self.line_at(start);
        let manner = Manner::Line;
        self.sheet.push(Item { keys, spot, line, span, content, manner })
    }

    /// Lines are counted on from the last place that was asked for.
    fn line_at(&mut self, at: usize) -> u32 {
        let (known, line) = self.line;
        let passed = self.text.as_bytes().get(known..at).unwrap_or_default();
        let more = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line = (at.max(known), line.saturating_add(u32::try_from(more).unwrap_or(0)));
        self.line.1
    }
}

impl Frame {
    /// Keys that lead to the next value in it, and the same with places in lists.
    fn entry(&mut self) -> (Vec<String>, String) {
        let dot = if self.spot.is_empty() { "" } else { "." };
        match &mut self.open {
            Open::Map { key, .. } => {
                let key = key.take().unwrap_or_default();
                let spot = format!("{}{dot}{key}", self.spot);
                let mut keys = self.keys.clone();
                keys.push(key);
                (keys, spot)
            }
            Open::List { next } => {
                let spot = format!("{}{dot}{next}", self.spot);
                *next = next.saturating_add(1).min(MAX_ITEMS);
                (self.keys.clone(), spot)
            }
        }
    }
}

/// Where `|` or `>` stands in what is between a key and its text of several lines.
fn block_head(above: &str) -> Option<usize> {
    let mut at = 0;
    for line in above.split_inclusive('\n') {
        let code = line.split_once(" #").map_or(line, |(code, _)| code);
        let code = if code.trim_start().starts_with('#') { "" } else { code };
        if let Some(found) = code.find(['|', '>']) {
            return Some(at + found);
        }
        at += line.len();
    }
    None
}
