//! Which values of a file are sealed, by the keys that lead to them (`sops.go`,
//! `shouldBeEncrypted`).

use regex::{Regex, RegexBuilder};

/// Keys that end like this stay open when nothing else is said.
const DEFAULT_SUFFIX: &str = "_unencrypted";
/// Longest regular expression, in bytes.
const MAX_PATTERN: usize = 4096;
/// Largest compiled regular expression, in bytes.
const MAX_COMPILED: usize = 1 << 20;

/// Ways to say it, by their names in the metadata and in `.sops.yaml`; a file has one.
pub(super) const WAYS: [&str; 6] = [
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
];

/// Why a rule can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// More than one way.
    #[error("only one of {} can be used", WAYS.join(", "))]
    Several,
    /// The expression is none, or too large.
    #[error("the expression of {0} can't be read")]
    Expression(String),
}

/// Which values are sealed.
#[derive(Debug, Clone)]
pub struct Rule {
    way: String,
    pattern: String,
    regex: Option<Regex>,
}

impl Default for Rule {
    fn default() -> Self {
        let (way, pattern) = (WAYS[0].to_owned(), DEFAULT_SUFFIX.to_owned());
        Self { way, pattern, regex: None }
    }
}

impl Rule {
    /// Takes the one way of several that is given.
    ///
    /// # Errors
    /// When several are, or an expression can't be read.
    pub fn of<'a>(given: impl Fn(&str) -> Option<&'a str>) -> Result<Self, RuleError> {
        let filled = |way: &'static str| Some((way, given(way).filter(|text| !text.is_empty())?));
        let mut ways = WAYS.into_iter().filter_map(filled);
        let Some((way, pattern)) = ways.next() else { return Ok(Self::default()) };
        if ways.next().is_some() {
            return Err(RuleError::Several);
        }
        let regex = match way.ends_with("regex") {
            true => Some(expression(pattern).ok_or_else(|| RuleError::Expression(way.to_owned()))?),
            false => None,
        };
        Ok(Self { way: way.to_owned(), pattern: pattern.to_owned(), regex })
    }

    /// Name and text, for the metadata.
    pub(super) fn written(&self) -> (&str, &str) {
        (&self.way, &self.pattern)
    }

    /// True when comments decide: then the form of a value says whether it is sealed, and new files
    /// are not sealed.
    pub(super) fn goes_by_comments(&self) -> bool {
        self.way.contains("comment")
    }

    /// Whether a value under these keys is sealed; `None` when comments decide.
    pub(super) fn seals(&self, keys: &[String]) -> Option<bool> {
        let fits = |key: &String| match &self.regex {
            Some(regex) => regex.is_match(key),
            None => key.ends_with(&self.pattern),
        };
        let found = || keys.iter().any(fits);
        match self.way.as_str() {
            way if way.contains("comment") => None,
            way if way.starts_with("un") => Some(!found()),
            _ => Some(found()),
        }
    }
}

/// A regular expression within bounds. SOPS has Go's; what both know means the same.
#[must_use]
pub fn expression(pattern: &str) -> Option<Regex> {
    let short = pattern.len() <= MAX_PATTERN;
    let build = || RegexBuilder::new(pattern).size_limit(MAX_COMPILED).build().ok();
    short.then(build).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[(&str, &str)], keys: &str) -> Option<bool> {
        let find = |way: &str| given.iter().find(|(name, _)| *name == way).map(|(_, text)| *text);
        let keys: Vec<String> = keys.split('.').map(str::to_owned).collect();
        Rule::of(find).unwrap().seals(&keys)
    }

    #[test]
    fn any_key_on_the_way_decides() {
        assert_eq!(check(&[], "a.b"), Some(true));
        assert_eq!(check(&[], "a_unencrypted.b"), Some(false));
        assert_eq!(check(&[("encrypted_regex", "^(data|stringData)$")], "data.a"), Some(true));
        assert_eq!(check(&[("encrypted_regex", "^(data|stringData)$")], "metadata.a"), Some(false));
        assert_eq!(check(&[("unencrypted_regex", "^kind$")], "kind"), Some(false));
        assert_eq!(check(&[("encrypted_suffix", "_secret")], "a.b_secret"), Some(true));
        assert_eq!(check(&[("encrypted_comment_regex", "sops")], "a"), None);
        let two = |_: &str| Some("x");
        assert_eq!(Rule::of(two).map(|_| ()), Err(RuleError::Several));
        let bad = |way: &str| (way == "encrypted_regex").then_some("(");
        assert!(matches!(Rule::of(bad), Err(RuleError::Expression(_))));
    }
}
