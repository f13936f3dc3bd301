//! `skep wait STACK`: for CI, after a push. It reads the ledger and looks at the swarm; git is asked
//! only where a SOURCE is given, and only which revision contains which.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::cli::args::{Format, OutputArgs, SourceArgs, SwarmArgs, duration};
use crate::cli::error::Failure;
use crate::cli::start::{Engine, Environment, Opener, doors};
use crate::cli::{Exit, output};
use crate::ledger::decode;
use crate::model::{Ancestry, Instance, LedgerRecord, Observed, Revision, StackName};
use crate::ports::Source;
use crate::source::{CommitId, Manner};
use crate::status::{Awaited, Known, Reached, awaited, stuck};
use crate::view::{Veil, clean};

/// Wait until a stack is healthy at a revision, or at a descendant of it
///
/// Exit codes: 0 it is, 1 it failed, is held for good, was rolled back or was superseded, 2 nobody
/// can tell, or the time is over.
///
/// Without SOURCE it works from the swarm alone: it waits for exactly this revision. With SOURCE a
/// later commit that contains it counts too, and one that does not ends the waiting.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The stack
    stack: StackName,
    /// Git repository (path or URL) that the operator follows
    source: Option<String>,
    #[command(flatten)]
    goal: Goal,
    #[command(flatten)]
    source_args: SourceArgs,
    #[command(flatten)]
    swarm: SwarmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What is waited for, and how long.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct Goal {
    /// The full id of a commit; without it, whatever was applied last counts
    #[arg(long, value_name = "COMMIT", value_parser = commit)]
    pub(in crate::cli) revision: Option<Revision>,
    /// Longest wait
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub(in crate::cli) timeout: Duration,
    /// So long a task has to run before it counts as healthy
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub(in crate::cli) min_healthy: Duration,
}

/// Time between two looks: tasks send no events.
const WATCH: Duration = Duration::from_secs(1);

/// Reads a commit id; a shorter one could mean another commit tomorrow.
fn commit(text: &str) -> Result<Revision, String> {
    CommitId::new(text).map(|_| Revision::Commit(text.to_ascii_lowercase())).map_err(|_| {
        format!("'{text}' is not the full id of a commit: `git rev-parse` gives that of any name")
    })
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let source = match &args.source {
        Some(text) => Some(open(text, &args.source_args, environment)?),
        None => None,
    };
    let engine = doors(&args.swarm, environment)?;
    let wait = Wait {
        engine: &engine,
        instance: &args.swarm.instance,
        stack: &args.stack,
        goal: &args.goal,
        source,
    };
    let end = wait.end().await?;
    tell(&end, args.output.output)
}

fn open(
    text: &str,
    args: &SourceArgs,
    environment: &Environment,
) -> Result<Arc<dyn Source>, Failure> {
    let manner = Manner::ByCommit;
    let opener = Opener { credentials: &args.credentials, manner, environment };
    Ok(opener.open(text, args)?.source.source)
}

/// One call.
pub(in crate::cli) struct Wait<'a> {
    pub(in crate::cli) engine: &'a Engine,
    pub(in crate::cli) instance: &'a Instance,
    pub(in crate::cli) stack: &'a StackName,
    pub(in crate::cli) goal: &'a Goal,
    /// What knows which revision contains which.
    pub(in crate::cli) source: Option<Arc<dyn Source>>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct End {
    /// The stack.
    stack: String,
    /// `healthy`, `ended` or `unknown`.
    outcome: &'static str,
    /// The revision that the ledger holds; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    /// Why it is not healthy; empty when it is.
    why: String,
}

/// What one look showed.
struct Seen {
    awaited: Awaited,
    revision: Option<Revision>,
}

impl Wait<'_> {
    /// Looks until there is an end to it.
    ///
    /// # Errors
    /// The engine does not answer to the first look; later it may come back.
    pub(in crate::cli) async fn end(&self) -> Result<End, Failure> {
        let clock = &self.engine.doors.clock;
        let limit = SignedDuration::try_from(self.goal.timeout).unwrap_or(SignedDuration::MAX);
        let deadline = clock.now().checked_add(limit).unwrap_or(Timestamp::MAX);
        let (mut told, mut began) = (String::new(), false);
        loop {
            let (text, revision) = match self.look(&mut began).await {
                Ok(Seen { awaited: Awaited::Waits(text), revision }) => (text, revision),
                Ok(seen) => return Ok(self.ended(seen)),
                Err(failure) if told.is_empty() => return Err(failure),
                Err(failure) => (failure.to_string(), None),
            };
            if clock.now() >= deadline {
                let why = format!("not healthy after {:?}: {text}", self.goal.timeout);
                return Ok(self.ended(Seen { awaited: Awaited::Unknown(why), revision }));
            }
            if text != told {
                output::note(&format!("{}: {}\n", self.stack, clean(&text)));
                told = text;
            }
            clock.sleep(WATCH).await;
        }
    }

    fn ended(&self, seen: Seen) -> End {
        let (outcome, why) = match seen.awaited {
            Awaited::Healthy => ("healthy", String::new()),
            Awaited::Ended(why) => ("ended", why),
            Awaited::Waits(why) | Awaited::Unknown(why) => ("unknown", why),
        };
        let revision = seen.revision.map(|revision| revision.to_string());
        End { stack: self.stack.to_string(), outcome, revision, why }
    }

    async fn look(&self, began: &mut bool) -> Result<Seen, Failure> {
        let observed = self.engine.doors.swarm.look().await;
        let observed = observed.map_err(|error| self.engine.failure(error))?;
        let ledgers = decode(&observed.configs, self.instance);
        if let Some(why) = ledgers.unreadable.get(self.stack) {
            let awaited = Awaited::Unknown(format!("its ledger can't be read: {why}"));
            return Ok(Seen { awaited, revision: None });
        }
        let record = ledgers.stacks.get(self.stack).map(|entry| &*entry.record);
        let revision = record.and_then(|record| {
            let pinned = record.pin.as_ref().map(|pin| &pin.revision);
            pinned.or(record.revision.as_ref()).cloned()
        });
        let reached = match record {
            Some(record) => self.reached(record, began).await,
            None => Reached::NotYet,
        };
        let stuck = stuck(ledgers.stacks.iter().map(|(name, entry)| (name, &*entry.record)));
        let known = Known {
            record,
            stuck: &stuck,
            everything: ledgers.suspension.as_ref(),
            observed: &observed,
            min_healthy: self.goal.min_healthy,
        };
        let awaited = veiled(awaited(&known, reached), &observed);
        Ok(Seen { awaited, revision })
    }

    /// How the revisions of the ledger stand to the one that is waited for. `began` remembers that
    /// this one was applied at some time.
    async fn reached(&self, record: &LedgerRecord, began: &mut bool) -> Reached {
        let Some(wanted) = &self.goal.revision else {
            return match record.pin.as_ref().map(|pin| &pin.revision).or(record.revision.as_ref()) {
                Some(_) => Reached::Yes,
                None => Reached::NotYet,
            };
        };
        let mut containing: BTreeSet<&Revision> =
            Reached::named(record).filter(|named| *named == wanted).collect();
        *began |= record.revision.as_ref() == Some(wanted);
        if let Some(reached) = Reached::by_ledger(record, &containing) {
            return reached;
        }
        let unsure = if *began { Reached::Unsure } else { Reached::NotYet };
        let Some(source) = &self.source else { return unsure };
        // Reading brings what the branch has now.
        let Ok(head) = source.read().await else { return unsure };
        for named in Reached::named(record) {
            if contains(&**source, named, wanted).await == Some(true) {
                containing.insert(named);
            }
        }
        if let Some(reached) = Reached::by_ledger(record, &containing) {
            return reached;
        }
        to_come(&**source, wanted, &head.revision).await.unwrap_or(unsure)
    }
}

/// Whether a revision contains another one; `None` when git does not know one of them, or does not
/// answer.
async fn contains(source: &dyn Source, newer: &Revision, older: &Revision) -> Option<bool> {
    match source.ancestry(older, newer).await {
        Ancestry::Same | Ancestry::Later => Some(true),
        Ancestry::Rewritten => Some(false),
        Ancestry::Unordered | Ancestry::Unknown => None,
    }
}

/// What the branch says of a revision that nothing in the ledger contains: it is still to come while
/// the branch has it, or is not there yet.
async fn to_come(source: &dyn Source, wanted: &Revision, head: &Revision) -> Option<Reached> {
    let here = contains(source, head, wanted).await? || contains(source, wanted, head).await?;
    Some(if here { Reached::NotYet } else { Reached::Superseded })
}

/// Without values of specs that may be secret: what is told here ends up in logs of CI (law 10).
fn veiled(awaited: Awaited, observed: &Observed) -> Awaited {
    let veil = Veil::of_specs(observed.services.values().map(|service| &service.spec));
    let hide = |text: String| veil.over(text).to(output::reveal()).to_owned();
    match awaited {
        Awaited::Healthy => Awaited::Healthy,
        Awaited::Ended(why) => Awaited::Ended(hide(why)),
        Awaited::Waits(why) => Awaited::Waits(hide(why)),
        Awaited::Unknown(why) => Awaited::Unknown(hide(why)),
    }
}

/// Prints how it ended, and gives the exit code.
pub(in crate::cli) fn tell(end: &End, format: Format) -> Result<Exit, Failure> {
    let revision = end.revision.as_deref().unwrap_or("no revision");
    match format {
        Format::Text if end.why.is_empty() => {
            output::text(&format!("stack {} is {} at {revision}\n", end.stack, end.outcome))?;
        }
        Format::Text => output::text(&format!("stack {}: {}\n", end.stack, clean(&end.why)))?,
        Format::Json => output::json(end)?,
        Format::Markdown | Format::Html => {
            return Err(Failure::plain("the end of waiting is written as text or json"));
        }
    }
    Ok(match end.outcome {
        "healthy" => Exit::Fine,
        "ended" => Exit::Differs,
        _ => Exit::Error,
    })
}
