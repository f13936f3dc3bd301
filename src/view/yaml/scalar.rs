//! How a scalar is written: plain where every reader takes it for text, else in quotes or as a
//! block.

use std::fmt::Write as _;

use crate::view::clean;

/// Words that some reader takes for nothing or for a boolean.
const WORDS: [&str; 10] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"];

/// Characters that can't begin a plain scalar, or can't be in one inside of a list in brackets.
const MARKS: &str = "#&*!|>'\"%@`{}[],?:";

/// True when a text may stand without quotes, as a key too.
pub(super) fn is_plain(text: &str) -> bool {
    let first = text.chars().next();
    let begins = first.is_some_and(|c| !c.is_whitespace() && !MARKS.contains(c) && c != '=');
    begins
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(|c| c.is_alphanumeric() || " _-./:=@+,(){}~%$*&;<>?!\\^|".contains(c))
        && clean(text) == text
        && !text.starts_with("- ")
        && !matches!(text, "-" | "<<" | "---" | "...")
        && !is_word(text)
        && !looks_like_a_number(text)
}

fn is_word(text: &str) -> bool {
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// True for everything that may be a number, a date or a time to some reader: `8080:80`, `0x1F`,
/// `1_000`, `.5`, `2001-01-01`, `.inf`.
fn looks_like_a_number(text: &str) -> bool {
    // Underscores say nothing to YAML 1.1, wherever they stand: `._5` is a number.
    let text = text.replace('_', "");
    let unsigned = text.trim_start_matches(['-', '+']);
    let bare = unsigned.trim_start_matches('.');
    if bare.eq_ignore_ascii_case("inf") || bare.eq_ignore_ascii_case("nan") {
        return true;
    }
    let part = |c: char| c.is_ascii_hexdigit() || "xXoOtTzZ_.:+- ".contains(c);
    bare.starts_with(|c: char| c.is_ascii_digit()) && bare.chars().all(part)
}

/// A text on one line: plain, or in quotes.
pub(super) fn line(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let printable = clean(text) == text;
    if printable && text.contains(['"', '\\']) && !text.contains('\'') {
        return format!("'{text}'");
    }
    quoted(text)
}

fn quoted(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 2);
    line.push('"');
    for c in text.chars() {
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            c if clean(c.encode_utf8(&mut [0; 4])).len() == c.len_utf8() => line.push(c),
            // Writing to a String can't fail.
            c => _ = write!(line, "\\U{:08x}", u32::from(c)),
        }
    }
    line.push('"');
    line
}

/// Head and lines of a literal block; `None` for texts that a block can't hold to the letter.
pub(super) fn block(text: &str) -> Option<(String, Vec<&str>)> {
    let body = text.trim_end_matches('\n');
    let steers = |line: &str| {
        line.chars().any(|c| c != '\t' && clean(c.encode_utf8(&mut [0; 4])).len() != c.len_utf8())
    };
    let blank = |line: &str| !line.is_empty() && line.trim().is_empty();
    if !text.contains('\n') || body.is_empty() || text.lines().any(|l| steers(l) || blank(l)) {
        return None;
    }
    if text.contains('\r') {
        return None;
    }
    let ends = match text.len() - body.len() {
        0 => "-",
        1 => "",
        _ => "+",
    };
    // Without the number a reader would take the indentation of the first line for that of all.
    let indentation = if body.starts_with([' ', '\t', '\n']) { "2" } else { "" };
    Some((
        format!("|{indentation}{ends}"),
        text.strip_suffix('\n').unwrap_or(text).split('\n').collect(),
    ))
}

/// A number that is no whole one.
pub(super) fn float(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = value.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}
