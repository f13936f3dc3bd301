//! Ranges of versions, in the syntax that npm, Helm and Flux users know: `>=1.4 <2`, `^1.2 || ~2.0.3`,
//! `1.x`, `1.2 - 1.5`.
//!
//! The rules are those of `github.com/npm/node-semver` (README, "Ranges"): a part that is left out or
//! `x` stands for any; an exclusive end that was filled in leaves out the pre-releases of that end.

use std::fmt;
use std::str::FromStr;

use semver::{BuildMetadata, Prerelease, Version};

/// Most characters of a range.
const MAX_TEXT: usize = 256;

/// A range of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRange {
    text: String,
    /// One of them holds, with all its bounds.
    any: Vec<Vec<Bound>>,
}

/// Whether pre-releases (`2.0.0-rc.1`) are versions like others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PreReleases {
    /// Only where the range names one of the same `major.minor.patch`.
    #[default]
    Named,
    /// They are.
    All,
}

/// Why a text is no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// Too long.
    #[error("a range has at most {MAX_TEXT} characters")]
    Long,
    /// A part of it is no version.
    #[error("'{0}' is no version or part of one such as 1.4 or 1.x")]
    Version(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    side: Side,
    version: Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Below,
    UpTo,
    Exactly,
    Other,
    From,
    Above,
}

/// A version with parts left out from some place on.
#[derive(Debug, Clone)]
struct Partial {
    major: Option<u64>,
    minor: Option<u64>,
    patch: Option<u64>,
    pre: Prerelease,
}

impl VersionRange {
    /// Whether a version is in the range.
    #[must_use]
    pub fn holds(&self, version: &Version, pre_releases: PreReleases) -> bool {
        self.any.iter().any(|bounds| {
            let named = || bounds.iter().any(|bound| bound.names_pre_release_of(version));
            let counts = version.pre.is_empty() || pre_releases == PreReleases::All || named();
            counts && bounds.iter().all(|bound| bound.holds(version))
        })
    }
}

impl Bound {
    fn holds(&self, version: &Version) -> bool {
        let order = version.cmp_precedence(&self.version);
        match self.side {
            Side::Below => order.is_lt(),
            Side::UpTo => order.is_le(),
            Side::Exactly => order.is_eq(),
            Side::Other => order.is_ne(),
            Side::From => order.is_ge(),
            Side::Above => order.is_gt(),
        }
    }

    fn names_pre_release_of(&self, version: &Version) -> bool {
        let triple = |version: &Version| (version.major, version.minor, version.patch);
        // An end that was filled in (`-0`) names none.
        let filled = self.side == Side::Below && self.version.pre.as_str() == "0";
        !self.version.pre.is_empty() && !filled && triple(&self.version) == triple(version)
    }
}

impl FromStr for VersionRange {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        if text.len() > MAX_TEXT {
            return Err(RangeError::Long);
        }
        let any = text.split("||").map(alternative).collect::<Result<_, _>>()?;
        Ok(Self { text: text.trim().to_owned(), any })
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Bounds that all hold: `>=1.4 <2`, `>= 1.4, < 2`, `1.2 - 1.5`.
fn alternative(text: &str) -> Result<Vec<Bound>, RangeError> {
    if let Some((low, high)) = text.split_once(" - ") {
        let mut bounds = comparator(&format!(">={}", low.trim()))?;
        bounds.extend(comparator(&format!("<={}", high.trim()))?);
        return Ok(bounds);
    }
    let mut bounds = Vec::new();
    let mut operator = String::new();
    for word in text.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        // `>= 1.4` is one comparator.
        if word.chars().all(|c| "<>=!~^".contains(c)) {
            operator.push_str(word);
            continue;
        }
        bounds.extend(comparator(&format!("{}{word}", std::mem::take(&mut operator)))?);
    }
    if operator.is_empty() { Ok(bounds) } else { Err(RangeError::Version(operator)) }
}

fn comparator(text: &str) -> Result<Vec<Bound>, RangeError> {
    let digits = text.trim_start_matches(['<', '>', '=', '!', '~', '^']);
    let operator = &text[..text.len() - digits.len()];
    let partial = Partial::read(digits).ok_or_else(|| RangeError::Version(text.to_owned()))?;
    let bounds = match operator {
        "" | "=" | "==" => partial.equal(),
        "^" => vec![partial.from(), partial.up_to(partial.next_caret())],
        "~" | "~>" => vec![partial.from(), partial.up_to(partial.next_tilde())],
        ">=" => vec![partial.from()],
        "<" if partial.is_whole() => vec![Bound { side: Side::Below, version: partial.lowest() }],
        "<" => vec![before(partial.lowest())],
        ">" if partial.is_whole() => vec![Bound { side: Side::Above, version: partial.lowest() }],
        "<=" if partial.is_whole() => vec![Bound { side: Side::UpTo, version: partial.lowest() }],
        ">" => match partial.next_written() {
            Some(version) => vec![Bound { side: Side::From, version }],
            // Nothing is above every version.
            None => vec![before(Version::new(0, 0, 0))],
        },
        "<=" => partial.next_written().map(before).into_iter().collect(),
        "!=" if partial.is_whole() => {
            vec![Bound { side: Side::Other, version: partial.lowest() }]
        }
        _ => return Err(RangeError::Version(text.to_owned())),
    };
    Ok(bounds)
}

/// An end that was filled in leaves out its pre-releases: `<2` those of 2.0.0.
fn before(mut version: Version) -> Bound {
    if version.pre.is_empty() {
        version.pre = Prerelease::new("0").unwrap_or_default();
    }
    Bound { side: Side::Below, version }
}

impl Partial {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim_start_matches(['v', 'V']);
        let text = text.split('+').next().unwrap_or(text);
        let (numbers, pre) = text.split_once('-').unwrap_or((text, ""));
        let mut parts = [None, None, None];
        for (index, part) in numbers.split('.').enumerate() {
            let place = parts.get_mut(index)?;
            *place = match part {
                "x" | "X" | "*" => None,
                "" if text.is_empty() => None,
                digits => Some(digits.parse().ok()?),
            };
        }
        let [major, minor, patch] = parts;
        let gap = (major.is_none() && minor.is_some()) || (minor.is_none() && patch.is_some());
        let pre = Prerelease::new(pre).ok()?;
        let stray = patch.is_none() && !pre.is_empty();
        (!gap && !stray).then_some(Self { major, minor, patch, pre })
    }

    fn is_whole(&self) -> bool {
        self.patch.is_some()
    }

    fn lowest(&self) -> Version {
        let number = |part: Option<u64>| part.unwrap_or_default();
        Version {
            pre: self.pre.clone(),
            build: BuildMetadata::EMPTY,
            ..Version::new(number(self.major), number(self.minor), number(self.patch))
        }
    }

    fn from(&self) -> Bound {
        Bound { side: Side::From, version: self.lowest() }
    }

    fn equal(&self) -> Vec<Bound> {
        if self.is_whole() {
            return vec![Bound { side: Side::Exactly, version: self.lowest() }];
        }
        match self.next_written() {
            Some(next) => vec![self.from(), before(next)],
            None => Vec::new(),
        }
    }

    fn up_to(&self, next: Option<Version>) -> Bound {
        match next {
            Some(next) => before(next),
            None => self.from(),
        }
    }

    /// What comes after all that begin with what is written: `1.2` → 1.3.0.
    fn next_written(&self) -> Option<Version> {
        match (self.major, self.minor) {
            (None, _) => None,
            (Some(major), None) => Some(Version::new(major.checked_add(1)?, 0, 0)),
            (Some(major), Some(minor)) => Some(Version::new(major, minor.checked_add(1)?, 0)),
        }
    }

    /// `~1.2.3` and `~1.2` end before 1.3.0, `~1` before 2.0.0.
    fn next_tilde(&self) -> Option<Version> {
        self.next_written()
    }

    /// The leftmost part that is not 0 stays: `^0.2.3` ends before 0.3.0, `^0.0` before 0.1.0.
    fn next_caret(&self) -> Option<Version> {
        let (major, minor, patch) = (self.major?, self.minor, self.patch);
        match (major, minor, patch) {
            (0, Some(0), Some(patch)) => Some(Version::new(0, 0, patch.checked_add(1)?)),
            (0, Some(minor), _) => Some(Version::new(0, minor.checked_add(1)?, 0)),
            (major, ..) => Some(Version::new(major.checked_add(1)?, 0, 0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the versions are in the range.
    fn among(range: &str, versions: &str, pre_releases: PreReleases) -> String {
        let range: VersionRange = match range.parse() {
            Ok(range) => range,
            Err(error) => return error.to_string(),
        };
        let held = versions
            .split(' ')
            .filter(|version| range.holds(&version.parse().expect("a version"), pre_releases));
        held.collect::<Vec<_>>().join(" ")
    }

    fn check(range: &str, expected: &str) {
        let versions = "0.0.3 0.2.3 0.2.9 0.3.0 1.0.0 1.2.3 1.2.9 1.4.0 1.5.1 2.0.0 2.3.0 3.0.0";
        assert_eq!(among(range, versions, PreReleases::Named), expected, "{range}");
    }

    #[test]
    fn comparators_are_read_as_npm_reads_them() {
        check(">=1.4 <2", "1.4.0 1.5.1");
        check(">= 1.4, < 2", "1.4.0 1.5.1");
        check(">1.2", "1.4.0 1.5.1 2.0.0 2.3.0 3.0.0");
        check(">1.2.3 <=1.4", "1.2.9 1.4.0");
        check("<=1.2", "0.0.3 0.2.3 0.2.9 0.3.0 1.0.0 1.2.3 1.2.9");
        check("^1.2.3", "1.2.3 1.2.9 1.4.0 1.5.1");
        check("^0.2.3", "0.2.3 0.2.9");
        check("^0.0.3", "0.0.3");
        check("^0.x", "0.0.3 0.2.3 0.2.9 0.3.0");
        check("~1.2", "1.2.3 1.2.9");
        check("~1", "1.0.0 1.2.3 1.2.9 1.4.0 1.5.1");
        check("1.2.3", "1.2.3");
        check("=v1.2", "1.2.3 1.2.9");
        check("1.x || 3", "1.0.0 1.2.3 1.2.9 1.4.0 1.5.1 3.0.0");
        check("1.2 - 1.4", "1.2.3 1.2.9 1.4.0");
        check("1 !=1.2.9", "1.0.0 1.2.3 1.4.0 1.5.1");
        check(">*", "");
    }

    #[test]
    fn all_versions_are_in_an_empty_range() {
        let all = "0.0.3 1.0.0 9.9.9";
        for range in ["", "*", "x", ">=0", "1 || *"] {
            assert_eq!(among(range, all, PreReleases::Named), all, "{range}");
        }
    }

    #[test]
    fn pre_releases_count_where_the_range_names_one_or_on_request() {
        let versions = "1.9.0 2.0.0-rc.1 2.0.0-rc.2 2.0.0 2.1.0-rc.1 3.0.0-alpha";
        let named = |range| among(range, versions, PreReleases::Named);
        let all = |range| among(range, versions, PreReleases::All);
        assert_eq!(named(">=1"), "1.9.0 2.0.0");
        assert_eq!(named(">=2.0.0-rc.2"), "2.0.0-rc.2 2.0.0");
        assert_eq!(all(">=1 <3"), "1.9.0 2.0.0-rc.1 2.0.0-rc.2 2.0.0 2.1.0-rc.1");
        assert_eq!(all("<2"), "1.9.0");
        assert_eq!(all("<2.0.0"), "1.9.0 2.0.0-rc.1 2.0.0-rc.2");
        assert_eq!(named("^2"), "2.0.0");
    }

    #[test]
    fn what_is_no_range_is_told() {
        for (text, part) in [
            ("latest", "'latest' is no version"),
            (">=1.2.3.4", "'>=1.2.3.4'"),
            ("=>1", "'=>1'"),
            ("!=1", "'!=1'"),
            (">=", "'>='"),
            ("1.x.3", "'1.x.3'"),
            ("1.2-rc", "'1.2-rc'"),
            (&"1".repeat(300), "at most 256"),
            ("99999999999999999999", "no version"),
        ] {
            let error = text.parse::<VersionRange>().expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
