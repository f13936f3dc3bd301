//! Patterns over names and field paths.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A text in which `*` stands for any text, also none; everything else stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// Takes a text as a pattern: every text is one.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The pattern as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when the whole of a text fits.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        // Only a `*` of a pattern stands for more than itself: in a text it is a plain character.
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut at, mut here) = (0, 0);
        let mut star = None;
        while here < text.len() {
            match (pattern.get(at), star) {
                (Some(b'*'), _) => {
                    star = Some((at, here));
                    at += 1;
                }
                (Some(byte), _) if *byte == text[here] => (at, here) = (at + 1, here + 1),
                (_, Some((back, taken))) => {
                    star = Some((back, taken + 1));
                    (at, here) = (back + 1, taken + 1);
                }
                _ => return false,
            }
        }
        pattern[at..].iter().all(|byte| *byte == b'*')
    }

    /// True when there is a text that fits both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        // `reach[j]`: what is read of ours and the first `j` bytes of theirs can be one text.
        let mut reach = vec![false; theirs.len() + 1];
        for i in 0..=ours.len() {
            let before = reach.clone();
            for j in 0..=theirs.len() {
                let (a, b) =
                    (i.checked_sub(1).map(|i| ours[i]), j.checked_sub(1).map(|j| theirs[j]));
                let both = j > 0 && before[j - 1] && (a == b || a == Some(b'*') || b == Some(b'*'));
                reach[j] = (i == 0 && j == 0)
                    || (i > 0 && both)
                    || (i > 0 && before[j] && (a == Some(b'*') || b == Some(b'*')))
                    || (j > 0 && reach[j - 1] && (a == Some(b'*') || b == Some(b'*')));
            }
        }
        reach[theirs.len()]
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Patterns over the paths of fields that `skep diff` prints.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldRules(BTreeSet<Pattern>);

impl FieldRules {
    /// True when no field is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when a field is meant: its path fits, or that of something that it is a part of.
    /// `deploy.labels` means all labels but those in which docker keeps what a stack is: the one
    /// with the image goes with the image, the one with the stack's name is never meant.
    #[must_use]
    pub fn cover(&self, path: &str) -> bool {
        let path = match path {
            _ if self.0.is_empty() => return false,
            "deploy.labels.com.docker.stack.namespace" => return false,
            "deploy.labels.com.docker.stack.image" => "image",
            path => path,
        };
        let meant = |pattern: &Pattern| {
            pattern.fits(path) || parents(path).any(|parent| pattern.fits(parent))
        };
        self.0.iter().any(meant)
    }

    /// True when a word is among the patterns as it is written: one that `*` does not stand for.
    #[must_use]
    pub fn name(&self, word: &str) -> bool {
        self.0.contains(&Pattern::new(word))
    }

    /// The patterns.
    pub fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter()
    }
}

impl FromIterator<Pattern> for FieldRules {
    fn from_iter<I: IntoIterator<Item = Pattern>>(patterns: I) -> Self {
        Self(patterns.into_iter().collect())
    }
}

/// Paths of what a field is a part of: `a.b[c].d` is one of `a.b[c]`, `a.b` and `a`.
pub fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, fits) in [
            ("image", "image", true),
            ("image", "images", false),
            ("environment.BUILD_*", "environment.BUILD_ID", true),
            ("environment.BUILD_*", "environment.BUILD_", true),
            ("environment.BUILD_*", "environment.OTHER", false),
            ("*.cpus", "deploy.resources.limits.cpus", true),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyyb", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*", "a*b", true),
            ("a*b", "a**b", true),
        ] {
            assert_eq!(Pattern::new(pattern).fits(text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn patterns_meet_where_one_text_fits_both() {
        for (one, other, meet) in [
            ("environment.BUILD_*", "environment.*", true),
            ("deploy.labels.traefik.*", "deploy.labels.*", true),
            ("deploy.lables.*", "deploy.labels.*", false),
            ("*", "image", true),
            ("*.cpus", "deploy.resources.limits.cpus", true),
            ("volumes[/data]", "volumes[*]", true),
            ("a*b", "*c", false),
            ("", "", true),
            ("", "*", true),
            ("", "a", false),
        ] {
            let (one, other) = (Pattern::new(one), Pattern::new(other));
            assert_eq!((one.meets(&other), other.meets(&one)), (meet, meet), "{one} {other}");
        }
    }

    #[test]
    fn rules_cover_what_lies_below() {
        let rules = |text: &str| [Pattern::new(text)].into_iter().collect::<FieldRules>();
        assert!(rules("deploy.labels").cover("deploy.labels.a.b"));
        assert!(rules("volumes[/data]").cover("volumes[/data].read_only"));
        assert!(rules("volumes").cover("volumes[/data].read_only"));
        assert!(!rules("deploy.label").cover("deploy.labels.a"));
        assert!(!rules("deploy.labels.a").cover("deploy.labels"));
        assert!(!FieldRules::default().cover("image"));
    }

    #[test]
    fn the_labels_in_which_docker_keeps_a_stack_are_no_labels_like_others() {
        let rules = |text: &str| [Pattern::new(text)].into_iter().collect::<FieldRules>();
        let (image, stack) =
            ("deploy.labels.com.docker.stack.image", "deploy.labels.com.docker.stack.namespace");
        assert!(rules("image").cover(image));
        assert!(!rules("deploy.labels.*").cover(image));
        assert!(!rules("*").cover(stack));
    }
}
