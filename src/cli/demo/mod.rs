//! `skep demo`: skep at work, on a repository and a swarm that it makes for this.

mod follow;
mod leave;
mod play;
mod repository;
mod shop;
mod stage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use self::follow::Follow;
use self::play::Play;
use self::repository::Repository;
use self::shop::Assortment;
use self::stage::Stage;
use super::act::run::finish;
use super::args::{CredentialArgs, RegistryArgs, SourceArgs, SwarmArgs};
use super::error::Failure;
use super::signal::stop_signal;
use super::start::{Environment, Opener, doors, settings};
use super::{Exit, output};
use crate::health::Clocks;
use crate::load::Identities;
use crate::model::{ImageRef, Instance, SourceName};
use crate::reconcile::{self, Doors, NamedSource, Nudge, Settings};
use crate::registry::DOCKER_CERTIFICATES;
use crate::source::Manner;

/// See skep at work: a git repository, a simulated swarm, drift repaired, a commit rolled out
///
/// It needs nothing but `git`, and removes what it makes. It goes on watching the repository until
/// Ctrl-C, for changes of your own.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End after the changes that are shown
    #[arg(long)]
    once: bool,
    /// Make the repository in this directory (empty, or not there yet) and keep it
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Play on the swarm of an engine, and remove everything from it at the end
    #[arg(long)]
    docker: bool,
    /// With --docker: one image for all services, with its own command and no health checks
    #[arg(long, value_name = "IMAGE", requires = "docker", value_parser = image)]
    image: Option<ImageRef>,
    /// With --docker: address of a manager; docker's variables and contexts count when it is not
    /// given
    #[arg(long, value_name = "unix://…|tcp://…|ssh://…", requires = "docker")]
    host: Option<String>,
    /// With --docker: only remove what a demo left that was killed or failed
    #[arg(long, requires = "docker", conflicts_with_all = ["once", "dir", "image"])]
    remove: bool,
}

/// Name of the installation that the demo makes.
const INSTANCE: &str = "skep-demo";
/// Name of its source.
const SOURCE: &str = "demo";
/// So long a task has to run here until it counts as healthy: `run` waits ten seconds, which is
/// long for somebody who looks on.
const MIN_HEALTHY: Duration = Duration::from_secs(1);
/// Time between reads of the repository where the machine does not tell of changes to files.
const POLL: Duration = Duration::from_secs(5);

fn image(text: &str) -> Result<ImageRef, String> {
    text.parse().map_err(|error| format!("{error}"))
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let stop = stop_signal()?;
    let swarm = swarm_args(&args)?;
    if args.remove {
        let engine = doors(&swarm, environment)?;
        stage::look(&engine).await?;
        return remove(&engine.doors, &swarm.instance).await.map(|()| Exit::Fine);
    }
    let stage = match args.docker {
        true => Stage::of_engine(&swarm, environment).await?,
        false => Stage::simulated(),
    };
    let ended = on_stage(&args, (&stage, &swarm), environment, stop).await;
    if args.docker {
        match &ended {
            Ok(_) => remove(&stage.doors, &swarm.instance).await?,
            Err(_) => output::note(
                "what the demo made is left for a look; `skep demo --docker --remove` removes it\n",
            ),
        }
    }
    ended
}

fn swarm_args(args: &Args) -> Result<SwarmArgs, Failure> {
    let instance = Instance::new(INSTANCE).map_err(|error| Failure::of(&error))?;
    Ok(SwarmArgs {
        host: args.host.clone(),
        instance,
        registry_config: None,
        key_file: None,
        registries: RegistryArgs {
            registry_certs: DOCKER_CERTIFICATES.into(),
            ..RegistryArgs::default()
        },
    })
}

/// Makes the repository and plays, until the end or a signal.
async fn on_stage(
    args: &Args,
    (stage, swarm): (&Stage, &SwarmArgs),
    environment: &Environment,
    stop: watch::Receiver<bool>,
) -> Result<Exit, Failure> {
    let temporary = tempfile::Builder::new().prefix("skep-demo-").tempdir();
    let temporary = temporary.map_err(|error| Failure::new("make a directory", error))?;
    let path = args.dir.clone().unwrap_or_else(|| temporary.path().join("shop"));
    let assortment = match (&args.image, args.docker) {
        (Some(image), _) => Assortment::OneImage(image),
        (None, true) => Assortment::Shop,
        (None, false) => Assortment::Whole,
    };
    let repository = Repository::make(&path, assortment.files(), environment).await?;
    let (source, settings) = source(&repository, temporary.path(), (swarm, environment))?;
    let change = assortment.change();
    let play = Play { stage, repository: &repository, source, settings, change };
    let ended = Box::pin(perform(&play, args, stop)).await?;
    if args.dir.is_some() {
        output::text(&format!("\nthe repository is kept in {}\n", repository.path().display()))?;
    }
    temporary.close().map_err(|error| Failure::new("remove the repository", error))?;
    match ended {
        End::Stopped if args.once => {
            Err(Failure::plain("stopped before the end").exiting(Exit::Differs))
        }
        End::Stopped | End::Played => Ok(Exit::Fine),
    }
}

/// The repository as `skep run` opens it, and the settings of an operator.
fn source(
    repository: &Repository,
    temporary: &Path,
    (swarm, environment): (&SwarmArgs, &Environment),
) -> Result<(NamedSource, Settings), Failure> {
    let name = SourceName::new(SOURCE).map_err(|error| Failure::of(&error))?;
    let cache = Some(temporary.join("mirrors"));
    let args = SourceArgs {
        source_name: Some(name),
        credentials: CredentialArgs { cache, ..CredentialArgs::default() },
        ..SourceArgs::default()
    };
    let opener = Opener { credentials: &args.credentials, manner: Manner::ByCommit, environment };
    let path = repository.path().to_str();
    let path = path.ok_or_else(|| Failure::plain("the path of the repository is not UTF-8"))?;
    let source = opener.open(path, &args)?.source;
    let clocks = Clocks { min_healthy: MIN_HEALTHY, ..Clocks::default() };
    let settings = Settings {
        clocks,
        poll: POLL,
        ..settings(swarm, &args, (BTreeMap::new(), Identities::default()))?
    };
    Ok((source, settings))
}

/// How the demo ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Everything was shown.
    Played,
    /// A signal came.
    Stopped,
}

/// Shows everything while the operator runs, which finishes its pass at the end.
async fn perform(
    play: &Play<'_>,
    args: &Args,
    mut stop: watch::Receiver<bool>,
) -> Result<End, Failure> {
    play.plan().await?;
    let clock = Arc::clone(&play.stage.doors.clock);
    let (stop_loop, stopped) = watch::channel(false);
    let (publish, reports) = watch::channel(None);
    let operator = play.operator();
    let looped = reconcile::run(operator, Nudge::default(), stopped.clone(), publish);
    let patience = play.stage.patience;
    let mut follow = Follow { reports, clock: Arc::clone(&clock), patience, last: None };
    let script = async {
        play.acts(&mut follow).await?;
        if args.once { Ok(()) } else { play.watch(&mut follow).await }
    };
    let shown = async {
        let ended = tokio::select! {
            played = script => played.map(|()| End::Played),
            _ = stop.wait_for(|stop| *stop) => Ok(End::Stopped),
        };
        stop_loop.send_replace(true);
        ended
    };
    let (ended, ()) = tokio::join!(shown, finish(looped, (stopped, clock)));
    ended
}

/// Removes what the demo made on an engine.
async fn remove(doors: &Doors, instance: &Instance) -> Result<(), Failure> {
    let removed = leave::clear(doors, instance).await?;
    output::text(&format!("\nremoved from the swarm: {removed} objects of the demo\n"))
}
