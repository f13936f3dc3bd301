//! The few doors to the world. The I/O rooms implement them, the simulator implements them again.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use jiff::Timestamp;

use crate::model::engine::{LiveConfig, NetworkSpec, NodeSpec, ServiceSpec, StringMap};
use crate::model::{
    Ancestry, DeclaredSource, FileSet, ImageAnswer, ImageRef, Kind, LastWords, NewData, ObjectRef,
    Observed, RegistryLogin, RegistryLogins, Repository, Revision, SecretBytes, TagsAnswer, Target,
};

/// A swarm.
pub trait Swarm: Send + Sync {
    /// Looks: one listing of each kind, at the same time.
    fn look(&self) -> BoxFuture<'_, Result<Observed, SwarmError>>;

    /// Makes one write. Never repeated blindly by the implementation (law 8).
    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Written, SwarmError>>;

    /// Hints that something changed. The stream says when it broke and was connected again, and
    /// ends only with the swarm handle itself.
    fn events(&self) -> BoxStream<'static, SwarmEvent>;
}

/// One config of a swarm. The lease is read each second, and a look at everything would be too much
/// for that.
pub trait OneConfig: Send + Sync {
    /// The config of this name; `None` when there is none.
    fn config<'a>(&'a self, name: &'a str)
    -> BoxFuture<'a, Result<Option<LiveConfig>, SwarmError>>;
}

/// Logs of tasks. They are read when somebody asks, or when a failure is new: never in a pass.
pub trait TaskLogs: Send + Sync {
    /// The last lines of a task's log, few and short ones, as far as they come in a few seconds.
    fn last_words<'a>(&'a self, task: &'a str) -> BoxFuture<'a, Result<LastWords, SwarmError>>;
}

/// A write, bound: every id and byte that the engine needs is here.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Make a network.
    CreateNetwork(NetworkSpec),
    /// Make a secret.
    CreateSecret {
        /// Name, labels, drivers.
        new: NewData,
        /// Content; empty for secrets of a driver.
        bytes: SecretBytes,
    },
    /// Make a config.
    CreateConfig {
        /// Name, labels, drivers.
        new: NewData,
        /// Content.
        bytes: SecretBytes,
    },
    /// Change the labels of a secret, if it still has this version and this content: other content
    /// is refused.
    AdoptSecret {
        /// The secret.
        target: Target,
        /// All its labels from now on.
        labels: StringMap,
        /// The content that it should have.
        bytes: SecretBytes,
    },
    /// Change the labels of a secret or config (the ledger is one), if it still has this version.
    Label {
        /// Secret or config.
        kind: Kind,
        /// The object.
        target: Target,
        /// All its labels from now on.
        labels: StringMap,
    },
    /// Make a service.
    CreateService {
        /// Body with ids.
        spec: Box<ServiceSpec>,
    },
    /// Write a service, if it still has this version.
    UpdateService {
        /// The service.
        target: Target,
        /// Body with ids.
        spec: Box<ServiceSpec>,
    },
    /// Have the engine put back the spec that a service had before, if the service still has this
    /// version.
    RollBack {
        /// The service.
        target: Target,
        /// What it is now, with ids: the engine wants it said, and takes the spec before.
        spec: Box<ServiceSpec>,
    },
    /// Write a node, if it still has this version.
    UpdateNode {
        /// The node.
        target: Target,
        /// Body.
        spec: Box<NodeSpec>,
    },
    /// Remove an object by id, after a look whether it is still the same.
    Remove {
        /// Kind and name.
        object: ObjectRef,
        /// Which.
        target: Target,
    },
}

/// What a write left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Id of the object.
    pub id: String,
    /// Warnings of the engine.
    pub warnings: Vec<String>,
}

/// Why a call to the swarm failed.
#[derive(Debug, thiserror::Error)]
pub enum SwarmError {
    /// Somebody else wrote meanwhile, or the name is taken: look again and plan again.
    #[error("{attempted}: the object changed meanwhile ({message})")]
    Conflict {
        /// What was attempted.
        attempted: String,
        /// The engine's words.
        message: String,
    },
    /// The engine refuses this request as it stands.
    #[error("{attempted}: the engine refused: {message}")]
    Refused {
        /// What was attempted.
        attempted: String,
        /// The engine's words.
        message: String,
    },
    /// Something still uses the object.
    #[error("{attempted}: {message}")]
    InUse {
        /// What was attempted.
        attempted: String,
        /// The engine's words.
        message: String,
    },
    /// No answer, no leader, not a manager, too slow: nothing is known about what happened.
    #[error("{attempted}: the engine did not answer: {message}")]
    Unavailable {
        /// What was attempted.
        attempted: String,
        /// What was seen instead of an answer.
        message: String,
        /// The cause underneath.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// A hint that a look is worth while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwarmEvent {
    /// An object was created, updated or removed.
    Changed {
        /// `service`, `node`, `network`, `secret`, `config`.
        kind: String,
        /// Its name, as far as the event tells.
        name: String,
        /// `create`, `update`, `remove`.
        action: String,
    },
    /// The stream was (re)connected: anything may have happened meanwhile.
    Connected,
    /// The stream broke, with the cause as text.
    Broken(String),
}

/// Registries.
pub trait Registry: Send + Sync {
    /// Asks what a reference stands for now.
    fn resolve<'a>(&'a self, image: &'a ImageRef) -> BoxFuture<'a, ImageAnswer>;

    /// Asks for all tags of a repository. Much dearer than [`Registry::resolve`]: nothing of it is
    /// kept here.
    fn tags<'a>(&'a self, repository: &'a Repository) -> BoxFuture<'a, TagsAnswer>;
}

/// Logins to registries.
pub trait Logins: Send + Sync {
    /// The login for a registry (`docker.io`, `10.0.0.1:5000`); `None` to go without one.
    ///
    /// # Errors
    /// Why it is not known whether there is one, in words without credentials: a program that
    /// should tell it failed. What needs the login waits then.
    fn of<'a>(&'a self, registry: &'a str) -> BoxFuture<'a, Result<Option<RegistryLogin>, String>>;
}

impl Logins for RegistryLogins {
    fn of<'a>(&'a self, registry: &'a str) -> BoxFuture<'a, Result<Option<RegistryLogin>, String>> {
        Box::pin(std::future::ready(Ok(Self::of(self, registry).cloned())))
    }
}

/// A source of declarations.
pub trait Source: Send + Sync {
    /// The newest revision and its files. An unchanged remote costs one question. A source that
    /// can't be asked, and never could by this process, may give what it left before (`stale`).
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>>;

    /// How `new` stands to `old`.
    fn ancestry<'a>(&'a self, old: &'a Revision, new: &'a Revision) -> BoxFuture<'a, Ancestry>;

    /// Hints that reading again is worth while. Pends for ever where there is nothing to watch.
    fn changes(&self) -> BoxStream<'static, ()>;
}

/// Opens the sources that a root source declares.
pub trait SourceOpener: Send + Sync {
    /// Opens one; nothing is read of it yet.
    ///
    /// # Errors
    /// When it can't be one as it is declared, or is not there.
    fn open(&self, declared: &DeclaredSource) -> Result<Arc<dyn Source>, SourceError>;
}

/// One revision of a source with its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The revision.
    pub revision: Revision,
    /// First line of the commit message; empty for plain directories.
    pub subject: String,
    /// Files below the source's path.
    pub files: Arc<FileSet>,
    /// Why the source itself could not be asked: then this is the newest revision that an earlier
    /// process left on this machine. `None` for the newest that there is.
    pub stale: Option<SourceError>,
}

impl Checkout {
    /// The same, if it is the newest that there is.
    ///
    /// # Errors
    /// Why the source could not be asked.
    pub fn newest(self) -> Result<Self, SourceError> {
        match self.stale {
            Some(why) => Err(why),
            None => Ok(self),
        }
    }
}

/// Why a source could not be read. Never a reason to remove anything (law 4). Texts hold no
/// credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The host does not answer, or too slowly.
    #[error("{attempted}: no answer: {message}")]
    Unreachable {
        /// What was attempted.
        attempted: String,
        /// What was seen instead.
        message: String,
    },
    /// Credentials are missing or wrong, or a host key does not match.
    #[error("{attempted}: access denied: {message}")]
    Denied {
        /// What was attempted.
        attempted: String,
        /// The other side's words.
        message: String,
    },
    /// The branch, tag, commit or path is not there.
    #[error("{attempted}: {message}")]
    Missing {
        /// What was attempted.
        attempted: String,
        /// What is missing.
        message: String,
    },
    /// What came is broken, incomplete or larger than the bounds.
    #[error("{attempted}: {message}")]
    Broken {
        /// What was attempted.
        attempted: String,
        /// What is wrong with it.
        message: String,
    },
}

/// Time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Time since a moment that stays the same for the process. It goes on evenly, also while the
    /// process is stopped and whatever somebody makes of the date.
    fn elapsed(&self) -> Duration;

    /// Waits so long.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}
