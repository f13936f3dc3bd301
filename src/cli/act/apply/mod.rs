//! `skep apply SOURCE`: makes the swarm equal to a source and waits for the outcome.

mod beside;
mod planned;
pub(in crate::cli) mod progress;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

pub(in crate::cli) use self::planned::{Against, PlanFile};
use self::progress::Progress;
use crate::cli::args::{OutputArgs, SourceArgs, SwarmArgs, duration};
use crate::cli::error::Failure;
use crate::cli::start::{Environment, Ready, one_shot_with};
use crate::cli::{Exit, last_words, output};
use crate::plan::{Removals, Writes};
use crate::ports::SwarmEvent;
use crate::reconcile::Settings;
use crate::status::{Culprits, Outcome, Report, Settled, StackReport, settled, waits_for_its_turn};
use crate::view::{ReportView, text};

/// Make the swarm equal to a source, and wait until it is healthy
///
/// Exit codes: 0 everything is as declared and healthy, 1 something failed, was rolled back or is
/// held, 2 an error.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory, git repository (path or URL), file, or `-` for standard input
    #[arg(required_unless_present = "plan")]
    source: Option<String>,
    /// Carry out what `skep plan -o json` wrote, and only while nothing of it moved on
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prune", "reference", "path", "name", "source_name"])]
    plan: Option<PathBuf>,
    /// Remove what is not declared any more
    #[arg(long)]
    prune: bool,
    /// End after the writes, without a wait for health but that of `depends_on`
    #[arg(long)]
    no_wait: bool,
    /// Longest wait for everything to be healthy
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    timeout: Duration,
    /// So long a task has to run before it counts as healthy
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    min_healthy: Duration,
    /// Beside a live operator: suspend the stacks for this time first, so that it does not undo
    /// what is applied
    #[arg(long, value_name = "TIME", value_parser = duration)]
    suspend: Option<Duration>,
    #[command(flatten)]
    source_args: SourceArgs,
    #[command(flatten)]
    swarm: SwarmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Time between looks while nothing is heard: tasks send no events.
const WATCH: Duration = Duration::from_secs(1);
/// Quiet time after an event, so that a burst of them becomes one look.
const QUIET: Duration = Duration::from_millis(50);
/// Wait after a conflict, so that two who write don't race in lockstep.
const CONFLICT: Duration = Duration::from_millis(100);

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let planned = args.plan.as_deref().map(planned::read).transpose()?;
    let (mut address, mut source_args) = (args.source.clone(), args.source_args.clone());
    let mut swarm = args.swarm.clone();
    if let Some(plan) = &planned {
        let given = args.source.as_deref();
        let (planned_address, planned_args) = planned::source(plan, given, &source_args)?;
        (address, source_args) = (Some(planned_address), planned_args);
        swarm.instance = planned::instance(plan, &swarm)?;
    }
    let adjust = |settings: &mut Settings| {
        if args.prune || planned.as_ref().is_some_and(|plan| plan.prune) {
            settings.removals = Removals::Asked;
        }
        settings.clocks.min_healthy = args.min_healthy;
        if args.suspend.is_some() {
            settings.writes = Writes::ByHand;
        }
    };
    let source = (address.as_deref().unwrap_or_default(), &source_args);
    let mut ready = one_shot_with(source, &swarm, environment, adjust).await?;
    let instance = &swarm.instance;
    if let Some(plan) = planned {
        planned::hold_to(&mut ready, plan).await?;
    }
    match args.suspend {
        Some(time) => beside::suspend(&mut ready, instance, time).await?,
        None => beside::refuse(&mut ready, instance).await?,
    }
    let patience = if args.no_wait { Patience::Writes } else { Patience::Health };
    let (host, logs) = (ready.engine.host.clone(), Arc::clone(&ready.engine.logs));
    let Converged { report, end, culprits } = converge(ready, patience, args.timeout).await?;
    if report.engine.is_none() {
        let attempted = format!("ask the engine at {host}");
        return Err(Failure::new(attempted, report.trouble.join("; ")));
    }
    let mut view = ReportView::of(&report);
    last_words::add(&*logs, &mut view, (&report, &culprits)).await;
    output::report(&view, args.output.output, text::report)?;
    if end == End::TimedOut {
        output::note(&format!("not everything is healthy after {:?}\n", args.timeout));
    }
    if report.stacks.is_empty() && !view.has_errors() {
        return Err(Failure::plain("the source declares no stack"));
    }
    Ok(exit(&view, &report, end))
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// Everything is healthy, or has failed.
    Health,
    /// Everything is written.
    Writes,
}

/// How the waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing is on the way any more.
    Settled,
    /// Something still was.
    TimedOut,
}

/// What the waiting came to.
struct Converged {
    report: Report,
    end: End,
    /// Tasks that tell why something failed, also of what was rolled back since.
    culprits: Culprits,
}

/// Runs passes until nothing is on the way any more; the last report tells the outcome.
///
/// # Errors
/// What is decided is not what a plan that was made before says.
async fn converge(
    mut ready: Ready,
    patience: Patience,
    limit: Duration,
) -> Result<Converged, Failure> {
    let clock = ready.engine.doors.clock.clone();
    let mut events = ready.engine.doors.swarm.events();
    let mut progress = Progress::new();
    let mut culprits = Culprits::default();
    let limit = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
    let deadline = clock.now().checked_add(limit).unwrap_or(Timestamp::MAX);
    loop {
        let report = ready.operator.pass().await;
        if ready.operator.disagrees() && report.engine.is_some() {
            progress.end();
            return Err(planned::refused(&report.trouble));
        }
        culprits.note(&report);
        progress.show(&ReportView::of(&report));
        if ready.operator.read_opened().await {
            continue;
        }
        let open = report.stacks.values().any(|stack| is_open(stack, patience));
        let open = open || report.nodes.as_ref().is_some_and(|n| n.settled() == Settled::OnTheWay);
        let blind = report.engine.is_none() && !report.stacks.is_empty();
        let late = clock.now() >= deadline;
        if late || !(open || blind) {
            progress.end();
            let end = if open { End::TimedOut } else { End::Settled };
            return Ok(Converged { report, end, culprits });
        }
        let wait = if conflict(&report) { CONFLICT } else { WATCH };
        tokio::select! {
            () = clock.sleep(wait) => {}
            () = burst(&mut events, &ready) => {}
        }
    }
}

/// An event, and the quiet after it.
async fn burst(events: &mut BoxStream<'static, SwarmEvent>, ready: &Ready) {
    let clock = &ready.engine.doors.clock;
    loop {
        match events.next().await {
            Some(SwarmEvent::Changed { .. }) => return clock.sleep(QUIET).await,
            Some(_) => {}
            None => return std::future::pending().await,
        }
    }
}

/// True while a stack may still end otherwise than it stands now.
fn is_open(stack: &StackReport, patience: Patience) -> bool {
    let wrote = |outcome: &Outcome| matches!(outcome, Outcome::Done(_) | Outcome::Conflict(_));
    // What was seen of health before a write says nothing about what comes of it.
    let fresh = stack.outcomes.iter().any(|one| one.object.is_some() && wrote(&one.outcome));
    match patience {
        Patience::Health => fresh || settled(stack) == Settled::OnTheWay,
        Patience::Writes => fresh || waits_for_its_turn(stack),
    }
}

fn conflict(report: &Report) -> bool {
    let mut outcomes = report.stacks.values().flat_map(|stack| &stack.outcomes);
    outcomes.any(|one| matches!(one.outcome, Outcome::Conflict(_)))
}

fn exit(view: &ReportView, report: &Report, end: End) -> Exit {
    let badly = report.stacks.values().any(|stack| settled(stack) == Settled::Badly);
    let badly = badly || report.nodes.as_ref().is_some_and(|n| n.settled() == Settled::Badly);
    match (view.has_errors(), badly || end == End::TimedOut) {
        (true, _) => Exit::Error,
        (false, true) => Exit::Differs,
        (false, false) => Exit::Fine,
    }
}
