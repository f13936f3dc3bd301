//! Events of the YAML parser to trees, within bounds.
//!
//! The events come one at a time and nothing here recurses with the input: nesting is a stack of
//! frames that ends at [`MAX_DEPTH`]. Aliases are written out where they stand, counted against
//! [`MAX_FILE_NODES`] before they are copied.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::bytes::text_of;
use super::fault::Fault;
use super::node::{Entry, FileId, Map, Merging, Node, Span, Value};
use super::scalar;
use crate::load::bounds::{MAX_DEPTH, MAX_DOCUMENTS, MAX_FILE_NODES};
use crate::model::Position;

/// What could be read of a text.
#[derive(Debug, Default, PartialEq)]
pub struct Parsed {
    /// Documents, without those that came after a mistake that ended the reading.
    pub documents: Vec<Node>,
    /// Mistakes. Keys that were given twice and the like leave the rest readable.
    pub faults: Vec<Fault>,
    /// Whether the reading came to the end of the text.
    pub reading: Reading,
    /// Nodes of all documents, aliases written out.
    pub nodes: usize,
}

/// Whether the reading came to the end of the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reading {
    /// All of it was read.
    #[default]
    Whole,
    /// A mistake ended it.
    Ended,
}

/// Reads a text as YAML.
#[must_use]
pub fn parse(bytes: &[u8], file: FileId) -> Parsed {
    let text = match text_of(bytes) {
        Ok(text) => text,
        Err(fault) => {
            return Parsed { faults: vec![fault], reading: Reading::Ended, ..Parsed::default() };
        }
    };
    let (mut builder, mut ended) = read(text, file);
    // The parser refuses a tab between a key and its value. Where it does, it stands outside of
    // texts, so a blank in the tab's place changes nothing.
    let mut copy = String::new();
    let mut budget = MAX_READ_AGAIN;
    while let Err(Fault { at: Some(at), message, .. }) = &ended
        && message.contains(TAB)
        && let Some(rest) = budget.checked_sub(text.len())
        && let Some(mended) = without_tab(if copy.is_empty() { text } else { &copy }, *at)
    {
        (copy, budget) = (mended, rest);
        (builder, ended) = read(&copy, file);
    }
    let reading = if ended.is_err() { Reading::Ended } else { Reading::Whole };
    builder.faults.extend(ended.err());
    Parsed { documents: builder.documents, faults: builder.faults, reading, nodes: builder.nodes }
}

/// What the parser says of a tab behind a colon.
const TAB: &str = "':' must be followed by a valid YAML whitespace";
/// Bytes that may be read again because of such tabs.
const MAX_READ_AGAIN: usize = 16 << 20;

fn read(text: &str, file: FileId) -> (Builder, Result<(), Fault>) {
    let mut builder = Builder { file, ..Builder::default() };
    let mut parser = Parser::new_from_str(text);
    let ended = builder.run(&mut parser);
    (builder, ended)
}

/// A text with blanks for the tabs that lead to a place; `None` when there are none.
fn without_tab(text: &str, at: Position) -> Option<String> {
    let (line, column) = (usize::try_from(at.line).ok()?, usize::try_from(at.column).ok()?);
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let before =
        text[start..].chars().take(column.checked_sub(1)?).map(char::len_utf8).sum::<usize>();
    let end = start + before;
    let blank = text[start..end].trim_end_matches([' ', '\t']).len() + start;
    text[blank..end].contains('\t').then(|| {
        let blanks = " ".repeat(end - blank);
        format!("{}{blanks}{}", &text[..blank], &text[end..])
    })
}

/// A place counts in 32 bits.
pub(super) fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A list or mapping that is not closed yet.
struct Frame {
    open: Open,
    anchor: usize,
    start: Position,
    merging: Merging,
    /// Nodes in it so far, itself included.
    weight: usize,
    /// Levels below it so far.
    height: usize,
}

enum Open {
    List(Vec<Node>),
    Map { entries: Map, merges: Vec<(Position, Node)>, key: Option<Key> },
}

enum Key {
    Plain {
        text: String,
        span: Span,
    },
    Merge(Position),
    /// A key with a mistake that has been told; its value is read and dropped.
    Dropped,
}

/// A finished node with what copying it would cost.
#[derive(Clone)]
struct Built {
    node: Node,
    weight: usize,
    height: usize,
}

#[derive(Default)]
struct Builder {
    file: FileId,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, Built>,
    documents: Vec<Node>,
    faults: Vec<Fault>,
    nodes: usize,
    /// True between the start of a document and its only node.
    awaiting: bool,
}

impl Builder {
    fn run(&mut self, parser: &mut Parser<'_, StrInput<'_>>) -> Result<(), Fault> {
        while let Some(next) = parser.next_event() {
            let (event, span) = next.map_err(|error| syntax(&error))?;
            let span = self.span(span);
            self.event(event, span)?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(_) => {
                self.anchors.clear();
                self.awaiting = true;
                self.bound_documents(span.start)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let merging = merging_of(tag.as_deref());
                let tag = tag.as_deref().filter(|_| merging == Merging::Merged);
                let value = self.scalar(&text, style, tag, span)?;
                if self.awaiting_key() {
                    return self.scalar_key(&value, style, span);
                }
                let node = Node { merging, ..Node::new(value, span) };
                self.finish(Built { node, weight: 1, height: 0 }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                let merging = self.collection_tag(tag.as_deref(), "seq", span.start);
                self.open(Open::List(Vec::new()), anchor, (span.start, merging))
            }
            Event::MappingStart(anchor, tag) => {
                let merging = self.collection_tag(tag.as_deref(), "map", span.start);
                let open = Open::Map { entries: Map::new(), merges: Vec::new(), key: None };
                self.open(open, anchor, (span.start, merging))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn span(&self, span: saphyr_parser::Span) -> Span {
        let place = |marker: saphyr_parser::Marker| Position {
            line: clamp(marker.line()),
            column: clamp(marker.col() + 1),
        };
        Span { file: self.file, start: place(span.start), end: place(span.end) }
    }

    fn bound_documents(&self, at: Position) -> Result<(), Fault> {
        if self.documents.len() < MAX_DOCUMENTS {
            return Ok(());
        }
        let message = format!("the file holds more than {MAX_DOCUMENTS} documents");
        Err(Fault::new(message).at(at).hint("split it"))
    }

    fn awaiting_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { open: Open::Map { key: None, .. }, .. }))
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<Value, Fault> {
        self.count(1, span.start)?;
        let Some(tag) = tag else {
            return Ok(match style {
                ScalarStyle::Plain => scalar::resolve(text),
                _ => Value::Text(text.to_owned()),
            });
        };
        let value = match (tag.is_yaml_core_schema(), tag.suffix.as_str()) {
            (true, "merge") if text == "<<" => Some(Value::Text(text.to_owned())),
            (true, suffix) => scalar::resolve_tagged(suffix, text),
            // `! 5`: the text as it stands.
            (false, "" | "!") => Some(Value::Text(text.to_owned())),
            (false, _) => None,
        };
        Ok(value.unwrap_or_else(|| {
            self.fault(unknown_tag(tag).at(span.start));
            Value::Unusable
        }))
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, expected: &str, at: Position) -> Merging {
        let merging = merging_of(tag);
        if let Some(tag) = tag.filter(|_| merging == Merging::Merged) {
            let set = (expected, tag.suffix.as_str()) == ("map", "set");
            let known = tag.is_yaml_core_schema() && (tag.suffix == expected || set);
            if !known && !tag.suffix.is_empty() {
                self.fault(unknown_tag(tag).at(at));
            }
        }
        merging
    }

    /// Counts nodes before they are made.
    fn count(&mut self, more: usize, at: Position) -> Result<(), Fault> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes <= MAX_FILE_NODES {
            return Ok(());
        }
        let message = format!(
            "the file holds more than {MAX_FILE_NODES} values once its aliases are written out"
        );
        Err(Fault::new(message).at(at).hint("use fewer aliases of aliases, or split the file"))
    }

    fn open(
        &mut self,
        open: Open,
        anchor: usize,
        (start, merging): (Position, Merging),
    ) -> Result<(), Fault> {
        if self.awaiting_key() {
            let fault = Fault::new("a list or mapping can't be a key").at(start);
            return Err(fault.hint("write the key as one text"));
        }
        self.count(1, start)?;
        if self.frames.len() >= MAX_DEPTH {
            return Err(too_deep(start));
        }
        self.frames.push(Frame { open, anchor, start, merging, weight: 1, height: 0 });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Fault> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let value = match frame.open {
            Open::List(items) => Value::List(items),
            Open::Map { entries, merges, .. } => Value::Map(self.merged(entries, merges)),
        };
        let span = Span { start: frame.start, ..span };
        let node = Node { merging: frame.merging, ..Node::new(value, span) };
        self.finish(Built { node, weight: frame.weight, height: frame.height + 1 }, frame.anchor)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Fault> {
        let Some(built) = self.anchors.get(&anchor) else {
            let message = "the alias names nothing that is complete above it";
            let hint = "an alias can't be used inside its own anchor, nor before it";
            return Err(Fault::new(message).at(span.start).hint(hint));
        };
        if self.frames.len() + built.height > MAX_DEPTH {
            return Err(too_deep(span.start));
        }
        let weight = built.weight;
        self.count(weight, span.start)?;
        let Some(built) = self.anchors.get(&anchor).cloned() else { return Ok(()) };
        if self.awaiting_key() {
            return self.scalar_key(&built.node.value, ScalarStyle::DoubleQuoted, span);
        }
        self.finish(built, 0)
    }

    /// Puts a finished node where it belongs.
    fn finish(&mut self, built: Built, anchor: usize) -> Result<(), Fault> {
        if anchor != 0 {
            self.count(built.weight, built.node.span.start)?;
            self.anchors.insert(anchor, built.clone());
        }
        let Built { node, weight, height } = built;
        let Some(frame) = self.frames.last_mut() else {
            if std::mem::take(&mut self.awaiting) {
                self.documents.push(node);
            }
            return Ok(());
        };
        frame.weight += weight;
        frame.height = frame.height.max(height);
        match &mut frame.open {
            Open::List(items) => items.push(node),
            Open::Map { entries, merges, key } => match key.take() {
                Some(Key::Plain { text, span }) => {
                    entries.insert(text, Entry { key: span, node });
                }
                Some(Key::Merge(at)) => merges.push((at, node)),
                Some(Key::Dropped) | None => {}
            },
        }
        Ok(())
    }

    fn scalar_key(&mut self, value: &Value, style: ScalarStyle, span: Span) -> Result<(), Fault> {
        let key = match value {
            Value::Text(text) if text == "<<" && style == ScalarStyle::Plain => {
                Key::Merge(span.start)
            }
            Value::Text(text) => Key::Plain { text: text.clone(), span },
            Value::List(_) | Value::Map(_) => {
                let fault = Fault::new("a list or mapping can't be a key").at(span.start);
                return Err(fault.hint("write the key as one text"));
            }
            Value::Unusable => Key::Dropped,
            other => {
                let kind = Node::new(other.clone(), span).kind();
                let fault = Fault::new(format!("a key has to be text, this one is {kind}"));
                self.fault(fault.at(span.start).hint("put it in quotes"));
                Key::Dropped
            }
        };
        let key = self.known_twice(key, span);
        if let Some(Frame { open: Open::Map { key: slot, .. }, .. }) = self.frames.last_mut() {
            *slot = Some(key);
        }
        Ok(())
    }

    /// Drops a key that the mapping has already.
    fn known_twice(&mut self, key: Key, span: Span) -> Key {
        let Some(Frame { open: Open::Map { entries, merges, .. }, .. }) = self.frames.last() else {
            return key;
        };
        let first = match &key {
            Key::Plain { text, .. } => {
                entries.get(text).map(|first| (text.as_str(), first.key.start))
            }
            Key::Merge(_) => merges.first().map(|(first, _)| ("<<", *first)),
            Key::Dropped => None,
        };
        let Some((text, first)) = first else { return key };
        let message = format!("the key '{text}' stands here twice, first in line {}", first.line);
        let hint = match &key {
            Key::Merge(_) => "write one with a list: <<: [*first, *second]",
            _ => "remove one of the two",
        };
        self.fault(Fault::new(message).at(span.start).hint(hint));
        Key::Dropped
    }

    /// Fills in what `<<` brings: what the mapping says itself wins, then the first of a list.
    fn merged(&mut self, mut entries: Map, merges: Vec<(Position, Node)>) -> Map {
        for (at, node) in merges {
            let sources = match node.value {
                Value::List(items) => items,
                value => vec![Node::new(value, node.span)],
            };
            for source in sources {
                let Value::Map(map) = source.value else {
                    let message = "'<<' takes a mapping or a list of mappings";
                    self.fault(Fault::new(message).at(at).hint("give it an alias such as *name"));
                    continue;
                };
                for (key, entry) in map {
                    entries.entry(key).or_insert(entry);
                }
            }
        }
        entries
    }

    /// Tells a mistake that leaves the rest readable, with the keys that lead to it.
    fn fault(&mut self, mut fault: Fault) {
        fault.keys = self.frames.iter().filter_map(open_key).map(str::to_owned).collect();
        self.faults.push(fault);
    }
}

fn open_key(frame: &Frame) -> Option<&str> {
    match &frame.open {
        Open::Map { key: Some(Key::Plain { text, .. }), .. } => Some(text),
        _ => None,
    }
}

fn too_deep(at: Position) -> Fault {
    Fault::new(format!("nested more than {MAX_DEPTH} levels deep")).at(at)
}

/// `!reset` and `!override`, the tags of the Compose Specification.
fn merging_of(tag: Option<&Tag>) -> Merging {
    match tag.filter(|tag| tag.handle == "!").map(|tag| tag.suffix.as_str()) {
        Some("reset") => Merging::Removes,
        Some("override") => Merging::Replaces,
        _ => Merging::Merged,
    }
}

fn unknown_tag(tag: &Tag) -> Fault {
    let message = if tag.is_yaml_core_schema() {
        format!("the value does not fit the tag '!!{}'", tag.suffix)
    } else {
        format!("the tag '{tag}' means nothing here")
    };
    Fault::new(message).hint("remove the tag")
}

fn syntax(error: &ScanError) -> Fault {
    let marker = error.marker();
    let at = Position { line: clamp(marker.line().max(1)), column: clamp(marker.col() + 1) };
    if error.info().contains("recursion limit") {
        return too_deep(at);
    }
    let hint = match error.info() {
        info if info.contains("tab") => "indent with spaces, not tabs",
        info if info.contains("mapping values are not allowed") => {
            "check the indentation, and put values that hold ': ' in quotes"
        }
        _ => "check indentation, quotes and brackets of this line and the one before",
    };
    Fault::new(format!("not valid YAML: {}", error.info())).at(at).hint(hint)
}
