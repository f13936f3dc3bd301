//! `skep image …`: what runs where, what is newer, and what it was.

mod check;
mod history;
mod list;

use clap::Subcommand;

use super::Exit;
use super::args::Format;
use super::error::Failure;
use super::output;
use super::start::Environment;
use crate::view::{ImagesView, text};

/// Look at images: what runs where, what is newer, what it was
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Check(Box<check::Args>),
    History(history::Args),
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    match args.command {
        Command::List(args) => list::run(args, environment).await,
        Command::Check(args) => check::run(*args, environment).await,
        Command::History(args) => history::run(args, environment).await,
    }
}

fn show(view: &ImagesView, format: Format) -> Result<(), Failure> {
    match format {
        Format::Text => output::text(&text::images(view, output::reveal())),
        Format::Json => output::json(view),
        Format::Markdown | Format::Html => {
            Err(Failure::plain("images are written as text or json"))
        }
    }
}
