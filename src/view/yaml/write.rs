//! Trees to text, in block style, indented by two.

use super::scalar::{block, float, line};
use super::tree::{Map, Yaml};
use crate::view::clean;

/// Columns of one level.
const STEP: usize = 2;

/// Writes one document.
#[must_use]
pub fn write(document: &Map) -> String {
    let mut writer = Writer::default();
    match document.is_empty() {
        true => writer.text.push_str("{}\n"),
        false => writer.map(document, 0),
    }
    writer.text
}

#[derive(Default)]
struct Writer {
    text: String,
}

impl Writer {
    fn map(&mut self, map: &Map, indent: usize) {
        for entry in map.iter() {
            for comment in entry.comment.iter().flat_map(|comment| comment.lines()) {
                self.pad(indent);
                self.text.push_str(format!("# {}", clean(comment)).trim_end());
                self.text.push('\n');
            }
            self.pad(indent);
            self.text.push_str(&line(&entry.key));
            self.text.push(':');
            self.value(&entry.value, indent);
        }
    }

    /// What stands behind the colon of a key.
    fn value(&mut self, value: &Yaml, indent: usize) {
        match value {
            Yaml::Null => self.text.push('\n'),
            Yaml::Map(map) if !map.is_empty() => {
                self.text.push('\n');
                self.map(map, indent + STEP);
            }
            Yaml::List(list) if !list.is_empty() => {
                self.text.push('\n');
                self.list(list, indent + STEP);
            }
            scalar => self.scalar(scalar, indent),
        }
    }

    fn list(&mut self, list: &[Yaml], indent: usize) {
        for item in list {
            self.pad(indent);
            self.text.push('-');
            match item {
                Yaml::Null => self.text.push_str(" null\n"),
                Yaml::Map(map) if !map.is_empty() => {
                    // The first key stands behind the dash.
                    let at = self.text.len();
                    self.map(map, indent + STEP);
                    self.text.replace_range(at..at + indent + STEP, " ");
                }
                Yaml::List(inner) if !inner.is_empty() => {
                    self.text.push('\n');
                    self.list(inner, indent + STEP);
                }
                scalar => self.scalar(scalar, indent),
            }
        }
    }

    fn scalar(&mut self, scalar: &Yaml, indent: usize) {
        self.text.push(' ');
        match scalar {
            Yaml::Null => self.text.push_str("null"),
            Yaml::Bool(value) => self.text.push_str(if *value { "true" } else { "false" }),
            Yaml::Int(value) => self.text.push_str(&value.to_string()),
            Yaml::Mode(0) => self.text.push('0'),
            Yaml::Mode(bits) => self.text.push_str(&format!("0{bits:o}")),
            Yaml::Float(value) => self.text.push_str(&float(*value)),
            Yaml::Text(text) => return self.words(text, indent),
            Yaml::List(_) => self.text.push_str("[]"),
            Yaml::Map(_) => self.text.push_str("{}"),
        }
        self.text.push('\n');
    }

    fn words(&mut self, text: &str, indent: usize) {
        let Some((head, lines)) = block(text) else {
            self.text.push_str(&line(text));
            return self.text.push('\n');
        };
        self.text.push_str(&head);
        self.text.push('\n');
        for one in lines {
            if !one.is_empty() {
                self.pad(indent + STEP);
                self.text.push_str(one);
            }
            self.text.push('\n');
        }
    }

    fn pad(&mut self, columns: usize) {
        self.text.extend(std::iter::repeat_n(' ', columns));
    }
}
