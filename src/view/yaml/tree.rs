//! The tree: mappings keep the order in which they were filled, and comments.

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Yaml {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Permission bits, written in octal.
    Mode(u32),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// A mapping.
    Map(Map),
}

/// A mapping, in the order in which it was filled.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Map(Vec<Entry>);

/// One entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Lines that stand above it.
    pub comment: Vec<String>,
    /// The key.
    pub key: String,
    /// The value.
    pub value: Yaml,
}

impl Yaml {
    /// A list of texts.
    pub fn texts<T: Into<String>>(list: impl IntoIterator<Item = T>) -> Self {
        Self::List(list.into_iter().map(|text| Self::Text(text.into())).collect())
    }

    /// True for a list or mapping in which nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// Changes every text in it; keys are left as they are.
    pub fn each_text(&mut self, change: &impl Fn(&mut String)) {
        match self {
            Self::Text(text) => change(text),
            Self::List(list) => list.iter_mut().for_each(|one| one.each_text(change)),
            Self::Map(map) => map.0.iter_mut().for_each(|entry| entry.value.each_text(change)),
            _ => {}
        }
    }
}

impl Map {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds an entry, or changes the one of that key where it stands.
    pub fn put(&mut self, key: impl Into<String>, value: impl Into<Yaml>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => entry.value = value,
            None => self.0.push(Entry { comment: Vec::new(), key, value }),
        }
    }

    /// Adds an entry if there is a value.
    pub fn put_some(&mut self, key: &str, value: Option<impl Into<Yaml>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// Adds an entry unless the value is this one.
    pub fn put_unless<T: PartialEq + Into<Yaml>>(&mut self, key: &str, value: T, but: T) {
        if value != but {
            self.put(key, value);
        }
    }

    /// Adds a list or mapping in which something is.
    pub fn put_filled(&mut self, key: &str, value: impl Into<Yaml>) {
        let value = value.into();
        if !value.is_empty() {
            self.put(key, value);
        }
    }

    /// Puts a line above an entry.
    pub fn comment(&mut self, key: &str, line: impl Into<String>) {
        if let Some(entry) = self.0.iter_mut().find(|entry| entry.key == key) {
            entry.comment.push(line.into());
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Yaml> {
        self.0.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &str) -> Option<Yaml> {
        let at = self.0.iter().position(|entry| entry.key == key)?;
        Some(self.0.remove(at).value)
    }

    /// The entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<String>, V: Into<Yaml>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut map = Self::new();
        pairs.into_iter().for_each(|(key, value)| map.put(key, value));
        map
    }
}

impl IntoIterator for Map {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Map> for Yaml {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<Vec<Self>> for Yaml {
    fn from(list: Vec<Self>) -> Self {
        Self::List(list)
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Yaml {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

macro_rules! from_number {
    ($($number:ty),*) => {
        $(impl From<$number> for Yaml {
            fn from(number: $number) -> Self {
                Self::Int(i128::from(number))
            }
        })*
    };
}
from_number!(u32, u64, i64);
