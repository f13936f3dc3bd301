//! One stack while it is drawn: the keys of its objects, what is declared at the top, remarks.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::View;
use crate::model::engine::{Extra, StringMap};
use crate::model::{Kind, ObjectRef, StackName};
use crate::view::yaml::{Map, Yaml};

use super::choose::{Contents, Member};
use super::{Drawing, Remark};

/// A stack while it is drawn.
pub(super) struct Sheet<'a> {
    pub(super) stack: StackName,
    pub(super) view: &'a View<'a>,
    pub(super) contents: Contents,
    /// Sections of the top level but the services, by key.
    sections: BTreeMap<Section, BTreeMap<String, Map>>,
    /// Keys by section and full name.
    keys: BTreeMap<(Section, String), String>,
    /// Content of configs by path.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The object that is being drawn.
    at: ObjectRef,
    remarks: Vec<Remark>,
}

/// How much of a stack is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// Some services, and what they use.
    Chosen,
}

/// A section of the top level, in the order of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Networks,
    Volumes,
    Configs,
    Secrets,
}

impl Section {
    fn word(self) -> &'static str {
        match self {
            Self::Networks => "networks",
            Self::Volumes => "volumes",
            Self::Configs => "configs",
            Self::Secrets => "secrets",
        }
    }
}

impl<'a> Sheet<'a> {
    pub(super) fn new(stack: StackName, view: &'a View<'a>, contents: Contents) -> Self {
        let at = ObjectRef::new(Kind::Service, stack.as_str());
        Self {
            stack,
            view,
            contents,
            sections: BTreeMap::new(),
            keys: BTreeMap::new(),
            files: BTreeMap::new(),
            at,
            remarks: Vec::new(),
        }
    }

    /// Draws the stack; what is not in the file stands at its head.
    pub(super) fn draw(
        mut self,
        members: &[Member<'_>],
        (part, absent): (Part, &[Remark]),
    ) -> (Drawing, Vec<Remark>) {
        self.claim_data(members);
        let mut drawn = Map::new();
        for member in members {
            self.at = ObjectRef::new(Kind::Service, &member.service.spec.name);
            let map = self.service(member);
            drawn.put(member.key.clone(), map);
            for line in self.told(&self.at) {
                drawn.comment(&member.key, line);
            }
        }
        if part == Part::Whole {
            self.unused_data();
            self.unused_networks();
        }
        let mut file = Map::new();
        file.put("services", drawn);
        for remark in absent {
            file.comment("services", format!("Not here: {remark}"));
        }
        for (section, entries) in std::mem::take(&mut self.sections) {
            file.put(section.word(), self.section(section, entries));
        }
        let mut file = Yaml::from(file);
        // Everything stands as it is: nothing is filled in when the file is read.
        file.each_text(&|text| {
            if text.contains('$') {
                *text = text.replace('$', "$$");
            }
        });
        let file = if let Yaml::Map(file) = file { file } else { Map::new() };
        (Drawing { stack: self.stack, file, contents: self.files }, self.remarks)
    }

    /// Lines that tell what an entry does not say.
    fn told(&self, object: &ObjectRef) -> Vec<String> {
        let remarks = self.remarks.iter().filter(|remark| remark.object == *object);
        let line = |remark: &Remark| match remark.path.as_str() {
            "" => format!("Note: {}", remark.message),
            path => format!("Not said: {path}: {}", remark.message),
        };
        remarks.map(line).collect()
    }

    /// A section; what an entry has to tell stands above it.
    fn section(&self, section: Section, entries: BTreeMap<String, Map>) -> Map {
        let mut map = Map::new();
        for (key, mut entry) in entries {
            let comment = entry.remove(COMMENT);
            match entry.is_empty() {
                true => map.put(key.clone(), Yaml::Null),
                false => map.put(key.clone(), entry),
            }
            if let Some(Yaml::Text(line)) = comment {
                map.comment(&key, line);
            }
            for line in self.told_of(section, &key) {
                map.comment(&key, line);
            }
        }
        map
    }

    /// The same of an entry of a section.
    fn told_of(&self, section: Section, key: &str) -> Vec<String> {
        let kind = match section {
            Section::Networks => Kind::Network,
            Section::Configs => Kind::Config,
            Section::Secrets => Kind::Secret,
            // Volumes are no objects of a swarm: services tell of them.
            Section::Volumes => return Vec::new(),
        };
        let of_key = self.keys.iter().filter(|((of, _), known)| *of == section && *known == key);
        of_key.flat_map(|((_, name), _)| self.told(&ObjectRef::new(kind, name))).collect()
    }

    /// Tells what a field of the object that is being drawn can't say.
    pub(super) fn remark(&mut self, path: &str, message: impl Into<String>) {
        let (object, path) = (self.at.clone(), path.to_owned());
        self.remarks.push(Remark { object, path, message: message.into() });
    }

    /// The same of another object.
    pub(super) fn remark_on(&mut self, object: ObjectRef, message: impl Into<String>) {
        let message = message.into();
        let remark = Remark { object, path: String::new(), message };
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Tells of fields of the engine that skep does not know.
    pub(super) fn unknown(&mut self, path: &str, extra: &Extra) {
        for (field, value) in extra.iter().filter(|(_, value)| means_something(value)) {
            let path = if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
            self.remark(&path, format!("no key says this: {value}"));
        }
    }

    /// The same of another object.
    pub(super) fn unknown_of(&mut self, object: &ObjectRef, extra: &Extra) {
        for (field, value) in extra.iter().filter(|(_, value)| means_something(value)) {
            self.remark_on(object.clone(), format!("no key says this: {field} {value}"));
        }
    }

    /// The entry of an object by its key, which `declare` makes when it is not there yet.
    pub(super) fn declared(
        &mut self,
        section: Section,
        key: String,
        declare: impl FnOnce(&mut Self, &str) -> Map,
    ) -> String {
        if !self.is_declared(section, &key) {
            let entry = declare(self, &key);
            self.sections.entry(section).or_default().insert(key.clone(), entry);
        }
        key
    }

    /// True when the top level has this entry already.
    pub(super) fn is_declared(&self, section: Section, key: &str) -> bool {
        self.sections.get(&section).is_some_and(|entries| entries.contains_key(key))
    }

    /// The key of an object by its full name, or by what else tells it from others: this one, with
    /// a number where another object has it.
    pub(super) fn key(&mut self, section: Section, identity: &str, wish: &str) -> String {
        let place = (section, identity.to_owned());
        if let Some(key) = self.keys.get(&place) {
            return key.clone();
        }
        let key = self.free_key(section, wish);
        self.keys.insert(place, key.clone());
        key
    }

    fn free_key(&self, section: Section, wish: &str) -> String {
        let of_section = self.keys.iter().filter(|((taken, _), _)| *taken == section);
        let taken: BTreeSet<&str> = of_section.map(|(_, key)| key.as_str()).collect();
        let mut numbers = 2_u32..;
        let mut key = wish.to_owned();
        while taken.contains(key.as_str()) {
            key = format!("{wish}-{}", numbers.next().unwrap_or_default());
        }
        key
    }

    /// A full name without the stack's name in front.
    pub(super) fn short<'n>(&self, name: &'n str) -> Option<&'n str> {
        let key = name.strip_prefix(self.stack.as_str())?.strip_prefix('_')?;
        Some(key).filter(|key| !key.is_empty())
    }

    /// True when an object of this full name has a key.
    pub(super) fn has_key(&self, section: Section, name: &str) -> bool {
        self.keys.contains_key(&(section, name.to_owned()))
    }

    /// Full name of a key that says no name of its own.
    pub(super) fn scoped(&self, key: &str) -> String {
        format!("{}_{key}", self.stack)
    }
}

/// Key under which an entry keeps the line that stands above it while it is drawn.
pub(super) const COMMENT: &str = "#";

/// Options for a person to read.
pub(super) fn listed(options: &StringMap) -> String {
    let pairs = options.iter().map(|(key, value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join(", ")
}

/// False for what the engine sends for nothing.
fn means_something(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null | serde_json::Value::Bool(false) => false,
        serde_json::Value::Number(number) => number.as_f64() != Some(0.0),
        serde_json::Value::String(text) => !text.is_empty(),
        serde_json::Value::Array(list) => list.iter().any(means_something),
        serde_json::Value::Object(map) => map.values().any(means_something),
        serde_json::Value::Bool(true) => true,
    }
}
