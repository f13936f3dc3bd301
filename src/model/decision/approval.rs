//! What a person says yes to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::secret::SpecHash;

/// Hex digits of an approval: enough that two changes of one stack never share them.
const DIGITS: usize = 10;

/// Stands for one change and no other: what would be done to which object, what is there, what is
/// wanted. When any of it moves on, the change has another one, and a yes is void.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Approval(String);

impl Approval {
    /// The approval of a change that is told by these words.
    #[must_use]
    pub fn of(words: &[&str]) -> Self {
        // With their lengths, so that no two lists of words are one text.
        let told: Vec<String> = words.iter().map(|word| format!("{}:{word}", word.len())).collect();
        let mut text = SpecHash::of(told.concat().as_bytes()).as_str().to_owned();
        text.truncate(DIGITS);
        Self(text)
    }

    /// The hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no approval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no approval: it has {DIGITS} hex digits, as `skep plan` shows them")]
pub struct NotAnApproval(String);

impl FromStr for Approval {
    type Err = NotAnApproval;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if text.len() == DIGITS && text.chars().all(digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnApproval(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_has_its_own_and_it_can_be_typed() {
        let of = |words: &[&str]| Approval::of(words);
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
        assert_ne!(of(&["a", "b"]), of(&["ab"]));
        assert_ne!(of(&["1:a", "b"]), of(&["1:a1:b"]));
        let typed = of(&["a"]).to_string().parse();
        assert_eq!(typed, Ok(of(&["a"])));
        for wrong in ["", "abc", "ABCDEF0123", "xyz0123456", "abcdef01234"] {
            assert_eq!(wrong.parse::<Approval>(), Err(NotAnApproval(wrong.to_owned())));
        }
    }
}
