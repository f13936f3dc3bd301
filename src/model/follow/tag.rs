//! Patterns of tags, and the orders in which tags follow each other.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};
use semver::Version;

/// Most characters of a pattern.
const MAX_TEXT: usize = 512;
/// Most bytes that a compiled pattern takes (law 11).
const MAX_COMPILED: usize = 256 * 1024;

/// A regular expression over whole tags. Where it has a group called `version` (or another one), what
/// that group matched is compared, and not the whole tag.
#[derive(Debug, Clone)]
pub struct TagPattern(Regex);

impl TagPattern {
    /// Reads a regular expression, in the syntax of the `regex` crate: linear time, no look-around.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(text: &str) -> Result<Self, TagPatternError> {
        if text.len() > MAX_TEXT {
            return Err(TagPatternError::Long);
        }
        // A tag is matched as a whole, whatever anchors are written.
        let whole = format!("^(?:{text})$");
        let built = RegexBuilder::new(&whole).size_limit(MAX_COMPILED).build();
        match (built, Regex::new(text)) {
            (Ok(regex), _) => Ok(Self(regex)),
            // Told of what was written, without what was put around it.
            (Err(_), Err(regex::Error::Syntax(why))) => {
                let last = why.lines().last().unwrap_or_default();
                Err(TagPatternError::Syntax(last.trim_start_matches("error: ").to_owned()))
            }
            (Err(_), _) => Err(TagPatternError::Large),
        }
    }

    /// What is compared of a tag; `None` when the tag does not match.
    #[must_use]
    pub fn part<'t>(&self, tag: &'t str) -> Option<&'t str> {
        let found = self.0.captures(tag)?;
        let named = self.0.capture_names().flatten().next();
        match named {
            Some(name) => found.name(name).map(|part| part.as_str()),
            None => Some(tag),
        }
    }
}

impl PartialEq for TagPattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for TagPattern {}

/// Why a text is no pattern of tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagPatternError {
    /// Too long.
    #[error("a pattern has at most {MAX_TEXT} characters")]
    Long,
    /// Too large once it is compiled.
    #[error("the pattern is too large")]
    Large,
    /// No regular expression.
    #[error("no regular expression: {0}")]
    Syntax(String),
}

/// How parts of tags follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagOrder {
    /// As whole numbers: builds, dates.
    Numeric,
    /// As text, byte by byte.
    Alphabetic,
}

impl TagOrder {
    /// Whether a part can be compared at all.
    #[must_use]
    pub fn takes(self, part: &str) -> bool {
        match self {
            Self::Numeric => !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()),
            Self::Alphabetic => true,
        }
    }

    /// Compares two parts.
    #[must_use]
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Numeric => {
                let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
                a.len().cmp(&b.len()).then_with(|| a.cmp(b))
            }
            Self::Alphabetic => a.cmp(b),
        }
    }
}

/// The version that a tag or a part of one names: `1.4.2`, `v1.4.2`, `1.4.2-rc.1`. A tag such as `1.4` moves
/// with each patch and names none.
#[must_use]
pub fn version_of(part: &str) -> Option<Version> {
    Version::parse(part.strip_prefix(['v', 'V']).unwrap_or(part)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_the_whole_tag_and_its_group_is_compared() {
        let pattern = TagPattern::new(r"main-(?<build>\d+)-[0-9a-f]+").expect("a pattern");
        assert_eq!(pattern.part("main-17-abc"), Some("17"));
        assert_eq!(pattern.part("main-17-abc-dirty"), None);
        let plain = TagPattern::new("stable|release-.*").expect("a pattern");
        assert_eq!(plain.part("release-3"), Some("release-3"));
        assert_eq!(plain.part("unstable"), None);
    }

    #[test]
    fn what_is_no_pattern_or_too_large_is_told() {
        let error = |text: &str| TagPattern::new(text).expect_err(text).to_string();
        assert_eq!(error("main-(?<n>"), "no regular expression: unclosed group");
        assert_eq!(error("(?=x)").split(':').next(), Some("no regular expression"));
        assert_eq!(error(r"\w{900}"), "the pattern is too large");
        assert_eq!(error(&"a".repeat(600)), "a pattern has at most 512 characters");
    }

    #[test]
    fn numbers_are_compared_as_numbers_of_any_length() {
        let long = "9".repeat(40);
        assert_eq!(TagOrder::Numeric.compare("9", "10"), Ordering::Less);
        assert_eq!(TagOrder::Numeric.compare("007", "7"), Ordering::Equal);
        assert_eq!(TagOrder::Numeric.compare(&long, "10"), Ordering::Greater);
        assert_eq!(TagOrder::Alphabetic.compare("9", "10"), Ordering::Greater);
        assert!(!TagOrder::Numeric.takes("1a") && !TagOrder::Numeric.takes(""));
    }

    #[test]
    fn only_whole_versions_are_versions() {
        assert_eq!(version_of("v1.2.3"), version_of("1.2.3"));
        assert_eq!(version_of("1.2"), None);
        assert_eq!(version_of("latest"), None);
        assert!(version_of("1.2.3-rc.1").is_some_and(|version| !version.pre.is_empty()));
    }
}
