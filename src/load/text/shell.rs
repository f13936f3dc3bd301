//! Command lines as one text, split as docker splits them.

use super::TextError;

/// Splits a command line as `github.com/google/shlex` does: blanks separate, quotes join, `#` at
/// the start of a word begins a comment. In double quotes a backslash takes any next character,
/// unlike in a shell.
///
/// # Errors
/// When a quote is not closed, or the text ends in a backslash.
pub fn split_words(text: &str) -> Result<Vec<String>, TextError> {
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(first) = rest.next() {
        match first {
            ' ' | '\t' | '\r' | '\n' => {}
            '#' => while rest.next().is_some_and(|c| c != '\n') {},
            _ => {
                let mut word = String::new();
                let mut next = Some(first);
                while let Some(c) = next {
                    if matches!(c, ' ' | '\t' | '\r' | '\n') {
                        break;
                    }
                    take(c, &mut rest, &mut word)?;
                    next = rest.next();
                }
                words.push(word);
            }
        }
    }
    Ok(words)
}

/// Adds one character, or one quoted run, to a word.
fn take(
    c: char,
    rest: &mut impl Iterator<Item = char>,
    word: &mut String,
) -> Result<(), TextError> {
    let backslash = || TextError::new("ends in a backslash");
    match c {
        '\\' => word.push(rest.next().ok_or_else(backslash)?),
        '\'' | '"' => loop {
            match rest.next() {
                None => return Err(TextError::new("has a quote that is not closed")),
                Some(end) if end == c => break,
                Some('\\') if c == '"' => word.push(rest.next().ok_or_else(backslash)?),
                Some(inner) => word.push(inner),
            }
        },
        c => word.push(c),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        split_words(text).map_or_else(|error| format!("! {error}"), |words| words.join("|"))
    }

    #[test]
    fn command_lines_are_split_as_docker_splits_them() {
        for (text, words) in [
            ("echo \"a b\" c", "echo|a b|c"),
            ("sh -c 'a; b' # comment", "sh|-c|a; b"),
            ("a\\ b \"c d\" e#f", "a b|c d|e#f"),
            ("a # x\nb", "a|b"),
            (r#"a"b\nc"'d\e'"#, r"abncd\e"),
            ("''", ""),
            ("", ""),
            ("'open", "! has a quote that is not closed"),
            ("end\\", "! ends in a backslash"),
        ] {
            assert_eq!(check(text), words, "{text}");
        }
        assert_eq!(split_words("''"), Ok(vec![String::new()]));
        assert_eq!(split_words("  "), Ok(vec![]));
    }
}
