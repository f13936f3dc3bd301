//! Scripts: what is done, what is waited for, and what must be seen, as values.

use std::time::Duration;

use skep::model::Kind;

use crate::change::Change;

/// A script and the protocol that it must give.
pub struct Script {
    pub acts: Vec<Act>,
    pub protocol: &'static str,
}

impl Script {
    /// True when it drains or labels nodes, which no other test can stand.
    #[allow(dead_code, reason = "the simulator makes nodes of its own for each script")]
    pub fn changes_nodes(&self) -> bool {
        self.acts
            .iter()
            .any(|act| matches!(act, Act::Node(..) | Act::NodeLabel(..) | Act::Engine(..)))
    }
}

/// One line of a script. Names are without the prefix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act {
    /// Make a service.
    Create(&'static str, &'static [Change]),
    /// Change a service as it was last seen.
    Update(&'static str, &'static [Change]),
    /// The same, on the version of the look before the last write.
    UpdateLate(&'static str, &'static [Change]),
    /// Make a network.
    Network(&'static str),
    /// Make a secret with this content.
    Secret(&'static str, &'static str),
    /// Make a config with this content.
    Config(&'static str, &'static str),
    /// Set the label `by` of a config as it was last seen.
    Label(&'static str, &'static str),
    /// The same, on the version of the look before the last write.
    LabelLate(&'static str, &'static str),
    /// Set the label `by` of a secret as it was last seen, together with this content.
    Adopt(&'static str, &'static str),
    /// Remove an object as it was last seen.
    Remove(Kind, &'static str),
    /// `docker service rollback`.
    Rollback(&'static str),
    /// `docker node update --availability`.
    Node(usize, &'static str),
    /// Label a node.
    NodeLabel(usize, &'static str),
    /// Wait, and say what was seen.
    Until(&'static str, Goal),
    /// Wait and say nothing.
    Wait(Duration),
    /// Remember the running tasks of a service.
    Mark(&'static str),
    /// Say whether the running tasks are those that were marked, and how they stand.
    Compare(&'static str),
    /// Say on which nodes tasks of a service run.
    Where(&'static str),
    /// Say the whole spec of a service as it is read back.
    Spec(&'static str),
    /// Say what the engine made of a network.
    NetworkSpec(&'static str),
    /// `tests/lab/change engine NODE kill|start`, and what is like it.
    Engine(usize, &'static str),
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// So many tasks of the present spec run, and no others.
    Runs(usize),
    /// The rollout has reached this state; all states on the way are told.
    State(&'static str),
    /// The rollout has reached this state, over states that may be too short to be seen.
    Ends(&'static str),
    /// A rollback has ended, completed or paused: which of them is a race inside the engine.
    WentBack,
    /// A task that should run says this.
    Says(&'static str),
    /// So many tasks ended well in this run of a job.
    Completed(u64),
    /// Nothing runs and nothing is meant to.
    Rests,
    /// It is gone, with all its tasks.
    Gone,
}
