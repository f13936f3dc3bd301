//! Rust source as tokens with their lines: just enough to find paths, attributes and bodies.
//! Comments are left out; a string, character or byte literal is the token `""`.

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// A word, a number, `::`, `""`, or one character.
    pub text: &'a str,
    /// Its line, from 1.
    pub line: usize,
}

/// Reads a file.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut reader = Reader { rest: text, line: 1, tokens: Vec::new() };
    while let Some(first) = reader.rest.chars().next() {
        reader.step(first);
    }
    reader.tokens
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token<'a>>,
}

impl<'a> Reader<'a> {
    fn step(&mut self, first: char) {
        if self.rest.starts_with("//") {
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            self.take(comment(self.rest));
        } else if let Some(length) = literal(self.rest) {
            self.push("\"\"");
            self.take(length);
        } else if self.rest.starts_with("::") {
            self.push("::");
            self.take(2);
        } else if first.is_whitespace() {
            self.take(first.len_utf8());
        } else {
            let length = word(self.rest).max(first.len_utf8());
            self.push(&self.rest[..length]);
            self.take(length);
        }
    }

    fn push(&mut self, text: &'a str) {
        self.tokens.push(Token { text, line: self.line });
    }

    fn take(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
    }
}

/// Length of the word at the beginning, raw (`r#type`) or not.
fn word(text: &str) -> usize {
    let start = if text.starts_with("r#") { 2 } else { 0 };
    let part = |c: char| c.is_alphanumeric() || c == '_';
    start + text[start..].find(|c| !part(c)).unwrap_or(text.len() - start)
}

/// Length of the block comment at the beginning; they nest.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(length) = text[at..].chars().next().map(char::len_utf8) {
        match &text.as_bytes()[at..(at + 2).min(text.len())] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += length,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Length of the literal at the beginning, if there is one.
fn literal(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r"].into_iter().find(|prefix| {
        let after = text.strip_prefix(prefix).unwrap_or_default().trim_start_matches('#');
        after.starts_with('"') && (prefix.ends_with('r') || !text[1..].starts_with('#'))
    });
    let start = prefix.map_or(usize::from(text.starts_with("b'")), str::len);
    let body = &text[start..];
    match (body.chars().next()?, prefix) {
        ('"', Some("br" | "cr" | "r")) | ('#', Some(_)) => Some(start + raw(body)),
        ('"', _) => Some(start + 1 + escaped(&body[1..], '"')),
        ('\'', _) if is_character(body) => Some(start + 1 + escaped(&body[1..], '\'')),
        _ => None,
    }
}

fn raw(body: &str) -> usize {
    let hashes = body.len() - body.trim_start_matches('#').len();
    let end = format!("\"{}", "#".repeat(hashes));
    let inside = &body[hashes + 1..];
    inside.find(&end).map_or(body.len(), |at| hashes + 1 + at + end.len())
}

/// Length up to and with the closing mark.
fn escaped(text: &str, close: char) -> usize {
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            _ if character == close => return at + character.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// `'a'` and `'\n'` are characters, `'a` is a lifetime.
fn is_character(text: &str) -> bool {
    text.starts_with("'\\") || text.chars().nth(2) == Some('\'')
}

/// Index of the bracket that closes the one at `open`; the end when there is none.
pub fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len()
}

/// True when the tokens from `at` on are these words.
pub fn reads(tokens: &[Token<'_>], at: usize, words: &[&str]) -> bool {
    tokens.get(at..).is_some_and(|rest| {
        rest.len() >= words.len() && rest.iter().zip(words).all(|(token, word)| token.text == *word)
    })
}

/// Leaves out every item under `#[cfg(test)]`.
pub fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let (mut kept, mut at) = (Vec::new(), 0);
    while let Some(token) = tokens.get(at) {
        if reads(tokens, at, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            at = item_end(tokens, at) + 1;
        } else {
            kept.push(*token);
            at += 1;
        }
    }
    kept
}

/// Index of the last token of the item whose attributes begin at `at`.
fn item_end(tokens: &[Token<'_>], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text {
            "{" => return closing(tokens, at),
            ";" => return at,
            "(" | "[" => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_literals_hold_no_code() {
        let source = r##"a // crate::x
            /* b /* c */ d */ "e \" f" r#"g " h"# b'\'' '"' 'i' c"j" br"k\" l"##;
        assert_eq!(
            texts(source),
            ["a", "\"\"", "\"\"", "\"\"", "\"\"", "\"\"", "\"\"", "\"\"", "l"]
        );
        assert_eq!(texts("&'a str b::r#type"), ["&", "'", "a", "str", "b", "::", "r#type"]);
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let found = tokens("/*\n\n*/ \"\n\" a\n// b\nc");
        let lines: Vec<(&str, usize)> = found.iter().map(|t| (t.text, t.line)).collect();
        assert_eq!(lines, [("\"\"", 3), ("a", 4), ("c", 6)]);
    }

    #[test]
    fn items_of_tests_are_left_out_whole() {
        let source = "a #[cfg(test)] mod t { x { y } } b #[cfg(test)] #[path = \"z\"] mod u; c";
        let kept = without_tests(&tokens(source));
        assert_eq!(kept.iter().map(|t| t.text).collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
