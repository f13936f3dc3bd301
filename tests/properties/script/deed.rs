//! What people and machines do beside git.

use std::fmt;

/// What somebody does with a docker command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// `docker service scale`.
    Scale(String, u64),
    /// `docker service update --env-add`.
    Env(String, String, String),
    /// `docker service update --label-add`.
    Label(String, String, String),
    /// `docker service update --image`.
    Image(String, String),
    /// `docker service rollback`.
    Rollback(String),
    /// Puts the label `skep.hold` on.
    Hold(String),
    /// Takes the label `skep.hold` off.
    Release(String),
    /// `docker … rm`: kind and name.
    Remove(String, String),
    /// `docker kill` of a task of this service.
    Kill(String),
}

/// How the containers of an image behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Temper {
    /// They run.
    Good,
    /// They exit with 1 after so many seconds.
    Crashes(u64),
    /// Their health check never succeeds.
    NeverHealthy,
    /// They are healthy after so many seconds.
    Slow(u64),
    /// The image is not there, for any node.
    Missing,
    /// The registry answers that there is no such image.
    Refused,
}

/// Something outside that is not there for a while, or is there again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outage {
    /// A node is lost, with all its containers.
    NodeLost(String),
    /// A node comes back.
    NodeReturns(String),
    /// A node is drained by a person.
    NodeDrained(String),
    /// A node may be used again.
    NodeActive(String),
    /// The registry does not answer.
    RegistryDown,
    /// It answers again.
    RegistryUp,
    /// The git host does not answer.
    GitDown,
    /// It answers again.
    GitUp,
}

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Somebody wrote in between.
    Conflict,
    /// It never arrives.
    NoAnswer,
    /// It is made, and the answer never arrives.
    DoneWithoutAnswer,
    /// The engine refuses it.
    Refused,
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scale(service, number) => write!(f, "scale {service} {number}"),
            Self::Env(service, name, value) => write!(f, "env {service} {name}={value}"),
            Self::Label(service, name, value) => write!(f, "label {service} {name}={value}"),
            Self::Image(service, image) => write!(f, "image {service} {image}"),
            Self::Rollback(service) => write!(f, "rollback {service}"),
            Self::Hold(service) => write!(f, "hold {service}"),
            Self::Release(service) => write!(f, "release {service}"),
            Self::Remove(kind, name) => write!(f, "remove {kind} {name}"),
            Self::Kill(service) => write!(f, "kill {service}"),
        }
    }
}

impl fmt::Display for Temper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("is good"),
            Self::Crashes(seconds) => write!(f, "crashes after {seconds}s"),
            Self::NeverHealthy => f.write_str("is never healthy"),
            Self::Slow(seconds) => write!(f, "is healthy after {seconds}s"),
            Self::Missing => f.write_str("is missing"),
            Self::Refused => f.write_str("is refused"),
        }
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodeLost(node) => write!(f, "node {node} is lost"),
            Self::NodeReturns(node) => write!(f, "node {node} returns"),
            Self::NodeDrained(node) => write!(f, "node {node} is drained"),
            Self::NodeActive(node) => write!(f, "node {node} is active"),
            Self::RegistryDown => f.write_str("registry down"),
            Self::RegistryUp => f.write_str("registry up"),
            Self::GitDown => f.write_str("git down"),
            Self::GitUp => f.write_str("git up"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conflict => "conflict",
            Self::NoAnswer => "no answer",
            Self::DoneWithoutAnswer => "done without answer",
            Self::Refused => "refused",
        })
    }
}
