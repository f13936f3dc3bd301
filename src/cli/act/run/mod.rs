//! `skep run SOURCE`: the operator.

mod lead;
mod metered;
mod tell;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use self::lead::Lead;
use crate::api::{Handles, listen, router, serve};
use crate::cli::args::{SourceArgs, SwarmArgs, duration};
use crate::cli::error::Failure;
use crate::cli::signal::stop_signal;
use crate::cli::start::{
    Environment, LogFormat, Opener, Variables, doors, identities, settings, start_logs,
};
use crate::cli::{Exit, last_words};
use crate::metrics::Metrics;
use crate::plan::Writes;
use crate::ports::{Clock, SourceOpener, TaskLogs};
use crate::reconcile::{self, Doors, NamedSource, Nudge, Operator, SHORTEST_POLL, Settings};
use crate::source::Manner;
use crate::status::{Culprits, Report};

/// Run the operator: make the swarm equal to the sources, and keep it so
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory or git repository (path or URL)
    source: String,
    /// A further source: LOCATION[#REF[:DIR]]
    #[arg(long = "source", value_name = "SOURCE")]
    more: Vec<String>,
    /// Report everything, write nothing
    #[arg(long)]
    observe: bool,
    /// Spread tasks over the nodes anew when some crowd, so many services at a time
    #[arg(long, value_name = "SERVICES", value_parser = clap::value_parser!(u32).range(1..))]
    rebalance: Option<u32>,
    /// Time between questions to a remote repository
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = interval)]
    interval: Duration,
    /// Address for /healthz, /readyz, /metrics, /nudge and /api/v1/report
    #[arg(long, value_name = "ADDRESS", env = "SKEP_LISTEN")]
    listen: Option<SocketAddr>,
    /// Form of log lines; RUST_LOG says what is logged
    #[arg(long, value_name = "FORM", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    #[command(flatten)]
    source_args: SourceArgs,
    #[command(flatten)]
    swarm: SwarmArgs,
}

/// Time between two hints from outside that are passed on.
const HINTS: Duration = Duration::from_secs(1);
/// Time that a pass gets to end by itself after a signal; docker kills after 10 s.
const GRACE: Duration = Duration::from_secs(8);

fn interval(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time < SHORTEST_POLL { Err("the interval is shorter than 1s".to_owned()) } else { Ok(time) }
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    start_logs(args.log_format, environment)?;
    let stop = stop_signal()?;
    let metrics = Metrics::new();
    let (sources, opener) = sources(&args, environment)?;
    let sources = sources.into_iter().map(|source| metered::source(source, &metrics)).collect();
    let engine = doors(&args.swarm, environment)?;
    let doors = metered::doors(engine.doors.clone(), &metrics);
    let clock = Arc::clone(&doors.clock);
    let operator = operator((&args, environment), (doors, sources))?;
    let lead = match args.observe {
        true => Lead::default(),
        false => Lead::wanted(&engine, &args.swarm.instance, &metrics)?,
    };
    let opener = metered::opener(opener, &metrics);
    let operator = operator.following(opener).standing(lead.standing.clone());
    let (published, reports) = watch::channel(None);
    let nudge = Nudge::default();
    let hints = pass_hints(nudge.clone(), Arc::clone(&clock));
    if let Some(address) = args.listen {
        let (report, part) = (reports.clone(), lead.standing.part.clone());
        let handles = Handles { report, part, metrics: metrics.clone(), hints };
        let listener = listen(address).await;
        let listener =
            listener.map_err(|error| Failure::new(format!("listen at {address}"), error))?;
        tokio::spawn(serve(listener, router(handles), stop.clone()));
    }
    let logs = Arc::clone(&engine.logs);
    let teller = Teller { metrics, logs, clock: Arc::clone(&clock) };
    let teller = tokio::spawn(teller.tell(reports));
    let (version, host) = (env!("CARGO_PKG_VERSION"), engine.host.to_string());
    tracing::info!(version, engine = host, observe = args.observe, "skep runs");
    let contending = lead.begin().await;
    let looped = reconcile::run(operator, nudge, stop.clone(), published);
    finish(looped, (stop, clock)).await;
    contending.leave().await;
    // What the last pass did is told before the program ends; a teller that hangs is left behind.
    let told = tokio::time::timeout(Duration::from_secs(1), teller).await;
    drop(told);
    tracing::info!("skep ends");
    Ok(Exit::Fine)
}

/// The sources that were given, and what opens those that they declare.
type Sources = (Vec<NamedSource>, Arc<dyn SourceOpener>);

fn sources(args: &Args, environment: &Environment) -> Result<Sources, Failure> {
    let credentials = &args.source_args.credentials;
    let opener = Opener { credentials, manner: Manner::ByCommit, environment };
    let mut sources = vec![opener.open(&args.source, &args.source_args)?.source];
    for more in &args.more {
        let source = opener.open_more(more)?;
        if sources.iter().any(|other| other.name == source.name) {
            return Err(Failure::plain(format!("the source {} is given twice", source.name)));
        }
        sources.push(source);
    }
    Ok((sources, opener.of_declared()))
}

fn operator(
    (args, environment): (&Args, &Environment),
    (doors, sources): (Doors, Vec<NamedSource>),
) -> Result<Operator, Failure> {
    let file = args.source_args.credentials.age_key_file.as_deref();
    let identities = identities(file, (environment, Variables::Own))?;
    let writes = if args.observe { Writes::ObserveOnly } else { Writes::Allowed };
    // The operator never interpolates from its own environment, which holds its credentials.
    let settings = Settings {
        writes,
        rebalance: args.rebalance,
        poll: args.interval,
        ..settings(&args.swarm, &args.source_args, (BTreeMap::new(), identities))?
    };
    Ok(Operator::new(doors, sources, settings))
}

/// Passes hints on, and not more often than once in a while.
fn pass_hints(nudge: Nudge, clock: Arc<dyn Clock>) -> mpsc::Sender<()> {
    let (hints, mut given) = mpsc::channel(1);
    tokio::spawn(async move {
        while given.recv().await.is_some() {
            nudge.give();
            clock.sleep(HINTS).await;
        }
    });
    hints
}

/// Turns reports into log lines and metrics.
struct Teller {
    metrics: Metrics,
    logs: Arc<dyn TaskLogs>,
    clock: Arc<dyn Clock>,
}

impl Teller {
    async fn tell(self, mut reports: watch::Receiver<Option<Arc<Report>>>) {
        let mut before: Option<Arc<Report>> = None;
        let mut culprits = Culprits::default();
        while reports.changed().await.is_ok() {
            let Some(report) = reports.borrow_and_update().clone() else { continue };
            let took = Duration::try_from(report.at.duration_until(self.clock.now()));
            self.metrics.observe(&report, took.unwrap_or_default());
            tell::log(before.as_deref(), &report);
            last_words::tell(&self.logs, &report, culprits.note(&report));
            before = Some(report);
        }
    }
}

/// Waits for the loop: until it ends, or for a while after the signal.
pub(in crate::cli) async fn finish(
    looped: impl Future<Output = ()>,
    (mut stop, clock): (watch::Receiver<bool>, Arc<dyn Clock>),
) {
    let signalled = async {
        let _ = stop.wait_for(|stop| *stop).await;
        clock.sleep(GRACE).await;
    };
    tokio::select! {
        () = looped => {}
        () = signalled => tracing::warn!("the pass did not end in time"),
    }
}
