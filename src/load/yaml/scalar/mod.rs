//! Plain scalars: which of them are text, and what the others mean.

mod number;
mod timestamp;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::node::Value;

pub use number::format_float;

/// What a plain scalar means (`resolve.go` in `gopkg.in/yaml.v3`): `yes`, `no`, `on`, `off` and
/// `190:20:30` are text there, `010` is eight.
#[must_use]
pub fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Value::Text(text.to_owned());
    }
    if let Some(form) = timestamp::go_form(text) {
        return Value::Text(form);
    }
    if let Some(value) = number::parse_int(text) {
        return Value::Int(value);
    }
    number::parse_float(text).map_or_else(|| Value::Text(text.to_owned()), Value::Float)
}

/// What a scalar with a tag of the core schema means; `None` when the text does not fit the tag or
/// the tag is unknown.
#[must_use]
pub fn resolve_tagged(suffix: &str, text: &str) -> Option<Value> {
    let plain = resolve(text);
    match (suffix, &plain) {
        ("str", _) => Some(Value::Text(text.to_owned())),
        ("binary", _) => {
            let digits: String = text.split_whitespace().collect();
            let bytes = STANDARD.decode(digits).ok()?;
            String::from_utf8(bytes).ok().map(Value::Text)
        }
        ("timestamp", Value::Text(_)) => timestamp::go_form(text).map(Value::Text),
        #[expect(clippy::cast_precision_loss, reason = "as Go does for !!float 1")]
        ("float", Value::Int(value)) => Some(Value::Float(*value as f64)),
        ("null", Value::Null)
        | ("bool", Value::Bool(_))
        | ("int", Value::Int(_))
        | ("float", Value::Float(_)) => Some(plain),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_yaml_1_1_took_for_booleans_are_text() {
        for word in ["yes", "no", "on", "off", "y", "n", "190:20:30", "1.2.3.4", "-", "0x"] {
            assert_eq!(resolve(word), Value::Text(word.to_owned()));
        }
        assert_eq!(resolve("True"), Value::Bool(true));
        assert_eq!(resolve("~"), Value::Null);
        assert_eq!(resolve("0440"), Value::Int(288));
    }

    #[test]
    fn a_tag_decides() {
        assert_eq!(resolve_tagged("str", "1"), Some(Value::Text("1".into())));
        assert_eq!(resolve_tagged("int", "1"), Some(Value::Int(1)));
        assert_eq!(resolve_tagged("int", "x"), None);
        assert_eq!(resolve_tagged("binary", "aGVs\n bG8="), Some(Value::Text("hello".into())));
        assert_eq!(resolve_tagged("binary", "/w=="), None);
    }
}
