//! What is declared: parts of a service, and what the author of a stack asks of skep.

use std::fmt;
use std::str::FromStr;

/// Something that is declared of a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Image: name and tag, in the one registry.
    Image(String),
    /// Number of tasks.
    Replicas(u64),
    /// `global`, `job`, or `replicated`.
    Mode(String),
    /// A variable.
    Env(String, String),
    /// A label of the service.
    Label(String, String),
    /// A network of the stack.
    Network(String),
    /// A secret of the stack, with its content.
    Secret(String, String),
    /// A config of the stack, with its content.
    Config(String, String),
    /// Another service of the stack comes first: `started` or `healthy`.
    Needs(String, String),
    /// The node that it has to run on.
    On(String),
    /// The engine's own `failure_action`.
    FailureAction(String),
}

/// What the author of a stack asks of skep.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// `approval: manual` or `auto`.
    Approval(String),
    /// `suspend`, with or without.
    Suspended(String),
    /// `rollout: {on_failure: …}`.
    OnFailure(String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(image) => write!(f, "image {image}"),
            Self::Replicas(number) => write!(f, "replicas {number}"),
            Self::Mode(mode) => write!(f, "mode {mode}"),
            Self::Env(name, value) => write!(f, "env {name}={value}"),
            Self::Label(name, value) => write!(f, "label {name}={value}"),
            Self::Network(name) => write!(f, "network {name}"),
            Self::Secret(name, value) => write!(f, "secret {name}={value}"),
            Self::Config(name, value) => write!(f, "config {name}={value}"),
            Self::Needs(name, condition) => write!(f, "needs {name} {condition}"),
            Self::On(node) => write!(f, "on {node}"),
            Self::FailureAction(word) => write!(f, "failure_action {word}"),
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let pair = |text: &str| -> Result<(String, String), String> {
            let (name, value) = text.split_once('=').ok_or("NAME=VALUE is missing")?;
            Ok((name.to_owned(), value.to_owned()))
        };
        Ok(match words.as_slice() {
            ["image", image] => Self::Image((*image).to_owned()),
            ["replicas", number] => {
                Self::Replicas(number.parse().map_err(|_| "no number".to_owned())?)
            }
            ["mode", mode] => Self::Mode((*mode).to_owned()),
            ["env", text] => pair(text).map(|(name, value)| Self::Env(name, value))?,
            ["label", text] => pair(text).map(|(name, value)| Self::Label(name, value))?,
            ["network", name] => Self::Network((*name).to_owned()),
            ["secret", text] => pair(text).map(|(name, value)| Self::Secret(name, value))?,
            ["config", text] => pair(text).map(|(name, value)| Self::Config(name, value))?,
            ["needs", name, condition] => Self::Needs((*name).into(), (*condition).into()),
            ["on", node] => Self::On((*node).to_owned()),
            ["failure_action", word] => Self::FailureAction((*word).to_owned()),
            _ => return Err(format!("'{text}' is nothing that can be declared")),
        })
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approval(word) => write!(f, "approval {word}"),
            Self::Suspended(word) => write!(f, "suspended {word}"),
            Self::OnFailure(word) => write!(f, "on_failure {word}"),
        }
    }
}
