//! Files and functions stay small enough to be read at once.

use crate::project::{File, rust_files};
use crate::tokens::{Token, closing, tokens};

/// Most lines of a file.
const FILE: usize = 600;
/// Most lines of a function's body and head, without comments and empty lines.
const FUNCTION: usize = 70;
/// Most parameters of a function, `self` apart.
const PARAMETERS: usize = 4;

fn files() -> Vec<File> {
    rust_files(&["src", "tests", "benches", "fuzz", "examples"])
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let files = files();
    let long = files.iter().map(|file| (&file.path, file.text.lines().count()));
    let findings = long.filter(|(_, lines)| *lines > FILE);
    let findings = findings.map(|(path, lines)| format!("{path}: {lines} lines")).collect();
    crate::none("files that should be several:", findings);
}

#[test]
fn no_function_is_longer_than_70_lines() {
    let long = |function: &Function| {
        let lines = function.lines;
        (lines > FUNCTION).then(|| format!("{lines} lines"))
    };
    crate::none("functions that should be several:", findings(long));
}

#[test]
fn no_function_has_more_than_4_parameters() {
    let many = |function: &Function| {
        let parameters = function.parameters;
        (parameters > PARAMETERS).then(|| format!("{parameters} parameters"))
    };
    crate::none("functions that want a struct:", findings(many));
}

fn findings(judge: impl Fn(&Function) -> Option<String>) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files() {
        for function in functions(&tokens(&file.text)) {
            let (path, line, name) = (&file.path, function.line, &function.name);
            findings.extend(judge(&function).map(|what| format!("{path}:{line}: {name}: {what}")));
        }
    }
    findings
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
    parameters: usize,
}

/// All functions of a file, nested ones too. `fn(u8)` is a type and none.
fn functions(tokens: &[Token<'_>]) -> Vec<Function> {
    let starts = (0..tokens.len()).filter(|at| tokens[*at].text == "fn");
    starts.filter_map(|at| function(tokens, at)).collect()
}

fn function(tokens: &[Token<'_>], at: usize) -> Option<Function> {
    let name = tokens.get(at + 1).filter(|name| name.text != "(")?;
    let open = (at..tokens.len()).find(|at| tokens[*at].text == "(")?;
    let close = closing(tokens, open);
    let end = body_end(tokens, close);
    let mut lines: Vec<usize> = tokens[at..=end].iter().map(|token| token.line).collect();
    lines.dedup();
    Some(Function {
        name: name.text.to_owned(),
        line: name.line,
        lines: lines.len(),
        parameters: parameters(&tokens[open + 1..close]),
    })
}

/// Index of the brace that ends the body, or of the semicolon of a function without one.
fn body_end(tokens: &[Token<'_>], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text {
            "{" => return closing(tokens, at).min(tokens.len() - 1),
            ";" => return at,
            "[" | "(" => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
    tokens.len() - 1
}

/// Counts the parts between commas that name something of a type, but for `self`.
fn parameters(tokens: &[Token<'_>]) -> usize {
    let (mut count, mut at, mut angles) = (0, 0, 0_usize);
    while let Some(token) = tokens.get(at) {
        match token.text {
            "(" | "[" | "{" => at = closing(tokens, at),
            "<" => angles += 1,
            ">" if at == 0 || tokens[at - 1].text != "-" => angles = angles.saturating_sub(1),
            ":" if angles == 0 => count += 1,
            _ => {}
        }
        at += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_without_comments() {
        let source = "fn a<T: X>(&self, b: B<u8, C>, (c, d): (u8, u8)) -> fn(u8) -> u8 {\n\n// x\n  1\n}\ntrait T { fn e(); }";
        let found = functions(&tokens(source));
        let seen: Vec<_> =
            found.iter().map(|f| (f.name.as_str(), f.line, f.lines, f.parameters)).collect();
        assert_eq!(seen, [("a", 1, 3, 2), ("e", 6, 1, 0)]);
    }
}
