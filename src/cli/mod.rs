//! The command line: one file per command, in folders by what they do: look at a swarm, act on
//! it, work on files; and the demo, which shows all of that.

mod act;
mod args;
mod demo;
mod error;
mod files;
mod image;
mod last_words;
mod look;
mod output;
mod plugin;
mod secret;
mod signal;
mod start;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::error::Failure;
use self::start::Environment;

/// Exit code of a program as the architecture page has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing differs, nothing is wrong.
    Fine,
    /// Something differs, failed or is held.
    Differs,
    /// An error.
    Error,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => Self::SUCCESS,
            Exit::Differs => Self::from(1),
            Exit::Error => Self::from(2),
        }
    }
}

/// GitOps for Docker Swarm: git holds what should run, skep makes the swarm equal to it.
#[derive(Debug, Parser)]
#[command(name = "skep", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Run(act::run::Args),
    Diff(look::diff::Args),
    Plan(look::plan::Args),
    Apply(act::apply::Args),
    Prune(act::prune::Args),
    Status(look::status::Args),
    Explain(look::explain::Args),
    Wait(look::wait::Args),
    History(look::history::Args),
    Rollback(act::decide::rollback::Args),
    Sync(act::decide::sync::Args),
    Suspend(act::decide::suspend::Args),
    Resume(act::decide::resume::Args),
    Approve(act::decide::approve::Args),
    Retry(act::decide::retry::Args),
    Image(image::Args),
    Validate(files::validate::Args),
    Render(files::render::Args),
    Import(look::import::Args),
    Convert(files::convert::Args),
    Secret(secret::Args),
    Schema(files::schema::Args),
    Completions(files::completions::Args),
    Health(look::health::Args),
}

/// Runs the program with the arguments and the environment of the process.
#[must_use]
pub fn main() -> ExitCode {
    let environment = Environment::of_process();
    let arguments = std::env::args_os().collect();
    match plugin::arguments(arguments) {
        Ok(plugin::Call::Metadata) => output::text(plugin::METADATA).map_or_else(fail, |()| ok()),
        Ok(plugin::Call::Command(arguments, docker)) => {
            parse_and_run(arguments, &environment.with_docker(docker))
        }
        Err(failure) => fail(failure),
    }
}

fn ok() -> ExitCode {
    Exit::Fine.into()
}

fn fail(failure: Failure) -> ExitCode {
    output::failure(&failure);
    failure.exit().into()
}

fn parse_and_run(arguments: Vec<OsString>, environment: &Environment) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    // Only one provider is compiled in; a second call would be an error that harms nobody.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Failure::new("start the runtime", error)),
    };
    let exit = runtime.block_on(run(cli.command, environment));
    // A read from a terminal, or a git server that hangs, must not keep the program alive.
    runtime.shutdown_background();
    exit.map_or_else(fail, ExitCode::from)
}

async fn run(command: Command, environment: &Environment) -> Result<Exit, Failure> {
    match command {
        Command::Demo(args) => Box::pin(demo::run(args, environment)).await,
        Command::Run(args) => Box::pin(act::run::run(args, environment)).await,
        Command::Diff(args) => Box::pin(look::diff::run(args, environment)).await,
        Command::Plan(args) => Box::pin(look::plan::run(args, environment)).await,
        Command::Prune(args) => Box::pin(act::prune::run(args, environment)).await,
        Command::Apply(args) => Box::pin(act::apply::run(args, environment)).await,
        Command::Status(args) => Box::pin(look::status::run(args, environment)).await,
        Command::Explain(args) => Box::pin(look::explain::run(args, environment)).await,
        Command::Wait(args) => Box::pin(look::wait::run(args, environment)).await,
        Command::History(args) => Box::pin(look::history::run(args, environment)).await,
        Command::Rollback(args) => Box::pin(act::decide::rollback::run(args, environment)).await,
        Command::Sync(args) => Box::pin(act::decide::sync::run(args, environment)).await,
        Command::Suspend(args) => Box::pin(act::decide::suspend::run(args, environment)).await,
        Command::Resume(args) => Box::pin(act::decide::resume::run(args, environment)).await,
        Command::Approve(args) => Box::pin(act::decide::approve::run(args, environment)).await,
        Command::Retry(args) => Box::pin(act::decide::retry::run(args, environment)).await,
        Command::Image(args) => Box::pin(image::run(args, environment)).await,
        Command::Validate(args) => Box::pin(files::validate::run(args, environment)).await,
        Command::Render(args) => Box::pin(files::render::run(args, environment)).await,
        Command::Import(args) => Box::pin(look::import::run(args, environment)).await,
        Command::Convert(args) => Box::pin(files::convert::run(args, environment)).await,
        Command::Secret(args) => Box::pin(secret::run(args, environment)).await,
        Command::Schema(args) => files::schema::run(&args),
        Command::Completions(args) => files::completions::run(&args),
        Command::Health(args) => look::health::run(&args).await,
    }
}
