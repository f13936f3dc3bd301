//! `skep plan SOURCE`: what `apply` would do now, in order, and what is held.

use crate::cli::act::apply::{Against, PlanFile};
use crate::cli::args::{Format, OutputArgs, SourceArgs, SwarmArgs};
use crate::cli::error::Failure;
use crate::cli::start::{Environment, one_shot_with};
use crate::cli::{Exit, output};
use crate::plan::Removals;
use crate::view::{ReportView, text};

/// Show what `apply` would do now, and what is held and why
///
/// What `-o json` writes can be carried out later, with `skep apply --plan FILE`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory, git repository (path or URL), file, or `-` for standard input
    source: String,
    /// Plan removals too
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    source_args: SourceArgs,
    #[command(flatten)]
    swarm: SwarmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let source = (args.source.as_str(), &args.source_args);
    let adjust = |settings: &mut crate::reconcile::Settings| {
        if args.prune {
            settings.removals = Removals::Asked;
        }
    };
    let mut ready = one_shot_with(source, &args.swarm, environment, adjust).await?;
    let report = ready.look_and_decide().await?;
    let view = ReportView::of(&report);
    match args.output.output {
        Format::Json => {
            let basis = Against::look(&ready).await?.basis(&ready, &report);
            output::json(&PlanFile { report: &view, basis: &basis })?;
        }
        format => output::report(&view, format, text::plan)?,
    }
    Ok(if view.has_errors() { Exit::Error } else { Exit::Fine })
}
