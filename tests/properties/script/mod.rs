//! Scripts: what happens to a world, line by line. A script is a value that prints as a short story
//! and parses back, so that a failing seed can be read, cut down and kept.

mod deed;
mod line;
mod part;

use std::fmt;
use std::str::FromStr;

pub use deed::{Deed, Fault, Outage, Temper};
pub use part::{Part, Policy};

/// What happens, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script(pub Vec<Action>);

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A remark for readers.
    Note(String),
    /// How the containers of an image behave from now on.
    Image(String, Temper),
    /// A service of a stack is declared, or some of what is declared of it changes.
    Declare(String, String, Vec<Part>),
    /// A service, or a whole stack, leaves the declaration.
    Forget(String, Option<String>),
    /// What the author of a stack asks of skep.
    Policy(String, Policy),
    /// A stack gets another name.
    Rename(String, String),
    /// The file of a stack gets a mistake.
    Break(String),
    /// The mistake is taken out.
    Mend(String),
    /// What was declared is committed.
    Commit,
    /// What was declared before the last commit is committed anew.
    Revert,
    /// The last commit is taken off the branch, and what is declared goes in its place.
    ForcePush,
    /// The operator makes a pass.
    Pass,
    /// So many seconds go by.
    Wait(u64),
    /// Passes, with time between them, until nothing moves.
    Settle,
    /// Somebody with a docker command line.
    Hand(Deed),
    /// `skep suspend`; without a stack `--all`.
    Suspend(Option<String>),
    /// `skep resume`.
    Resume(Option<String>),
    /// `skep approve`, of everything that waits for it.
    Approve,
    /// `skep retry`.
    Retry(String),
    /// Something outside is not there for a while, or is there again.
    Outage(Outage),
    /// So many looks at the swarm are not answered.
    Silent(usize),
    /// What becomes of the next write.
    NextWrite(Fault),
    /// Another process takes the place of the operator.
    Restart,
    /// The operator dies after so many more writes, the last of them unanswered; another takes its
    /// place.
    Crash(usize),
    /// Somebody removes the ledger of a stack.
    LoseLedger(String),
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|action| writeln!(f, "{action}"))
    }
}

impl FromStr for Script {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let actions = lines.map(|line| line.parse().map_err(|why| format!("{line}: {why}")));
        Ok(Self(actions.collect::<Result<_, String>>()?))
    }
}
