//! A JSON Schema, prepared once so that holding trees against it is quick.
//!
//! Reads the part of JSON Schema that schemars writes for our types.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::load::compose::{FormatCheck, IGNORED, REFUSED, format_check};
use crate::load::yaml::Value;

/// Index of a shape.
pub type ShapeId = usize;

/// A prepared schema.
#[derive(Debug)]
pub struct Shapes {
    list: Vec<Shape>,
    root: ShapeId,
}

/// What a value may look like.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// Kinds that fit; empty means all.
    pub kinds: Vec<Kind>,
    /// Known keys of a mapping.
    pub properties: BTreeMap<String, ShapeId>,
    /// Keys that must be there.
    pub required: Vec<String>,
    /// Other keys.
    pub others: Others,
    /// Whether keys that begin with `x-` are free.
    pub x_keys: XKeys,
    /// Items of a list.
    pub items: Option<ShapeId>,
    /// Whether an item may stand in the list twice.
    pub repeats: Repeats,
    /// The only texts that fit; empty means all.
    pub words: Vec<String>,
    /// Check of the small language that a text has to follow.
    pub format: Option<FormatCheck>,
    /// A text that follows it.
    pub example: Option<String>,
    /// Least and greatest number.
    pub range: (Option<f64>, Option<f64>),
    /// Several shapes, one of which has to fit.
    pub branches: Vec<ShapeId>,
    /// The key has no effect, because …
    pub ignored: Option<String>,
    /// The key is refused: what is wrong, what to do.
    pub refused: Option<(String, String)>,
}

/// Kinds of values that a schema tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Null,
    /// A boolean.
    Boolean,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Text.
    Text,
    /// A list.
    List,
    /// A mapping.
    Map,
}

/// Keys of a mapping that no property names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Others {
    /// They may be there.
    #[default]
    Free,
    /// They are mistakes.
    Refused,
    /// All of them have this shape.
    Like(ShapeId),
}

/// Whether keys that begin with `x-` are free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum XKeys {
    /// They are keys like any other.
    #[default]
    Plain,
    /// They are the author's own.
    Free,
}

/// Whether an item may stand in a list twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Repeats {
    /// It may.
    #[default]
    Allowed,
    /// That is a mistake.
    Refused,
}

impl Kind {
    /// The kind of a value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null | Value::Unusable => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Int(_) => Self::Integer,
            Value::Float(_) => Self::Number,
            Value::Text(_) => Self::Text,
            Value::List(_) => Self::List,
            Value::Map(_) => Self::Map,
        }
    }

    /// True when a value of this kind fits where `wanted` is wanted.
    #[must_use]
    pub fn fits(self, wanted: Self) -> bool {
        self == wanted || (self == Self::Integer && wanted == Self::Number)
    }

    /// For messages.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Boolean => "true or false",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Text => "text",
            Self::List => "a list",
            Self::Map => "a mapping",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::Text,
            "array" => Self::List,
            "object" => Self::Map,
            _ => return None,
        })
    }
}

impl Shapes {
    /// Prepares a schema.
    #[must_use]
    pub fn new(schema: &Json) -> Self {
        let mut reader = Reader { schema, list: Vec::new(), named: BTreeMap::new() };
        let root = reader.shape(schema);
        Self { list: reader.list, root }
    }

    /// The shape of the whole.
    #[must_use]
    pub fn root(&self) -> &Shape {
        self.get(self.root)
    }

    /// A shape by its index.
    #[must_use]
    pub fn get(&self, id: ShapeId) -> &Shape {
        &self.list[id]
    }
}

struct Reader<'a> {
    schema: &'a Json,
    list: Vec<Shape>,
    named: BTreeMap<&'a str, ShapeId>,
}

impl<'a> Reader<'a> {
    fn shape(&mut self, schema: &'a Json) -> ShapeId {
        let Json::Object(object) = schema else { return self.push(Shape::default()) };
        let Some(Json::String(reference)) = object.get("$ref") else {
            let id = self.push(Shape::default());
            self.list[id] = self.read(object);
            return id;
        };
        if let Some(id) = self.named.get(reference.as_str()) {
            return *id;
        }
        let id = self.push(Shape::default());
        self.named.insert(reference, id);
        let target = reference.strip_prefix('#').and_then(|path| self.schema.pointer(path));
        if let Some(Json::Object(target)) = target {
            self.list[id] = self.read(target);
        }
        id
    }

    fn push(&mut self, shape: Shape) -> ShapeId {
        self.list.push(shape);
        self.list.len() - 1
    }

    fn read(&mut self, object: &'a Map<String, Json>) -> Shape {
        let mut shape = Shape {
            kinds: kinds(object.get("type")),
            required: texts(object.get("required")),
            words: words(object),
            format: object.get("format").and_then(Json::as_str).and_then(format_check),
            example: texts(object.get("examples")).into_iter().next(),
            range: (number(object.get("minimum")), number(object.get("maximum"))),
            ignored: object.get(IGNORED).and_then(Json::as_str).map(str::to_owned),
            refused: refused(object.get(REFUSED)),
            items: object.get("items").map(|items| self.shape(items)),
            ..Shape::default()
        };
        if object.get("uniqueItems") == Some(&Json::Bool(true)) {
            shape.repeats = Repeats::Refused;
        }
        if object.contains_key("patternProperties") {
            shape.x_keys = XKeys::Free;
        }
        shape.others = match object.get("additionalProperties") {
            None | Some(Json::Bool(true)) => Others::Free,
            Some(Json::Bool(false)) => Others::Refused,
            Some(like) => Others::Like(self.shape(like)),
        };
        if let Some(Json::Object(properties)) = object.get("properties") {
            for (key, property) in properties {
                let id = self.shape(property);
                shape.properties.insert(key.clone(), id);
            }
        }
        let branches = object.get("anyOf").or_else(|| object.get("oneOf"));
        if let Some(Json::Array(branches)) = branches.filter(|_| shape.words.is_empty()) {
            shape.branches = branches.iter().map(|branch| self.shape(branch)).collect();
        }
        shape
    }
}

fn kinds(value: Option<&Json>) -> Vec<Kind> {
    match value {
        Some(Json::String(name)) => Kind::named(name).into_iter().collect(),
        Some(Json::Array(names)) => {
            names.iter().filter_map(Json::as_str).filter_map(Kind::named).collect()
        }
        _ => Vec::new(),
    }
}

fn texts(value: Option<&Json>) -> Vec<String> {
    let items = value.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn number(value: Option<&Json>) -> Option<f64> {
    value.and_then(Json::as_f64)
}

fn refused(value: Option<&Json>) -> Option<(String, String)> {
    match texts(value).as_slice() {
        [message, hint] => Some((message.clone(), hint.clone())),
        _ => None,
    }
}

/// Texts of `enum`, of `const`, or of branches that all are `const`.
fn words(object: &Map<String, Json>) -> Vec<String> {
    if let Some(word) = object.get("const").and_then(Json::as_str) {
        return vec![word.to_owned()];
    }
    let listed = texts(object.get("enum"));
    if !listed.is_empty() {
        return listed;
    }
    let Some(Json::Array(branches)) = object.get("oneOf") else { return Vec::new() };
    let words = |branch: &Json| branch.as_object().map(words).filter(|words| !words.is_empty());
    let all: Option<Vec<_>> = branches.iter().map(words).collect();
    all.unwrap_or_default().concat()
}
