//! Trees to typed forms, through serde.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::node::{Node, Span, Value};

/// Why a tree does not fit a typed form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// Where the innermost value that does not fit was written.
    pub at: Option<Span>,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

impl serde::de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { at: None, message: message.to_string() }
    }
}

/// Reads a tree as a typed form. Keys that the form does not know are left out, and so is what is
/// unusable below a key: its mistake was told, and the rest is worth reading for further ones.
///
/// # Errors
/// The first value that does not fit. The check against the schema tells all of them.
pub fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, DecodeError> {
    T::deserialize(Reader(node))
}

struct Reader<'a>(&'a Node);

impl Reader<'_> {
    fn here<T>(&self, result: Result<T, DecodeError>) -> Result<T, DecodeError> {
        result.map_err(|error| DecodeError { at: error.at.or(Some(self.0.span)), ..error })
    }
}

impl<'de, 'a: 'de> Deserializer<'de> for Reader<'a> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let result = match &self.0.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(value) => visit_int(*value, visitor),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(Items(items.iter())),
            Value::Map(map) => visitor.visit_map(Entries { rest: map.iter(), value: None }),
            Value::Unusable => Err(serde::de::Error::custom("has a mistake")),
        };
        self.here(result)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.0.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let result = match &self.0.value {
            Value::Text(text) => visitor.visit_enum(Word(text)),
            _ => Err(serde::de::Error::custom(format!("expected a word, found {}", self.0.kind()))),
        };
        self.here(result)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

fn visit_int<'de, V: Visitor<'de>>(value: i128, visitor: V) -> Result<V::Value, DecodeError> {
    match (i64::try_from(value), u64::try_from(value)) {
        (_, Ok(value)) => visitor.visit_u64(value),
        (Ok(value), _) => visitor.visit_i64(value),
        _ => visitor.visit_i128(value),
    }
}

struct Items<'a>(std::slice::Iter<'a, Node>);

impl<'de, 'a: 'de> SeqAccess<'de> for Items<'a> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        self.0.next().map(|node| seed.deserialize(Reader(node))).transpose()
    }
}

struct Entries<'a> {
    rest: std::collections::btree_map::Iter<'a, String, super::node::Entry>,
    value: Option<&'a Node>,
}

impl<'de, 'a: 'de> MapAccess<'de> for Entries<'a> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        let usable = |(_, entry): &(_, &super::node::Entry)| entry.node.value != Value::Unusable;
        let Some((key, entry)) = self.rest.find(usable) else { return Ok(None) };
        self.value = Some(&entry.node);
        let key: StrDeserializer<'_, DecodeError> = key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DecodeError> {
        let Some(node) = self.value.take() else {
            return Err(serde::de::Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(Reader(node))
    }
}

/// A word that names a variant.
struct Word<'a>(&'a str);

impl<'de> EnumAccess<'de> for Word<'_> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), DecodeError> {
        let word: StrDeserializer<'_, DecodeError> = self.0.into_deserializer();
        Ok((seed.deserialize(word)?, self))
    }
}

impl<'de> VariantAccess<'de> for Word<'_> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, DecodeError> {
        Err(serde::de::Error::custom("a word has no content"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, DecodeError> {
        Err(serde::de::Error::custom("a word has no content"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, DecodeError> {
        Err(serde::de::Error::custom("a word has no content"))
    }
}
