//! `skep explain KIND/NAME [SOURCE]`: everything about one object, and what would make it move.

mod known;
mod reasons;
mod scene;

use self::known::Known;
use self::scene::Scene;
use crate::cli::args::{Format, OutputArgs, SourceArgs, SwarmArgs};
use crate::cli::error::Failure;
use crate::cli::start::{Engine, Environment, Peer, doors, one_shot};
use crate::cli::{Exit, last_words, output};
use crate::ledger::decode;
use crate::model::{FieldRules, Kind, ObjectRef};
use crate::view::{ExplainView, OperatorView, text};

/// Show what is wanted of one object, what is there, and what would make it move
///
/// Without SOURCE it tells what ledger and swarm know, and what they don't.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The object: service/NAME, network/NAME, secret/NAME or config/NAME, by its full name
    #[arg(value_name = "KIND/NAME", value_parser = object)]
    object: ObjectRef,
    /// Directory, git repository (path or URL), file, or `-` for standard input
    source: Option<String>,
    /// Ask the operator at this address too what it holds and did: http://HOST:PORT
    #[arg(long, value_name = "URL")]
    address: Option<Peer>,
    #[command(flatten)]
    source_args: SourceArgs,
    #[command(flatten)]
    swarm: SwarmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let mut view = match &args.source {
        Some(source) => with_source(source, &args, environment).await?,
        None => {
            let engine = doors(&args.swarm, environment)?;
            without_source(&engine, &args).await?
        }
    };
    match &args.address {
        Some(peer) => {
            let told = OperatorView::read(&peer.report().await?, &args.object);
            let failed =
                |error| Failure::new(format!("read the report of the operator {peer}"), error);
            view.operator = Some(told.map_err(failed)?);
        }
        None => view
            .unknown
            .push("what a running operator holds and did last: give its --address".to_owned()),
    }
    match args.output.output {
        Format::Text => output::text(&text::explain(&view, output::reveal()))?,
        Format::Json => output::json(&view)?,
        Format::Markdown | Format::Html => {
            return Err(Failure::plain("explanations are written as text or json"));
        }
    }
    Ok(Exit::Fine)
}

async fn with_source(
    source: &str,
    args: &Args,
    environment: &Environment,
) -> Result<ExplainView, Failure> {
    let mut ready = one_shot((source, &args.source_args), &args.swarm, environment).await?;
    let report = ready.preview().await?;
    let scene = Scene::new(&mut ready).await?;
    let Some(mut view) = scene.explain(&args.object, &report) else {
        let known: Vec<String> = scene.objects().map(|object| object.to_string()).collect();
        let why = if known.is_empty() {
            "the source declares nothing".to_owned()
        } else {
            format!("the source declares {}", known.join(", "))
        };
        return Err(Failure::new(format!("explain {}", args.object), why));
    };
    complete(&mut view, &scene.known(&args.object), &scene.ready.engine).await;
    Ok(view)
}

async fn without_source(engine: &Engine, args: &Args) -> Result<ExplainView, Failure> {
    let observed = engine.doors.swarm.look().await.map_err(|error| engine.failure(error))?;
    let ledgers = decode(&observed.configs, &args.swarm.instance);
    // What may be shown is declared, and not known here.
    let reveal = FieldRules::default();
    let known = Known { observed: &observed, ledgers: &ledgers, reveal };
    let Some(mut view) = known.explain(&args.object) else {
        let why = "it is not there, and the ledger does not know it: give the SOURCE";
        return Err(Failure::new(format!("explain {}", args.object), why));
    };
    complete(&mut view, &known, engine).await;
    Ok(view)
}

/// Adds what is remembered, and what a task that failed wrote.
async fn complete(view: &mut ExplainView, known: &Known<'_>, engine: &Engine) {
    known.add(view);
    let failed = || known.failed(&view.object);
    let culprit = view.health.as_ref().and_then(|health| health.culprit.clone()).or_else(failed);
    if let (Some(health), Some(task)) = (&mut view.health, culprit) {
        health.log = Some(last_words::read(&*engine.logs, &task, &known.reveal).await);
    }
}

/// Reads `service/shop_web`.
fn object(text: &str) -> Result<ObjectRef, String> {
    let kinds = [Kind::Service, Kind::Network, Kind::Secret, Kind::Config];
    let parts = text.split_once('/').filter(|(_, name)| !name.is_empty());
    parts
        .and_then(|(kind, name)| {
            let kind = kinds.into_iter().find(|known| known.as_str() == kind)?;
            Some(ObjectRef::new(kind, name))
        })
        .ok_or_else(|| "say service/NAME, network/NAME, secret/NAME or config/NAME".to_owned())
}
