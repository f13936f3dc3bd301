//! Makes text from outside harmless to terminals: no escape sequence, no second line, no reversed
//! reading order.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text in which every character that could steer a terminal is spelled out: `\n`, `\u{1b}`.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => clean.push_str("\\n"),
            '\r' => clean.push_str("\\r"),
            '\t' => clean.push_str("\\t"),
            c if steers(c) => clean.extend(c.escape_unicode()),
            c => clean.push(c),
        }
    }
    Cow::Owned(clean)
}

/// The same for finished JSON: such characters can only stand inside strings, where JSON has an
/// escape of its own for them, so the values stay exactly what they are.
#[must_use]
pub fn clean_json(json: &str) -> Cow<'_, str> {
    let bad = |c: char| c != '\n' && steers(c);
    if !json.chars().any(bad) {
        return Cow::Borrowed(json);
    }
    let mut clean = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        if !bad(c) {
            clean.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String can't fail.
            let _ = write!(clean, "\\u{unit:04x}");
        }
    }
    Cow::Owned(clean)
}

/// Control characters of both sets, line separators, and marks that turn the reading order.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_spelled_out() {
        assert_eq!(clean("plain ü"), "plain ü");
        assert_eq!(clean("a\nb\tc"), "a\\nb\\tc");
        assert_eq!(clean("\u{1b}]0;title\u{7}"), "\\u{1b}]0;title\\u{7}");
        assert_eq!(clean("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(clean("user\u{202e}nimda"), "user\\u{202e}nimda");
    }

    #[test]
    fn json_keeps_its_values() {
        let value = serde_json::json!({"a": "\u{9b}31m\u{202e}\u{e0041}\n"});
        let json = serde_json::to_string_pretty(&value).expect("JSON");
        let clean = clean_json(&json);
        assert!(!clean.chars().any(|c| c != '\n' && steers(c)), "{clean}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&clean).expect("JSON"), value);
    }
}
