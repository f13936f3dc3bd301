//! The grammar of variables in a text.
//!
//! `$NAME`, `${NAME}`, `${NAME:-default}` (unset or empty), `${NAME-default}` (unset),
//! `${NAME:?message}`, `${NAME?message}`, `${NAME:+instead}`, `${NAME+instead}`, and `$$` for a
//! dollar sign. A word behind an operator is taken as it stands, dollar signs included (hashed
//! passwords are full of them); only `${…}` in it is filled in.
//!
//! Differences from `docker stack deploy`, each of which there is an accident of a regular
//! expression (docker/cli#7313): an operator counts only inside braces (`$TAG-alpine` is the
//! variable and then `-alpine`), the first operator after the name is the one that counts
//! (`${X?a-b}`), and a variable that is not set is an error unless a default is given.

use super::variables::Variables;
use crate::load::bounds::MAX_EXPANDED_VALUE;

/// Missing variables that are told of one text; the next one ends the reading.
const MAX_MISSING: usize = 20;

/// Levels of variables inside of defaults.
const MAX_NESTING: usize = 8;

/// Why a text could not be filled in. Messages never hold values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A variable has no value and no default.
    #[error("the variable '{name}' is not set and has no default")]
    Unset {
        /// Its name.
        name: String,
        /// A variable that is set and has nearly this name.
        nearest: Option<String>,
    },
    /// `${NAME:?message}`.
    #[error("the variable '{name}' is required: {message}")]
    Required {
        /// Its name.
        name: String,
        /// The author's words.
        message: String,
    },
    /// A dollar sign that begins no variable.
    #[error("'$' begins no variable here")]
    Stray,
    /// A brace that is not closed.
    #[error("'${{' is not closed")]
    Open,
    /// Something in braces that is no variable.
    #[error("the expression in braces is no variable with an operator")]
    Expression,
    /// Defaults inside of defaults inside of defaults …
    #[error("variables are nested too deep, or the value grows beyond its bound")]
    TooMuch,
}

impl TemplateError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unset { nearest: Some(nearest), .. } => format!("did you mean '{nearest}'?"),
            Self::Unset { name, nearest: None } => format!(
                "set it in .env beside the file or in the stack's variables, or write \
                 ${{{name}:-default}}"
            ),
            Self::Required { .. } => {
                "set it in .env beside the file or in the stack's variables".to_owned()
            }
            Self::Stray => "write $$ for a dollar sign".to_owned(),
            Self::Open => "close it, or write $$ for a dollar sign".to_owned(),
            Self::Expression => {
                "the operators are :- - :? ? :+ +; write $$ for a dollar sign".to_owned()
            }
            Self::TooMuch => String::new(),
        }
    }
}

/// Fills in the variables of one text.
///
/// # Errors
/// Every variable that has no value, up to the first expression that can't be read.
pub fn fill(text: &str, variables: &Variables<'_>) -> Result<String, Vec<TemplateError>> {
    let mut errors = Vec::new();
    let filled = fill_text(text, variables, &mut errors);
    errors.extend(filled.as_ref().err().cloned());
    match filled {
        Ok(text) if errors.is_empty() => Ok(text),
        _ => Err(errors),
    }
}

fn fill_text(
    text: &str,
    variables: &Variables<'_>,
    errors: &mut Vec<TemplateError>,
) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        rest = if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            after
        } else if let Some(inner) = rest.strip_prefix('{') {
            let (expression, after) = braced(inner)?;
            out.push_str(&or_note(evaluate(expression, variables, 0), errors)?);
            after
        } else {
            let (name, after) = name(rest);
            let value = value_of(name, variables).map(str::to_owned);
            out.push_str(&or_note(value, errors)?);
            after
        };
        if out.len() > MAX_EXPANDED_VALUE {
            return Err(TemplateError::TooMuch);
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// A missing value is noted, and the text is read on.
fn or_note(
    value: Result<String, TemplateError>,
    errors: &mut Vec<TemplateError>,
) -> Result<String, TemplateError> {
    match value {
        Err(error @ (TemplateError::Unset { .. } | TemplateError::Required { .. }))
            if errors.len() < MAX_MISSING =>
        {
            errors.push(error);
            Ok(String::new())
        }
        other => other,
    }
}

/// Fills in a word behind an operator: only `${…}` counts in it.
fn fill_word(word: &str, variables: &Variables<'_>, level: usize) -> Result<String, TemplateError> {
    if level > MAX_NESTING {
        return Err(TemplateError::TooMuch);
    }
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let (expression, after) = braced(&rest[at + 2..])?;
        out.push_str(&evaluate(expression, variables, level)?);
        rest = after;
        if out.len() > MAX_EXPANDED_VALUE {
            return Err(TemplateError::TooMuch);
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// A name at the start of a text, and what follows; the name may be empty.
fn name(text: &str) -> (&str, &str) {
    let first = text.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic());
    let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let end = if first { text.find(|c| !word(c)).unwrap_or(text.len()) } else { 0 };
    text.split_at(end)
}

/// What stands between braces, inner braces included, and what follows.
fn braced(text: &str) -> Result<(&str, &str), TemplateError> {
    let mut open = 1_usize;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' if at > 0 && bytes[at - 1] == b'$' => open += 1,
            b'}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Ok((&text[..at], &text[at + 1..]));
        }
    }
    Err(TemplateError::Open)
}

fn value_of<'a>(name: &str, variables: &'a Variables<'_>) -> Result<&'a str, TemplateError> {
    if name.is_empty() {
        return Err(TemplateError::Stray);
    }
    variables.get(name).ok_or_else(|| TemplateError::Unset {
        name: name.to_owned(),
        nearest: variables.nearest(name).map(str::to_owned),
    })
}

fn evaluate(
    expression: &str,
    variables: &Variables<'_>,
    level: usize,
) -> Result<String, TemplateError> {
    let (name, operation) = name(expression);
    if name.is_empty() {
        return Err(TemplateError::Expression);
    }
    if operation.is_empty() {
        return value_of(name, variables).map(str::to_owned);
    }
    let (also_empty, operation) = match operation.strip_prefix(':') {
        Some(operation) => (true, operation),
        None => (false, operation),
    };
    let value = variables.get(name).filter(|value| !(also_empty && value.is_empty()));
    let Some(word) = operation.get(1..) else { return Err(TemplateError::Expression) };
    match (operation.as_bytes()[0], value) {
        (b'-' | b'?', Some(value)) => Ok(value.to_owned()),
        (b'-', None) | (b'+', Some(_)) => fill_word(word, variables, level + 1),
        (b'+', None) => Ok(String::new()),
        (b'?', None) => {
            Err(TemplateError::Required { name: name.to_owned(), message: word.to_owned() })
        }
        _ => Err(TemplateError::Expression),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn check(text: &str) -> String {
        let given: BTreeMap<String, String> = [("A", "1"), ("E", ""), ("x_y", "low"), ("TAG", "2")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let variables = Variables { layers: vec![&given], process: &given };
        let told = |error: &TemplateError| format!("! {error} ({})", error.hint());
        fill(text, &variables)
            .unwrap_or_else(|errors| errors.iter().map(told).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn operators_mean_what_they_mean_to_docker() {
        for (text, filled) in [
            ("$A", "1"),
            ("${A}b", "1b"),
            ("$$A $${A}", "$A ${A}"),
            ("${x_y}", "low"),
            ("${U:-d}", "d"),
            ("${E:-d}", "d"),
            ("${E-d}", ""),
            ("${U-d}", "d"),
            ("${A:?m}", "1"),
            ("${E?m}", ""),
            ("${U:-http://a:80/?q=1}", "http://a:80/?q=1"),
            ("${U:-a?b}", "a?b"),
            ("${U:-}", ""),
            ("$A$A-${A}", "11-1"),
            ("${A:+x}${U:+x}${E+x}", "xx"),
        ] {
            assert_eq!(check(text), filled, "{text}");
        }
    }

    #[test]
    fn accidents_of_dockers_expression_are_not_repeated() {
        for (text, filled) in [
            ("nginx:$TAG-alpine", "nginx:2-alpine"),
            ("${A?a-b}", "1"),
            ("${U-a-b:-c}", "a-b:-c"),
            ("${U:-${A:-z}}", "1"),
            ("${U:-${V:-z}}", "z"),
            ("${U:-a${A}b$A$$}", "a1b$A$$"),
            ("${U:-$2y$05$o}", "$2y$05$o"),
        ] {
            assert_eq!(check(text), filled, "{text}");
        }
    }

    #[test]
    fn what_cant_be_filled_in_says_what_to_do() {
        insta::assert_snapshot!(
            ["$U", "$U-${V}", "$TAGS", "${U:?set it - please}", "${E:?m}", "${A", "${1X}", "${A!x}", "${A:}", "$", "a$-b", "${}"]
                .map(|text| format!("{text:10} {}", check(text)))
                .join("\n"),
            @"
        $U         ! the variable 'U' is not set and has no default (set it in .env beside the file or in the stack's variables, or write ${U:-default})
        $U-${V}    ! the variable 'U' is not set and has no default (set it in .env beside the file or in the stack's variables, or write ${U:-default}) ! the variable 'V' is not set and has no default (set it in .env beside the file or in the stack's variables, or write ${V:-default})
        $TAGS      ! the variable 'TAGS' is not set and has no default (did you mean 'TAG'?)
        ${U:?set it - please} ! the variable 'U' is required: set it - please (set it in .env beside the file or in the stack's variables)
        ${E:?m}    ! the variable 'E' is required: m (set it in .env beside the file or in the stack's variables)
        ${A        ! '${' is not closed (close it, or write $$ for a dollar sign)
        ${1X}      ! the expression in braces is no variable with an operator (the operators are :- - :? ? :+ +; write $$ for a dollar sign)
        ${A!x}     ! the expression in braces is no variable with an operator (the operators are :- - :? ? :+ +; write $$ for a dollar sign)
        ${A:}      ! the expression in braces is no variable with an operator (the operators are :- - :? ? :+ +; write $$ for a dollar sign)
        $          ! '$' begins no variable here (write $$ for a dollar sign)
        a$-b       ! '$' begins no variable here (write $$ for a dollar sign)
        ${}        ! the expression in braces is no variable with an operator (the operators are :- - :? ? :+ +; write $$ for a dollar sign)
        "
        );
    }

    #[test]
    fn nesting_and_growth_are_bounded() {
        let deep = format!("{}x{}", "${U:-".repeat(1000), "}".repeat(1000));
        assert!(check(&deep).starts_with("! variables are nested"));
    }

    #[test]
    fn letters_beyond_ascii_break_nothing() {
        assert_eq!(check("ä$A ö${U:-ü}"), "ä1 öü");
        assert!(check("$ä").starts_with('!'));
        assert!(check("${Aä}").starts_with('!'));
        assert!(check("${A:ä}").starts_with('!'));
    }
}
