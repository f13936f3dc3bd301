//! Why a wanted change is not made now (law 7).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::approval::Approval;
use super::ledger::SuspendedBy;
use crate::model::desired::Condition;
use crate::model::input::Revision;
use crate::model::name::{ObjectRef, StackName};
use crate::model::observed::ApiVersion;

/// A change that is wanted and not made now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Held {
    /// What would be changed.
    pub object: ObjectRef,
    /// Why it is not.
    pub reason: HeldReason,
}

/// The field that says what kind of a service it is.
pub const MODE: &str = "deploy.mode";

/// The one list of reasons: condition, "why is it not moving", log line and metric label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "reason")]
pub enum HeldReason {
    /// A rollout of the service is in flight (law 2).
    RolloutRunning {
        /// The engine's word for where it stands.
        state: String,
    },
    /// The first tasks of a new spec are there, and the rest waits for them.
    Canary {
        /// Tasks that are healthy.
        healthy: u64,
        /// Tasks that are asked for.
        of: u64,
        /// What the rest waits for.
        gate: Gate,
    },
    /// This spec failed by its own fault and is not tried again (law 3).
    Quarantined {
        /// What happened.
        why: String,
    },
    /// Something outside is needed first and may come by itself.
    Waiting {
        /// For what.
        on: String,
    },
    /// Writes were stopped.
    Suspended {
        /// By which switch.
        by: SuspendedBy,
        /// In the person's words.
        why: String,
        /// Until when; `None` is until resumed.
        until: Option<Timestamp>,
    },
    /// A person keeps the stack at an earlier revision.
    Pinned {
        /// The revision.
        to: Revision,
        /// In the person's words.
        why: String,
    },
    /// Somebody else changes a field back again and again.
    Contested {
        /// The field's path.
        field: String,
        /// What git says.
        ours: String,
        /// What the other side says.
        theirs: String,
    },
    /// Something of the same stack comes first.
    WaveNotReady {
        /// What.
        on: ObjectRef,
        /// How far it has to be.
        until: Condition,
    },
    /// Another stack comes first.
    StackNotReady {
        /// Which.
        stack: StackName,
        /// What of it is not far enough; `None` when it is not declared.
        on: Option<ObjectRef>,
        /// How far all of it has to be.
        until: Condition,
    },
    /// Another service has a port that this one is to publish.
    PortTaken {
        /// Number and protocol, `80/tcp`.
        port: String,
        /// Who has it.
        by: ObjectRef,
    },
    /// A run of the job is on its way.
    Overlap {
        /// The run.
        run: String,
    },
    /// The object is somebody else's.
    NotOurs {
        /// Whose, as far as its labels tell.
        owner: String,
    },
    /// Something that matters for the decision could not be seen.
    ViewIncomplete {
        /// What.
        missing: String,
    },
    /// A person has to say yes.
    NeedsApproval {
        /// To what.
        to: String,
        /// What stands for the yes.
        approval: Approval,
    },
    /// It is not the time for it.
    OutsideWindow {
        /// When that is; `None` when the windows leave none.
        until: Option<Timestamp>,
    },
    /// The revision is no descendant of the one that was applied last.
    HistoryRewritten {
        /// The revision that was applied last.
        applied: String,
    },
    /// The engine can't change this in place.
    Immutable {
        /// What would have to be made anew.
        what: String,
    },
    /// The engine is too old for a field; the field is neither sent nor compared.
    EngineTooOld {
        /// The field's path.
        field: String,
        /// The API version that knows it.
        needs: ApiVersion,
    },
    /// The last attempt failed; the next one waits.
    BackOff {
        /// When it is tried again.
        until: Timestamp,
        /// What went wrong.
        after: String,
    },
    /// The stack breaks a rule of a guard.
    Guarded {
        /// The guard.
        guard: String,
        /// Key of the rule.
        rule: String,
        /// File and line of the rule.
        rule_at: String,
        /// File and line of what breaks it.
        at: String,
        /// What is wrong.
        what: String,
    },
    /// A removal that was not asked for (`--prune`).
    PruneNotAsked,
    /// Its policy says that it is never removed.
    PruneNever,
    /// A node differs in what a declaration only reports.
    NotEnforced {
        /// Availability or role.
        field: String,
        /// What it is.
        there: String,
        /// What is declared.
        declared: String,
    },
    /// Another node of the same host name is meant, or nobody can tell which.
    Namesake {
        /// Id of the one that is meant.
        meant: Option<String>,
    },
    /// The managers would no longer be able to decide.
    Quorum {
        /// Why.
        why: String,
    },
    /// `--observe`: nothing is written.
    ObserveOnly,
    /// Another operator of the instance acts.
    Following,
}

/// What opens the way for the rest of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gate {
    /// The first tasks are to be healthy.
    Healthy,
    /// They have to last until then.
    At(Timestamp),
    /// A person says yes.
    Approval(Approval),
}

impl HeldReason {
    /// True when something that was asked for is not done: a removal that was not asked for, and a
    /// field that this engine can't have, are none of it. Without its mode a service is none at all.
    #[must_use]
    pub fn leaves_undone(&self) -> bool {
        match self {
            Self::EngineTooOld { field, .. } => field == MODE,
            Self::PruneNotAsked | Self::PruneNever => false,
            Self::NotEnforced { .. } | Self::Namesake { .. } => false,
            _ => true,
        }
    }

    /// The reason's name: metric label and JSON tag.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RolloutRunning { .. } => "RolloutRunning",
            Self::Canary { .. } => "Canary",
            Self::Quarantined { .. } => "Quarantined",
            Self::Waiting { .. } => "Waiting",
            Self::Suspended { .. } => "Suspended",
            Self::Pinned { .. } => "Pinned",
            Self::Contested { .. } => "Contested",
            Self::WaveNotReady { .. } => "WaveNotReady",
            Self::StackNotReady { .. } => "StackNotReady",
            Self::PortTaken { .. } => "PortTaken",
            Self::Overlap { .. } => "Overlap",
            Self::NotOurs { .. } => "NotOurs",
            Self::ViewIncomplete { .. } => "ViewIncomplete",
            Self::NeedsApproval { .. } => "NeedsApproval",
            Self::OutsideWindow { .. } => "OutsideWindow",
            Self::HistoryRewritten { .. } => "HistoryRewritten",
            Self::Immutable { .. } => "Immutable",
            Self::EngineTooOld { .. } => "EngineTooOld",
            Self::BackOff { .. } => "BackOff",
            Self::Guarded { .. } => "Guarded",
            Self::PruneNotAsked => "PruneNotAsked",
            Self::PruneNever => "PruneNever",
            Self::NotEnforced { .. } => "NotEnforced",
            Self::Namesake { .. } => "Namesake",
            Self::Quorum { .. } => "Quorum",
            Self::ObserveOnly => "ObserveOnly",
            Self::Following => "Following",
        }
    }
}

impl fmt::Display for HeldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RolloutRunning { state } => write!(f, "a rollout is in flight ({state})"),
            Self::Canary { healthy, of, gate } => {
                write!(f, "canary: {healthy} of {of} tasks are healthy with the new spec, ")?;
                match gate {
                    Gate::Healthy => f.write_str("more have to be before the rest follows"),
                    Gate::At(time) => write!(f, "promoted at {time}"),
                    Gate::Approval(_) => f.write_str("the rest needs approval"),
                }
            }
            Self::Quarantined { why } => {
                write!(f, "this spec failed and is not tried again: {why}")
            }
            Self::Waiting { on } => write!(f, "waiting for {on}"),
            Self::Suspended { by, why, until } => write_suspended(f, *by, why, *until),
            Self::Pinned { to, why } => {
                write!(f, "the stack is pinned to {} by `skep rollback`", to.short())?;
                if why.is_empty() { Ok(()) } else { write!(f, ": {why}") }
            }
            // Both values may be secret: whoever shows them asks the drift first (law 10).
            Self::Contested { field, .. } => {
                write!(f, "{field} is changed back again and again by somebody else")
            }
            Self::WaveNotReady { on, until } => {
                write!(f, "{on} has to {} first", far(*until))
            }
            Self::StackNotReady { stack, on: Some(on), until } => {
                write!(f, "the stack {stack} comes first: its {on} has to {}", far(*until))
            }
            Self::StackNotReady { stack, on: None, .. } => {
                write!(f, "the stack {stack} comes first, and is not declared")
            }
            Self::PortTaken { port, by } => write!(f, "{by} publishes the port {port}"),
            Self::Overlap { run } => write!(f, "the run {run} is not over"),
            Self::NotOurs { owner } => write!(f, "it belongs to {owner}"),
            Self::ViewIncomplete { missing } => write!(f, "{missing} could not be seen"),
            Self::NeedsApproval { to, .. } => write!(f, "needs approval: {to}"),
            Self::OutsideWindow { until: Some(until) } => {
                write!(f, "outside the windows of the stack until {until}")
            }
            Self::OutsideWindow { until: None } => {
                f.write_str("the windows of the stack leave no time for it")
            }
            Self::HistoryRewritten { applied } => {
                write!(f, "this revision does not follow {applied}, which was applied last")
            }
            Self::Immutable { what } => write!(f, "{what} can't be changed in place"),
            Self::EngineTooOld { field, needs } => {
                write!(f, "{field} needs an engine with API {needs}")
            }
            Self::BackOff { until, after } => write!(f, "tried again at {until}, after: {after}"),
            Self::Guarded { guard, rule, rule_at, at, what } => {
                write!(f, "{at}: {what} (the guard {guard} says so: {rule}, {rule_at})")
            }
            Self::PruneNotAsked => f.write_str("removal was not asked for (--prune)"),
            Self::PruneNever => f.write_str("its policy says that it is never removed"),
            Self::NotEnforced { field, there, declared } => {
                write!(f, "{field} is {there}, {declared} is declared and only reported")
            }
            Self::Namesake { meant: Some(id) } => {
                write!(f, "another node of this name is ready and is meant ({id})")
            }
            Self::Namesake { meant: None } => {
                f.write_str("several nodes have this name, and not one alone is ready")
            }
            Self::Quorum { why } => write!(f, "the managers might lose their quorum: {why}"),
            Self::ObserveOnly => f.write_str("only observing (--observe)"),
            Self::Following => f.write_str("another operator of this instance acts"),
        }
    }
}

/// What something has to do until others have their turn.
fn far(until: Condition) -> &'static str {
    match until {
        Condition::Started => "run",
        Condition::Healthy => "be healthy",
        Condition::Completed => "complete",
    }
}

fn write_suspended(
    f: &mut fmt::Formatter<'_>,
    by: SuspendedBy,
    why: &str,
    until: Option<Timestamp>,
) -> fmt::Result {
    write!(f, "suspended by {by}")?;
    if let Some(until) = until {
        write!(f, " until {until}")?;
    }
    if why.is_empty() { Ok(()) } else { write!(f, ": {why}") }
}
