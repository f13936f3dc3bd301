//! Names with the rules that the engine and `docker stack` put on them.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Label that `docker stack` puts on everything of a stack.
pub const NAMESPACE_LABEL: &str = "com.docker.stack.namespace";
/// Label that `docker stack` puts on services: the image as declared.
pub const IMAGE_LABEL: &str = "com.docker.stack.image";

/// Longest name of a service or a network (`manager/controlapi/common.go` in swarmkit).
pub const MAX_SERVICE_NAME: usize = 63;
/// Longest name of a secret or a config (same source).
pub const MAX_DATA_NAME: usize = 64;

/// True for names of ledger objects, leases and keys: their events say nothing about drift.
#[must_use]
pub fn is_ledger_name(name: &str) -> bool {
    ["skep.ledger.", "skep.lease.", "skep.stable."].iter().any(|prefix| name.starts_with(prefix))
        || (name.starts_with("skep-") && name.ends_with("-key"))
}

/// Why a text is not a usable name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left after trimming.
    #[error("a name must not be empty")]
    Empty,
    /// More characters than the engine takes.
    #[error("the name has {length} characters, the engine takes at most {limit}")]
    TooLong {
        /// Characters that were given.
        length: usize,
        /// Characters that are allowed.
        limit: usize,
    },
    /// A character that the engine refuses, or one in a place where it is refused.
    #[error(
        "the name may hold letters, digits{extra}, and must begin and end with a letter or digit"
    )]
    BadCharacter {
        /// What is allowed between letters and digits, as text for the reader.
        extra: &'static str,
    },
}

/// Checks a service or network name: letters, digits, `-`, `_`; at most 63 characters.
///
/// # Errors
/// The first rule that is broken.
pub fn check_service_name(name: &str) -> Result<(), NameError> {
    check(name, MAX_SERVICE_NAME, "-_", ", '-' and '_'")
}

/// Checks a secret or config name: letters, digits, `-`, `_`, `.`; at most 64 characters.
///
/// # Errors
/// The first rule that is broken.
pub fn check_data_name(name: &str) -> Result<(), NameError> {
    check(name, MAX_DATA_NAME, "-_.", ", '-', '_' and '.'")
}

fn check(name: &str, limit: usize, inner: &str, extra: &'static str) -> Result<(), NameError> {
    let length = name.chars().count();
    if length == 0 {
        return Err(NameError::Empty);
    }
    if length > limit {
        return Err(NameError::TooLong { length, limit });
    }
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let whole = name.chars().all(|c| c.is_ascii_alphanumeric() || inner.contains(c));
    if whole && edge(name.chars().next()) && edge(name.chars().last()) {
        Ok(())
    } else {
        Err(NameError::BadCharacter { extra })
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and wraps a name.
            ///
            /// # Errors
            /// The first rule that the text breaks.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                $check(&text)?;
                Ok(Self(text))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name_type!(
    /// Name of a stack: the prefix of its services' names, so the rules of a service name hold.
    StackName,
    check_service_name
);
name_type!(
    /// Name of one skep installation in a swarm; its objects carry it in their owner label.
    Instance,
    check_service_name
);
name_type!(
    /// Name of a source.
    SourceName,
    check_data_name
);

impl Default for Instance {
    fn default() -> Self {
        Self("skep".to_owned())
    }
}

/// Kind of a swarm object that a stack can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An overlay (or other swarm-scoped) network.
    Network,
    /// A secret.
    Secret,
    /// A config.
    Config,
    /// A service.
    Service,
    /// A node: it belongs to no stack, and is never made or removed.
    Node,
}

impl Kind {
    /// The word for it in labels, field paths and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Secret => "secret",
            Self::Config => "config",
            Self::Service => "service",
            Self::Node => "node",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A swarm object by kind and full engine name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// What it is.
    pub kind: Kind,
    /// Its name in the engine, stack prefix included.
    pub name: String,
}

impl ObjectRef {
    /// Puts a kind and a name together.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_name_follows_the_engines_rules() {
        assert!(StackName::new("shop-1_a").is_ok());
        assert_eq!(StackName::new(""), Err(NameError::Empty));
        assert_eq!(
            StackName::new("a".repeat(64)),
            Err(NameError::TooLong { length: 64, limit: 63 })
        );
        for bad in ["-a", "a-", "a.b", "My Stack", "a/b"] {
            assert!(matches!(StackName::new(bad), Err(NameError::BadCharacter { .. })), "{bad}");
        }
    }

    #[test]
    fn a_data_name_may_hold_dots_and_64_characters() {
        assert_eq!(check_data_name(&format!("a.{}", "b".repeat(62))), Ok(()));
        assert!(check_data_name(&"b".repeat(65)).is_err());
    }
}
