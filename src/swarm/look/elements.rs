//! A JSON array that comes in pieces, read element by element: a listing of thousands of objects is
//! never in memory as a whole.

use serde::de::Error as _;
use serde_json::value::RawValue;
use serde_json::{Error, Result};

/// Go writes this for a list that it never made.
const NULL: &[u8] = b"null";
/// Most bytes of one element. The engine keeps no object larger than 1.5 MiB (a message of raft).
const LARGEST: usize = 8 << 20;

/// The array, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Elements {
    /// What came and could not be read yet: at most one element, once the array began.
    pending: Vec<u8>,
    place: Place,
    /// How far the element that `pending` begins with was looked through.
    extent: Extent,
    /// Why the rest is not read.
    broken: Option<Error>,
}

/// How far an array was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// Nothing of it.
    #[default]
    Before,
    /// Its opening bracket.
    Opened,
    /// An element.
    Behind,
    /// A comma.
    Between,
    /// All of it.
    Closed,
}

impl Elements {
    /// Takes a piece; hands on each element that is whole with it.
    pub(super) fn take(&mut self, piece: &[u8], mut each: impl FnMut(&RawValue)) {
        if self.broken.is_some() {
            return;
        }
        self.pending.extend_from_slice(piece);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while self.broken.is_none() && self.step(&mut rest, &mut each) {}
        self.pending = rest.to_vec();
    }

    /// Ends the array.
    ///
    /// # Errors
    /// It was no array, or not all of one.
    pub(super) fn end(self) -> Result<()> {
        match (self.broken, self.place) {
            (Some(why), _) => Err(why),
            (None, Place::Closed) => Ok(()),
            (None, Place::Before) if self.pending.trim_ascii_end() == NULL => Ok(()),
            (None, _) => Err(Error::custom("the list has no end")),
        }
    }

    /// Reads one bracket, comma or element; false when more has to come first.
    fn step(&mut self, rest: &mut &[u8], each: &mut impl FnMut(&RawValue)) -> bool {
        *rest = rest.trim_ascii_start();
        let Some(first) = rest.first() else { return false };
        let next = match (self.place, first) {
            (Place::Before, b'[') => Place::Opened,
            (Place::Before, _) if NULL.starts_with(rest.trim_ascii_end()) => return false,
            (Place::Opened | Place::Behind, b']') => Place::Closed,
            (Place::Behind, b',') => Place::Between,
            (Place::Opened | Place::Between, _) => return self.element(rest, each),
            _ => {
                self.broken = Some(Error::custom("this is no list"));
                return false;
            }
        };
        self.place = next;
        *rest = &rest[1..];
        true
    }

    fn element(&mut self, rest: &mut &[u8], each: &mut impl FnMut(&RawValue)) -> bool {
        let Some(end) = self.extent.find(rest) else {
            if rest.len() > LARGEST {
                self.broken = Some(Error::custom("an element of the list has no end"));
            }
            return false;
        };
        self.extent = Extent::default();
        match serde_json::from_slice(&rest[..end]) {
            Ok(element) => {
                each(element);
                self.place = Place::Behind;
                *rest = &rest[end..];
            }
            Err(why) => self.broken = Some(why),
        }
        self.broken.is_none()
    }
}

/// Where an element ends, found before it is parsed: a parser can't always tell a number that is
/// cut in two from a wrong one.
#[derive(Debug, Default)]
struct Extent {
    /// Bytes that were looked at.
    seen: usize,
    /// Open brackets and braces.
    depth: usize,
    text: Text,
}

#[derive(Debug, Clone, Copy, Default)]
enum Text {
    #[default]
    Outside,
    Inside,
    /// Behind a backslash.
    Escape,
}

impl Extent {
    /// The length of the element that `bytes` begins with, once all of it is there. `bytes` has
    /// grown since the last call, and is otherwise the same.
    fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        while let Some(byte) = bytes.get(self.seen) {
            match (self.text, byte) {
                (Text::Outside, b',' | b']' | b'}') if self.depth == 0 => return Some(self.seen),
                (Text::Outside, b'[' | b'{') => self.depth += 1,
                (Text::Outside, b']' | b'}') if self.depth == 1 => return Some(self.seen + 1),
                (Text::Outside, b']' | b'}') => self.depth -= 1,
                (Text::Outside, b'"') | (Text::Escape, _) => self.text = Text::Inside,
                (Text::Inside, b'"') => self.text = Text::Outside,
                (Text::Inside, b'\\') => self.text = Text::Escape,
                _ => {}
            }
            self.seen += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a text in pieces of a size: the elements, or what is wrong.
    fn read(text: &str, size: usize) -> std::result::Result<Vec<String>, String> {
        let mut seen = Vec::new();
        let mut elements = Elements::default();
        for piece in text.as_bytes().chunks(size) {
            elements.take(piece, |element| seen.push(element.get().to_owned()));
        }
        elements.end().map(|()| seen).map_err(|why| why.to_string())
    }

    fn check(text: &str, expected: &[&str]) {
        for size in 1..=text.len() {
            assert_eq!(read(text, size).unwrap(), expected, "{text} in pieces of {size}");
        }
    }

    fn refused(text: &str, expected: &str) {
        for size in 1..=text.len().max(1) {
            let why = read(text, size).unwrap_err();
            assert!(why.contains(expected), "{text} in pieces of {size}: {why}");
        }
    }

    #[test]
    fn the_elements_are_the_same_wherever_the_pieces_end() {
        check("[]", &[]);
        check(" [ ] \n", &[]);
        check("null", &[]);
        check("null\n", &[]);
        check(r#"[{"a":"]},[\"\\"}]"#, &[r#"{"a":"]},[\"\\"}"#]);
        let two = " [ {\"ID\" : \"ü\"} ,\n{\"b\":[1,{}]}\t] ";
        check(two, &["{\"ID\" : \"ü\"}", "{\"b\":[1,{}]}"]);
    }

    /// A piece that ended behind a minus made the whole listing unreadable.
    #[test]
    fn a_number_may_be_cut_in_two() {
        check(r#"[{"ExitCode":-1}]"#, &[r#"{"ExitCode":-1}"#]);
        check("[{\"a\":1.5e-3},-2.5E+1 ,7]", &["{\"a\":1.5e-3}", "-2.5E+1", "7"]);
    }

    #[test]
    fn an_element_without_end_is_given_up() {
        let mut elements = Elements::default();
        elements.take(b"[\"", |_| {});
        let piece = vec![b'a'; 1 << 20];
        for _ in 0..20 {
            elements.take(&piece, |element| panic!("{element}"));
        }
        assert!(elements.pending.len() <= LARGEST + piece.len() + 2);
        assert_eq!(elements.end().unwrap_err().to_string(), "an element of the list has no end");
    }

    #[test]
    fn what_is_no_list_or_not_all_of_one_is_refused() {
        refused("", "no end");
        refused("[", "no end");
        refused("nul", "no end");
        refused("[{}", "no end");
        refused("[{},", "no end");
        refused(r#"[{"a":"#, "no end");
        refused(r#"{"message":"x"}"#, "no list");
        refused("[{}]]", "no list");
        refused("[{} {}]", "no list");
        refused("nulls", "no list");
        refused("[{},]", "EOF while parsing a value");
        refused("[,{}]", "EOF while parsing a value");
        refused("[{]", "key must be a string");
        refused("[{}}", "no list");
        refused("[-]", "invalid number");
        refused("[{\"a\" 1}]", "expected");
    }
}
