//! A JSON array that comes in pieces, read element by element: a listing of thousands of objects is
//! never in memory as a whole.

use serde::de::Error as _;
use serde_json::value::RawValue;
use serde_json::{Deserializer, Error, Result};

/// Go writes this for a list that it never made.
const NULL: &[u8] = b"null";
/// Most bytes of one element. The engine keeps no object larger than 1.5 MiB (a message of raft);
/// an element is looked at again with each of its pieces.
const LARGEST: usize = 8 << 20;

/// The array, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Elements {
    /// What came and could not be read yet: at most one element, once the array began.
    pending: Vec<u8>,
    place: Place,
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
        let mut values = Deserializer::from_slice(rest).into_iter::<&RawValue>();
        match values.next() {
            Some(Ok(element)) => {
                each(element);
                self.place = Place::Behind;
                *rest = &rest[values.byte_offset()..];
                return true;
            }
            Some(Err(why)) if !why.is_eof() => self.broken = Some(why),
            _ if rest.len() > LARGEST => {
                self.broken = Some(Error::custom("an element of the list has no end"));
            }
            _ => {}
        }
        false
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
        refused("[{},]", "expected value");
        refused("[,{}]", "expected value");
        refused("[{\"a\" 1}]", "expected");
    }
}
