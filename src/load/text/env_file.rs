//! Files of variables: docker's env files, and `.env`.

use super::TextError;
use crate::load::bounds::MAX_FILE_BYTES;

/// Longest line of an env file, as for docker.
const MAX_LINE: usize = 64 * 1024;

/// One variable of an env file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvLine {
    /// Line, from 1.
    pub line: u32,
    /// Name.
    pub name: String,
    /// Value; `None` where only the name stands.
    pub value: Option<String>,
}

/// What came of a file of variables: the variables, and the lines that could not be read.
pub type EnvLines = (Vec<EnvLine>, Vec<(u32, TextError)>);

/// Reads an env file as docker does (`opts/file.go`): one `NAME=value` per line, taken literally.
/// There are no quotes, escapes or variables in it; `#` begins a comment only at the start of a
/// line, and blanks at the end of a line belong to the value.
#[must_use]
pub fn parse_env_file(bytes: &[u8]) -> EnvLines {
    lines(bytes, |line| {
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (line, None),
        };
        if name.is_empty() {
            return Err(TextError::new("a name is missing before '='"));
        }
        if name.contains(char::is_whitespace) {
            return Err(TextError::new("the name of a variable can't hold blanks"));
        }
        Ok((name.to_owned(), value.map(str::to_owned)))
    })
}

/// Reads `.env`: as an env file, and like `docker compose` with an optional `export`, quotes around
/// the value, and a comment after an unquoted value.
#[must_use]
pub fn parse_dotenv(bytes: &[u8]) -> EnvLines {
    lines(bytes, |line| {
        let line = line.strip_prefix("export ").unwrap_or(line).trim();
        let Some((name, value)) = line.split_once('=') else {
            return Err(TextError::new("'=' is missing"));
        };
        let name = name.trim_end();
        let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
        if name.is_empty()
            || name.starts_with(|c: char| c.is_ascii_digit())
            || !name.chars().all(word)
        {
            return Err(TextError::new("the name of a variable has letters, digits and '_'"));
        }
        Ok((name.to_owned(), Some(unquoted(value.trim_start())?)))
    })
}

/// The value of a line of `.env`.
fn unquoted(value: &str) -> Result<String, TextError> {
    let open = || TextError::new("a quote is not closed in its line");
    if let Some(rest) = value.strip_prefix('\'') {
        return rest.split_once('\'').map(|(inner, _)| inner.to_owned()).ok_or_else(open);
    }
    let Some(rest) = value.strip_prefix('"') else {
        let end = value.find(" #").unwrap_or(value.len());
        return Ok(value[..end].trim_end().to_owned());
    };
    let mut inner = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next().ok_or_else(open)? {
            '"' => return Ok(inner),
            '\\' => match chars.next().ok_or_else(open)? {
                'n' => inner.push('\n'),
                't' => inner.push('\t'),
                c @ ('"' | '\\' | '$') => inner.push(c),
                other => inner.extend(['\\', other]),
            },
            c => inner.push(c),
        }
    }
}

type Variable = (String, Option<String>);

fn lines(bytes: &[u8], read: impl Fn(&str) -> Result<Variable, TextError>) -> EnvLines {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    if bytes.len() > MAX_FILE_BYTES {
        bad.push((1, TextError::new(format!("the file has more than {MAX_FILE_BYTES} bytes"))));
        return (good, bad);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (number, line) in (1_u32..).zip(bytes.split(|byte| *byte == b'\n')) {
        let read = text(line).and_then(|line| {
            let line = line.trim_start();
            let skipped = line.is_empty() || line.starts_with('#');
            if skipped { Ok(None) } else { read(line).map(Some) }
        });
        match read {
            Ok(Some((name, value))) => good.push(EnvLine { line: number, name, value }),
            Ok(None) => {}
            Err(error) => bad.push((number, error)),
        }
    }
    (good, bad)
}

fn text(line: &[u8]) -> Result<&str, TextError> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > MAX_LINE {
        return Err(TextError::new("the line has more than 65536 bytes"));
    }
    match std::str::from_utf8(line) {
        Ok(text) if text.contains('\0') => Err(TextError::new("the line holds a NUL byte")),
        Ok(text) => Ok(text),
        Err(_) => Err(TextError::new("the line is not valid UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check((good, bad): EnvLines) -> String {
        let good = good.iter().map(|v| format!("{} {}={:?}", v.line, v.name, v.value));
        let bad = bad.iter().map(|(line, error)| format!("{line} ! {error}"));
        good.chain(bad).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_env_file_is_taken_literally() {
        let file = b"\xef\xbb\xbfFOO=foo\n# c\n  BAR=bar with blanks  \nQ=\"q\" # no\nKEY\nA B=1\n=x\nCR=x\r\n";
        insta::assert_snapshot!(check(parse_env_file(file)), @r#"
        1 FOO=Some("foo")
        3 BAR=Some("bar with blanks  ")
        4 Q=Some("\"q\" # no")
        5 KEY=None
        8 CR=Some("x")
        6 ! the name of a variable can't hold blanks
        7 ! a name is missing before '='
        "#);
    }

    #[test]
    fn dot_env_knows_quotes_and_comments() {
        let file =
            b"A=1 # one\nexport B='b # b'\nC=\"c\\n\\\"d\\\"\" # c\nD=\nE\n1F=x\nG=\"open\nH=h#h\n";
        insta::assert_snapshot!(check(parse_dotenv(file)), @r#"
        1 A=Some("1")
        2 B=Some("b # b")
        3 C=Some("c\n\"d\"")
        4 D=Some("")
        8 H=Some("h#h")
        5 ! '=' is missing
        6 ! the name of a variable has letters, digits and '_'
        7 ! a quote is not closed in its line
        "#);
    }
}
