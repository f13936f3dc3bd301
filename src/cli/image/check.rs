//! `skep image check SOURCE`: what is newer than what runs, what policy says, and what holds it.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _};

use super::show;
use crate::cli::args::{Format, OutputArgs, SourceArgs, SwarmArgs};
use crate::cli::error::Failure;
use crate::cli::start::{Environment, one_shot};
use crate::cli::{Exit, output};
use crate::model::{ImageRef, Images};
use crate::view::text::{problems, troubles};
use crate::view::{ImagesView, ReportView};

/// Questions at the same time.
const PARALLEL: usize = 8;

/// Show which services run an image that is not the newest of its tag or not what their policy wants
///
/// The registry is asked once for each distinct image. Exits with 1 when something is newer, or
/// could not be told.
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
    let engine = &ready.engine;
    let observed = engine.doors.swarm.look().await.map_err(|error| engine.failure(error))?;
    let images = ImagesView::of(&observed).with(&view);
    let questions: BTreeSet<ImageRef> = images.questions().collect();
    let registry = &engine.doors.registry;
    let asked = stream::iter(questions).map(|image| async move {
        let answer = registry.resolve(&image).await;
        (image, answer)
    });
    let answers = Images(asked.buffer_unordered(PARALLEL).collect().await);
    let images = images.answered(&answers);
    tell(&view, args.output.output);
    show(&images, args.output.output)?;
    Ok(match () {
        () if view.has_errors() => Exit::Error,
        () if images.is_behind() => Exit::Differs,
        () => Exit::Fine,
    })
}

fn tell(view: &ReportView, format: Format) {
    if format == Format::Text {
        output::note(&troubles(view));
        output::note(&problems(&view.problems));
    }
}
