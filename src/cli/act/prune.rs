//! `skep prune SOURCE`: removes what is ours and not declared any more, and writes nothing else.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::cli::args::{Format, OutputArgs, SourceArgs, SwarmArgs, duration};
use crate::cli::error::Failure;
use crate::cli::start::{Environment, Ready, one_shot_with};
use crate::cli::{Exit, output};
use crate::model::{ObjectRef, StepKind};
use crate::plan::{Removals, Scope};
use crate::reconcile::Settings;
use crate::status::Report;
use crate::view::{PruneView, ReportView, text};

/// Remove what left a source, and nothing else
///
/// Each object is told with the guards that hold its removal. A quota is lifted by asking; what waits
/// for approval waits here too. It works beside a live operator.
///
/// Exit codes: 0 nothing is left over, 1 something is held, or would be removed by --dry-run, 2 an
/// error.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory, git repository (path or URL), file, or `-` for standard input
    source: String,
    /// List what would be removed and what is held, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Longest wait for tasks to end, so that networks, secrets and configs can go
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration)]
    timeout: Duration,
    #[command(flatten)]
    source_args: SourceArgs,
    #[command(flatten)]
    swarm: SwarmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Time between passes while tasks end.
const WATCH: Duration = Duration::from_secs(1);

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let source = (args.source.as_str(), &args.source_args);
    let adjust = |settings: &mut Settings| {
        settings.removals = Removals::Asked;
        settings.scope = Scope::Removals;
    };
    let mut ready = one_shot_with(source, &args.swarm, environment, adjust).await?;
    let (view, removed) = match args.dry_run {
        true => (ready.preview().await?, Vec::new()),
        false => remove(&mut ready, args.timeout).await?,
    };
    let prune = PruneView::of(&view, removed);
    tell(&view, &prune, args.output.output)?;
    Ok(match (view.has_errors(), prune.left.is_empty()) {
        (true, _) => Exit::Error,
        (false, true) => Exit::Fine,
        (false, false) => Exit::Differs,
    })
}

/// Makes passes until nothing goes any more: networks go after the tasks that use them.
async fn remove(
    ready: &mut Ready,
    limit: Duration,
) -> Result<(ReportView, Vec<ObjectRef>), Failure> {
    let clock = ready.engine.doors.clock.clone();
    let limit = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
    let deadline = clock.now().checked_add(limit).unwrap_or(Timestamp::MAX);
    // The first look opens the sources that the source declares.
    ready.preview().await?;
    let mut removed = Vec::new();
    loop {
        let report = ready.operator.pass().await;
        if report.engine.is_none() {
            let attempted = format!("ask the engine at {}", ready.engine.host);
            return Err(Failure::new(attempted, report.trouble.join("; ")));
        }
        let gone = gone(&report);
        let view = ReportView::of(&report);
        let more = view.stacks.iter().flat_map(|stack| &stack.removals).any(|r| r.goes());
        let done = gone.is_empty() && (!more || clock.now() >= deadline);
        removed.extend(gone);
        if done {
            return Ok((view, removed));
        }
        clock.sleep(WATCH).await;
    }
}

/// What a pass removed.
fn gone(report: &Report) -> Vec<ObjectRef> {
    let outcomes = report.stacks.values().flat_map(|stack| &stack.outcomes);
    let removed = outcomes.filter(|one| one.kind == StepKind::Remove && one.outcome.is_done());
    removed.filter_map(|one| one.object.clone()).collect()
}

fn tell(view: &ReportView, prune: &PruneView, format: Format) -> Result<(), Failure> {
    match format {
        Format::Text => {
            output::note(&text::troubles(view));
            output::note(&text::problems(&view.problems));
            output::text(&text::prune(prune, output::reveal()))
        }
        Format::Json => output::json(prune),
        Format::Markdown | Format::Html => {
            Err(Failure::plain("what is pruned is written as text or json"))
        }
    }
}
