//! Values and metadata as text, in the way of the place where they stand.

use std::ops::Range;

use zeroize::Zeroizing;

use super::Format;
use super::sheet::{Kind, Manner, Meta, Scalar, is_text};

/// What stands instead of some bytes.
pub(super) type Edit = (Range<usize>, Zeroizing<Vec<u8>>);

/// A text with edits, which do not overlap.
pub(super) fn spliced(text: &[u8], mut edits: Vec<Edit>) -> Vec<u8> {
    edits.sort_by_key(|(range, _)| range.start);
    let more: usize = edits.iter().map(|(_, bytes)| bytes.len()).sum();
    // Room for all of it at once: what grows leaves copies behind.
    let mut out = Vec::with_capacity(text.len() + more);
    let mut at = 0;
    for (range, bytes) in edits {
        out.extend_from_slice(text.get(at..range.start).unwrap_or_default());
        out.extend_from_slice(&bytes);
        at = range.end.max(at);
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    out
}

/// An opened value as text; `None` when the form has no way to write it.
pub(super) fn value_text(value: &Scalar, manner: Manner) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(value.text.reveal()).ok()?;
    let written = match (value.kind, manner) {
        (_, Manner::Raw) => text.to_owned(),
        (Kind::Bool, Manner::Line) => text.to_ascii_lowercase(),
        (_, Manner::Line) => text.replace('\n', "\\n"),
        (Kind::Str | Kind::Comment, Manner::Json) => serde_json::to_string(text).ok()?,
        (Kind::Time, Manner::Json) => serde_json::to_string(text).ok()?,
        (Kind::Str | Kind::Comment, manner) => yaml_text(text, manner),
        (Kind::Bool, _) => text.to_ascii_lowercase(),
        (Kind::Float, Manner::Json) if text.ends_with(['f', 'N']) => return None,
        (Kind::Float, _) => match text {
            "+Inf" => ".inf".to_owned(),
            "-Inf" => "-.inf".to_owned(),
            "NaN" => ".nan".to_owned(),
            text => text.to_owned(),
        },
        (Kind::Int | Kind::Time, _) => text.to_owned(),
        (Kind::Null, _) => "null".to_owned(),
    };
    Some(Zeroizing::new(written.into_bytes()))
}

/// A text as a scalar of YAML.
pub(super) fn yaml_text(text: &str, manner: Manner) -> String {
    if is_simple(text) {
        return text.to_owned();
    }
    if let Manner::Block(indent) = manner
        && let Some(lines) = block(text, indent)
    {
        return lines;
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// True for what means itself without quotes everywhere.
fn is_simple(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_./@+=- ".contains(c);
    let outer = |c: char| c.is_ascii_alphanumeric() || "/_".contains(c);
    text.starts_with(outer)
        && !text.ends_with(' ')
        && text.chars().all(inner)
        && text != "="
        && is_text(text)
}

/// Several lines below their key; `None` where that would mean something else.
fn block(text: &str, indent: usize) -> Option<String> {
    let (head, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    let plain =
        |c: char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{85}');
    let fits =
        |line: &str| line.chars().all(|c| c == '\t' || plain(c)) && !line.ends_with([' ', '\t']);
    let whole = body.contains('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && !body.ends_with('\n')
        && body.split('\n').all(fits);
    whole.then(|| {
        let blanks = " ".repeat(indent);
        let line = |line: &str| match line {
            "" => "\n".to_owned(),
            line => format!("\n{blanks}{line}"),
        };
        head.to_owned() + &body.split('\n').map(line).collect::<String>()
    })
}

/// Metadata as it stands in a file.
pub(super) fn metadata_text(format: Format, meta: &Meta) -> String {
    match format {
        Format::Yaml => {
            let mut text = "sops:".to_owned();
            yaml_meta(meta, 4, &mut text);
            text.push('\n');
            text
        }
        Format::Json | Format::Binary => {
            let mut text = "\"sops\": ".to_owned();
            json_meta(meta, 1, &mut text);
            text
        }
        Format::Dotenv => {
            let mut lines = Vec::new();
            flat(meta, super::sheet::PREFIX.trim_end_matches('_').to_owned() + "_", &mut lines);
            lines.sort();
            lines.concat()
        }
    }
}

fn yaml_meta(meta: &Meta, indent: usize, out: &mut String) {
    let blanks = " ".repeat(indent);
    match meta {
        Meta::Bare(text) => out.push_str(&format!(" {text}")),
        Meta::Text(text) => {
            let sealed = text.starts_with(super::MARK);
            let written = yaml_text(text, Manner::Block(indent));
            out.push_str(&format!(" {}", if sealed { text } else { &written }));
        }
        Meta::Map(entries) => {
            for (key, value) in entries {
                out.push_str(&format!("\n{blanks}{key}:"));
                yaml_meta(value, indent + 4, out);
            }
        }
        Meta::List(items) => {
            for item in items {
                let mut inner = String::new();
                yaml_meta(item, indent + 2, &mut inner);
                let first = inner.trim_start_matches(['\n', ' ']);
                out.push_str(&format!("\n{blanks}- {first}"));
            }
        }
    }
}

fn json_meta(meta: &Meta, depth: usize, out: &mut String) {
    let (tabs, close) = ("\t".repeat(depth + 1), "\t".repeat(depth));
    match meta {
        Meta::Bare(text) => out.push_str(text),
        Meta::Text(text) => out.push_str(&quoted(text)),
        Meta::Map(entries) => {
            let mut comma = "";
            out.push('{');
            for (key, value) in entries {
                out.push_str(&format!("{comma}\n{tabs}{}: ", quoted(key)));
                json_meta(value, depth + 1, out);
                comma = ",";
            }
            out.push_str(&format!("\n{close}}}"));
        }
        Meta::List(items) => {
            let mut comma = "";
            out.push('[');
            for item in items {
                out.push_str(&format!("{comma}\n{tabs}"));
                json_meta(item, depth + 1, out);
                comma = ",";
            }
            out.push_str(&format!("\n{close}]"));
        }
    }
}

/// A text of JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn flat(meta: &Meta, name: String, lines: &mut Vec<String>) {
    let below = |name: &str, word: &str| match name.ends_with('_') {
        true => name.to_owned(),
        false => format!("{name}__{word}_"),
    };
    match meta {
        Meta::Bare(text) | Meta::Text(text) => {
            lines.push(format!("{name}={}\n", text.replace('\n', "\\n")));
        }
        Meta::Map(entries) => {
            for (key, value) in entries {
                flat(value, format!("{}{key}", below(&name, "map")), lines);
            }
        }
        Meta::List(items) => {
            for (place, item) in items.iter().enumerate() {
                flat(item, format!("{}{place}", below(&name, "list")), lines);
            }
        }
    }
}
