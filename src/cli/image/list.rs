//! `skep image list`: the images of all services of a swarm.

use super::show;
use crate::cli::Exit;
use crate::cli::args::{OutputArgs, SwarmArgs};
use crate::cli::error::Failure;
use crate::cli::start::{Environment, doors};
use crate::view::ImagesView;

/// Show which image each service of the swarm runs, with its digest
///
/// No registry is asked, and no source is needed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    swarm: SwarmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let engine = doors(&args.swarm, environment)?;
    let observed = engine.doors.swarm.look().await.map_err(|error| engine.failure(error))?;
    show(&ImagesView::of(&observed), args.output.output)?;
    Ok(Exit::Fine)
}
