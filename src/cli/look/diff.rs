//! `skep diff SOURCE`: what differs, field by field.

use crate::cli::args::{OutputArgs, SourceArgs, SwarmArgs};
use crate::cli::error::Failure;
use crate::cli::start::{Environment, one_shot};
use crate::cli::{Exit, output};
use crate::view::{ReportView, text};

/// Show what differs between a source and the swarm, field by field
///
/// Exit codes: 0 nothing differs, 1 something differs, 2 an error.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory, git repository (path or URL), file, or `-` for standard input
    source: String,
    #[command(flatten)]
    source_args: SourceArgs,
    #[command(flatten)]
    swarm: SwarmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let source = (args.source.as_str(), &args.source_args);
    let mut ready = one_shot(source, &args.swarm, environment).await?;
    let view = ready.preview().await?;
    output::report(&view, args.output.output, text::diff)?;
    Ok(exit(&view))
}

/// 2 when the comparison is not whole, even if what could be compared is equal.
fn exit(view: &ReportView) -> Exit {
    match (view.has_errors(), view.differs()) {
        (true, _) => Exit::Error,
        (false, true) => Exit::Differs,
        (false, false) => Exit::Fine,
    }
}
