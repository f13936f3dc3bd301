//! Labels and other maps of strings.

use std::ops::{Deref, DerefMut};

use litemap::LiteMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Labels, options and other maps of strings, sorted by key. Go writes `null` for an absent map.
///
/// A sorted list: most have two or three entries, there are several in each service, and a tree
/// would keep room for eleven in each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StringMap(LiteMap<String, String>);

impl StringMap {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(LiteMap::new_vec())
    }
}

impl Deref for StringMap {
    type Target = LiteMap<String, String>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for StringMap {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl FromIterator<(String, String)> for StringMap {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(LiteMap::from_iter(pairs))
    }
}

impl<const N: usize> From<[(String, String); N]> for StringMap {
    fn from(pairs: [(String, String); N]) -> Self {
        Self::from_iter(pairs)
    }
}

impl Extend<(String, String)> for StringMap {
    fn extend<I: IntoIterator<Item = (String, String)>>(&mut self, pairs: I) {
        self.0.extend(pairs);
    }
}

impl IntoIterator for StringMap {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<(String, String)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a StringMap {
    type Item = (&'a String, &'a String);
    type IntoIter = <&'a LiteMap<String, String> as IntoIterator>::IntoIter;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// As a map also when it is empty, which litemap writes as a list.
impl Serialize for StringMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de> Deserialize<'de> for StringMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        LiteMap::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_map_was_written_as_a_list() {
        assert_eq!(serde_json::to_string(&StringMap::new()).unwrap(), "{}");
    }

    #[test]
    fn it_is_sorted_and_the_last_of_one_key_counts() {
        let map: StringMap = serde_json::from_str(r#"{"b":"1","a":"2","b":"3"}"#).unwrap();
        assert_eq!(serde_json::to_string(&map).unwrap(), r#"{"a":"2","b":"3"}"#);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let same = StringMap::from([pair("b", "1"), pair("a", "2"), pair("b", "3")]);
        assert_eq!(map, same);
    }
}
